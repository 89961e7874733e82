"""Closing a run that could not close itself: its process was killed, or cancelled, or Prefect ended it from outside."""

from __future__ import annotations

from connector.run.setup_source import opened_store
from connector.setup import Setup

__all__ = ["close_run"]

_ENDED = {"completed", "stopped", "refused", "rejected"}


def close_run(setup: Setup, run_id: str, status: str, reason: str = "") -> bool:
    """Write into the run's row how it ended, and free the webstore if the dead process still held it.

    What the run has written and what it was about to write stays in the journal; the next run settles it.

    Args:
        status: "failed", "crashed" or "cancelled".

    Returns:
        Whether there was something to close.
    """
    with opened_store(setup) as (_, store):
        freed = store.release(setup.webstore_code, f"run {run_id}")
        with store.work(setup.webstore_code) as work:
            run = work.runs.show(run_id)
            if run is None or run["status"] in _ENDED:
                return freed
            summary = {**run["summary"], **({"error": reason} if reason else {})}
            work.runs.finish(run_id, status, summary, run["plan_hash"], run["rules_hash"])
            return True
