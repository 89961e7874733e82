"""Erasing a customer from everything that the connector remembers, at the request of that person.

The customer becomes a tombstone, so that no later run creates or fills it again. Both systems themselves are left alone:
erasing there is the shop's and the office's own act.
"""

from __future__ import annotations

from typing import Any

from connector.desk.desk import Desk
from connector.desk.editing import ids_of
from connector.extract.kept import remove_extracts
from connector.extract.memory_partition import forget_landed

__all__ = ["forget"]


def forget(desk: Desk, customer: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Purge the personal data of a customer from store, logs, plans and plan files; ids and outcomes stay. What the last run has
    kept of both systems is removed as a whole; the next one keeps nothing of this customer.

    Args:
        customer: Business Central number or id, or woo:ID.
        dry_run: only say who is meant.

    Returns:
        `bc_id`, `webstore_id`, `erased` (rows by kind) and `files` (plan files that were removed, since they hold customers).

    Raises:
        InputError: nobody of that name is known, or a write about the customer was interrupted and not looked up yet.
    """
    with desk.view() as view:
        ids = ids_of(view, customer)
    if dry_run:
        return {**ids, "erased": {}, "files": []}
    code, folder = desk.setup.webstore_code, desk.setup.reports.folder
    with desk.work("forgotten on request") as work:
        work.tombstones.add(ids["bc_id"], ids["webstore_id"], "forgotten on request")
    counts = desk.store.forget_customer(code, bc_id=ids["bc_id"], webstore_id=ids["webstore_id"])
    # plans and reports hold many customers; who was among them cannot be taken out of them
    files = sorted(p for p in (folder / code).rglob("*") if p.is_file()) if folder is not None else []
    for file in files:
        file.unlink()
    remove_extracts(desk.setup)
    forget_landed(desk.setup)
    removed = [file.name for file in files]
    return {**ids, "erased": counts, "files": removed}
