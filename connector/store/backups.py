"""Copies of a store: of a SQLite file while it is in use, and of either database before its tables are changed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from connector.errors import StoreError
from connector.store.columns import now
from connector.store.schema import METADATA, REVISION_TABLE
from connector.store.troubles import explained, place, sqlite_file

__all__ = ["before_migration", "copy_file"]


def before_migration(connection: Connection, url: URL, revision: str) -> str:
    """Keep the store as it is: a copy of the SQLite file beside it, or of all tables in another schema of the database.

    Args:
        connection: in the transaction that will change the tables.
        revision: what the store is about to become; the copy is named by it.

    Returns:
        Where the copy is.
    """
    name = f"before-{revision or 'removal'}"
    path = sqlite_file(url)
    if path is None:
        return _copy_tables(connection, url, name)
    target = path.with_name(f"{path.name}.{name}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.{name}-{number}")
    return str(copy_file(url, target))


def copy_file(url: URL, target: Path) -> Path:
    """Copy a SQLite store as it was last committed, and make sure that the copy is sound.

    Raises:
        StoreError: the store is not SQLite, the target is there already or cannot be written, or the store is damaged.
    """
    source = sqlite_file(url)
    if source is None:
        raise StoreError(
            f"The store {place(url)} is not a file.",
            hint="Back it up with pg_dump, as your other databases.",
            system="store",
        )
    if target.exists():
        raise StoreError(f"{target} is there already.", hint="Give a file that does not exist.", system="store")
    there = URL.create("sqlite", database=str(target))
    part = target.with_name(f"{target.name}.part")
    try:
        with explained(there):
            target.parent.mkdir(parents=True, exist_ok=True)
            # for its owner only, as the store itself
            os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600))
        with explained(url), closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(part)) as new:
            old.backup(new)
            # a backup is one file: no -wal beside it
            new.execute("PRAGMA journal_mode = DELETE")
            problems = [row[0] for row in new.execute("PRAGMA quick_check") if row[0] != "ok"]
        if problems:
            raise StoreError(
                f"The store {place(url)} is damaged: {problems[0]}.",
                hint="Put the newest good backup in its place; keep the damaged file.",
                system="store",
            )
        with explained(there):
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _copy_tables(connection: Connection, url: URL, name: str) -> str:
    """PostgreSQL: all rows into a new schema, in the same transaction as the migration."""
    quote = connection.dialect.identifier_preparer.quote
    schema = f"customer_sync_{name}_{now():%Y%m%dT%H%M%S%f}".replace("-", "_").lower()
    try:
        connection.exec_driver_sql(f"CREATE SCHEMA {quote(schema)}")
    except StoreError as error:
        raise StoreError(
            f"{error.message} The copy that is made before a migration needs a schema of its own.",
            hint="Give the role the right to create schemas in the database, or back it up with pg_dump and run "
            "`customer-sync store migrate --no-backup`.",
            system="store",
        ) from error
    there = set(sa.inspect(connection).get_table_names())
    for table in sorted(there & {*METADATA.tables, REVISION_TABLE}):
        connection.exec_driver_sql(f"CREATE TABLE {quote(schema)}.{quote(table)} AS TABLE {quote(table)}")
    return f"schema {schema} of {place(url)}"
