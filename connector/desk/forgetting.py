"""Erasing a customer from everything that the connector remembers, at the request of that person.

The customer becomes a tombstone, so that no later run creates or fills it again. Both systems themselves are left alone:
erasing there is the shop's and the office's own act.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.desk.editing import ids_of
from connector.run.setup_source import opened_store

__all__ = ["forget"]


def forget(path: Path, customer: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Purge the personal data of a customer from store, logs, plans and plan files; ids and outcomes stay.

    Args:
        customer: Business Central number or id, or woo:ID.
        dry_run: only say who is meant.

    Returns:
        `bc_id`, `webstore_id`, `erased` (rows by kind) and `files` (plan files that were removed, since they hold customers).

    Raises:
        InputError: nobody of that name is known, or a write about the customer was interrupted and not looked up yet.
    """
    ids = ids_of(path, customer)
    if dry_run:
        return {**ids, "erased": {}, "files": []}
    with opened_store(path) as (setup, store):
        with store.work(setup.webstore_code) as work:
            work.tombstones.add(ids["bc_id"], ids["webstore_id"], "forgotten on request")
        counts = store.forget_customer(setup.webstore_code, bc_id=ids["bc_id"], webstore_id=ids["webstore_id"])
        folder = setup.reports.folder
    # plans and reports hold many customers; who was among them cannot be taken out of them
    files = sorted(p for p in (folder / setup.webstore_code).rglob("*") if p.is_file()) if folder is not None else []
    for file in files:
        file.unlink()
    removed = [file.name for file in files]
    return {**ids, "erased": counts, "files": removed}
