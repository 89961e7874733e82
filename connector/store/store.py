"""The store: one database, transactions for writing and for reading, and the lease.

Everything that belongs together, such as the outcome of a write, the base that it moved and the link that it made, is
committed in one `work` transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from connector.store import engine as engines
from connector.store.bases import Bases
from connector.store.failures import translated
from connector.store.holds import Holds
from connector.store.journal import Journal
from connector.store.lease import Lease
from connector.store.mapping import Authorship, Mapping
from connector.store.runs import Activity, Runs, Watermarks
from connector.store.schema import metadata

__all__ = ["Store", "View", "Work", "open_store"]


class View:
    """Reads of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self.mapping = Mapping(connection, webstore_code)
        self.bases = Bases(connection, webstore_code)
        self.journal = Journal(connection, webstore_code)
        self.holds = Holds(connection, webstore_code)
        self.runs = Runs(connection, webstore_code)
        self.watermarks = Watermarks(connection, webstore_code)


class Work(View):
    """Reads and writes of one webstore inside one transaction that commits as a whole."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        super().__init__(connection, webstore_code)
        self.activity = Activity(connection, webstore_code)

    def describe(self, *, actor: str, reason: str, run_id: str | None = None) -> None:
        """Say who changes the mapping and why. With a run id the changes join that run's version if it is the newest."""
        self.mapping.authorship = Authorship(actor, reason, run_id)


class Store:
    """An open store. It may be used from several threads; each `work` and `view` is for one."""

    def __init__(self, url: str, engine: Engine) -> None:
        self._url = url
        self._engine = engine

    @contextmanager
    def work(self, webstore_code: str) -> Iterator[Work]:
        """A write transaction: committed at the end, rolled back on any exception."""
        with translated(self._url), self._engine.begin() as connection:
            yield Work(connection, webstore_code)

    @contextmanager
    def view(self, webstore_code: str) -> Iterator[View]:
        """A consistent snapshot for reading."""
        with translated(self._url), self._engine.connect() as connection:
            options: dict[str, object] = {"read_only": True}
            if self._engine.dialect.name == "postgresql":
                options["isolation_level"] = "REPEATABLE READ"
            with connection.execution_options(**options) as reading, reading.begin():
                yield View(reading, webstore_code)

    def lease(self, webstore_code: str, holder: str, *, seconds: float = 45, wait_seconds: float = 0) -> Lease:
        """The right to write one webstore; use as a context manager."""
        return Lease(self._engine, self._url, webstore_code, holder, seconds=seconds, wait_seconds=wait_seconds)

    def revision(self) -> str:
        """The revision of the database."""
        with translated(self._url):
            return engines.current_revision(self._engine)

    def check(self) -> list[str]:
        """What is wrong with the database; an empty list if nothing is."""
        with translated(self._url), self._engine.connect().execution_options(read_only=True) as connection:
            problems: list[str] = []
            if self._engine.dialect.name == "sqlite":
                found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
                problems += [f"integrity: {text}" for text in found if text != "ok"]
            missing = set(metadata.tables) - set(inspect(connection).get_table_names())
            return problems + [f"the table {name} is missing" for name in sorted(missing)]

    def backup(self, target: Path) -> Path:
        """Copy a SQLite store to a file while it is in use."""
        return engines.backup(self._url, target)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def open_store(url: str) -> Store:
    """Open a store; a new database is prepared, an older one is backed up and migrated.

    Raises:
        StoreError: it cannot be used: locked, full, read-only, damaged, or made by a newer version.
    """
    engine = engines.open_engine(url)
    try:
        engines.migrate(engine, url)
    except BaseException:
        engine.dispose()
        raise
    return Store(url, engine)
