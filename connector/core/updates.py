"""Updates of linked customers as values: what is wanted of one side becomes a request, and what it cannot keep is left out."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias, cast

from connector.core import business_central_customer, webstore_customer
from connector.core.carrying import Carried, carried
from connector.core.comma_names import parts_of
from connector.core.customer import Direction
from connector.core.name_order import also_agreed
from connector.core.normalize import email_key
from connector.core.plan import OWNER, Agreement, Change, Orphan, Quarantined, Standing, Write, places_of, texts_at
from connector.core.refusals import Refusal, is_another
from connector.core.terms import Terms

__all__ = ["Decisions", "Pair", "plan_update"]

# what carries the same values to everybody, and the places that it sets
Alike: TypeAlias = tuple[Carried, tuple[str, ...]]


@dataclass
class Decisions:
    """What became of the pairs, or of the customers to be created; `left_out` as in Plan, `alike` what needs no second look."""

    writes: list[Write] = field(default_factory=list)
    held: list[Write] = field(default_factory=list)
    left_out: list[Write] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    standing: list[Standing] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    erased: list[Orphan] = field(default_factory=list)
    asked: set[tuple[str, int, str]] = field(default_factory=set)
    alike: dict[tuple[Direction, tuple[tuple[str, str], ...]], Alike] = field(default_factory=dict, repr=False)

    def extend(self, more: Decisions) -> None:
        """Take what became of others, too."""
        self.writes += more.writes
        self.held += more.held
        self.left_out += more.left_out
        self.agreements += more.agreements
        self.standing += more.standing
        self.quarantined += more.quarantined
        self.erased += more.erased
        self.asked |= more.asked

    def add_write(self, write: Write, holds: Mapping[tuple[str, str], Refusal | None]) -> None:
        """A write is planned, or listed as held when the customer is on hold for that direction, and still for this write."""
        if not holds:
            self.writes.append(write)
            return
        place = (write.key, str(write.direction))
        held = place in holds and not is_another(write, holds[place])
        (self.held if held else self.writes).append(write)


@dataclass(slots=True)
class Pair:
    """One pair as plain values: ids, canonical values (`w`, `c`), bases (None = none yet), and the raw rows."""

    bc_id: str
    bc_number: str
    webstore_id: int
    ticked: bool
    w: Mapping[str, str]
    c: Mapping[str, str]
    base_w: Mapping[str, str | None]
    base_c: Mapping[str, str | None]
    w_raw: Mapping[str, Any]
    c_raw: Mapping[str, Any]
    closed: str = ""


def plan_update(
    pair: Pair,
    direction: Direction,
    wanted: Mapping[str, tuple[str, str]],
    terms: Terms,
    decisions: Decisions,
    *,
    both_sides: frozenset[str] = frozenset(),
    source: Mapping[str, str] | None = None,
    said: Mapping[str, str] | None = None,
) -> None:
    """One update of one side. Values that this side cannot keep are left out of it: they are quarantined, and kept in
    `left_out` as the write that would carry them.

    Args:
        wanted: field → (new canonical value, reason).
        both_sides: fields whose base must not move yet.
        source: what the other side holds, where that is not what is written (undo).
        said: the same for single fields, where it is what is written in other words.
    """
    pushing = direction is Direction.PUSH
    target, base = (pair.w, pair.base_w) if pushing else (pair.c, pair.base_c)
    body_of = partial(_push_of if pushing else _pull_of, pair, terms)
    all_values = {name: value for name, (value, _) in wanted.items()}
    there: ChainMap[str, str] = ChainMap(all_values, cast(Any, pair.c if pushing else pair.w))
    key = (direction, tuple(all_values.items())) if _depends_on_nothing_else(all_values, direction, terms) else None
    known = decisions.alike.get(key) if key else None
    if known is None:
        can = carried(direction.target, all_values, there, body_of, terms)
        known = (can, tuple(places_of(can.body)))
        if key:
            decisions.alike[key] = known
    can, places = known
    values, body = can.values, can.body
    decisions.quarantined += [
        Quarantined(str(direction.target.other), pair.bc_id, pair.bc_number, pair.webstore_id, name, reason)
        for name, reason in can.left_out.items()
    ]
    waits = {name: wanted[name] for name in wanted if name not in values}
    if source is not None:
        source = {name: value for name, value in source.items() if name not in waits}
    elif pushing and values:
        source = dict(values) | also_agreed(values, pair.w, pair.c, (pair.base_w, pair.base_c), pair.w_raw, terms.rules)
        source |= {name: value for name, value in (said or {}).items() if name in values}
    write = Write(
        direction=direction,
        operation="update",
        bc_id=pair.bc_id,
        bc_number=pair.bc_number,
        webstore_id=pair.webstore_id,
        natural_key=email_key(target.get("email", "")),
        changes=_changes({name: wanted[name] for name in values}, target, base),
        payload=body,
        source=values if source is None else source,
        etag="" if pushing else pair.c_raw["etag"],
        both_sides=both_sides & frozenset(values),
        seen=texts_at(pair.w_raw, (*places, *OWNER)) if pushing else texts_at(pair.c_raw, places),
        touched=pair.w_raw["modified"] if pushing else pair.c_raw["lastModifiedDateTime"],
    )
    if waits:
        decisions.left_out.append(replace(write, changes=_changes(waits, target, base), payload={}, source={}))
    if values:
        decisions.add_write(write, terms.holds)


def _depends_on_nothing_else(values: Mapping[str, str], direction: Direction, terms: Terms) -> bool:
    """Whether these values are carried by the same request, or refused, whoever gets them."""
    module = webstore_customer if direction is Direction.PUSH else business_central_customer
    return all(module.depends_on_its_value(terms.rules.by_name[name]) for name in values)


def _push_of(pair: Pair, terms: Terms, values: Mapping[str, str]) -> Mapping[str, Any]:
    """The request body that sets canonical values in the webstore."""
    parts = None
    if any(terms.rules.by_name[name].webstore == "name" for name in values):
        parts = parts_of(pair.c_raw, pair.c.get(terms.rules.country, ""), terms.rules.cultures)
    company = pair.c_raw["type"] != "Person"
    return webstore_customer.payload(values, terms.rules, pair.w_raw, company=company, parts=parts)


def _pull_of(pair: Pair, terms: Terms, values: Mapping[str, str]) -> Mapping[str, Any]:
    """The request body that sets canonical values in Business Central."""
    states = [rule.business_central for rule in terms.rules.states]
    raw = {f"raw.{name}": pair.c_raw[name] for name in ("email", "type", "displayName", *states)}
    current: ChainMap[str, Any] = ChainMap(raw, cast(Any, pair.c))
    return business_central_customer.payload(values, terms.rules, terms.geography, current)


def _changes(
    wanted: Mapping[str, tuple[str, str]], target: Mapping[str, str], base: Mapping[str, str | None]
) -> tuple[Change, ...]:
    return tuple(Change(name, target[name], value, base[name], reason) for name, (value, reason) in wanted.items())
