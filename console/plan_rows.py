"""A plan as people read it: customer by customer, what is done to each and what is left as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from connector.core.approval import Approved
from connector.core.customer_references import Who, keys_of
from connector.core.intended import ACTIONS

__all__ = ["KINDS", "PlanRow", "PlannedCustomer", "PlannedWork", "chosen", "planned_work"]

# what a plan says of a customer: the word on the page, in the order in which people want to see them. What replaces or loses a
# value comes first; what is left as it is last
KINDS: Mapping[str, str] = {
    "push delete": "Delete account in the webstore",
    "push update": "Change in the webstore",
    "pull update": "Change in Business Central",
    "push create": "New account in the webstore",
    "pull create": "New in Business Central",
    "link": "Link",
    "unlink": "Unlink",
    "recreate": "Make the account anew",
    "conflict": "Conflict, waits",
    "withheld": "Withheld by a flag",
    "held": "On hold",
    "kept": "Kept as it is",
    "keep": "Left as it is",
    "ambiguous": "May be the same as another",
    "orphan": "Gone on one side",
    "quarantined": "In quarantine",
}
_DONE = frozenset(list(KINDS)[:8])
_LEFT = frozenset(KINDS) - _DONE
_ORDER = {kind: place for place, kind in enumerate(KINDS)}


class PlanRow(NamedTuple):
    """One row of a plan: a field that changes or is left as it is, and why; `kind` is one of `KINDS`, `other_side` what the
    other system holds where that is not `after` (an undo; else None)."""

    kind: str
    field: str
    base: str
    before: str
    after: str
    reason: str
    other_side: str | None = None


@dataclass(slots=True, eq=False)
class PlannedCustomer:
    """One customer of a plan. There are 100,000 of them in memory: what many have in common is there once.

    Attributes:
        key: names the customer in forms, and to whoever leaves it out: Business Central id, woo:ID, or number.
        acts: whether anything is done to the customer.
        searched: what a search looks into.
    """

    key: str
    bc_id: str
    number: str
    webstore_id: int | None
    rows: list[PlanRow] = field(default_factory=list)
    kinds: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    acts: bool = False
    searched: str = ""

    @property
    def groups(self) -> list[tuple[str, list[PlanRow]]]:
        """The rows by kind, in order."""
        return [(kind, list(rows)) for kind, rows in groupby(self.rows, key=lambda row: row.kind)]

    @property
    def label(self) -> str:
        """How people name the customer."""
        return self.number or (f"woo:{self.webstore_id}" if self.webstore_id is not None else self.bc_id)


@dataclass(frozen=True)
class PlannedWork:
    """A plan, customer by customer, in the order in which people want to see them.

    Attributes:
        undoes: whether it takes a run back; deletes: whether it deletes anybody.
        counts: customers by kind; fields: customers by field that is changed or left.
        acting: how many customers something is done to; left: of how many something is left as it is.
        kept: how many cleared values are kept on the other side.
        all_counts: of a plan that is too large to be kept whole, all that is done, by kind; `customers` are the first.
    """

    undoes: bool
    deletes: bool
    customers: tuple[PlannedCustomer, ...]
    counts: Mapping[str, int]
    fields: Mapping[str, int]
    acting: int
    left: int
    kept: int
    all_counts: Mapping[str, int] = field(default_factory=dict)

    def counts_without(self, left_out: frozenset[str]) -> dict[str, int]:
        """What is done, in customers by kind, if some of them are left out."""
        kinds = Counter({kind: number for kind, number in (self.all_counts or self.counts).items() if kind in _DONE})
        if left_out:
            kinds.subtract(kind for one in self.customers if one.key in left_out for kind in one.kinds & _DONE)
        return {kind: kinds[kind] for kind in KINDS if kinds[kind]}


def chosen(
    customers: Iterable[PlannedCustomer], *, kind: str = "", field_name: str = "", search: str = ""
) -> list[PlannedCustomer]:
    """The customers that a filter lets through.

    Args:
        kind: one of `KINDS`, "left" (something of them is left as it is); "" = something is done to them, "all" = all.
        search: a part of the number, of an id, or of a value.
    """
    text = search.casefold().strip()
    # one condition after the other: a page of a large plan has no time for all of them in each row
    found = list(customers)
    if text:
        found = [one for one in found if text in one.searched]
    if not kind:
        found = [one for one in found if one.acts]
    elif kind == "left":
        found = [one for one in found if not one.kinds.isdisjoint(_LEFT)]
    elif kind != "all":
        found = [one for one in found if kind in one.kinds]
    if field_name:
        found = [one for one in found if field_name in one.fields]
    return found


def planned_work(document: Mapping[str, Any]) -> PlannedWork:
    """A plan from its document, as the store keeps it."""
    approved = Approved.from_document(document)
    people = _People(approved)
    texts_once: dict[str, str] = {}
    sets_once: dict[frozenset[str], frozenset[str]] = {}
    kept = 0
    for row in document["rows"]:
        account = row["webstore_id"]
        customer = people.of_row(str(row["bc_number"] or ""), None if account is None else int(account))
        texts = [str(row[name] or "") for name in ("field", "base", "before", "after", "reason")]
        kind, *texts = (texts_once.setdefault(text, text) for text in (_kind(row), *texts))
        made, other_side = PlanRow(kind, *texts), row.get("other_side")
        customer.rows.append(made if other_side is None else made._replace(other_side=other_side))
        kept += kind == "kept"
    customers = people.all()
    for one in customers:
        one.rows.sort(key=lambda row: _ORDER.get(row.kind, len(_ORDER)))
        kinds, fields = (frozenset(column) for column in zip(*((row.kind, row.field) for row in one.rows), strict=True))
        one.kinds, one.fields = (sets_once.setdefault(names, names) for names in (kinds, fields))
        one.acts = not kinds.isdisjoint(_DONE)
        values = (value for row in one.rows for value in (row.before, row.after))
        account = "" if one.webstore_id is None else f"woo:{one.webstore_id}"
        one.searched = "\n".join([one.number, one.bc_id, account, *values]).casefold()
    customers.sort(key=lambda one: (_place(one), one.number, one.webstore_id or 0))
    return PlannedWork(
        undoes=bool(approved.undone), deletes=approved.deletes, customers=tuple(customers), counts=_kinds(customers),
        fields=_fields(customers), acting=sum(one.acts for one in customers), left=len(chosen(customers, kind="left")),
        kept=kept, all_counts=approved.all_counts,
    )  # fmt: skip


def _kind(row: Mapping[str, Any]) -> str:
    action = str(row["action"])
    if action == "orphan":  # its words end with what the policy makes of it
        becomes = str(row["reason"]).rpartition("; ")[2]
        return becomes if becomes in ACTIONS else action
    found = f"{row['direction']} {action}".strip()
    return found if found in KINDS else action


def _place(customer: PlannedCustomer) -> int:
    return min((_ORDER.get(kind, len(_ORDER)) for kind in customer.kinds), default=len(_ORDER))


def _kinds(customers: Sequence[PlannedCustomer]) -> dict[str, int]:
    counted = Counter(kind for one in customers for kind in one.kinds)
    return {kind: counted[kind] for kind in KINDS if counted[kind]}


def _fields(customers: Sequence[PlannedCustomer]) -> dict[str, int]:
    counted = Counter(name for one in customers for name in one.fields if name)
    return dict(sorted(counted.items()))


class _People:
    """The customers of a plan. Its rows know numbers and Webstore IDs, what it intends knows Business Central ids, too."""

    def __init__(self, approved: Approved) -> None:
        self._by: dict[tuple[str, str], PlannedCustomer] = {}
        for one in approved.customers:
            known = keys_of(one.who) | _numbered(one.bc_number)
            found = next((self._by[key] for key in sorted(known) if key in self._by), None)
            customer = found or PlannedCustomer(_name(one.who), one.bc_id or "", one.bc_number, one.webstore_id)
            customer.bc_id = customer.bc_id or one.bc_id or ""
            customer.number = customer.number or one.bc_number
            customer.webstore_id = one.webstore_id if customer.webstore_id is None else customer.webstore_id
            customer.key = _name(Who(customer.bc_id, customer.number, customer.webstore_id))
            self._by |= dict.fromkeys(known, customer)

    def of_row(self, number: str, account: int | None) -> PlannedCustomer:
        """The customer of a row; one of whom nothing is intended is met here first."""
        # a link of somebody whose number is not known names the id instead
        keys = [*_numbered(number), *((("bc", number.lower()),) if number else ())]
        keys += [] if account is None else [("woo", str(account))]
        found = next((self._by[key] for key in keys if key in self._by), None)
        if found is None:
            found = PlannedCustomer(_name(Who(None, number, account)), "", number, account)
            self._by |= dict.fromkeys(keys, found)
        return found

    def all(self) -> list[PlannedCustomer]:
        return list({id(one): one for one in self._by.values()}.values())


def _numbered(number: str) -> frozenset[tuple[str, str]]:
    return frozenset({("number", number.lower())}) if number else frozenset()


def _name(who: Who) -> str:
    if who.bc_id:
        return who.bc_id.lower()
    return f"woo:{who.webstore_id}" if who.webstore_id is not None else who.bc_number
