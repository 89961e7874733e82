"""The store itself: migrating, copying and checking it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from connector.errors import InputError
from connector.run.setup_source import SetupSource, opened_store, setup_of
from connector.store import HeldLease, open_store

__all__ = ["backup_store", "check_store", "free_lease", "list_leases", "migrate_store"]


def migrate_store(path: SetupSource, to: str, *, backup: bool = True) -> dict[str, Any]:
    """Bring the store to a revision, after a backup; says which revision it had `before` and has now.

    Args:
        backup: False = no copy is made first, since there is one that was made by other means.

    Raises:
        InputError: there is no such revision.
        StoreError: the store cannot be used.
    """
    store = open_store(setup_of(path, with_secrets=False).store.url, migrate=False)
    try:
        before = store.revision()
        store.migrate(to, backup=backup)
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


def list_leases(path: SetupSource) -> list[dict[str, Any]]:
    """The leases that stand in the store: `name`, `holder`, `host`, `pid`, `since`, `until`, `state` (see HeldLease)."""
    with opened_store(path) as (_, store):
        return [_row(lease) for lease in store.leases()]


def free_lease(path: SetupSource, name: str = "", *, force: bool = False) -> dict[str, Any]:
    """Take a lease away from its holder; gives it as it was.

    Args:
        name: of the lease; "" = the webstore's.
        force: also if the process that holds it lives on this machine. It sends nothing any more then, and its run ends.

    Raises:
        InputError: there is no such lease, its holder is at work, or somebody else has it by now.
    """
    with opened_store(path) as (setup, store):
        wanted = name or setup.webstore_code
        found = {lease.name: lease for lease in store.leases()}
        if wanted not in found:
            there = ", ".join(sorted(found)) or "none at all"
            raise InputError(f"Nobody holds a lease of {wanted}.", hint=f"There are: {there}. Nothing was changed.")
        lease = found[wanted]
        if lease.state == "at work" and not force:
            raise InputError(
                f"{lease.holder} (process {lease.pid} on {lease.host}) is at work: its process lives, and its lease ends at "
                f"{lease.until:%Y-%m-%d %H:%M:%S} UTC unless it goes on.",
                hint="Wait, or end that process. --force frees the lease nevertheless; that run then writes nothing more.",
            )
        if not store.free_lease(lease):
            raise InputError(f"{wanted} has another holder by now, or none.", hint="Look again. Nothing was changed.")
        return _row(lease)


def _row(lease: HeldLease) -> dict[str, Any]:
    return {name: value for name, value in asdict(lease).items() if name != "token"}
