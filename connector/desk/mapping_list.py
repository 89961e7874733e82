"""The mapping table for people to look at. Nothing is imported for it that a list does not need."""

from __future__ import annotations

from typing import Any

from connector.core.customer_key import customer_key
from connector.store import View

__all__ = ["list_mapping"]


def list_mapping(view: View) -> list[dict[str, Any]]:
    """The current mapping table with holds: one dictionary per row, in order of number."""
    mapping, holds = view.mapping.rows(), view.holds.rows()
    by_key: dict[str, list[dict[str, Any]]] = {}
    for hold in holds:
        by_key.setdefault(hold["key"], []).append(hold)
    return [_row(row, by_key.get(customer_key(row["bc_id"], None), [])) for row in mapping]


def _row(row: dict[str, Any], holds: list[dict[str, Any]]) -> dict[str, Any]:
    latest = max(holds, key=lambda hold: str(hold["last_failed_at"]), default=None)
    return {
        **{name: row[name] for name in ("bc_id", "bc_number", "webstore_id", "webstore_customer", "name")},
        "on_hold": any(hold["on_hold"] for hold in holds),
        "failed_attempts": max((hold["failed_attempts"] for hold in holds), default=0),
        "last_error": (latest["last_error"] if latest else None) or "",
    }
