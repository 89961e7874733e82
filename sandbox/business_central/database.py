"""The SQLite database behind the emulator: one connection for all threads, nested transactions, running numbers.

State may be in memory or in a file; a file outlives the process, not the machine's power supply (no fsync: it is a
sandbox).
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sandbox import moments
from sandbox.business_central.entities import ALL_TABLES, BLANKS, CUSTOMERS, EXTENSION, EntitySet, Kind
from sandbox.business_central.texts import compared

_AFFINITIES = {Kind.DECIMAL: "NUMERIC", Kind.INTEGER: "INTEGER", Kind.BOOLEAN: "INTEGER", Kind.DATETIME: "INTEGER"}
_STATEMENTS = (
    ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",)),
    ("SAVEPOINT inner_one", "RELEASE inner_one", ("ROLLBACK TO inner_one", "RELEASE inner_one")),
)
_COPIED = (*(entity.name for entity in ALL_TABLES), "gone_customers", "post_code")
# GUIDs and tokens are drawn by chance in reality: what once was given is never given again
_COUNTED_AGAIN = ("series", "stamp")
_TABLES = """
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (token TEXT PRIMARY KEY, user TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS post_code (code TEXT, city TEXT, county TEXT, country TEXT, PRIMARY KEY (code, city, country));
CREATE TABLE IF NOT EXISTS notification (
    subscription TEXT NOT NULL,
    customer TEXT NOT NULL,
    change TEXT NOT NULL,
    first INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    PRIMARY KEY (subscription, customer)
);
CREATE TABLE IF NOT EXISTS attempt (url TEXT PRIMARY KEY, due REAL NOT NULL, failures INTEGER NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS customers_number ON customers (number);
CREATE INDEX IF NOT EXISTS customers_email ON customers (email);
CREATE INDEX IF NOT EXISTS customers_email_lower ON customers (emailLower);
CREATE INDEX IF NOT EXISTS customers_name ON customers (displayName);
CREATE INDEX IF NOT EXISTS customers_changed ON customers (lastModifiedDateTime, number, id);
"""


def columns_of(entity: EntitySet) -> tuple[str, ...]:
    """Names of all columns of a set's table, in the order of `INSERT`."""
    return (*entity.names, *entity.hidden, "etag", "body")


def _definition(entity: EntitySet, table: str) -> str:
    columns = [f'"{prop.name}" {_AFFINITIES.get(prop.kind, "TEXT")} NOT NULL' for prop in entity.properties]
    columns += [f'"{name}" NOT NULL' for name in entity.hidden]
    body = ", ".join((*columns, "etag TEXT NOT NULL", "body BLOB NOT NULL"))
    return f'CREATE TABLE IF NOT EXISTS {table} ({body}, PRIMARY KEY ("{entity.key}"));'


class Database:
    """The connection. All use goes through `transaction` or `read`, which keep other threads out."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.create_function("unicode_lower", 1, str.lower, deterministic=True)
        self._connection.create_collation("dictionary", compared)
        for pragma in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -64000", "temp_store = MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        for entity in ALL_TABLES:
            self._connection.executescript(_definition(entity, entity.name))
        self._connection.executescript(_definition(CUSTOMERS, "gone_customers"))
        self._connection.executescript(_TABLES)
        for table in ("customers", "gone_customers"):
            self._extend(table)

    def _extend(self, table: str) -> None:
        """Give a table that an earlier version made the columns of the extension."""
        there = {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}
        for prop in EXTENSION:
            if prop.name not in there:
                blank = prop.options[0] if prop.options else BLANKS[prop.kind]
                default = blank if isinstance(blank, int) else f"'{blank}'"
                self._connection.execute(f'ALTER TABLE {table} ADD COLUMN "{prop.name}" NOT NULL DEFAULT {default}')

    def close(self) -> None:
        """Close the connection; closing twice is allowed."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens or nothing does.

        One inside another is undone alone, such as an operation of a batch; those still further inside belong to it.
        """
        with self._lock:
            if self._depth >= 2:
                yield
                return
            begin, end, undo = _STATEMENTS[self._depth]
            self._connection.execute(begin)
            self._depth += 1
            try:
                yield
            except BaseException:
                for statement in undo:
                    self._connection.execute(statement)
                raise
            else:
                self._connection.execute(end)
            finally:
                self._depth -= 1

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows of a statement, as tuples."""
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def row(self, statement: str, parameters: Sequence[Any] = ()) -> Any | None:
        """The first row of a statement, None when there is none."""
        with self._lock:
            return self._connection.execute(statement, parameters).fetchone()

    def change(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Carry out a statement; returns how many rows it changed."""
        with self._lock:
            return self._connection.execute(statement, parameters).rowcount

    def insert(self, entity: EntitySet, rows: Sequence[Sequence[Any]], table: str | None = None) -> None:
        """Insert or replace rows that have all columns of the set. Raises sqlite3.IntegrityError for a taken number."""
        columns = columns_of(entity)
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        with self.transaction():
            self._connection.executemany(f"INSERT INTO {table or entity.stored_in} ({names}) VALUES ({marks})", rows)

    def snapshot(self) -> moments.Moment:
        """The company's tables, the number series and the count of writes, for `restore`."""
        with self._lock:
            counted = tuple(self.rows("SELECT name, value FROM counter"))
            tables = moments.copied(self._connection, _COPIED).tables
            return moments.Moment({**tables, "counter": (("name", "value"), counted)})

    def restore(self, moment: moments.Moment) -> None:
        """Go back to a moment; what waits to be told to subscribers is dropped."""
        tables = {name: content for name, content in moment.tables.items() if name != "counter"}
        with self.transaction():
            moments.put_back(self._connection, moments.Moment(tables))
            for name, value in moment.tables["counter"][1]:
                self.set_number(name, value if name in _COUNTED_AGAIN else max(value, self.number(name)))
            for table in ("notification", "attempt"):
                self._connection.execute(f"DELETE FROM {table}")

    def next_number(self, name: str) -> int:
        """The next of the running numbers of that name, from 1."""
        row = self.row(
            "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        )
        return int(row[0]) if row else 0

    def number(self, name: str) -> int:
        """The running number that was given last; 0 before the first."""
        row = self.row("SELECT value FROM counter WHERE name = ?", (name,))
        return int(row[0]) if row else 0

    def set_number(self, name: str, value: int) -> None:
        """Go on after `value`."""
        self.change(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
        )
