"""Who runs leave out because of their data, and why, as the newest runs saw it."""

from __future__ import annotations

from typing import Any

from connector.core.customer_key import customer_key
from connector.store import View, records

__all__ = ["list_quarantine"]


def list_quarantine(view: View) -> list[dict[str, Any]]:
    """The quarantine, longest first.

    Returns:
        One row per customer and field: `bc_number` ("" = not in the mapping table), `system`, `key` (`bc:<id>` or
        `woo:<id>`), `field` ("" = the customer as a whole), `reason`, `since`, `run_id`.
    """
    frame, mapping = view.quarantine.all(), view.mapping.current()
    numbers: dict[str, str] = {}
    for bc_id, number, webstore_id in zip(
        mapping["bc_id"], mapping["bc_number"], mapping["webstore_id"].fillna(0), strict=True
    ):
        numbers[customer_key(str(bc_id), None)] = str(number)
        numbers[customer_key(None, int(webstore_id))] = str(number)
    return [{"bc_number": numbers.get(row["key"], ""), **row} for row in records(frame)]
