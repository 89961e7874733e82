"""How one customer is named in holds, journal and reports."""

from __future__ import annotations

__all__ = ["customer_key"]


def customer_key(bc_id: str | None, webstore_id: int | None) -> str:
    """How one customer is named in holds, journal and reports: `bc:<id>`, or `woo:<id>` while it has no other."""
    return f"bc:{bc_id}" if bc_id else f"woo:{webstore_id}"
