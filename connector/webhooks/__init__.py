"""Webhooks of both systems, taken as hints: what they say becomes runs of the changed customers, nothing else."""
