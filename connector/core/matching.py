"""Which unmapped customers are the same: a ladder of rungs, each counting only when it is unique in both directions.

Identity is the mapping table; matching only proposes new rows for it. A rung compares one piece of evidence (an exact VAT
number, an exact e-mail, …). A pair is matched when

* one customer of each side has the evidence, counting all customers of both sides, the linked ones too,
* the rung is one that links by itself,
* no other rung that links makes such a pair of one of the two and somebody else,
* nothing contradicts (contradictions.py: other names, other VAT numbers, a mailbox that people share), and
* no person has said that the two are not the same.

Whoever shares evidence and is not matched is *ambiguous*: waits for a person, with the evidence, and is created nowhere. A
pair rejected by a person stays ambiguous on a linking rung, so that a rejected twin does not become a duplicate by itself;
on a suggesting rung the rejection is the answer, and the customer is free.

What becomes of a customer must not depend on whether the write of another one went through. So a pair that a run has made, by
creating one half of the other or by giving it what is compared, raises no question on a suggesting rung when both halves have the
evidence: a namesake would not have been asked about by that run. On a linking rung it does, and so do several who are to be
created (creating.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.contradictions import contradictions, is_somebody_else, plainly_the_same
from connector.core.evidence import RUNGS
from connector.core.gc_pause import collector_resting
from connector.core.shared_evidence import Candidates, Codes, Group, Shared, candidates, readable, share

__all__ = ["Ambiguity", "Candidates", "Ladder", "Match", "Matching", "candidates", "match"]

Rejected = Collection[tuple[str, int]]
# of some Business Central ids those whose pair a run has made, by creating one half of it or writing one of some fields
Made = Callable[[Collection[str], Collection[str]], Collection[str]]
# rungs on which a name is all that tells one person from another
BY_NAME = frozenset({"name", "name_postcode"})
_ROWS = (attrgetter("webstore"), attrgetter("business_central"))
# rung → the fields of the rules that it compares
_CANONICAL = {rung: frozenset(names) | ({"vat_number"} if "vat" in names else set()) for rung, names in RUNGS.items()}


@dataclass(frozen=True)
class Ladder:
    """Rungs (keys of connector.core.evidence.RUNGS), the strongest first.

    Attributes:
        link: rungs that link by themselves.
        suggest: rungs that only suggest: whoever shares such evidence waits for a person.
    """

    link: tuple[str, ...] = ("vat", "email")
    suggest: tuple[str, ...] = ("phone_name", "name_postcode")

    @property
    def rungs(self) -> tuple[str, ...]:
        """All rungs, each once, the linking ones first."""
        return tuple(dict.fromkeys((*self.link, *self.suggest)))


@dataclass(frozen=True)
class Match:
    """A pair to be linked, by which rung, and everything that agrees (rung → value); the card's number, where it is known."""

    webstore_id: int
    bc_id: str
    rung: str
    evidence: Mapping[str, str] = field(default_factory=dict, hash=False)
    bc_number: str = field(default="", compare=False)


@dataclass(frozen=True)
class Ambiguity:
    """Customers that share evidence and are not simply one pair. They wait for a person.

    Attributes:
        webstore_ids, bc_ids: who waits; linked customers that share the evidence are not named.
        reason: why they were not linked.
        evidence: rung → what agrees.
        contradictions: field → what speaks against the only possible pair.
        unique: one unmapped customer of each side has the evidence, so that a person can simply say yes or no.
    """

    rung: str
    webstore_ids: tuple[int, ...]
    bc_ids: tuple[str, ...]
    reason: str
    evidence: Mapping[str, str] = field(default_factory=dict, hash=False)
    contradictions: Mapping[str, str] = field(default_factory=dict, hash=False)
    unique: bool = False


@dataclass(frozen=True)
class Matching:
    """What the ladder found."""

    matches: tuple[Match, ...]
    ambiguities: tuple[Ambiguity, ...]

    @property
    def waiting_webstore(self) -> frozenset[int]:
        """Webstore customers that must neither be linked nor created by themselves."""
        return frozenset(key for ambiguity in self.ambiguities for key in ambiguity.webstore_ids)

    @property
    def waiting_business_central(self) -> frozenset[str]:
        """Business Central customers that must neither be linked nor created by themselves."""
        return frozenset(key for ambiguity in self.ambiguities for key in ambiguity.bc_ids)


def match(
    webstore: Candidates,
    business_central: Candidates,
    *,
    ladder: Ladder | None = None,
    rejected: Rejected = (),
    made: Made = lambda _ids, _fields: (),
) -> Matching:
    """Walk the ladder.

    Args:
        webstore, business_central: all customers that could be meant, the linked ones marked.
        ladder: which rungs link and which suggest; None = VAT number and e-mail link, phone or postal code suggest.
        rejected: pairs (Business Central id, webstore id) that a person said are not the same.
        made: which of some linked customers a run has made, or given one of some fields.

    Returns:
        Matches, and ambiguities by rung, whatever the order of the customers. A rung raises a question only for customers
        who wait and whom no stronger rung has raised one for.
    """
    with collector_resting():
        return _Walk(webstore, business_central, ladder or Ladder(), frozenset(rejected), made).walk()


