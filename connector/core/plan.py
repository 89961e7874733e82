"""The plan: every write that a run intends, as a value. It can be printed, stored, approved and hashed; nothing here acts.

The same extracts, mapping version and rules give the same plan and the same hash, whatever the order they came in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from heapq import merge
from itertools import chain
from typing import Any

import pandas as pd
import pyarrow as pa

from connector.core.customer import Direction
from connector.core.customer_key import customer_key
from connector.core.many import FIRST, Many, digest_of_line, in_pieces, those, together
from connector.core.matching import Ambiguity, Match
from connector.core.undone_creates import DELETE, KEEP, UndoneCreate

__all__ = [
    "ORDER",
    "OWNER",
    "Agreement",
    "Change",
    "Orphan",
    "Plan",
    "Quarantined",
    "Standing",
    "Write",
    "line_of_link",
    "line_of_write",
    "places_of",
    "texts_at",
]


# part of a plan → its order
ORDER: Mapping[str, Callable[[Any], Any]] = {
    "writes": lambda w: (w.direction, w.operation, w.bc_number or "", w.webstore_id or 0),
    "links": lambda m: (m.webstore_id, m.bc_id),
    "agreements": lambda a: (a.bc_id, a.webstore_id),
    "standing": lambda s: (s.bc_number or "", s.field, s.kind),
    "held": lambda w: (w.direction, w.key),
    "left_out": lambda w: (w.direction, w.key),
    "quarantined": lambda q: (q.system, q.bc_number or "", q.webstore_id or 0, q.field),
    "ambiguous": lambda a: (a.rung, a.webstore_ids, a.bc_ids),
    "orphans": lambda o: (o.gone, o.bc_number),
}
_WHO = ("action", "direction", "bc_number", "webstore_id")
# whose an account is, and what it is: by this a stranger is told who got its id
OWNER = ("role", "username", "created")


def places_of(payload: Mapping[str, Any]) -> list[str]:
    """The places that a payload sets, by the names of the columns of an extract."""
    places: list[str] = []
    for name, value in payload.items():
        if isinstance(value, Mapping):
            places += [f"{name}.{part}" for part in value]
        elif name == "meta_data":
            places += [f"meta:{item['key']}" for item in value]
        else:
            places.append(name)
    return places


def texts_at(row: Mapping[str, Any], places: Iterable[str]) -> dict[str, str]:
    """What a row of an extract holds in some places, as far as it has them."""
    return {place: row[place] or "" for place in places if place in row}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one write: what the target holds, what it will hold, what both last agreed on, and why."""

    field: str
    before: str
    after: str
    base: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Write:
    """One customer that is to be created or updated.

    Attributes:
        bc_id, bc_number, webstore_id: who; None on the side where the customer is to be created.
        natural_key: the e-mail that a look-up before a create, or after a crash, searches for; "" = none.
        changes: fields that change, in field-map order.
        payload: the request body, complete.
        source: canonical values of the other side that this write carries over; after a create all fields.
        etag: Business Central's tag at extraction (pull updates).
        both_sides: fields whose value a person typed and that are written on both sides: their base moves only when both
            sides hold it, so that half a decision is never taken for an edit.
        seen: what stood, word for word, in everything that the payload of an update sets, also where nothing changes: an
            address travels whole, and an edit of its other parts must not be overwritten. Of an account role and owner, too.
        touched: the stamp of the record that the write was made of, as the API wrote it: an update's target, a create's source.
        account: marks of the account that a create in Business Central comes from (identity.py), and as people read them.
    """

    direction: Direction
    operation: str
    bc_id: str | None
    bc_number: str | None
    webstore_id: int | None
    natural_key: str
    changes: tuple[Change, ...]
    payload: Mapping[str, Any]
    source: Mapping[str, str]
    etag: str = ""
    both_sides: frozenset[str] = frozenset()
    seen: Mapping[str, str] = field(default_factory=dict)
    touched: str = ""
    account: tuple[int | None, str] = (None, "")

    @property
    def digest(self) -> str:
        """16 hex digits of what this write does: the same write of another run has the same."""
        return digest_of_line(line_of_write(self))

    @property
    def key(self) -> str:
        """The customer's key."""
        return customer_key(self.bc_id, self.webstore_id)

    @property
    def label(self) -> str:
        """How people name this customer in messages."""
        return self.bc_number or f"woo:{self.webstore_id}"


