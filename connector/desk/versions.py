"""The versions of the mapping table: what each one changed, by whom and why, and going back to one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from connector.desk.desk import Desk
from connector.store import View, records

__all__ = ["compare_versions", "customer_history", "list_versions", "restore_version"]


def list_versions(view: View) -> list[dict[str, Any]]:
    """All versions, oldest first: `number`, `created_at`, `actor`, `reason`, `run_id`, `added`, `removed`, `changed`."""
    return [asdict(version) for version in view.mapping.versions()]


def compare_versions(view: View, older: int, newer: int | None) -> list[dict[str, Any]]:
    """What differs between two versions, one row per mapping row, with who changed it last and why.

    Args:
        newer: None = the newest one.

    Raises:
        InputError: there is no such version.
    """
    return records(view.mapping.diff(older, view.mapping.version() if newer is None else newer))


def restore_version(desk: Desk, number: int, *, dry_run: bool = False) -> dict[str, Any]:
    """Make an older version current again, as a new version. Touches neither system.

    Returns:
        `mapping_version`, of a dry run the one that was looked at, and `changes`: what the restored version changes.

    Raises:
        InputError: there is no such version.
    """
    with desk.view() as view:
        version = view.mapping.version()
        changes = records(view.mapping.diff(version, number))
    if not dry_run:
        with desk.work(f"restore version {number}") as work:
            work.mapping.restore(number)
        version = desk.version()
    return {"mapping_version": version, "changes": changes}


def customer_history(view: View, *, bc_id: str | None, webstore_id: int | None) -> list[dict[str, Any]]:
    """Every change of one customer: when, in which run, by whom, which field, from what to what, and what became of it."""
    return records(view.history(bc_id=bc_id, webstore_id=webstore_id))
