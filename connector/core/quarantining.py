"""Taking writes out of a plan because of what was found about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from connector.core.customer import Direction
from connector.core.many import merged, those
from connector.core.plan import ORDER, Plan, Quarantined, Write

__all__ = ["Objection", "without"]


@dataclass(frozen=True)
class Objection:
    """Why one customer is not written in one direction; `field` "" = the customer as a whole."""

    key: str
    direction: Direction
    field: str
    reason: str


def without(plan: Plan, objections: Iterable[Objection]) -> Plan:
    """The plan without the writes that somebody objects to; each objection becomes a quarantined row, and so does each of the
    other values that such a write carries, since it goes as a whole. Updates are among what is left out, then."""
    by_write: dict[tuple[str, Direction], list[Objection]] = defaultdict(list)
    for objection in objections:
        by_write[objection.key, objection.direction].append(objection)
    if not by_write:
        return plan
    left_out: list[Write] = []
    quarantined: list[Quarantined] = []

    def is_kept(write: Write) -> bool:
        return (write.key, write.direction) not in by_write

    for write in plan.writes:
        if is_kept(write):
            continue
        found = by_write[write.key, write.direction]
        quarantined += [
            Quarantined(
                str(write.direction.target.other), write.bc_id, write.bc_number, write.webstore_id, o.field, o.reason
            )
            for o in dict.fromkeys([*found, *_waiting(write, found)])
        ]
        left_out += [write] if write.operation == "update" else []
    return replace(
        plan,
        writes=those(plan.writes, is_kept),
        quarantined=merged(plan.quarantined, quarantined, key=ORDER["quarantined"]),
        left_out=merged(plan.left_out, left_out, key=ORDER["left_out"]),
    )


def _waiting(write: Write, found: Iterable[Objection]) -> list[Objection]:
    """The values of a write to which nobody objects, and which wait with the others; none where the customer as a whole waits."""
    fields = {objection.field for objection in found}
    reason = f"waits with {', '.join(sorted(fields))}"
    return [
        Objection(write.key, write.direction, change.field, reason)
        for change in write.changes
        if "" not in fields and change.field not in fields
    ]