class _Walk:
    """One walk over the ladder. Customers are row numbers here."""

    def __init__(
        self, webstore: Candidates, business_central: Candidates, ladder: Ladder, rejected: Rejected, made: Made
    ) -> None:
        self.made = made
        self.w, self.c, self.rejected = webstore, business_central, rejected
        self.shared = [share(rung, webstore, business_central) for rung in ladder.rungs]
        # evidence of customers who are looked at one by one, by side and row
        self._read: dict[int, dict[int, Mapping[str, str]]] = {id(webstore): {}, id(business_central): {}}
        self._weighed: dict[tuple[str, int, int], dict[str, str]] = {}
        self.linking = self.shared[: len(dict.fromkeys(ladder.link))]
        self.free_w, self.free_c = ~webstore.linked, ~business_central.linked
        self.waiting_w, self.waiting_c = webstore.wanted & self.free_w, business_central.wanted & self.free_c

    def walk(self) -> Matching:
        """Matches first: who is matched on one rung is no candidate of any other."""
        rungs = {pair: shared.rung for shared in reversed(self.linking) for pair in self._links(shared)}
        rows = np.array(list(rungs), dtype=np.int64).reshape(-1, 2)
        w, c = rows[:, 0], rows[:, 1]
        self.free_w[w] = self.free_c[c] = self.waiting_w[w] = self.waiting_c[c] = False
        keys = (side.evidence.column(0).take(pa.array(of)).to_pylist() for side, of in ((self.w, w), (self.c, c)))
        matches = map(Match, *keys, rungs.values(), self._evidence(w, c))
        ambiguities = [found for shared in self.shared for found in self._ambiguities(shared)]
        return Matching(tuple(sorted(matches, key=lambda m: m.webstore_id)), tuple(ambiguities))

    def _links(self, shared: Shared) -> list[tuple[int, int]]:
        """The pairs that a rung links. Of most of them that is seen of whole columns."""
        w, c = shared.pairs(self.waiting_w, self.waiting_c)
        sides = (side.evidence.take(pa.array(rows)) for side, rows in ((self.w, w), (self.c, c)))
        sure = self.free_w[w] & self.free_c[c] & plainly_the_same(shared.rung, *sides)
        for other in self.linking:
            sure &= ~other.has_rivals(w, c)
        if self.rejected:
            named = pa.array({bc_id for bc_id, _ in self.rejected}, self.c.evidence.column(0).type)
            sure &= ~pc.is_in(self.c.evidence.column(0).take(pa.array(c)), value_set=named).to_numpy()
        pairs = zip(w.tolist(), c.tolist(), sure.tolist(), strict=True)
        self._look_at(w[~sure], c[~sure])
        return [
            (w, c) for w, c, is_sure in pairs if is_sure or not self._why_not(Group(shared.rung, "", (w,), (c,)))[0]
        ]

    def _ambiguities(self, shared: Shared) -> list[Ambiguity]:
        asked: list[tuple[Group, list[int], list[int]]] = []
        groups = list(shared.groups(self.waiting_w, self.waiting_c))
        if shared.rung in BY_NAME:
            self._look_at(*(np.array([row for group in groups for row in rows(group)], np.int64) for rows in _ROWS))
        for whole in groups:
            group = whole if shared in self.linking else self._possible(whole)
            w_rows = [row for row in group.webstore if self.free_w[row]]
            c_rows = [row for row in group.business_central if self.free_c[row]]
            if not (self.waiting_w[w_rows].any() or self.waiting_c[c_rows].any()):
                continue  # a rejection was the answer, or they are plainly different people
            self.waiting_w[w_rows] = self.waiting_c[c_rows] = False
            asked.append((group, w_rows, c_rows))
        pairs = [group for group, _, _ in asked if group.is_pair]
        sides = [np.array([row for group in pairs for row in rows(group)], np.int64) for rows in _ROWS]
        self._look_at(*sides)
        evidence = dict(zip(map(id, pairs), self._evidence(*sides), strict=True))
        return [self._ambiguity(*one, evidence.get(id(one[0]), {})) for one in asked]

    def _ambiguity(self, group: Group, w_rows: list[int], c_rows: list[int], evidence: Mapping[str, str]) -> Ambiguity:
        """`evidence`: what the two of a pair agree on."""
        reason, against = self._why_not(group)
        webstore_ids = tuple(sorted(self.w.key(row) for row in w_rows))
        bc_ids = tuple(sorted(self.c.key(row) for row in c_rows))
        unique = group.is_pair and bool(w_rows and c_rows)
        shown = evidence or {group.rung: readable(group.value)}
        return Ambiguity(group.rung, webstore_ids, bc_ids, reason, shown, against, unique)

    def _why_not(self, group: Group) -> tuple[str, dict[str, str]]:
        """Why a group is not simply one pair to be linked ("" if it is), and what speaks against the pair."""
        for members, side in ((group.business_central, "Business Central"), (group.webstore, "webstore")):
            if len(members) > 1:
                return f"{len(members)} {side} customers share it", {}
        (w,), (c,) = group.webstore, group.business_central
        against = self._against(group.rung, w, c)
        reasons = (
            ("the webstore customer with it is mapped already", not self.free_w[w]),
            ("the Business Central customer with it is mapped already", not self.free_c[c]),
            ("a person said that the two are not the same", self._is_rejected(w, c)),
            ("other evidence points to another customer", self._is_contested(w, c)),
            ("this evidence only suggests", all(shared.rung != group.rung for shared in self.linking)),
        )
        return next((text for text, applies in reasons if applies), "; ".join(against.values())), against

    def _is_contested(self, w: int, c: int) -> bool:
        """Whether another rung that links makes a pair of one of the two and somebody else, and nothing contradicts it."""
        rivals = [(shared.rung, pair) for shared in self.linking for pair in shared.rivals(w, c)]
        return any(not (self._is_rejected(*pair) or self._against(rung, *pair)) for rung, pair in rivals)

    def _against(self, rung: str, w: int, c: int) -> dict[str, str]:
        """What speaks against a pair: asked to link it, and again to say why it was not."""
        pair = (rung, w, c)
        if pair not in self._weighed:
            self._weighed[pair] = contradictions(rung, self._values(self.w, w), self._values(self.c, c))
        return self._weighed[pair]

    def _look_at(self, w: Codes, c: Codes) -> None:
        """Read the evidence of customers who are about to be looked at one by one."""
        for side, rows in ((self.w, w), (self.c, c)):
            fresh = np.setdiff1d(rows, np.fromiter(self._read[id(side)], np.int64))
            found = side.evidence.drop_columns(side.evidence.column_names[0]).take(pa.array(fresh)).to_pylist()
            self._read[id(side)].update(zip(fresh.tolist(), found, strict=True))

    def _values(self, side: Candidates, row: int) -> Mapping[str, str]:
        known = self._read[id(side)].get(row)
        return side.values(row) if known is None else known

    def _possible(self, group: Group) -> Group:
        """The group without customers who can be none of the other side's: a person said so, too much speaks against it, or they
        are of a pair in it that a run has made what it is."""
        w_made, c_made = self._made_in(group)
        by_name = group.rung in BY_NAME
        w_values = {w: self._values(self.w, w) for w in group.webstore} if by_name else {}
        c_values = {c: self._values(self.c, c) for c in group.business_central} if by_name else {}
        possible = [
            (w, c)
            for w in group.webstore
            for c in group.business_central
            if not (w in w_made or c in c_made or self._is_rejected(w, c))
            and not (by_name and is_somebody_else(w_values[w], c_values[c]))
        ]
        return Group(
            group.rung, group.value, tuple(sorted({w for w, _ in possible})), tuple(sorted({c for _, c in possible}))
        )

    def _sides(self, group: Group) -> tuple[tuple[Candidates, tuple[int, ...]], tuple[Candidates, tuple[int, ...]]]:
        return (self.w, group.webstore), (self.c, group.business_central)

    def _made_in(self, group: Group) -> tuple[set[int], set[int]]:
        """The rows of both sides of the pairs in the group that a run has made what they are."""
        sides = ((self.w.pairs, group.webstore), (self.c.pairs, group.business_central))
        w, c = ({int(pairs[row]): row for row in rows if pairs[row] >= 0} for pairs, rows in sides)
        both = {number: self.c.key(c[number]) for number in w.keys() & c.keys()}
        made = set(self.made(set(both.values()), _CANONICAL[group.rung])) if both else set()
        numbers = [number for number, key in both.items() if key in made]
        return {w[number] for number in numbers}, {c[number] for number in numbers}

    def _is_rejected(self, w: int, c: int) -> bool:
        return bool(self.rejected) and (self.c.key(c), self.w.key(w)) in self.rejected

    def _evidence(self, w: Codes, c: Codes) -> list[dict[str, str]]:
        """What the two of each pair agree on, rung → value."""
        agreed = zip(*(shared.agree(w, c) for shared in self.shared), strict=True)
        rungs = [shared.rung for shared in self.shared]
        return [{rung: text for rung, text in zip(rungs, texts, strict=True) if text} for texts in agreed]
