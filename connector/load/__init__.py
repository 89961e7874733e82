"""Applies a plan through a client and the store."""
