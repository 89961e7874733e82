"""Which unmapped customers are the same: a ladder of rungs, each counting only when it is unique in both directions.

Identity is the mapping table; matching only proposes new rows for it. A rung compares one piece of evidence (an exact,
normalised e-mail, …). One webstore customer and one Business Central customer with the same evidence: matched. Several on
either side: *ambiguous*, all of them wait for a person, and none of them is created anywhere. Pairs that a person rejected
are not proposed again; they stay ambiguous, so that a rejected twin does not become a duplicate by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Ambiguity", "Candidate", "Match", "Matching", "match"]


@dataclass(frozen=True)
class Candidate:
    """An unmapped customer of either side.

    Attributes:
        key: webstore id or Business Central id.
        evidence: rung → normalised value; a blank value is no evidence.
        linked: already in the mapping table: it cannot be matched, but whoever shares its evidence is ambiguous.
        wanted: somebody waits for an answer: without a match this customer would be created on the other side.
    """

    key: int | str
    evidence: Mapping[str, str]
    linked: bool = False
    wanted: bool = True


@dataclass(frozen=True)
class Match:
    """A pair to be linked, and by which rung."""

    webstore_id: int
    bc_id: str
    rung: str


@dataclass(frozen=True)
class Ambiguity:
    """Customers that share evidence but not one to one. They wait for a person."""

    rung: str
    webstore_ids: tuple[int, ...]
    bc_ids: tuple[str, ...]
    reason: str


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
    webstore: Iterable[Candidate],
    business_central: Iterable[Candidate],
    *,
    rungs: tuple[str, ...] = ("email",),
    rejected: Collection[tuple[str, int]] = (),
) -> Matching:
    """Walk the ladder, the strongest rung first; who is matched or ambiguous on a rung takes no part in later ones.

    Args:
        webstore, business_central: all customers that could be meant, the linked ones marked.
        rejected: pairs (Business Central id, webstore id) that a person said are not the same.
    """
    left, right = list(webstore), list(business_central)
    settled: set[int | str] = set()
    matches: list[Match] = []
    ambiguities: list[Ambiguity] = []
    for rung in rungs:
        by_value_w, by_value_c = _by_evidence(left, rung), _by_evidence(right, rung)
        for value in sorted(by_value_w.keys() & by_value_c.keys()):
            w_all, c_all = by_value_w[value], by_value_c[value]
            w_free = tuple(sorted(int(c.key) for c in w_all if not c.linked and c.key not in settled))
            c_free = tuple(sorted(str(c.key) for c in c_all if not c.linked and c.key not in settled))
            if not any(c.wanted and not c.linked and c.key not in settled for c in (*w_all, *c_all)):
                continue
            reason = _why_not(w_all, c_all, w_free, c_free, rejected)
            if reason:
                ambiguities.append(Ambiguity(rung, w_free, c_free, reason))
            else:
                matches.append(Match(w_free[0], c_free[0], rung))
            settled.update(w_free, c_free)
    return Matching(tuple(matches), tuple(ambiguities))


def _by_evidence(candidates: list[Candidate], rung: str) -> dict[str, list[Candidate]]:
    grouped: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        value = candidate.evidence.get(rung, "")
        if value:
            grouped[value].append(candidate)
    return grouped


def _why_not(
    w_all: list[Candidate],
    c_all: list[Candidate],
    w_free: tuple[int, ...],
    c_free: tuple[str, ...],
    rejected: Collection[tuple[str, int]],
) -> str:
    """Why the customers with one piece of evidence are not simply one pair; "" if they are."""
    if len(c_all) > 1:
        return f"{len(c_all)} Business Central customers share it"
    if len(w_all) > 1:
        return f"{len(w_all)} webstore customers share it"
    if not w_free:
        return "the webstore customer with it is linked to another Business Central customer"
    if not c_free:
        return "the Business Central customer with it is linked to another webstore customer"
    if (c_free[0], w_free[0]) in rejected:
        return "a person said that the two are not the same"
    return ""
