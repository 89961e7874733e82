"""The store: one database, transactions for writing and for reading, and the lease.

Everything that belongs together, such as the outcome of a write, the base that it moved and the link that it made, is
committed in one `work` transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from connector.core.counting import counted
from connector.errors import StoreError
from connector.store import backups, migrating
from connector.store.activity import Activity
from connector.store.bases import Bases
from connector.store.belonging import OURS
from connector.store.customer_lines import CustomerLines
from connector.store.customer_marks import Gates
from connector.store.decisions import Decisions, Tombstones
from connector.store.directory import Directory
from connector.store.emptied import was_emptied
from connector.store.engine import busy_seconds_of, close_engine, make_engine, parse_url, reading, writing
from connector.store.erasure import forget_customer
from connector.store.history import history_of
from connector.store.holds import Holds
from connector.store.journal import Journal
from connector.store.lease import SECONDS, Lease, release
from connector.store.leases import HeldLease, free_lease, held_leases
from connector.store.mapping import MappingReader
from connector.store.mapping_edits import Authorship, MappingTable
from connector.store.plans import Plans
from connector.store.runs import Runs, Watermarks
from connector.store.schema import HEAD, METADATA
from connector.store.sides import Sides
from connector.store.standing import Changes, Conflicts, Quarantine, Suggestions
from connector.store.tallies import Tallies
from connector.store.troubles import explained
from connector.store.webhooks import Webhooks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Store", "View", "Work", "open_store"]

_MIGRATIONS = "migrations"
# the name under which a watermark keeps it
_STATE = "state"


class View:
    """What is remembered of one webstore, as one consistent snapshot."""

    mapping: MappingReader
    # whether what it reads may still be undone
    writes = False

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code
        self.mapping = MappingReader(connection, webstore_code)
        self.bases = Bases(connection, webstore_code)
        self.journal = Journal(connection, webstore_code)
        self.holds = Holds(connection, webstore_code)
        self.runs = Runs(connection, webstore_code)
        self.watermarks = Watermarks(connection, webstore_code)
        self.activity = Activity(connection, webstore_code)
        self.changes = Changes(connection, webstore_code)
        self.sides = Sides(connection, webstore_code)
        self.conflicts = Conflicts(connection, webstore_code)
        self.quarantine = Quarantine(connection, webstore_code)
        self.suggestions = Suggestions(connection, webstore_code)
        self.decisions = Decisions(connection, webstore_code)
        self.tombstones = Tombstones(connection, webstore_code)
        self.directory = Directory(connection, webstore_code)
        self.plans = Plans(connection, webstore_code)
        self.webhooks = Webhooks(connection, webstore_code)
        self.tallies = Tallies(connection, webstore_code)

    def lines(self, gates: Gates, known: dict[str, Any] | None = None) -> CustomerLines:
        """The list of all customers; see connector.store.customer_lines."""
        version = self.directory.mapping_version if self.directory.state else -1
        return CustomerLines(self._connection, self._code, gates, version, known)

    @property
    def place(self) -> str:
        """Which store and webstore this is, for whoever keeps what was read of several."""
        return f"{self._connection.engine.url} {self._code}"

    @property
    def state(self) -> str:
        """A text that every write to this webstore's tables changes; "" = nothing was written yet. For whoever keeps what was
        read: the same text, the same tables."""
        return self.watermarks.get(_STATE) or ""

    def history(self, *, bc_id: str | None = None, webstore_id: int | None = None) -> pd.DataFrame:
        """What happened to one customer, field by field; see connector.store.history."""
        return history_of(self._connection, self._code, bc_id=bc_id, webstore_id=webstore_id)


class Work(View):
    """Reads and writes of one webstore inside one transaction that commits as a whole."""

    mapping: MappingTable
    writes = True

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        super().__init__(connection, webstore_code)
        self.mapping = MappingTable(connection, webstore_code)

    def describe(
        self, *, actor: str, reason: str, run_id: str | None = None, expected_version: int | None = None
    ) -> None:
        """Say who edits the mapping table and why. Edits of a run join its version as long as that is the newest.

        Args:
            expected_version: the version of the mapping table that the edit was decided on; None = whichever is the newest.

        Raises:
            Overtaken: there is another version by now.
        """
        if expected_version is not None:
            self.mapping.expect(expected_version)
        self.mapping.describe(Authorship(actor, reason, run_id))

    def forget_customer(self, *, bc_id: str | None = None, webstore_id: int | None = None) -> dict[str, int]:
        """Erase the personal data of a customer; see connector.store.erasure."""
        return forget_customer(self._connection, self._code, bc_id=bc_id, webstore_id=webstore_id)


class Store:
    """An open store. It may be used from several threads; each `work` and `view` is for one."""

    def __init__(self, url: URL, engine: Engine, busy_seconds: float) -> None:
        self._url = url
        self._engine = engine
        self._busy_seconds = busy_seconds
        self._leases: dict[str, Lease] = {}

    @contextmanager
    def work(self, webstore_code: str) -> Iterator[Work]:
        """A transaction that writes: committed at the end, undone on any exception.

        Raises:
            LeaseLost: this store held the webstore's lease and lost it.
            StoreError: the database cannot be used; nothing was changed.
        """
        with self._writing(webstore_code) as connection:
            lease = self._leases.get(webstore_code)
            if lease is not None:
                lease.verify(connection)
            work = Work(connection, webstore_code)
            yield work
            work.mapping.finish()
            # by chance and not counted: a store that was copied back, and has gone on, must not come to the same text
            work.watermarks.set(_STATE, secrets.token_hex(8))

    @contextmanager
    def view(self, webstore_code: str) -> Iterator[View]:
        """A snapshot for reading; it waits for no writer."""
        with self._reading() as connection:
            yield View(connection, webstore_code)

    @contextmanager
    def lease(
        self, webstore_code: str, holder: str, *, seconds: float = SECONDS, wait_seconds: float = 0, what: str = ""
    ) -> Iterator[Lease]:
        """The right to write one webstore's customers, or to do something else that only one may do; see Lease.

        Raises:
            LeaseHeld: another run has it, for longer than `wait_seconds`.
        """
        lease = Lease(
            lambda: self._writing(f"lease of {webstore_code}"),
            self._reading,
            webstore_code,
            holder,
            seconds=seconds,
            wait_seconds=wait_seconds,
            what=what,
        )
        with lease:
            self._leases[webstore_code] = lease
            try:
                yield lease
            finally:
                del self._leases[webstore_code]

    def release(self, webstore_code: str, holder: str) -> bool:
        """Free a webstore whose holder is known to have ended; False if somebody else holds it, or nobody."""
        with self._writing(f"lease of {webstore_code}") as connection:
            return release(connection, webstore_code, holder)

    def leases(self) -> list[HeldLease]:
        """All leases that stand in the store, whoever holds them."""
        with self._reading() as connection:
            return held_leases(connection)

    def free_lease(self, lease: HeldLease) -> bool:
        """Take a lease away from whoever holds it; False if it is not there any more, or another holder has it by now.

        A holder that still lives sends nothing any more: it asks the store right before each write.
        """
        with self._writing(f"lease of {lease.name}") as connection:
            return free_lease(connection, lease)

    def forget_customer(
        self, webstore_code: str, *, bc_id: str | None = None, webstore_id: int | None = None
    ) -> dict[str, int]:
        """Erase the personal data of a customer; see connector.store.erasure. Backups keep what they have."""
        with self.work(webstore_code) as work:
            counts = work.forget_customer(bc_id=bc_id, webstore_id=webstore_id)
        if self._engine.dialect.name == "sqlite":
            # until then the write-ahead log still has the old pages
            with explained(self._url), self._engine.connect() as connection:
                connection.rollback()
                raw = connection.connection.driver_connection
                assert raw is not None  # noqa: S101 - it was just connected
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return counts

    def revision(self) -> str:
        """The revision of the database's tables; "" = it has none."""
        with explained(self._url), reading(self._engine) as connection:
            return migrating.current_revision(connection)

    def migrate(self, to: str = "head", *, backup: bool = True) -> None:
        """Upgrade or downgrade the tables to a revision ("head", "base" = no tables), after a backup of what is there.

        Raises:
            InputError: there is no such revision.
            StoreError: a newer version made the store, something else keeps its tables there, or the backup failed.
        """
        with self._writing(_MIGRATIONS) as connection:
            current = migrating.current_revision(connection)
            target = migrating.resolve(connection, self._url, to)
            if backup and current and target != current:
                backups.before_migration(connection, self._url, target)
            migrating.migrate(connection, self._url, target)
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql(f"PRAGMA application_id = {OURS}")

    def check(self) -> list[str]:
        """What is wrong with the database; an empty list if nothing is."""
        problems: list[str] = []
        try:
            with explained(self._url), reading(self._engine) as connection:
                problems += self._damage(connection)
                revision = migrating.current_revision(connection)
                problems += [f"its tables are of revision {revision}, not {HEAD}"] if revision != HEAD else []
                missing = set(METADATA.tables) - set(sa.inspect(connection).get_table_names())
                problems += [f"the table {name} is missing" for name in sorted(missing)]
        except StoreError as error:  # a damaged file may fail in the middle of its own check
            problems.append(error.message)
        return problems

    def was_emptied(self) -> bool:
        """Whether the store holds nothing though it once held something, or its file was found empty."""
        with self._reading() as connection:
            return was_emptied(connection)

    def _damage(self, connection: Connection) -> list[str]:
        if self._engine.dialect.name != "sqlite":
            return []
        found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        damage = [f"the file is damaged: {text}" for text in found if text != "ok"]
        return damage + (
            [f"{counted(len(orphans), 'row belongs', 'rows belong')} to rows that are not there"] if orphans else []
        )

    def backup(self, target: Path) -> Path:
        """Copy a SQLite store to a new file while it is in use.

        Returns:
            The file.

        Raises:
            StoreError: the store is not SQLite (use pg_dump), the file is there already, or the disk is full.
        """
        return backups.copy_file(self._url, target)

    def close(self) -> None:
        """Close all connections."""
        close_engine(self._engine)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self._url), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self, lock: str) -> Iterator[Connection]:
        with explained(self._url), writing(self._engine, lock, self._busy_seconds) as connection:
            yield connection


def open_store(url: str, *, busy_seconds: float = 15, migrate: bool = True) -> Store:
    """Open a store; a new database gets its tables, an older one is backed up and migrated.

    Args:
        busy_seconds: how long to wait for another writer before the store counts as locked; `?timeout=` of a SQLite file's
            address goes before it.
        migrate: False = leave the tables as they are.

    Raises:
        StoreError: it cannot be used: locked, full, read-only, damaged, or made by a newer version.
    """
    parsed = parse_url(url)
    busy_seconds = busy_seconds_of(parsed, busy_seconds)
    store = Store(parsed, make_engine(parsed, busy_seconds), busy_seconds)
    try:
        # another process may migrate at the same time: `migrate` looks again once it is alone
        if migrate and store.revision() != HEAD:
            store.migrate()
    except BaseException:
        store.close()
        raise
    return store
