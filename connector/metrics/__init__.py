"""Numbers for monitoring: what was done, what waits for people, when the last run was, read from the store."""

from __future__ import annotations
