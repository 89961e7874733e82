"""The store itself: migrating, copying and checking it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.load.session import opened_store
from connector.setup import load_setup
from connector.store import migrate_store as migrate

__all__ = ["backup_store", "check_store", "migrate_store"]


def migrate_store(path: Path, to: str) -> dict[str, Any]:
    """Bring the store to a revision; `revision` and `backup` (None = none was needed).

    Raises:
        InputError: there is no such revision.
        StoreError: the store cannot be used.
    """
    revision, backup = migrate(load_setup(path).store.url, to)
    return {"revision": revision, "backup": None if backup is None else str(backup)}


def backup_store(path: Path, target: Path) -> Path:
    """Copy a SQLite store to a file while it is in use.

    Raises:
        InputError: the file exists already, or the store is PostgreSQL (use pg_dump).
    """
    with opened_store(path) as (_, store):
        return store.backup(target)


def check_store(path: Path) -> list[str]:
    """What is wrong with the database; an empty list if nothing is."""
    with opened_store(path) as (_, store):
        return store.check()
