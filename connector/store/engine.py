"""Opening the database: file permissions, pragmas, transactions, migrations, backups.

SQLite runs in WAL mode with synchronous=FULL: what was committed survives a kill and a power cut. Write transactions begin
IMMEDIATE, so that two processes never read the same state and then both write.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, event, inspect, make_url

from connector.errors import StoreError
from connector.store.failures import name_of, translated

__all__ = ["backup", "current_revision", "head_revision", "migrate", "open_engine"]

BUSY_SECONDS = 15
_MIGRATIONS = Path(__file__).parent / "migrations"


def open_engine(url: str) -> Engine:
    """An engine for a database that is made if it is a SQLite file that does not exist yet.

    Raises:
        StoreError: the database cannot be opened.
    """
    with translated(url):
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        if parsed.database and parsed.database != ":memory:":
            file = Path(parsed.database)
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not file.exists():
                os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_connection)
        event.listen(engine, "begin", _begin_immediately)
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
        return engine


def _prepare_connection(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_immediately(connection: Any) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _config(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["engine"] = engine
    return config


def head_revision() -> str:
    """The newest revision that this version knows."""
    head = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    return head or ""


def current_revision(engine: Engine) -> str:
    """The revision of a database; "" for an empty one."""
    with engine.connect().execution_options(read_only=True) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return MigrationContext.configure(connection).get_current_revision() or ""


def migrate(engine: Engine, url: str, to: str = "head") -> Path | None:
    """Bring a database to a revision; an older one that holds data is backed up first.

    Returns:
        The backup, or None when none was needed (new, current, or PostgreSQL, where backups are the server's matter).

    Raises:
        StoreError: the database was made by a newer version.
    """
    with translated(url):
        now = current_revision(engine)
        if to == "head" and now == head_revision():
            return None
        known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
        if now and now not in known:
            raise StoreError(
                f"{name_of(url)} was made by a newer version of customer-sync (revision {now}).",
                hint="Upgrade customer-sync, or restore a backup that this version has made.",
                system="store",
            )
        file = make_url(url).database
        saved = backup(url, Path(f"{file}.before-{now}")) if now and file and engine.dialect.name == "sqlite" else None
        try:
            if to == "head" or not now or to > now:
                command.upgrade(_config(engine), to)
            else:
                command.downgrade(_config(engine), to)
        except CommandError as error:
            raise StoreError(f"{name_of(url)} cannot be migrated to {to}: {error}.", system="store") from error
        return saved


def backup(url: str, target: Path) -> Path:
    """Copy a SQLite store to a file while it is in use; the copy is consistent and readable by its owner only.

    Raises:
        StoreError: not SQLite (use pg_dump), or the file cannot be written.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise StoreError(f"{name_of(url)} is not a file.", hint="Back it up with pg_dump.", system="store")
    with translated(url):
        try:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
            source, copy = sqlite3.connect(parsed.database), sqlite3.connect(target)
            try:
                source.backup(copy)
            finally:
                source.close()
                copy.close()
        except sqlite3.Error as error:
            raise StoreError(f"{name_of(url)} cannot be copied to {target}: {error}.", system="store") from error
    return target
