"""One writer at a time: a lease per webstore, kept by a heartbeat, free again soon after its holder died."""

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
from connector.store.processes import is_dead, machine
from connector.store.schema import LEASE

__all__ = ["Lease", "LeaseHeld", "LeaseLost", "release"]

_L = LEASE.c
_log = logging.getLogger("connector.store")


class LeaseHeld(StoreError):
    """Another run of this webstore is at work; the message says which."""


class LeaseLost(StoreError):
    """This process stood still for longer than its lease lasts, and another run took over."""


class Lease:
    """The right to write one webstore's customers; a context manager.

    While it is held, every `work` of the same store makes sure that it still is: a process that was asleep for too long
    commits nothing any more.

    Args:
        writing: opens a transaction that writes.
        seconds: how long the lease outlives its last heartbeat. The webstore of a killed holder is free again after that; at
            once, if it was killed on this machine.
        wait_seconds: how long to wait for another holder before LeaseHeld is raised.
    """

    def __init__(
        self,
        writing: Callable[[], AbstractContextManager[Connection]],
        webstore_code: str,
        holder: str,
        *,
        seconds: float = 45,
        wait_seconds: float = 0,
    ) -> None:
        self._writing = writing
        self._code = webstore_code
        self._holder = holder
        self._seconds = seconds
        self._wait_seconds = wait_seconds
        self._token = uuid.uuid4().hex
        self._until = now()
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread: threading.Thread | None = None

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
                connection.execute(sa.delete(LEASE).where(_L.webstore_code == self._code, _L.token == self._token))
        except StoreError as failure:
            if error is None:
                raise
            # what went wrong first is what people must read; the lease ends by itself
            _log.warning("the lease could not be given back: %s", failure)

    def check(self) -> None:
        """To be called between batches.

        Raises:
            LeaseLost: another run may be at work.
            StoreError: the store cannot be used, and the lease ran out.
        """
        if not self._lost.is_set() and now() >= self._until:
            self._prolong()
        if self._lost.is_set():
            raise self._gone()

    def verify(self, connection: Connection) -> None:
        """Raise LeaseLost inside a transaction that writes, if the lease has another holder by now."""
        mine = sa.select(_L.token).where(_L.webstore_code == self._code, _L.token == self._token)
        # PostgreSQL: nobody takes over before this transaction has ended, but the heartbeat goes on
        mine = mine.with_for_update(read=True, key_share=True)
        if connection.scalar(mine) is None:
            self._lost.set()
            raise self._gone()

    def _gone(self) -> LeaseLost:
        return LeaseLost(
            f"The lease of webstore {self._code} was lost while this run was standing still.",
            hint="Another run may be at work; nothing more is written by this one.",
            system="store",
        )

    def _take(self) -> LeaseHeld | None:
        """Take the lease, or say who holds it."""
        with self._writing() as connection:
            time_there = _clock(connection)
            row = connection.execute(sa.select(LEASE).where(_L.webstore_code == self._code)).one_or_none()
            if row is not None and not self._is_free(row, time_there):
                return LeaseHeld(
                    f"{row.holder} (process {row.pid} on {row.host}) has been at work on webstore {self._code} since "
                    f"{row.acquired_at:%Y-%m-%d %H:%M:%S} UTC.",
                    hint="Wait until it has ended. If it was killed, its lease ends by itself at "
                    f"{row.expires_at:%H:%M:%S} UTC.",
                    system="store",
                )
            connection.execute(sa.delete(LEASE).where(_L.webstore_code == self._code))
            values: dict[str, Any] = {"webstore_code": self._code, "token": self._token, "holder": self._holder}
            values |= {"host": socket.gethostname(), "pid": os.getpid(), "machine": machine()}
            values |= {"acquired_at": time_there, "expires_at": time_there + timedelta(seconds=self._seconds)}
            connection.execute(sa.insert(LEASE).values(values))
        self._until = now() + timedelta(seconds=self._seconds)
        return None

    def _is_free(self, row: sa.Row[Any], time_there: datetime) -> bool:
        if row.expires_at < time_there:
            _log.warning("taking over the lease of %s: it ran out", row.holder)
            return True
        if is_dead(row.pid, row.machine):
            _log.warning("taking over the lease of %s: process %d is dead", row.holder, row.pid)
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
        before = now()
        with self._writing() as connection:
            expires = _clock(connection) + timedelta(seconds=self._seconds)
            mine = sa.and_(_L.webstore_code == self._code, _L.token == self._token)
            done = connection.execute(sa.update(LEASE).where(mine).values(expires_at=expires))
        if done.rowcount:
            self._until = before + timedelta(seconds=self._seconds)
        else:
            self._lost.set()


def release(connection: Connection, webstore_code: str, holder: str) -> bool:
    """Take the lease away from a holder that has ended, if it is the one that has it."""
    theirs = sa.and_(_L.webstore_code == webstore_code, _L.holder == holder)
    return bool(connection.execute(sa.delete(LEASE).where(theirs)).rowcount)


def _clock(connection: Connection) -> datetime:
    """The time where all holders read the same clock: on the server, or on the one machine that has the file."""
    if connection.dialect.name == "postgresql":
        return connection.execute(sa.select(sa.func.clock_timestamp(type_=UtcTime))).scalar_one()
    return now()
