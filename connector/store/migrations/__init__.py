"""Alembic's environment and revisions; connector/store/migrating.py drives them."""
