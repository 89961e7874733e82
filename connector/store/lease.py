"""One writer at a time: a lease per webstore, kept by a heartbeat, free again soon after its holder died."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from types import TracebackType

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from connector.errors import StoreError
from connector.store.failures import translated
from connector.store.schema import lease

__all__ = ["Lease", "LeaseHeld"]

_log = logging.getLogger("connector.store")


class LeaseHeld(StoreError):
    """Another run of this webstore is at work."""


class Lease:
    """The right to write one webstore's customers; a context manager.

    Args:
        seconds: how long the lease outlives its last heartbeat. A killed holder's webstore is free again after that.
        wait_seconds: how long to wait for another holder before giving up.
    """

    def __init__(
        self, engine: Engine, url: str, webstore_code: str, holder: str, *, seconds: float = 45, wait_seconds: float = 0
    ) -> None:
        self._engine = engine
        self._url = url
        self._code = webstore_code
        self._holder = holder
        self._seconds = seconds
        self._wait_seconds = wait_seconds
        self._token = uuid.uuid4().hex
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Lease:
        deadline = time.monotonic() + self._wait_seconds
        while True:
            held = self._try()
            if held is None:
                break
            if time.monotonic() >= deadline:
                raise held
            time.sleep(min(0.5, max(0.05, deadline - time.monotonic())))
        self._thread = threading.Thread(target=self._beat, name="lease heartbeat", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with translated(self._url), self._engine.begin() as connection:
            connection.execute(lease.delete().where(lease.c.webstore_code == self._code, lease.c.token == self._token))

    def check(self) -> None:
        """Raise StoreError when the lease was lost (this process slept longer than it lasts, and another took over)."""
        if self._lost.is_set():
            raise StoreError(
                f"The lease of webstore {self._code} was lost while this run was standing still.",
                hint="Another run may be at work; nothing more is written by this one.",
                system="store",
            )

    def _try(self) -> LeaseHeld | None:
        """Take the lease, or say who holds it."""
        now = datetime.now(UTC)
        values = {
            "token": self._token,
            "holder": self._holder,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "acquired_at": now.isoformat(),
            "expires_at": (now + timedelta(seconds=self._seconds)).isoformat(),
        }
        with translated(self._url):
            try:
                with self._engine.begin() as connection:
                    query = select(lease).where(lease.c.webstore_code == self._code).with_for_update()
                    row = connection.execute(query).one_or_none()
                    if row is None:
                        connection.execute(lease.insert().values(webstore_code=self._code, **values))
                        return None
                    if row.expires_at >= now.isoformat():
                        return LeaseHeld(
                            f"{row.holder} (process {row.pid} on {row.host}) has been at work on webstore {self._code} "
                            f"since {row.acquired_at[:19]} UTC.",
                            hint="Wait until it has ended. If it was killed its lease ends by itself at "
                            f"{row.expires_at[:19]} UTC.",
                            system="store",
                        )
                    _log.warning("taking over the expired lease of %s", row.holder)
                    connection.execute(lease.update().where(lease.c.webstore_code == self._code).values(**values))
                    return None
            except IntegrityError:  # two processes inserted at one moment: the other one has it
                return LeaseHeld(f"Another run has just begun on webstore {self._code}.", system="store")

    def _beat(self) -> None:
        """Prolong the lease until it is released."""
        while not self._stop.wait(self._seconds / 3):
            expires = (datetime.now(UTC) + timedelta(seconds=self._seconds)).isoformat()
            mine = (lease.c.webstore_code == self._code, lease.c.token == self._token)
            try:
                with self._engine.begin() as connection:
                    done = connection.execute(lease.update().where(*mine).values(expires_at=expires))
            except SQLAlchemyError as error:  # the next beat may succeed; the lease lasts three beats
                _log.warning("the heartbeat of the lease failed: %s", type(error).__name__)
                continue
            if done.rowcount == 0:
                self._lost.set()
                return
