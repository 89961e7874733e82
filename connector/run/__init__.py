"""What one run works with: what it is asked for, and where it takes place."""
