"""What is new among what waits for people: conflicts that did not stand before, customers that went on hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.core.customer import Direction
from connector.core.customer_key import customer_key
from connector.core.plan import Plan
from connector.load.recording import standing_conflicts
from connector.run.result import LoadResult
from connector.run.run import Run
from connector.store import StandingConflict, View

__all__ = ["new_conflicts", "newly_held"]


def new_conflicts(run: Run, plan: Plan) -> list[StandingConflict]:
    """Conflicts of the plan that no earlier run has left; to be asked before the plan's findings are recorded."""
    conflicts = standing_conflicts(run, plan)
    if not conflicts:
        return []
    with run.store.view(run.code) as view:
        known = view.conflicts.all()
    seen = set(zip(known["bc_id"], known["webstore_id"].astype(int), known["field"], strict=True))
    return [c for c in conflicts if (c.bc_id.lower(), c.webstore_id, c.field) not in seen]


def numbers_of(view: View, keys: Iterable[str]) -> dict[str, str]:
    """Customer key → Business Central number, of those who are in the mapping table."""
    rows = view.mapping.rows_by_bc_id(key.removeprefix("bc:") for key in keys if key.startswith("bc:"))
    return {customer_key(bc_id, None): row.bc_number for bc_id, row in rows.items()}


def newly_held(run: Run, results: Mapping[Direction, LoadResult]) -> list[dict[str, Any]]:
    """Customers that are on hold because of a failure in this run: `bc_number`, `key`, `direction`."""
    failed = {(f.customer, str(direction)) for direction, result in results.items() for f in result.failures}
    if not failed or run.trigger != "scheduled":
        return []
    with run.store.view(run.code) as view:
        holds = view.holds.read()
        held = holds[holds["on_hold"].astype(bool)]
        numbers = numbers_of(view, held["key"])
    return [
        {"bc_number": numbers.get(row["key"], ""), "key": row["key"], "direction": row["direction"]}
        for row in held.to_dict(orient="records")
        if (numbers.get(row["key"]) or row["key"], row["direction"]) in failed
    ]