@dataclass(frozen=True, slots=True)
class Standing:
    """A difference that is not written: a conflict, a withheld change, or a cleared value that was kept.

    Attributes:
        wanted: what would be written in place of what the target holds, where that is not the other side's value (an undo).
    """

    kind: str
    direction: Direction | None
    bc_id: str | None
    bc_number: str | None
    webstore_id: int | None
    field: str
    base: str | None
    webstore: str
    business_central: str
    reason: str
    wanted: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Fields of a pair on which both sides agree now though the base does not say so yet: only the base moves."""

    bc_id: str
    webstore_id: int
    webstore: Mapping[str, str]
    business_central: Mapping[str, str]


@dataclass(frozen=True)
class Quarantined:
    """A customer that takes no part in this run because of its data; or, with a `field`, a value that is left out of it."""

    system: str
    bc_id: str | None
    bc_number: str | None
    webstore_id: int | None
    field: str
    reason: str


@dataclass(frozen=True)
class Orphan:
    """A mapping row whose customer has gone on one side (confirmed by a 404), or was erased there.

    Attributes:
        gone: the side, "webstore" or "business_central".
        erased: the account is there, but its personal data were wiped: it must never be filled again.
        action: what the orphan policy makes of it: report, unlink or recreate.
        proposal: number of the Business Central customer into which the gone one was probably merged; "" = none found.
        evidence: why that one.
    """

    gone: str
    bc_id: str
    bc_number: str
    webstore_id: int | None
    erased: bool = False
    action: str = "report"
    proposal: str = ""
    evidence: str = ""

    @property
    def words(self) -> str:
        """One clause for plans and reports."""
        what = f"erased in {self.gone}" if self.erased else f"gone in {self.gone}"
        found = f"; probably merged into {self.proposal} ({self.evidence})" if self.proposal else ""
        return f"{what}{found}; {self.action}"


@dataclass(frozen=True)
class Plan:
    """All that a run intends and all that it leaves, sorted.

    Its parts are gone through, counted and cut, and never taken for tuples: a plan of millions reads them when they are asked for
    (many.py), as long as the run's partitions are there; afterwards it still shows the beginning of each.

    Attributes:
        left_out: updates with the values that the target cannot keep (they are quarantined): what would be written, never sent.
        undone_creates: of an undo: the customers that the undone run had created, and what becomes of them.
        numbers: Business Central id → number, for the ambiguous ones, whom the plan names by id alone.
        settled: pairs that were read and hold their base (base_comparison.SETTLED), for the store to remember; no part of what is
            intended. `sighted` and `linked`: the same of the others, and of those that the plan links, in several tables
            (base_comparison.SIGHTED).
    """

    writes: Sequence[Write] = ()
    links: Sequence[Match] = ()
    agreements: Sequence[Agreement] = ()
    standing: Sequence[Standing] = ()
    held: Sequence[Write] = ()
    left_out: Sequence[Write] = ()
    quarantined: Sequence[Quarantined] = ()
    ambiguous: Sequence[Ambiguity] = ()
    orphans: tuple[Orphan, ...] = ()
    renumbered: tuple[tuple[str, str], ...] = ()
    spent_decisions: tuple[tuple[str, int, str], ...] = ()
    undone_creates: tuple[UndoneCreate, ...] = ()
    pairs: int = 0
    numbers: Mapping[str, str] = field(default_factory=dict, compare=False)
    settled: pa.Table | None = field(default=None, compare=False, repr=False)
    sighted: pa.Table | None = field(default=None, compare=False, repr=False)
    linked: Sequence[pa.Table] = field(default=(), compare=False, repr=False)

    @cached_property
    def hash(self) -> str:
        """64 hex digits over all that is done to a customer, independent of time and order: creates, updates with what they
        clear, links, unlinks, deletions.

        Not in it is what follows from facts and touches nobody: bases on which both sides agree, a number that the mapping
        table takes over from Business Central, decisions that have been applied.
        """
        others: list[Any] = [[o.action, o.gone, o.bc_id, o.webstore_id] for o in self.orphans if o.action != "report"]
        others += [one.identity for one in self.undone_creates if one.action != KEEP]
        found, before = hashlib.sha256(), b""
        for line in merge(*map(self.lines_of, ("writes", "links")), sorted(map(_line, others))):
            found.update(before + line.encode())
            before = b"\n"
        return found.hexdigest()

    def lines_of(self, part: str) -> Iterator[str]:
        """What the writes, or the links, say for the hash, sorted."""
        values = getattr(self, part)
        if isinstance(values, Many):
            if values.lines is None:
                raise RuntimeError(f"of the plan's {part} the lines of its hash are not known")
            return values.lines()
        return iter(sorted(map(line_of_write if part == "writes" else line_of_link, values)))

    @property
    def account_mails(self) -> int:
        """How many people the shop will send its new-account mail to."""
        return len(self.of(Direction.PUSH, "create"))

    @property
    def unlinks(self) -> tuple[UndoneCreate, ...]:
        """Customers created by the undone run that lose their link, or their account with it."""
        return tuple(one for one in self.undone_creates if one.action != KEEP)

    @property
    def deletions(self) -> tuple[UndoneCreate, ...]:
        """Webstore accounts that will be deleted."""
        return tuple(one for one in self.undone_creates if one.action == DELETE)

    def of(self, direction: Direction, operation: str | None = None) -> Sequence[Write]:
        """The writes of one direction."""
        if isinstance(self.writes, Many) and self.writes.kinds is not None:
            kinds = [str(direction), *([] if operation is None else [operation])]
            return together(*(many for kind, many in self.writes.kinds.items() if kind[: len(kinds)] == tuple(kinds)))
        return those(self.writes, lambda w: w.direction is direction and operation in {None, w.operation})

    def withheld(self, direction: Direction) -> Sequence[Standing]:
        """What a closed gate keeps from being written."""
        return those(self.standing, lambda s: s.kind == "withheld" and s.direction is direction)

    @cached_property
    def conflicts(self) -> Sequence[Standing]:
        """Fields that wait for a person's decision."""
        return those(self.standing, lambda s: s.kind == "conflict")

    @property
    def is_large(self) -> bool:
        """Whether parts of it are read when they are asked for."""
        return any(isinstance(getattr(self, name), Many) for name in ORDER)

    @cached_property
    def beginning(self) -> Plan:
        """The plan with no more than memory holds of each part, for showing it."""
        cut: dict[str, Any] = {name: tuple(getattr(self, name)[:FIRST]) for name in ORDER} if self.is_large else {}
        return replace(self, **cut, linked=())

    def table(self) -> pd.DataFrame:
        """The plan as a table; of a large one the beginning of each part.

        Returns:
            One row per field that would change or is left for a reason: `action` (create, update, link, unlink, delete, keep,
            conflict, withheld, kept, held, ambiguous, orphan, quarantined), `direction`, `bc_number`, `webstore_id`,
            `field`, `base`, `before`, `after`, `other_side` (what the other system holds, where `after` is another value: a
            decision, an undo; else missing), `reason`. Whoever changes it takes a copy.
        """
        return self._table

    @cached_property
    def _table(self) -> pd.DataFrame:
        return _frame(_rows(self.beginning))

    def tables(self, rows: int) -> Iterator[pd.DataFrame]:
        """The whole of it as in `table`, so many rows at a time."""
        return map(_frame, in_pieces(_rows(self), rows))


