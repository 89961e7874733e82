"""What deploy/ holds: checked where it stands, and the image run (make deploy-test)."""
