"""Data only: field map and tables, reviewed in git. README.md documents each column."""
