"""Suggest Customer Mapping: which unmapped customers may be the same, by rules that a person can check at a glance.

The product's rule is the last rung: identical names, one on each side, nothing suggested when several share it. The richer
rungs go before it. A suggestion never links; the pairs that the next run would link by itself are marked as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from connector.core.evidence import RUNGS
from connector.core.matching import Ambiguity, Candidates, Ladder, match

__all__ = ["Suggestion", "Suggestions", "suggest_by_rule"]


@dataclass(frozen=True)
class Suggestion:
    """A pair for a person to accept or reject.

    Attributes:
        rungs: the rungs on which the two, and nobody else, agree, the strongest first.
        evidence: rung → what agrees.
        contradictions: field → what speaks against it.
        links_itself: the next run links the pair without asking.
        rivals: how many other suggestions name one of the two; 0 = one to one.
    """

    webstore_id: int
    bc_id: str
    rungs: tuple[str, ...]
    evidence: Mapping[str, str] = field(default_factory=dict, hash=False)
    contradictions: Mapping[str, str] = field(default_factory=dict, hash=False)
    links_itself: bool = False
    rivals: int = 0

    @property
    def is_plain(self) -> bool:
        """Nothing speaks against it and nobody else is in question."""
        return not self.contradictions and not self.rivals


@dataclass(frozen=True)
class Suggestions:
    """What the rules found.

    Attributes:
        pairs: the plain ones first, then by the strongest rung and id.
        shared: evidence that several unmapped customers share, or that leads to a mapped one: nothing can be suggested.
    """

    pairs: tuple[Suggestion, ...]
    shared: tuple[Ambiguity, ...]


def suggest_by_rule(
    webstore: Candidates,
    business_central: Candidates,
    *,
    ladder: Ladder | None = None,
    rungs: Collection[str] = tuple(RUNGS),
    rejected: Collection[tuple[str, int]] = (),
) -> Suggestions:
    """Suggest pairs of all unmapped customers, whoever waits for an answer.

    Args:
        webstore, business_central: all customers, the linked ones marked: evidence shared with them is not unique.
        ladder: what the setup lets link by itself; None = the ladder's defaults.
        rungs: which rungs may suggest; the default is all of them, down to the identical name.
        rejected: pairs (Business Central id, webstore id) that a person said are not the same: never suggested again.
    """
    left, right = (replace(side, wanted=np.ones_like(side.wanted)) for side in (webstore, business_central))
    links = {(m.webstore_id, m.bc_id) for m in match(left, right, ladder=ladder, rejected=rejected).matches}
    pairs: dict[tuple[int, str], Suggestion] = {}
    shared: list[Ambiguity] = []
    for rung in (rung for rung in RUNGS if rung in rungs):
        for found in match(left, right, ladder=Ladder(link=(), suggest=(rung,)), rejected=rejected).ambiguities:
            if not found.unique:
                shared.append(found)
                continue
            key = (found.webstore_ids[0], found.bc_ids[0])
            before = pairs.get(key, Suggestion(*key, rungs=(), links_itself=key in links))
            against = {**before.contradictions, **found.contradictions}
            evidence = {**before.evidence, **found.evidence}
            pairs[key] = replace(before, rungs=(*before.rungs, rung), evidence=evidence, contradictions=against)
    return Suggestions(_ranked(pairs), tuple(shared))


def _ranked(pairs: Mapping[tuple[int, str], Suggestion]) -> tuple[Suggestion, ...]:
    """With the rivals counted. What speaks against a pair that links by itself is nothing: the ladder has weighed it."""
    left, right = Counter(key for key, _ in pairs), Counter(key for _, key in pairs)
    found = [
        replace(
            pair,
            rivals=left[pair.webstore_id] + right[pair.bc_id] - 2,
            contradictions={} if pair.links_itself else pair.contradictions,
        )
        for pair in pairs.values()
    ]
    order = {rung: place for place, rung in enumerate(RUNGS)}
    return tuple(
        sorted(found, key=lambda pair: (not pair.is_plain, order[pair.rungs[0]], pair.webstore_id, pair.bc_id))
    )
