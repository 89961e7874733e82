"""The store itself: migrating, copying and checking it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.load.session import SetupSource, opened_store, setup_of
from connector.store import open_store

__all__ = ["backup_store", "check_store", "migrate_store"]


def migrate_store(path: SetupSource, to: str) -> dict[str, Any]:
    """Bring the store to a revision, after a backup; says which revision it had `before` and has now.

    Raises:
        InputError: there is no such revision.
        StoreError: the store cannot be used.
    """
    store = open_store(setup_of(path, with_secrets=False).store.url, migrate=False)
    try:
        before = store.revision()
        store.migrate(to)
        return {"before": before, "revision": store.revision()}
    finally:
        store.close()


def backup_store(path: SetupSource, target: Path) -> Path:
    """Copy a SQLite store to a file while it is in use.

    Raises:
        InputError: the file exists already, or the store is PostgreSQL (use pg_dump).
    """
    with opened_store(path) as (_, store):
        return store.backup(target)


def check_store(path: SetupSource) -> list[str]:
    """What is wrong with the database; an empty list if nothing is."""
    with opened_store(path) as (_, store):
        return store.check()
