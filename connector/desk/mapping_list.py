"""The mapping table for people to look at. Nothing is imported for it that a list does not need."""

from __future__ import annotations

from typing import Any

from connector.desk.customer_list import Line, all_customers, mapped_customers
from connector.setup import Setup
from connector.store import View

__all__ = ["list_mapping"]


def list_mapping(view: View, setup: Setup, *, filter: str = "", search: str = "") -> list[dict[str, Any]]:  # noqa: A002 - its option
    """Customers with names, states and holds: one dictionary per line, in order of number.

    Args:
        filter: one of connector.desk.customer_list.FILTERS; "" = the rows of the mapping table, or all customers where a search
            is given.
        search: words that all must stand in a line; "" = whatever stands there.

    Raises:
        InputError: there is no such filter.
    """
    if filter or search:
        return [_row(line) for line in all_customers(view, setup, filter=filter or "all", search=search)]
    return [_row(line) for line in mapped_customers(view, setup)]


def _row(line: Line) -> dict[str, Any]:
    row = {name: getattr(line, name) for name in Line.__dataclass_fields__}
    return row | {
        "webstore_customer": line.ticked,
        "name": line.bc_name or line.webstore_name,
        "states": list(line.states),
    }
