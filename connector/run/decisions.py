"""What people decided of conflicts, as the store keeps it until a run has applied it."""

from __future__ import annotations

from connector.core.decisions import Decision
from connector.store import View

__all__ = ["decisions_of"]


def decisions_of(view: View) -> dict[tuple[str, int, str], Decision]:
    """All decisions that have not been applied yet, by (Business Central id, webstore id, field)."""
    return {
        (str(row["bc_id"]), int(row["webstore_id"]), str(row["field"])): Decision(
            str(row["take"]), str(row["value"]), str(row["webstore_seen"]), str(row["business_central_seen"])
        )
        for row in view.decisions.rows()
    }
