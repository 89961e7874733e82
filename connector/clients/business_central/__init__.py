"""The client of one company: Business Central API v2.0."""
