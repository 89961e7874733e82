"""Circles of one customer of each side: nobody else has their evidence, so that no ladder is needed to see that it is unique.

Most customers of a first run who are on both sides are in one, and of most of these pairs whole columns say that nothing
contradicts. They are linked here; all others go the way of matching.py, which would link the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.contradictions import plainly_the_same
from connector.core.evidence import loose, rung_keys
from connector.core.gc_pause import collector_resting
from connector.core.matching import Ladder, Made, Match, Matching, Rejected, match
from connector.core.shared_evidence import Candidates, Codes, readable_column, with_e164

__all__ = ["match_in_circles"]

Mask = np.ndarray[Any, np.dtype[np.bool_]]


def match_in_circles(
    webstore: Candidates,
    business_central: Candidates,
    circles: tuple[pa.Array, pa.Array],
    *,
    ladder: Ladder,
    rejected: Rejected,
    made: Made,
) -> Matching:
    """As `match`, where it is known who has to do with whom.

    Args:
        circles: the circle of each customer (circles.py); nobody who is in one of them is missing.
    """
    linking = tuple(dict.fromkeys(ladder.link))
    if not linking:
        return match(webstore, business_central, ladder=ladder, rejected=rejected, made=made)
    w, c = _lonely_pairs(*circles)
    asked = ~(webstore.linked[w] | business_central.linked[c]) & (webstore.wanted[w] | business_central.wanted[c])
    if rejected:
        named = pa.array({bc_id for bc_id, _ in rejected}, business_central.evidence.column(0).type)
        ids = business_central.evidence.column(0).take(pa.array(c))
        asked &= ~np.asarray(pc.is_in(ids, value_set=named)).astype(np.bool_)
    w, c = w[asked], c[asked]
    with collector_resting():
        one, other = webstore.evidence.take(pa.array(w)), business_central.evidence.take(pa.array(c))
        numbers = _plain_rungs(one, other, linking)
        plain = numbers >= 0
        one, other = one.filter(pa.array(plain)), other.filter(pa.array(plain))
        rungs = [linking[number] for number in numbers[plain].tolist()]
        evidence = _agreements(one, other, ladder.rungs)
        matches = list(map(Match, one.column(0).to_pylist(), other.column(0).to_pylist(), rungs, evidence))
    others = [_without(side, rows[plain]) for side, rows in ((webstore, w), (business_central, c))]
    rest = match(*others, ladder=ladder, rejected=rejected, made=made)
    return Matching(tuple(sorted((*matches, *rest.matches), key=lambda one: one.webstore_id)), rest.ambiguities)


def _without(side: Candidates, rows: Codes) -> Candidates:
    stay = np.ones(len(side.linked), dtype=np.bool_)
    stay[rows] = False
    return side.those(stay)


def _lonely_pairs(*circles: pa.Array) -> tuple[Codes, Codes]:
    """The row numbers of those who are alone with one customer of the other side."""
    sides = [np.unique(side.to_numpy(), return_index=True, return_counts=True) for side in circles]
    (one, w), (other, c) = ((circle[count == 1], first[count == 1]) for circle, first, count in sides)
    # a circle with one customer here and one there
    _, w_at, c_at = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    return w[w_at], c[c_at]


def _plain_rungs(webstore: pa.Table, business_central: pa.Table, linking: Sequence[str]) -> Codes:
    """The rung that links each pair, as its number; -1 = it has to be looked at.

    Args:
        webstore, business_central: evidence, row by row the two of a pair that shares it with nobody.
        linking: the rungs that link by themselves, the strongest first.
    """
    found = np.full(webstore.num_rows, -1, dtype=np.int64)
    left = np.arange(webstore.num_rows)
    for number, rung in enumerate(linking):
        agreed = _agreed(webstore, business_central, rung)[left]
        rows = left[agreed]
        sides = (side.take(pa.array(rows)) for side in (webstore, business_central))
        found[rows[plainly_the_same(rung, *sides)]] = number
        left = left[~agreed]  # whom it does not link plainly it may link all the same
    return found


def _agreed(webstore: pa.Table, business_central: pa.Table, rung: str) -> Mask:
    """Which pairs may agree on a rung: phone numbers are compared by their last digits."""
    w, c = (rung_keys(loose(side) if rung == "phone_name" else side, rung) for side in (webstore, business_central))
    same: Mask = np.asarray(pc.and_(pc.equal(w, c), pc.not_equal(w, ""))).astype(np.bool_)
    return same


def _agreements(webstore: pa.Table, business_central: pa.Table, rungs: Sequence[str]) -> list[dict[str, str]]:
    """What the two of each pair agree on, rung → value for people to read."""
    texts = []
    for rung in rungs:
        w, c = webstore, business_central
        if rung == "phone_name":
            asked = _agreed(w, c, rung)
            w, c = with_e164(w, asked), with_e164(c, asked)
        w, c = rung_keys(w, rung), rung_keys(c, rung)
        texts.append(readable_column(pc.if_else(pc.equal(w, c), w, "")))
    return _said(texts, rungs)


def _said(texts: Sequence[pa.Array], names: Sequence[str]) -> list[dict[str, str]]:
    """Row by row what is not blank, by name, at least one text; most rows are blank in the same columns."""
    there = [np.asarray(pc.not_equal(column, "")).astype(np.bool_) for column in texts]
    kinds = sum(mask.astype(np.int64) << place for place, mask in enumerate(there))
    found = np.empty(len(texts[0]), dtype=object)
    for kind in np.unique(kinds).tolist():
        rows = np.flatnonzero(kinds == kind)
        places = [place for place in range(len(names)) if kind >> place & 1]
        some = [texts[place].take(pa.array(rows)).to_pylist() for place in places]
        keys = [names[place] for place in places]
        found[rows] = [dict(zip(keys, row, strict=True)) for row in zip(*some, strict=True)]
    return found.tolist()
