"""Turns what waits into runs, one at a time: after the debounce, sifted, and again if a run could not do its work."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence

from connector.errors import CustomerSyncError, InputError, InternalError, RemoteTrouble, StoreError
from connector.extract.sifting import Sifted, sift
from connector.rules import rules_of
from connector.run.customers_page import know_page
from connector.run.run import Run
from connector.run.seen_lately import SeenLately
from connector.run.sides import meet_sides
from connector.setup import Setup
from connector.store import LEFT_TO_THE_SCHEDULE, RUNS_OVER_ALL, LeaseHeld, NotedChange, Store, right_to_look
from connector.store.columns import now
from connector.webhooks.debouncing import due_in, patience
from connector.webhooks.limits import Counters

__all__ = ["Dispatcher", "StartRun"]

_log = logging.getLogger(__name__)

# runs the customers (None = all of them); raises CustomerSyncError when the run did not do its work
StartRun = Callable[[Sequence[str] | None], None]

_IDLE_SECONDS = 5.0
_PRUNE_SECONDS = 600.0
_TRIES = 6
# what was asked for cannot be done as asked: somebody was deleted just now, or a person must approve
_TRIES_OF_REFUSED = 2


class Dispatcher:
    """The worker behind the inbox of one webstore. Of several receivers of one store only one is at work at a time.

    Args:
        start: carries out a run, or hands it to somebody who will.
        lately: what this process has seen, for the runs that it carries out itself.
    """

    def __init__(
        self, setup: Setup, store: Store, start: StartRun, counters: Counters, lately: SeenLately | None = None
    ) -> None:
        self._setup = setup
        self._store = store
        self._start = start
        self._counters = counters
        self._lately = SeenLately() if lately is None else lately
        self._code = setup.webstore_code
        self._holder = f"webhooks {uuid.uuid4().hex[:8]}"
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._flushing = threading.Lock()
        self._failures = 0
        self._not_before = 0.0
        self._pruned = 0.0

    def wake(self) -> None:
        """Something new waits."""
        self._wake.set()

    def stop(self) -> None:
        """End after what is being done; what waits is run after the next start."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Work until `stop` is called."""
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                wait = self.step()
            except StoreError as error:
                _log.warning("webhooks: %s", error)
                wait = _IDLE_SECONDS
            except Exception:  # noqa: BLE001 - the worker must outlive its bugs: deliveries are still being taken
                _log.exception("webhooks: the worker met something that it does not know")
                wait = _IDLE_SECONDS
            self._wake.wait(wait)
        try:
            self.flush()
        except StoreError as error:
            _log.warning("webhooks: the last counts are lost: %s", error)

    def step(self) -> float:
        """Do what is due; gives the seconds until something may be due again."""
        self.flush()
        self._prune()
        settings = self._setup.webhooks
        with self._store.view(self._code) as view:
            waiting = view.webhooks.waiting()
        if waiting is None:
            return _IDLE_SECONDS
        wait = due_in(waiting, now(), settings.debounce_seconds, settings.longest_wait_seconds)
        wait = max(wait, self._not_before - time.monotonic())
        if wait > 0:
            # a delivery that comes meanwhile makes it wait longer, never shorter
            return wait
        try:
            with self._store.lease(right_to_look(self._code), self._holder):
                self._work()
        except LeaseHeld:
            return _IDLE_SECONDS
        return 0.0

    def flush(self) -> None:
        """Write the counters down.

        Raises:
            StoreError: they could not be written, and are kept for the next time.
        """
        with self._flushing:
            counts = self._counters.taken()
            if not counts:
                return
            try:
                with self._store.work(self._code) as work:
                    work.webhooks.count(counts)
            except StoreError:
                for name, number in counts.items():
                    self._counters.add(name, number)
                raise

    def _prune(self) -> None:
        if time.monotonic() - self._pruned < _PRUNE_SECONDS and self._pruned:
            return
        self._pruned = time.monotonic()
        with self._store.work(self._code) as work:
            work.webhooks.forget_seen(self._setup.webhooks.replay_window_hours)

    def _work(self) -> None:
        with self._store.view(self._code) as view:
            changes = view.webhooks.changes()
        if not changes:
            return
        try:
            sifted = self._sift(changes)
            self._counters.add("echoes", sifted.echoes)
            self._counters.add("other customers", sifted.others)
            if sifted.customers is None or sifted.customers:
                self._counters.add(RUNS_OVER_ALL if sifted.customers is None else "selected runs")
                self.flush()  # a run that would read less looks whether it is to read everybody
                self._start(sifted.customers)
            self._lately.forget_records()
        except CustomerSyncError as error:
            if not self._is_hopeless(error):
                return
        except Exception as error:  # noqa: BLE001 - a bug must not stop what comes after
            _log.exception("webhooks: looking at the changed customers met something that it does not know")
            if not self._is_hopeless(InternalError(f"An unexpected {type(error).__name__}.")):
                return
        self._failures, self._not_before = 0, 0.0
        self.flush()  # what is left to the schedule is counted before it is forgotten
        reads_less = bool(self._setup.synchronization.hours_between_full_reads)
        with self._store.work(self._code) as work:
            work.webhooks.done(changes, looked_at_later=reads_less)

    def _sift(self, changes: Sequence[NotedChange]) -> Sifted:
        rules = rules_of(self._setup)
        self._lately.forget_records()  # what is told now came after them
        run_id, lately = self._holder, self._lately
        with Run(self._setup, self._store, rules, run_id=run_id, actor="webhooks", dry_run=True, lately=lately) as run:
            meet_sides(run)
            know_page(run)
            keys, most = [change.key for change in changes], self._setup.webhooks.selected_at_most
            sifted = sift(run, keys, most, fresh=True)
            lately.note_terms(run.terms, rules.digest)
            return sifted

    def _is_hopeless(self, error: CustomerSyncError) -> bool:
        """Whether to give up these changes, and leave them to the schedule; otherwise they are tried again later."""
        self._failures += 1
        passing = isinstance(error, (RemoteTrouble, StoreError, InternalError))
        tries = _TRIES if passing else _TRIES_OF_REFUSED if isinstance(error, InputError) else 1
        if self._failures < tries:
            self._counters.add("tried again")
            self._not_before = time.monotonic() + patience(self._failures, self._setup.webhooks.debounce_seconds)
            _log.warning("webhooks: %s It is tried again.", error)
            return False
        self._counters.add(LEFT_TO_THE_SCHEDULE)
        _log.error("webhooks: %s These changes are left to the next scheduled run.", error)
        return True
