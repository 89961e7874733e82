"""A search for pairs that this process carries out for people, in a thread: one at a time per webstore. It writes nothing."""

from __future__ import annotations

import importlib.util
import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.desk.desk import Desk
from connector.desk.suggesting import suggest
from connector.errors import CustomerSyncError, InputError, InternalError

__all__ = ["PairSearch", "linkage_is_installed"]

_log = logging.getLogger("console.runs")
# nobody answers more of them at once, and the process keeps them in memory
_MOST_PAIRS = 5_000
_KEPT = ("bc_id", "bc_number", "webstore_id", "standing", "because", "probability")
_LAST_PAGE_SECONDS = 30.0


class _Cancelled(KeyboardInterrupt):
    """Somebody cancelled the search, or the console ends."""


class PairSearch:
    """The newest search of one webstore, and what it found.

    Attributes:
        state: none, running, done, failed or cancelled.
        by: who asked for it; likely: by record linkage.
        pairs: what the newest finished search found: rows as of `connector.desk.suggesting.suggest`, the surest first.
        found: how many there were; more than `pairs` has when there were too many.
        as_of: when that search began to read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._phases: dict[str, tuple[int, int]] = {}
        self.state = "none"
        self.by = ""
        self.likely = False
        self.error: CustomerSyncError | None = None
        self.pairs: Sequence[Mapping[str, Any]] = ()
        self.found = 0
        self.as_of: datetime | None = None

    @property
    def busy(self) -> bool:
        """Whether it is at work."""
        return self.state == "running"

    @property
    def progress(self) -> list[tuple[str, int, int]]:
        """What has been done: phase, how much of it, of how much; the newest last."""
        return [(what, done, total) for what, (done, total) in list(self._phases.items())]

    def start(self, desk: Desk, *, likely: bool) -> None:
        """Begin to search.

        Args:
            desk: with its secrets.
            likely: by record linkage instead of by rules.

        Raises:
            InputError: a search is at work, or record linkage is not installed.
        """
        if likely and not linkage_is_installed():
            raise InputError("Likely pairs need the optional extra `match`, which is not installed.")
        with self._lock:
            if self.busy:
                raise InputError(f"A search is at work, started by {self.by}.", hint="Wait for its end.")
            self._ending.clear()
            self._phases = {}
            self.state, self.by, self.likely, self.error = "running", desk.actor, likely, None
            self._thread = threading.Thread(target=self._search, args=(desk, likely), name="search for pairs")
            self._thread.start()

    def cancel(self) -> None:
        """End the search after the page that is being read."""
        self._ending.set()

    def close(self) -> None:
        """Cancel what is at work and wait for it."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            self.cancel()
            thread.join(_LAST_PAGE_SECONDS)

    def _search(self, desk: Desk, likely: bool) -> None:
        began = datetime.now(UTC)
        state = "failed"
        try:
            rows = suggest(desk, likely=likely, progress=self._heard)
            if self._ending.is_set():
                raise _Cancelled
            self.found, self.as_of = len(rows), began
            self.pairs = [{name: row.get(name) for name in _KEPT} for row in rows[:_MOST_PAIRS]]
            state = "done"
        except _Cancelled:
            state = "cancelled"
        except CustomerSyncError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - whoever waits for the search must hear of its end
            _log.exception("a search for pairs failed")
            self.error = InternalError(f"The search failed ({type(error).__name__}). The console's log says where.")
        finally:
            self.state = state

    def _heard(self, what: str, done: int, total: int) -> None:
        if self._ending.is_set():
            raise _Cancelled
        self._phases.pop(what, None)
        self._phases[what] = (done, total)


def linkage_is_installed() -> bool:
    """Whether pairs can be found by record linkage."""
    return importlib.util.find_spec("splink") is not None
