"""Applying exactly an approved plan: what the new plan still has in common with it; whatever has changed since is dropped,
and every customer that an approval lost is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.core.customer_references import Keys, Who, keys_of
from connector.core.intended import Intended, intended_of, intended_of_rows
from connector.core.many import those
from connector.core.matching import Match
from connector.core.plan import Orphan, Plan, Write
from connector.core.undone_creates import DELETE, KEEP, UNLINK, UndoneCreate

__all__ = ["Approved", "Lost", "approved_of", "restricted"]

NOBODY: Keys = frozenset()


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that was approved, or planned, and is not done after all, with the reason."""

    what: Intended
    reason: str

    def as_document(self) -> dict[str, Any]:
        """The same as JSON can hold it: `bc_id`, `bc_number`, `webstore_id`, `direction`, `action`, `fields`, `reason`."""
        return self.what.as_document() | {"reason": self.reason}


@dataclass(frozen=True)
class Approved:
    """What was approved.

    Attributes:
        writes: digests of the writes.
        links: pairs that were to be linked.
        orphans: (action, Business Central id) of rows that were to be unlinked or recreated.
        undone: of an undo: (Business Central id, Webstore ID) of a created customer → (action, digest).
        customers: everything that was intended, with the customer's names.
    """

    hash: str
    writes: frozenset[str]
    links: frozenset[tuple[str, int]]
    orphans: frozenset[tuple[str, str]]
    undone: Mapping[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    customers: tuple[Intended, ...] = ()

    @property
    def deletes(self) -> bool:
        """Whether it deletes anybody."""
        return any(action == DELETE for action, _ in self.undone.values())

    def as_document(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "hash": self.hash,
            "writes": sorted(self.writes),
            "links": sorted(list(link) for link in self.links),
            "orphans": sorted(list(orphan) for orphan in self.orphans),
            "undone": sorted([*key, *value] for key, value in self.undone.items()),
            "customers": [one.as_document() for one in self.customers],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Approved:
        """The inverse of `as_document`. Documents of older versions name their customers in their rows only."""
        if "customers" in document:
            customers = tuple(Intended.from_document(one) for one in document["customers"])
        else:
            customers = intended_of_rows(document.get("rows", ()))
        return cls(
            hash=str(document["hash"]),
            writes=frozenset(document["writes"]),
            links=frozenset((str(bc_id), int(webstore_id)) for bc_id, webstore_id in document["links"]),
            orphans=frozenset((str(action), str(bc_id)) for action, bc_id in document["orphans"]),
            undone={(str(c), int(w)): (str(action), str(d)) for c, w, action, d in document.get("undone", ())},
            customers=customers,
        )


def approved_of(plan: Plan) -> Approved:
    """What approving this plan approves."""
    return Approved(
        plan.hash,
        frozenset(write.digest for write in plan.writes),
        frozenset((link.bc_id, link.webstore_id) for link in plan.links),
        frozenset((orphan.action, orphan.bc_id) for orphan in plan.orphans if orphan.action != "report"),
        {(one.bc_id, one.webstore_id): (one.action, one.digest) for one in plan.unlinks},
        tuple(intended_of(plan)),
    )


def restricted(plan: Plan, approved: Approved, left_out: Keys = NOBODY, by: str = "") -> tuple[Plan, tuple[Lost, ...]]:
    """The part of a new plan that was approved.

    Args:
        left_out: keys (connector.core.customer_references) of customers that were approved not to be written.
        by: who left them out; "" = not told.

    Returns:
        The plan, and everything that was approved and is not in it: changed since, not planned any more, or left out.
    """

    def out(bc_id: str | None, webstore_id: int | None, number: str | None) -> bool:
        return bool(left_out & (keys_of(Who(bc_id, number or "", webstore_id)) | _by_number(number)))

    def is_linked(link: Match) -> bool:
        pair = (link.bc_id, link.webstore_id)
        return pair in approved.links and not out(*pair, link.bc_number)

    # a pair that is not linked after all must not be written as one
    unlinked = {(link.bc_id, link.webstore_id) for link in plan.links if not is_linked(link)}
    orphans = tuple(
        orphan
        if (orphan.action, orphan.bc_id) in approved.orphans
        and not out(orphan.bc_id, orphan.webstore_id, orphan.bc_number)
        else replace(orphan, action="report")
        for orphan in plan.orphans
    )
    stays = _still_linked(plan.orphans, orphans)

    def is_written(write: Write) -> bool:
        return (
            write.digest in approved.writes
            and (write.bc_id, write.webstore_id) not in unlinked
            and not (write.operation == "create" and write.bc_id in stays)
            and not out(write.bc_id, write.webstore_id, write.bc_number)
        )

    undone = tuple(
        replace(one, action=KEEP, reason=_left_out(by))
        if one.action != KEEP and out(one.bc_id, one.webstore_id, one.bc_number)
        else _undone(one, approved)
        for one in plan.undone_creates
    )
    part = replace(
        plan,
        writes=those(plan.writes, is_written),
        links=those(plan.links, is_linked),
        orphans=orphans,
        agreements=those(plan.agreements, lambda one: (one.bc_id, one.webstore_id) not in unlinked),
        undone_creates=undone,
    )
    return part, _lost(plan, part, approved, left_out, by)


def _by_number(number: str | None) -> Keys:
    """Plans that older versions kept name their customers by number alone."""
    return frozenset({("number", number.lower())}) if number else NOBODY


def _still_linked(before: Sequence[Orphan], after: Sequence[Orphan]) -> set[str]:
    """Whose link to the old account stays: no account is made anew for them."""
    return {o.bc_id for o, now in zip(before, after, strict=True) if o.action == "recreate" and now.action == "report"}


def _undone(one: UndoneCreate, approved: Approved) -> UndoneCreate:
    """A customer that an undone run created, as far as that was approved. Who may be deleted may be unlinked; not the other
    way round."""
    if one.action == KEEP:
        return one
    action, digest = approved.undone.get((one.bc_id, one.webstore_id), (KEEP, ""))
    if one.digest == digest or (one.action == UNLINK and action == DELETE):
        return one
    why = "not in the plan that was approved" if action == KEEP else "the approved plan unlinks it and deletes nobody"
    if action == DELETE:
        why = "its account has changed since the plan was made"
    return replace(one, action=KEEP, reason=why)


def _lost(plan: Plan, part: Plan, approved: Approved, left_out: Keys, by: str) -> tuple[Lost, ...]:
    there = {key for one in intended_of(part) for key in _places(one)}
    planned = {key: one for one in intended_of(plan) for key in _places(one)}
    found = []
    for one in approved.customers:
        places = _places(one)
        if places & there:
            continue
        if left_out & (keys_of(one.who) | _by_number(one.bc_number)):
            reason = _left_out(by)
        else:
            now = next((planned[place] for place in places if place in planned), None)
            reason = _why(plan, one, now)
        found.append(Lost(one, reason))
    return tuple(found)


def _places(one: Intended) -> set[tuple[Any, ...]]:
    """Under what the same intention is found in another plan: by id, and by number for plans that know no more."""
    what = (one.action, one.direction, one.webstore_id)
    places: set[tuple[Any, ...]] = {(*what, "bc", one.bc_id.lower())} if one.bc_id else set()
    if one.bc_number or one.webstore_id is not None:
        places.add((*what, "number", one.bc_number.lower()))
    return places


def _left_out(by: str) -> str:
    return f"left out by {by}" if by else "left out"


def _why(plan: Plan, one: Intended, now: Intended | None) -> str:
    """Why something that was approved is not in the new plan as it was."""
    if now is not None:
        return "changed since the plan was made"
    for standing in plan.standing:
        if _same(one, standing.bc_id, standing.webstore_id) and standing.field in {*one.fields, ""}:
            return f"not planned any more: {standing.kind} ({standing.field})"
    if any(_same(one, held.bc_id, held.webstore_id) for held in plan.held):
        return "not planned any more: on hold"
    if any(_same(one, q.bc_id, q.webstore_id) for q in plan.quarantined):
        return "not planned any more: in quarantine"
    for undone in plan.undone_creates:
        if _same(one, undone.bc_id, undone.webstore_id) and undone.reason:
            return f"not planned any more: {undone.reason}"
    return "not planned any more"


def _same(one: Intended, bc_id: str | None, webstore_id: int | None) -> bool:
    return bool(keys_of(one.who) & keys_of(Who(bc_id, "", webstore_id)))
