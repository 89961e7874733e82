"""Whether a SQLite file is ours: looked at before it is opened for writing, since opening alone would change it.

Our files carry an application id in their header. Older ones of ours have none, but our revision table. A file of 0 bytes is
nobody's: we never leave one behind, so somebody has emptied it (or made it). It is taken as a new store and marked, so that
runs say so before they write.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import closing, suppress
from pathlib import Path

from connector.errors import StoreError
from connector.store.schema import REVISION_TABLE

__all__ = ["MADE_ANEW", "OURS", "prepare_file"]

# "CuSy", as the header of each of our files says
OURS = 0x43755379
# PRAGMA user_version of a file that was found empty
MADE_ANEW = 1


def prepare_file(path: Path) -> None:
    """Make a new file, for its owner only, where there is none; mark an empty one; refuse one that is not ours.

    Raises:
        StoreError: the file belongs to another application.
        OSError, sqlite3.Error: it cannot be made or read.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(path)
    if not path.stat().st_size:
        _write_header(path, MADE_ANEW)
        return
    owner = _owner(path)
    # 0 is what an application has that does not care
    if owner is not None and owner != OURS and (owner or _has_tables_of_others(path)):
        raise StoreError(
            f"The store {path} cannot be used: the file belongs to another application.",
            hint="Nothing was changed in it. Give customer-sync a file of its own ([store] url).",
            system="store",
        )


def _make(path: Path) -> None:
    """A new file comes into being with its header, so that an empty one is never one that another process is just making."""
    # SQLite gives its -wal and -shm files the rights of the database file
    born = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        os.close(os.open(born, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _write_header(born, 0)
        with suppress(OSError):  # another process was faster, or the file system knows no links
            os.link(born, path)
    finally:
        born.unlink(missing_ok=True)
    if not path.exists():
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _write_header(path, 0)


def _owner(path: Path) -> int | None:
    """The application id of a file; None = it is no SQLite file, which opening it will say."""
    try:
        with closing(_read_only(path)) as connection:
            return int(connection.execute("PRAGMA application_id").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            return None
        raise


def _read_only(path: Path) -> sqlite3.Connection:
    """Never look into the file past SQLite: closing it once would drop the locks that other connections of this process have,
    and the next one that closes would take the log away from under them (sqlite.org/howtocorrupt.html, 2.2)."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _write_header(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path, timeout=15)) as connection, connection:
        connection.execute(f"PRAGMA application_id = {OURS}")
        connection.execute(f"PRAGMA user_version = {version}")


def _has_tables_of_others(path: Path) -> bool:
    """Whether there are tables, and not the one that all stores of ours have."""
    with closing(_read_only(path)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return bool(names) and REVISION_TABLE not in names
