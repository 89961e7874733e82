"""Which sides have shown an older state of a customer than was seen before: restored, or with old copies in front of them.

Before a write two things are trusted: that a customer who is read again is read as he is, and that a tag which is still the same
means the same record. Of a side that went back in time, or answers old copies, neither is true: a restored database counts its
row versions on from the backup and gives a tag a second time. So for a month whoever is to be written there is read again past
whatever may answer from memory (load/recheck.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.core.customer import Side
from connector.run.run import Run
from connector.store.columns import now

__all__ = ["note_older", "shows_older"]

# hosts keep answers for days; a run itself cannot see that a cache has forgotten
_LASTS = timedelta(days=30)


def note_older(run: Run, side: Side) -> None:
    """Keep that a customer of a side was older than before."""
    with run.store_lock, run.store.work(run.code) as work:
        work.watermarks.set(_name(side), now().isoformat())


def shows_older(run: Run, side: Side) -> bool:
    """Whether that was so within the last month, or this run goes on with what an earlier one had read of the side."""
    with run.store.view(run.code) as view:
        since = view.watermarks.get(_name(side))
    return side in run.taken_over or (since is not None and now() - datetime.fromisoformat(since) < _LASTS)


def _name(side: Side) -> str:
    return f"{side} shown older"
