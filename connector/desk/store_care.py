"""The store itself: migrating it, and freeing a lease."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from connector.errors import InputError
from connector.store import HeldLease, Store

__all__ = ["free_lease", "list_leases", "migrate_store"]


def migrate_store(store: Store, to: str, *, backup: bool = True) -> dict[str, Any]:
    """Bring the store to a revision, after a backup; says which revision it had `before` and has now.

    Args:
        store: opened without migrating it.
        backup: False = no copy is made first, since there is one that was made by other means.

    Raises:
        InputError: there is no such revision.
        StoreError: the store cannot be used.
    """
    before = store.revision()
    store.migrate(to, backup=backup)
    return {"before": before, "revision": store.revision()}


def list_leases(store: Store) -> list[dict[str, Any]]:
    """The leases that stand in the store: `name`, `holder`, `host`, `pid`, `since`, `until`, `state` (see HeldLease)."""
    return [_row(lease) for lease in store.leases()]


def free_lease(store: Store, name: str, *, force: bool = False) -> dict[str, Any]:
    """Take a lease away from its holder; gives it as it was.

    Args:
        name: of the lease; a webstore's has its code.
        force: also if the process that holds it lives on this machine. It sends nothing any more then, and its run ends.

    Raises:
        InputError: there is no such lease, its holder is at work, or somebody else has it by now.
    """
    found = {lease.name: lease for lease in store.leases()}
    if name not in found:
        there = ", ".join(sorted(found)) or "none at all"
        raise InputError(f"Nobody holds a lease of {name}.", hint=f"There are: {there}. Nothing was changed.")
    lease = found[name]
    if lease.state == "at work" and not force:
        raise InputError(
            f"{lease.holder} (process {lease.pid} on {lease.host}) is at work: its process lives, and its lease ends at "
            f"{lease.until:%Y-%m-%d %H:%M:%S} UTC unless it goes on.",
            hint="Wait, or end that process. --force frees the lease nevertheless; that run then writes nothing more.",
        )
    if not store.free_lease(lease):
        raise InputError(f"{name} has another holder by now, or none.", hint="Look again. Nothing was changed.")
    return _row(lease)


def _row(lease: HeldLease) -> dict[str, Any]:
    return {name: value for name, value in asdict(lease).items() if name != "token"}
