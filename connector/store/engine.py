"""Connections: one SQLAlchemy engine per store, set up so that an acknowledged commit survives a kill.

SQLite: WAL with synchronous=FULL; writers begin with BEGIN IMMEDIATE, so that two of them queue at the start of their
transaction and never fail in its middle; readers see one snapshot and block nobody.
PostgreSQL: writers of one webstore queue at an advisory lock; readers use REPEATABLE READ.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

from connector.errors import StoreError
from connector.secret_files import secret_in_file
from connector.store.belonging import prepare_file
from connector.store.troubles import explained, place, sqlite_file, store_error

__all__ = ["busy_seconds_of", "close_engine", "make_engine", "parse_url", "reading", "writing"]

# of PostgreSQL's address: the file that holds the role's password
PASSWORD_FILE = "password_file"  # noqa: S105 - its name, not its value
_BEGIN = "customer_sync_begin"
_FILE = "customer_sync_file"
# how many stores of this process use an engine now
_used: Counter[Engine] = Counter()
_counting = threading.Lock()


def parse_url(text: str) -> URL:
    """The store's address.

    Raises:
        StoreError: not an address, or of a database that is not supported.
    """
    hint = "Use sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE."
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        # the text may hold a password: it is not repeated
        raise StoreError("The store's address ([store] url) is not understood.", hint=hint, system="store") from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        kind = url.get_backend_name()
        raise StoreError(f"The store cannot be kept in {kind}.", hint=hint, system="store")
    if url.database in {None, "", ":memory:"}:
        raise StoreError("The store needs a file: what it remembers must outlive a run.", hint=hint, system="store")
    # later the process may be in another folder
    return url.set(database=str(Path(str(url.database)).absolute()))


def busy_seconds_of(url: URL, otherwise: float) -> float:
    """How long to wait for another writer, if the address says so (sqlite:///FILE?timeout=SECONDS).

    Raises:
        StoreError: it says no number.
    """
    text = url.query.get("timeout") if url.get_backend_name() == "sqlite" else None
    if text is None:
        return otherwise
    try:
        return float(str(text))
    except ValueError:
        raise StoreError(
            f"The store's address says timeout={text}.", hint="Give seconds: sqlite:///FILE?timeout=15.", system="store"
        ) from None


def make_engine(url: URL, busy_seconds: float) -> Engine:
    """An engine whose errors are StoreErrors. Creates a SQLite file, for its owner only, where there is none.

    Args:
        busy_seconds: how long to wait for another writer.
    """
    path = sqlite_file(url)
    if path is not None:
        with explained(url):
            prepare_file(path)
    with _counting:
        engine = _engine(url, busy_seconds)
        _used[engine] += 1
    return engine


def close_engine(engine: Engine) -> None:
    """Say that an engine of make_engine is not needed any more: the last one who says so closes its connections."""
    with _counting:
        _used[engine] -= 1
        if _used[engine] <= 0:
            del _used[engine]
            engine.dispose()


@lru_cache(maxsize=16)
def _engine(url: URL, busy_seconds: float) -> Engine:
    """The engine of an address, kept for the next time that the process opens it: the statements that it has compiled are worth
    a tenth of a small run."""
    if sqlite_file(url) is not None:
        engine = sa.create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", lambda connection, record: _configure_sqlite(connection, record, busy_seconds))
        event.listen(engine, "begin", lambda connection: _begin_sqlite(connection, url))
    else:
        try:
            engine = sa.create_engine(
                url.difference_update_query([PASSWORD_FILE]),
                hide_parameters=True,
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
                connect_args={"connect_timeout": 10, "application_name": "customer-sync", "client_encoding": "UTF8"},
            )
            # before SQLAlchemy's own first question, which a statement_timeout of the server would end
            event.listen(
                engine, "connect", lambda there, _: _configure_postgresql(there, url, busy_seconds), insert=True
            )
            if PASSWORD_FILE in url.query:
                # read for each connection: a password that was changed counts from the next one on
                event.listen(engine, "do_connect", lambda *given: given[-1].update(password=_password(url)))
        except ImportError:
            raise StoreError(
                "PostgreSQL needs a driver that is not installed.",
                hint="Install it: pip install 'customer-sync[postgresql]'.",
                system="store",
            ) from None

    def explain(context: Any) -> None:
        # a pre-ping that fails only makes the pool reconnect; what is not the database's fault is a bug and stays one
        from_database = isinstance(context.original_exception, engine.dialect.loaded_dbapi.Error)
        if from_database and not context.is_pre_ping:
            raise store_error(context.original_exception, url)

    event.listen(engine, "handle_error", explain)
    return engine


def _password(url: URL) -> str:
    path = Path(str(url.query[PASSWORD_FILE]))
    try:
        if not path.is_absolute():
            raise ValueError(f"{path} must be a whole path, such as /run/secrets/{path.name}")
        return secret_in_file(path).strip()
    except ValueError as error:
        raise StoreError(f"The password of the store {place(url)}: {error}.", system="store") from None


def _configure_postgresql(connection: Any, url: URL, busy_seconds: float) -> None:
    """Whatever server, database or role have set, a session of ours is the same everywhere. The path of schemas stays theirs: it
    says where the tables are."""
    settings = {
        # first: until it is gone, each of these statements may be ended by it
        "statement_timeout": "0",
        "datestyle": "ISO",
        "timezone": "UTC",
        "standard_conforming_strings": "on",
        "lock_timeout": str(max(1, int(busy_seconds * 1000))),
        "idle_in_transaction_session_timeout": "0",
    }
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        cursor.execute("SHOW server_encoding")
        encoding = cursor.fetchone()[0]
    connection.commit()
    if encoding != "UTF8":
        raise StoreError(
            f"The store {place(url)} cannot be used: the database keeps texts as {encoding}, which cannot hold every name.",
            hint="Make one with createdb --encoding=UTF8 --template=template0, and name it under [store] url.",
            system="store",
        )


def _configure_sqlite(connection: sqlite3.Connection, record: Any, busy_seconds: float) -> None:
    record.info[_FILE] = _identity(connection.execute("PRAGMA database_list").fetchone()[2])
    # the driver must not begin transactions by itself: _begin_sqlite does
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")
    _switch_to_wal(connection, busy_seconds)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # what is erased or purged is overwritten, not only marked as free
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    # KiB; with the 2 MB that are usual a commit of 1,000 changes reads most pages twice
    connection.execute("PRAGMA cache_size = -32768")
    # pages; commits wait less often for the log to be copied back, at the price of a log of 32 MB
    connection.execute("PRAGMA wal_autocheckpoint = 8000")


def _switch_to_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Once per file. SQLite does not wait for locks here: two processes that create one store at once would collide."""
    deadline = time.monotonic() + busy_seconds
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _identity(file: str) -> tuple[int, int] | None:
    try:
        found = Path(file).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _begin_sqlite(connection: Connection, url: URL) -> None:
    # with a write-ahead log SQLite itself would go on writing into a file that nobody finds any more
    if _identity(url.database or "") != connection.connection.info[_FILE]:
        raise StoreError(
            f"The store {place(url)} cannot be used: the file was moved, replaced or deleted while it was open.",
            hint="Put it back, or start again with the one that is there now.",
            system="store",
        )
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE"))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one snapshot of the store, taken by its first query."""
    options: dict[str, Any] = {_BEGIN: "BEGIN"}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as connection, connection.execution_options(**options).begin():
        yield connection


@contextmanager
def writing(engine: Engine, lock: str, busy_seconds: float) -> Iterator[Connection]:
    """A transaction that writes; others with the same lock (SQLite: all others) wait for its end.

    Raises:
        StoreError: the wait took longer than `busy_seconds`, or the database failed.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, int(busy_seconds * 1000))}")
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_lock_number(lock))))
        yield connection


def _lock_number(name: str) -> int:
    """PostgreSQL's advisory locks are named by a signed 64-bit number."""
    return int.from_bytes(hashlib.sha256(f"customer-sync {name}".encode()).digest()[:8], "big", signed=True)
