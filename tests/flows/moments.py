"""Moments of a run: its commits and its writing requests, counted, and what happens right before one of them.

`killed` ends the run there as SIGKILL would: from then on nothing of it reaches the store or the other systems, no clean-up
either, and the lease stays behind as that of a dead process. After the n-th commit and before the next one or the next
request is the same moment, so "right before" is all that is needed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa

from connector.run import fence
from connector.store import Store, boot_seconds
from connector.store import lease as leases

__all__ = [
    "BEGIN",
    "COMMIT",
    "REQUEST",
    "Clock",
    "Killed",
    "Moments",
    "bury",
    "clock_of_the_machine",
    "elsewhere",
    "watched",
]

COMMIT, REQUEST = "commit", "request"
# right before a transaction that writes begins; counted only by who asks for it: others can write to a SQLite file then
BEGIN = "begin"
_READING = "BEGIN"


class Killed(BaseException):
    """The process is dead; not an Exception, so that nothing handles it."""


class Moments:
    """Counts what a run does, and interferes.

    Attributes:
        kinds: what was counted so far, in order.
    """

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.dead = False
        self._due: list[tuple[int, str | None, Callable[[], None]]] = []

    def before(self, number: int, act: Callable[[], None], kind: str | None = None) -> None:
        """Do something right before the number-th moment from now on (of one kind), once."""
        self._due.append((number, kind, act))

    def kill_before(self, number: int, kind: str | None = None) -> None:
        """End the run right before the number-th moment from now on."""
        self.before(number, self._kill, kind)

    def _kill(self) -> None:
        self.dead = True
        raise Killed

    def reached(self, kind: str) -> None:
        """The run is about to do something."""
        if self.dead:
            raise Killed
        self.kinds.append(kind)
        self._count({None, kind})

    def begins(self) -> None:
        """The run is about to begin a transaction that writes."""
        self._count({BEGIN})

    def _count(self, kinds: set[str | None]) -> None:
        due, self._due = self._due, []
        acts = []
        for number, only, act in due:
            left = number - (only in kinds)
            if left:
                self._due.append((left, only, act))
            else:
                acts.append(act)
        for act in acts:
            act()


@contextmanager
def watched() -> Iterator[Moments]:
    """Count the moments of what runs inside."""
    moments = Moments()

    def committing(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("customer_sync_begin") != _READING:
            moments.reached(COMMIT)

    send = requests.Session.send

    def counted(self: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        if request.method not in {"GET", "HEAD"} and "oauth2" not in (request.url or ""):
            moments.reached(REQUEST)
        elif moments.dead:
            raise Killed
        return send(self, request, **more)

    writing = Store._writing

    def begun(self: Store, lock: str) -> AbstractContextManager[sa.Connection]:
        moments.begins()
        return writing(self, lock)

    sa.event.listen(sa.Engine, "commit", committing)
    requests.Session.send = counted  # type: ignore[method-assign]
    Store._writing = begun  # type: ignore[method-assign]
    try:
        yield moments
    finally:
        Store._writing = writing  # type: ignore[method-assign]
        requests.Session.send = send  # type: ignore[method-assign]
        sa.event.remove(sa.Engine, "commit", committing)


def bury(store: Path) -> None:
    """Let the lease be that of a process that does not live any more: one with the number of this, started earlier."""
    connection = sqlite3.connect(store)
    with connection:
        for code, machine in connection.execute("SELECT webstore_code, machine FROM lease").fetchall():
            dead = f"{machine.rpartition(' ')[0]} 1"
            connection.execute("UPDATE lease SET machine = ? WHERE webstore_code = ?", (dead, code))
    connection.close()


class Clock:
    """The machine's own clock, which a test moves forward: what stood still meanwhile notices it by nothing else."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def forward(self, seconds: float) -> None:
        """So much time passes at once."""
        self.ahead += seconds

    def read(self) -> float:
        """Seconds since the machine started."""
        return boot_seconds() + self.ahead


@contextmanager
def clock_of_the_machine() -> Iterator[Clock]:
    """Let everything that asks for it read this clock."""
    clock, modules = Clock(), (leases, fence)
    for module in modules:
        module.boot_seconds = clock.read  # type: ignore[attr-defined]
    try:
        yield clock
    finally:
        for module in modules:
            module.boot_seconds = boot_seconds  # type: ignore[attr-defined]


def elsewhere(act: Callable[[], object]) -> None:
    """Do something as another process would, while this thread stands still."""
    failed: list[BaseException] = []

    def carried_out() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the thread that stands still
            failed.append(error)

    thread = threading.Thread(target=carried_out)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
