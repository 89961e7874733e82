"""What a plan does, customer by customer: the short form in which plans are counted, kept, named and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.customer_references import Who
from connector.core.plan import Orphan, Plan, Write
from connector.core.undone_creates import DELETE

__all__ = ["ACTIONS", "Intended", "intended_count", "intended_of", "intended_of_rows", "intended_of_write"]

ACTIONS = ("update", "create", "link", "unlink", "recreate", "delete")


@dataclass(frozen=True, slots=True)
class Intended:
    """One thing that is done to one customer.

    Attributes:
        action: one of `ACTIONS`; "recreate" forgets the link to an account that has gone, so that it is made anew.
        direction: "push" or "pull"; "" where only the mapping table changes.
        fields: those that change.
    """

    action: str
    direction: str
    bc_id: str | None
    bc_number: str
    webstore_id: int | None
    fields: tuple[str, ...] = ()

    @property
    def who(self) -> Who:
        """The customer."""
        return Who(self.bc_id, self.bc_number, self.webstore_id)

    @property
    def words(self) -> str:
        """The customer and what was to be done, in a few words; never a value."""
        fields = f": {', '.join(self.fields)}" if self.fields and self.action == "update" else ""
        return f"{self.who.label} ({f'{self.direction} {self.action}'.strip()}{fields})"

    def as_document(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "bc_id": self.bc_id,
            "bc_number": self.bc_number,
            "webstore_id": self.webstore_id,
            "direction": self.direction,
            "action": self.action,
            "fields": list(self.fields),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Intended:
        """The inverse of `as_document`; what else stands in it is passed over."""
        return cls(
            action=str(document["action"]),
            direction=str(document["direction"]),
            bc_id=document["bc_id"],
            bc_number=str(document["bc_number"] or ""),
            webstore_id=document["webstore_id"],
            fields=tuple(document["fields"]),
        )


def intended_of_write(write: Write) -> Intended:
    """A create or an update."""
    fields = tuple(change.field for change in write.changes)
    return Intended(
        write.operation, str(write.direction), write.bc_id, write.bc_number or "", write.webstore_id, fields
    )


def intended_of(plan: Plan) -> Iterator[Intended]:
    """Everything that a plan does, as its hash covers it."""
    yield from map(intended_of_write, plan.writes)
    for link in plan.links:
        yield Intended("link", "", link.bc_id, link.bc_number, link.webstore_id)
    for o in _acting(plan):
        yield Intended(o.action, "", o.bc_id, o.bc_number, o.webstore_id)
    for one in plan.unlinks:
        direction = str(one.direction) if one.action == DELETE else ""
        yield Intended(one.action, direction, one.bc_id, one.bc_number, one.webstore_id)


def intended_count(plan: Plan) -> int:
    """How much that is."""
    return len(plan.writes) + len(plan.links) + len(_acting(plan)) + len(plan.unlinks)


def _acting(plan: Plan) -> list[Orphan]:
    return [orphan for orphan in plan.orphans if orphan.action != "report"]


def intended_of_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[Intended, ...]:
    """The same from the rows of a plan's table (connector.core.plan.Plan.table), which older versions kept alone."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        action = str(row["action"])
        if action == "orphan":  # its words end with what the policy makes of it
            action = str(row["reason"]).rpartition("; ")[2]
        if action in ACTIONS:
            key = (action, str(row["direction"] or ""), str(row["bc_number"] or ""), row["webstore_id"])
            found.setdefault(key, []).append(str(row["field"] or ""))
    return tuple(
        Intended(
            action, direction, None, number, None if account is None else int(account), tuple(filter(None, fields))
        )
        for (action, direction, number, account), fields in found.items()
    )
