"""Two plans for the same customers, made under other rules: whose values would change, who would be linked, created, asked about
or set apart that is not now, field by field, with the reasons.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from connector.core.customer import Direction
from connector.core.customer_references import Who
from connector.core.plan import Plan, Write

__all__ = ["Difference", "Group", "State", "counts_of", "differences", "groups_of"]

# what the two plans say of these is the same only if they say so for the same reason
_BY_REASON = frozenset({"ambiguous", "quarantined", "orphan"})
# what a created customer gets besides his fields: of the template, a user name, a copied address
_BESIDES = (
    "currencyCode", "paymentTermsId", "shipmentMethodId", "paymentMethodId", "taxAreaId", "salespersonCode", "creditLimit",
    "taxLiable", "blocked", "username", "shipping",
)  # fmt: skip
_Person = tuple[str, Any]


class State(NamedTuple):
    """What a plan says of a customer, or of one of his fields.

    Attributes:
        kind: "push update", "push create", "pull update", "pull create", "link", "unlink", "recreate", "conflict", "withheld",
            "kept", "held", "ambiguous", "orphan" or "quarantined".
        field: "" = the customer as a whole.
        before, after: as in the plan's table (`Plan.table`).
    """

    kind: str
    field: str
    before: str = ""
    after: str = ""
    reason: str = ""

    @property
    def meant(self) -> tuple[str, ...]:
        """What makes it another one."""
        return self if self.kind in _BY_REASON else self[:4]


@dataclass(frozen=True, slots=True)
class Difference:
    """What two plans say of a field of a customer (`field` "" = of the customer as a whole), where they differ; a plan that says
    nothing of it leaves it alone."""

    who: Who
    field: str
    now: tuple[State, ...]
    then: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """How many customers differ alike.

    Attributes:
        more: of how many the other plan says so, and today's does not; fewer: of how many it is the other way round.
    """

    kind: str
    field: str
    reason: str
    more: int = 0
    fewer: int = 0


def differences(now: Plan, then: Plan, words: Mapping[str, str] | None = None) -> list[Difference]:
    """Where two plans for the same customers differ, in the order of their numbers.

    Args:
        words: ids that a created customer gets (of payment terms and the like) → what people call them.
    """
    people = _People((now, then), words)
    said = [people.said_by(plan) for plan in (now, then)]
    found: list[Difference] = []
    for person in dict.fromkeys([*said[1], *said[0]]):
        ours, theirs = (one.get(person, ()) for one in said)
        if ours == theirs:
            continue
        found += _of_person(people.who(person), _whole_or_not(ours, theirs), _whole_or_not(theirs, ours))
    return sorted(found, key=lambda one: (one.who.bc_number, one.who.webstore_id or 0, one.who.bc_id or "", one.field))


def _of_person(who: Who, now: Sequence[State], then: Sequence[State]) -> Iterator[Difference]:
    same = {state.meant for state in now} & {state.meant for state in then}
    fields: dict[str, tuple[list[State], list[State]]] = defaultdict(lambda: ([], []))
    for place, states in enumerate((now, then)):
        for state in states:
            if state.meant not in same:
                fields[state.field][place].append(state)
    for field, (ours, theirs) in fields.items():
        yield Difference(who, field, tuple(ours), tuple(theirs))


def _whole_or_not(states: Sequence[State], others: Sequence[State]) -> Sequence[State]:
    """Whoever is created by one plan alone is created as a whole: his fields say nothing more."""
    alone = {s.kind for s in states if s.kind.endswith(" create")} - {s.kind for s in others}
    if not alone:
        return states
    created = {kind: next(s for s in states if s.kind == kind) for kind in sorted(alone)}
    names = {s.kind: s.after for s in states if s.field == "name"}
    wholes = [State(kind, "", "", names.get(kind, ""), one.reason) for kind, one in created.items()]
    return [*wholes, *(s for s in states if s.kind not in alone)]


def groups_of(found: Iterable[Difference]) -> list[Group]:
    """Differences in numbers of customers, by kind, field and reason; the largest first."""
    more: Counter[tuple[str, str, str]] = Counter()
    fewer: Counter[tuple[str, str, str]] = Counter()
    for one in found:
        more.update({(s.kind, s.field, s.reason) for s in one.then})
        fewer.update({(s.kind, s.field, s.reason) for s in one.now})
    groups = [Group(*key, more[key], fewer[key]) for key in more | fewer]
    return sorted(groups, key=lambda g: (-g.more - g.fewer, g.kind, g.field, g.reason))


def counts_of(plan: Plan) -> Mapping[str, int]:
    """How many customers a plan does something to, or leaves for a reason, by kind."""
    people = _People((plan,))
    return Counter(kind for states in people.said_by(plan).values() for kind in {state.kind for state in states})


class _People:
    """The customers of some plans: an account goes by its card as soon as the plans name exactly one card together with it."""

    def __init__(self, plans: Sequence[Plan], words: Mapping[str, str] | None = None) -> None:
        self._words = words or {}
        self._numbers: dict[str, str] = {}
        self._cards: dict[int, set[str]] = defaultdict(set)
        self._accounts: dict[str, set[int]] = defaultdict(set)
        for plan in plans:
            self._numbers |= plan.numbers
            for bc_id, number, webstore_id in _named(plan):
                if bc_id and number:
                    self._numbers[bc_id] = number
                if bc_id and webstore_id is not None:
                    self._cards[webstore_id].add(bc_id)
                    self._accounts[bc_id].add(webstore_id)

    def of(self, bc_id: str | None, webstore_id: int | None) -> _Person:
        """The customer with these ids."""
        if bc_id or webstore_id is None:
            return "bc", bc_id or ""
        cards = self._cards.get(webstore_id, ())
        return ("bc", next(iter(cards))) if len(cards) == 1 else ("woo", webstore_id)

    def who(self, person: _Person) -> Who:
        """The customer by all names."""
        side, key = person
        if side == "woo":
            return Who(None, "", key)
        return Who(key, self._numbers.get(key, ""), min(self._accounts.get(key, ()), default=None))

    def said_by(self, plan: Plan) -> dict[_Person, list[State]]:
        """What a plan says of each of them."""
        said: dict[_Person, list[State]] = defaultdict(list)
        for write in plan.writes:
            said[self.of(write.bc_id, write.webstore_id)] += _of_write(
                write, f"{write.direction} {write.operation}", self._words
            )
        for write in plan.held:
            said[self.of(write.bc_id, write.webstore_id)] += _of_write(write, "held", self._words)
        for link in plan.links:
            said[self.of(link.bc_id, link.webstore_id)].append(State("link", "", reason=f"same {link.rung}"))
        for s in plan.standing:
            turned = s.direction is Direction.PULL
            before, after = (s.business_central, s.webstore) if turned else (s.webstore, s.business_central)
            said[self.of(s.bc_id, s.webstore_id)].append(State(s.kind, s.field, before, after, s.reason))
        for a in plan.ambiguous:
            for person in [*(self.of(None, key) for key in a.webstore_ids), *(self.of(key, None) for key in a.bc_ids)]:
                said[person].append(State("ambiguous", "", reason=f"same {a.rung}: {a.reason}"))
        for o in plan.orphans:
            kind = "orphan" if o.action == "report" else o.action
            said[self.of(o.bc_id, o.webstore_id)].append(State(kind, "", reason=o.words))
        for q in plan.quarantined:
            said[self.of(q.bc_id, q.webstore_id)].append(State("quarantined", q.field, reason=q.reason))
        return said


def _named(plan: Plan) -> Iterator[tuple[str | None, str | None, int | None]]:
    """Everybody by all names that a plan knows: Business Central id, number, webstore id."""
    for ones in (plan.writes, plan.held, plan.standing, plan.orphans, plan.quarantined):
        yield from ((one.bc_id, one.bc_number, one.webstore_id) for one in ones)
    for link in plan.links:
        yield link.bc_id, link.bc_number, link.webstore_id


def _of_write(write: Write, kind: str, words: Mapping[str, str]) -> list[State]:
    states = [State(kind, c.field, c.before, c.after, c.reason) for c in write.changes]
    if write.operation == "create" and states:
        besides = {name: str(write.payload[name]) for name in _BESIDES if name in write.payload}
        states += [
            State(kind, f"({name})", "", words.get(text, text), states[0].reason) for name, text in besides.items()
        ]
    return states
