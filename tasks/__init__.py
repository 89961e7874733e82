"""Prefect tasks: a retry policy, a log line and an artifact around a call into the library."""
