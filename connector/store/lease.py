"""One writer at a time: a lease per webstore, kept by a heartbeat, free again soon after its holder died.

A process may stand still at any instruction (a stopped process, a closed laptop, a paused machine) for longer than its lease
lasts, and go on as if nothing had happened. So the lease is asked for where it counts: in every transaction that writes
(`verify`), and right before the bytes of a write leave (`check`). How old it is tells a clock that counts while the machine is
suspended and that nobody can set; who has it tells the store.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.errors import StoreError
from connector.store.columns import UtcTime, now
from connector.store.machine_clock import boot_name, boot_seconds
from connector.store.processes import is_dead, machine
from connector.store.schema import LEASE

__all__ = ["SECONDS", "Lease", "LeaseHeld", "LeaseLost", "clock_of", "ends_at", "release"]

# how long a lease outlives its last heartbeat, where nobody says otherwise
SECONDS = 45.0
# the last tenth of a lease is not relied on
_RELIED_ON = 0.9
_TRIES = 3
_L = LEASE.c
_log = logging.getLogger("connector.store")

Opening = Callable[[], AbstractContextManager[Connection]]


class LeaseHeld(StoreError):
    """Another run of this webstore is at work; the message says which."""

    read_on = "docs/operations.md#runs-that-stand-still"


class LeaseLost(StoreError):
    """This process stood still for longer than its lease lasts, and another run took over. Nothing was sent."""

    read_on = "docs/operations.md#runs-that-stand-still"


class Lease:
    """The right to write one webstore's customers; a context manager.

    While it is held, every `work` of the same store makes sure that it still is: a process that was asleep for too long
    commits nothing any more.

    Args:
        writing: opens a transaction that writes; reading: one that reads.
        seconds: how long the lease outlives its last heartbeat. The webstore of a killed holder is free again after that; at
            once, if it was killed on this machine.
        wait_seconds: how long to wait for another holder before LeaseHeld is raised.
        what: what is leased, for messages.

    Attributes:
        buried: the holder from which it was taken over because its process is known to be dead; "" = it was free, or nobody
            knows whether that process will go on.
    """

    def __init__(
        self,
        writing: Opening,
        reading: Opening,
        webstore_code: str,
        holder: str,
        *,
        seconds: float = SECONDS,
        wait_seconds: float = 0,
        what: str = "",
    ) -> None:
        self._writing = writing
        self._reading = reading
        self._code = webstore_code
        self._what = what or f"webstore {webstore_code}"
        self._holder = holder
        self._seconds = seconds
        self._wait_seconds = wait_seconds
        self._token = uuid.uuid4().hex
        self._prolonged = boot_seconds()
        self._prolonged_at = now()
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread: threading.Thread | None = None
        self.buried = ""

    def __enter__(self) -> Lease:
        deadline = time.monotonic() + self._wait_seconds
        while (held := self._take()) is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise held
            time.sleep(min(0.5, left))
        self._thread = threading.Thread(target=self._beat, name="lease heartbeat", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        try:
            with self._writing() as connection:
                connection.execute(sa.delete(LEASE).where(self._mine))
        except StoreError as failure:
            if error is None:
                raise
            # what went wrong first is what people must read; the lease ends by itself
            _log.warning("the lease could not be given back: %s", failure)

    def check(self) -> None:
        """To be called right before something leaves that only the holder may send.

        Raises:
            LeaseLost: another run may be at work.
            StoreError: the store cannot be asked, or the lease ends faster than it can be prolonged.
        """
        for _ in range(_TRIES):
            if not self._lost.is_set() and self._is_young() and self._stands():
                return
            if not self._lost.is_set():
                self._prolong()
            if self._lost.is_set():
                raise self._gone()
        if self._is_young():
            return
        raise StoreError(
            f"The lease of {self._what} ends before the store has prolonged it.",
            hint="Nothing was sent. Give it more time (lease_seconds), or the store a faster disk.",
            system="store",
        )

    def verify(self, connection: Connection) -> None:
        """Raise LeaseLost inside a transaction that writes, if the lease has another holder by now."""
        mine = sa.select(_L.token).where(self._mine)
        # PostgreSQL: nobody takes over before this transaction has ended, but the heartbeat goes on
        mine = mine.with_for_update(read=True, key_share=True)
        if connection.scalar(mine) is None:
            self._lost.set()
            raise self._gone()

    @property
    def _mine(self) -> sa.ColumnElement[bool]:
        return sa.and_(_L.webstore_code == self._code, _L.token == self._token)

    def _gone(self) -> LeaseLost:
        return LeaseLost(
            f"The lease of {self._what} was lost while this run was standing still.",
            hint="Another run may be at work; nothing more is written by this one.",
            system="store",
        )

    def _is_young(self) -> bool:
        """Whether nobody can have taken over by the clocks of this machine. Some hypervisors stop the one that counts while a
        machine is suspended; the time of day is set right afterwards, so the greater age of the two counts."""
        age = max(boot_seconds() - self._prolonged, (now() - self._prolonged_at).total_seconds())
        return age < self._seconds * _RELIED_ON

    def _stands(self) -> bool:
        """Whether the store says the same: the lease has no other holder, nobody has freed it, and by the clock that others
        judge it by it does not end in a moment."""
        with self._reading() as connection:
            row = connection.execute(sa.select(LEASE).where(self._mine)).one_or_none()
            time_there = clock_of(connection)
        if row is None:
            self._lost.set()
            return False
        return (ends_at(row, time_there) - time_there).total_seconds() > self._seconds * (1 - _RELIED_ON)

    def _take(self) -> LeaseHeld | None:
        """Take the lease, or say who holds it."""
        before, before_at = boot_seconds(), now()
        with self._writing() as connection:
            time_there = clock_of(connection)
            row = connection.execute(sa.select(LEASE).where(_L.webstore_code == self._code)).one_or_none()
            if row is not None and not self._is_free(row, time_there):
                return LeaseHeld(
                    f"{row.holder} (process {row.pid} on {row.host}) has been at work on {self._what} since "
                    f"{row.acquired_at:%Y-%m-%d %H:%M:%S} UTC.",
                    hint="Wait until it has ended. If it was killed, its lease ends by itself at "
                    f"{ends_at(row, time_there):%Y-%m-%d %H:%M:%S} UTC; `customer-sync store free-lease` frees it before.",
                    system="store",
                )
            connection.execute(sa.delete(LEASE).where(_L.webstore_code == self._code))
            values: dict[str, Any] = {"webstore_code": self._code, "token": self._token, "holder": self._holder}
            values |= {"host": socket.gethostname(), "pid": os.getpid(), "machine": machine()}
            values |= {"acquired_at": time_there, **self._end(time_there)}
            connection.execute(sa.insert(LEASE).values(values))
        self._prolonged, self._prolonged_at = before, before_at
        return None

    def _is_free(self, row: sa.Row[Any], time_there: datetime) -> bool:
        if is_dead(row.pid, row.machine):
            _log.warning("taking over the lease of %s: process %d is dead", row.holder, row.pid)
            self.buried = row.holder
            return True
        if ends_at(row, time_there) < time_there:
            _log.warning("taking over the lease of %s: it ran out", row.holder)
            return True
        return False

    def _beat(self) -> None:
        """Prolong the lease until it is given back or lost."""
        pause = self._seconds / 3
        while not self._stop.wait(pause) and not self._lost.is_set():
            try:
                self._prolong()
                pause = self._seconds / 3
            except StoreError as error:  # the lease lasts for some more beats
                _log.warning("the heartbeat of the lease failed: %s", error)
                pause = self._seconds / 10

    def _prolong(self) -> None:
        before, before_at = boot_seconds(), now()
        with self._writing() as connection:
            done = connection.execute(sa.update(LEASE).where(self._mine).values(self._end(clock_of(connection))))
        if done.rowcount:
            self._prolonged, self._prolonged_at = before, before_at
        else:
            self._lost.set()

    def _end(self, time_there: datetime) -> dict[str, Any]:
        """When the lease ends, by both clocks."""
        return {
            "expires_at": time_there + timedelta(seconds=self._seconds),
            "boot": boot_name(),
            "expires_boot": boot_seconds() + self._seconds,
        }


def ends_at(row: sa.Row[Any], time_there: datetime) -> datetime:
    """When a lease ends, as `time_there` counts. On the machine of its holder the machine's own clock says it, whatever the
    time of day was when it was taken, or is now."""
    if row.boot and row.expires_boot is not None and row.boot == boot_name():
        return time_there + timedelta(seconds=row.expires_boot - boot_seconds())
    ends: datetime = row.expires_at
    return ends


def clock_of(connection: Connection) -> datetime:
    """The time where all holders read the same clock: on the server, or on the one machine that has the file."""
    if connection.dialect.name == "postgresql":
        return connection.execute(sa.select(sa.func.clock_timestamp(type_=UtcTime))).scalar_one()
    return now()


def release(connection: Connection, webstore_code: str, holder: str) -> bool:
    """Take the lease away from a holder that has ended, if it is the one that has it."""
    theirs = sa.and_(_L.webstore_code == webstore_code, _L.holder == holder)
    return bool(connection.execute(sa.delete(LEASE).where(theirs)).rowcount)
