"""Taking writes out of a plan because of what was found about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from connector.core.customer import Direction
from connector.core.plan import Plan, Quarantined

__all__ = ["Objection", "without"]


@dataclass(frozen=True)
class Objection:
    """Why one customer is not written in one direction; `field` "" = the customer as a whole."""

    key: str
    direction: Direction
    field: str
    reason: str


def without(plan: Plan, objections: Iterable[Objection]) -> Plan:
    """The plan without the writes that somebody objects to; each objection becomes a quarantined row."""
    by_write: dict[tuple[str, Direction], list[Objection]] = defaultdict(list)
    for objection in objections:
        by_write[objection.key, objection.direction].append(objection)
    if not by_write:
        return plan
    kept, quarantined = [], list(plan.quarantined)
    for write in plan.writes:
        found = by_write.get((write.key, write.direction))
        if found is None:
            kept.append(write)
            continue
        quarantined += [
            Quarantined(
                str(write.direction.target.other), write.bc_id, write.bc_number, write.webstore_id, o.field, o.reason
            )
            for o in dict.fromkeys(found)
        ]
    quarantined.sort(key=lambda q: (q.system, q.bc_number or "", q.webstore_id or 0, q.field))
    return replace(plan, writes=tuple(kept), quarantined=tuple(quarantined))
