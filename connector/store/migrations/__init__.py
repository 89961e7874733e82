"""Migrations of the store, run by alembic; one module per revision, named by number."""