def _frame(rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    columns = [*_WHO, "field", "base", "before", "after", "other_side", "reason"]
    return pd.DataFrame(list(rows), columns=columns).astype({"webstore_id": "Int64"})


def line_of_write(write: Write) -> str:
    """What a write says for the plan's hash."""
    changes = [[c.field, c.before, c.after] for c in write.changes]
    return _line([write.direction, write.operation, write.bc_id, write.webstore_id, changes, dict(write.payload)])


def line_of_link(link: Match) -> str:
    """What a new link says for the plan's hash."""
    return _line(["link", link.bc_id, link.webstore_id, link.rung])


def _line(identity: Sequence[Any]) -> str:
    return json.dumps(identity, sort_keys=True, ensure_ascii=True)


def _rows(plan: Plan) -> Iterator[tuple[Any, ...]]:
    return chain(_write_rows(plan.writes, None), _write_rows(plan.held, "held"), _other_rows(plan))


def _write_rows(writes: Iterable[Write], action: str | None) -> Iterator[tuple[Any, ...]]:
    return (
        (
            action or w.operation,
            str(w.direction),
            w.bc_number or "",
            w.webstore_id,
            c.field,
            c.base or "",
            c.before,
            c.after,
            w.source[c.field] if w.source.get(c.field, c.after) != c.after else None,
            c.reason,
        )
        for w in writes
        for c in w.changes
    )


def _other_rows(plan: Plan) -> Iterator[tuple[Any, ...]]:
    numbers = plan.numbers
    nothing = ("", "", "", "", None)  # no field, and no value
    for m in plan.links:
        yield ("link", "", m.bc_number or m.bc_id, m.webstore_id, *nothing, f"same {m.rung}")
    for s in plan.standing:
        before, other = (
            (s.business_central, s.webstore) if s.direction is Direction.PULL else (s.webstore, s.business_central)
        )
        after, beside = (other, None) if s.wanted is None else (s.wanted, other)
        who = (s.kind, str(s.direction or ""), s.bc_number or "", s.webstore_id)
        yield (*who, s.field, s.base or "", before, after, beside, s.reason)
    for a in plan.ambiguous:
        reason = f"same {a.rung}: {a.reason}"
        yield from (("ambiguous", "", "", w, *nothing, reason) for w in a.webstore_ids)
        yield from (("ambiguous", "", numbers.get(c, c), None, *nothing, reason) for c in a.bc_ids)
    yield from (row for one in plan.undone_creates for row in one.rows)
    yield from (("orphan", "", o.bc_number, o.webstore_id, *nothing, o.words) for o in plan.orphans)
    for q in plan.quarantined:
        yield ("quarantined", "", q.bc_number or "", q.webstore_id, q.field, *nothing[1:], q.reason)
