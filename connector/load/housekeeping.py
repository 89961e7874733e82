"""The store itself: migrating, copying and checking it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.load.session import opened_store
from connector.setup import UnresolvedSecrets, load_setup
from connector.store import open_store

__all__ = ["backup_store", "check_store", "migrate_store"]


def migrate_store(path: Path, to: str) -> dict[str, Any]:
    """Bring the store to a revision, after a backup; says which revision it had `before` and has now.

    Raises:
        InputError: there is no such revision.
        StoreError: the store cannot be used.
    """
    store = open_store(load_setup(path, environ=UnresolvedSecrets()).store.url, migrate=False)
    try:
        before = store.revision()
        store.migrate(to)
        return {"before": before, "revision": store.revision()}
    finally:
        store.close()


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
