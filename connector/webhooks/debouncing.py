"""When what waits becomes a run: after a while without further changes, and at last after the longest wait."""

from __future__ import annotations

from datetime import datetime

from connector.store import Waiting

__all__ = ["due_in", "patience"]

_LONGEST_PATIENCE = 900.0


def due_in(waiting: Waiting, now: datetime, quiet_seconds: float, longest_seconds: float) -> float:
    """Seconds until a run is due; 0 = it is.

    A clock that was set back makes nothing wait longer than the longest wait.
    """
    since_last = max((now - waiting.last_at).total_seconds(), 0.0)
    since_first = max((now - waiting.first_at).total_seconds(), 0.0)
    return max(min(quiet_seconds - since_last, longest_seconds - since_first), 0.0)


def patience(failures: int, quiet_seconds: float) -> float:
    """Seconds to wait after so many failures in a row."""
    return min(max(quiet_seconds, 1.0) * 2.0**failures, _LONGEST_PATIENCE) if failures else 0.0
