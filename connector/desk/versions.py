"""The versions of the mapping table: what each one changed, by whom and why, and going back to one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from connector.run.setup_source import SetupSource, opened_store
from connector.store import records

__all__ = ["compare_versions", "customer_history", "list_versions", "restore_version"]


def list_versions(path: SetupSource) -> list[dict[str, Any]]:
    """All versions, oldest first: `number`, `created_at`, `actor`, `reason`, `run_id`, `added`, `removed`, `changed`."""
    with opened_store(path) as (setup, store), store.view(setup.webstore_code) as view:
        return [asdict(version) for version in view.mapping.versions()]


def compare_versions(path: SetupSource, older: int, newer: int | None) -> list[dict[str, Any]]:
    """What differs between two versions, one row per mapping row, with who changed it last and why.

    Args:
        newer: None = the newest one.

    Raises:
        InputError: there is no such version.
    """
    with opened_store(path) as (setup, store), store.view(setup.webstore_code) as view:
        return records(view.mapping.diff(older, view.mapping.version() if newer is None else newer))


def restore_version(path: SetupSource, number: int, *, actor: str, dry_run: bool = False) -> dict[str, Any]:
    """Make an older version current again, as a new version. Touches neither system.

    Returns:
        `mapping_version` and `changes`: what the restored version changes.

    Raises:
        InputError: there is no such version.
    """
    with opened_store(path) as (setup, store):
        with store.view(setup.webstore_code) as view:
            changes = records(view.mapping.diff(view.mapping.version(), number))
        if not dry_run:
            with store.work(setup.webstore_code) as work:
                work.describe(actor=actor, reason=f"restore version {number}")
                work.mapping.restore(number)
        with store.view(setup.webstore_code) as view:
            return {"mapping_version": view.mapping.version(), "changes": changes}


def customer_history(path: SetupSource, *, bc_id: str | None, webstore_id: int | None) -> list[dict[str, Any]]:
    """Every change of one customer: when, in which run, by whom, which field, from what to what, and what became of it."""
    with opened_store(path) as (setup, store), store.view(setup.webstore_code) as view:
        return records(view.history(bc_id=bc_id, webstore_id=webstore_id))
