"""Pairs of which the same fields have the same verdicts for the same reasons are of one *shape*.

After an import thirty of a hundred customers have other payment terms, and nothing else: what follows from their verdicts is
found out once for all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from connector.core.customer import Direction, FieldRules
from connector.core.identity import may_be_replaced
from connector.core.merge import Merge, Situation, Verdict

__all__ = ["Rows", "Shape", "shapes_of"]

Rows: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
_WAYS = {Verdict.PUSH: Direction.PUSH, Verdict.PULL: Direction.PULL}
_VERDICTS, _WORDS = tuple(Verdict), tuple(situation.words for situation in Situation)
_CODES = len(_VERDICTS) * len(_WORDS)


@dataclass(frozen=True)
class Shape:
    """What some pairs have in common.

    Attributes:
        verdicts, reasons: field → verdict, and why; in field-map order, only fields that have one.
        may_be_another: whether enough has moved that the record may have become somebody else's (identity.py).
        plain: the way that all of it goes, where nothing besides the values has a say in it; None = field by field.
    """

    verdicts: Mapping[str, Verdict]
    reasons: Mapping[str, str]
    may_be_another: bool
    plain: Direction | None


def shapes_of(merges: Mapping[str, Merge], rules: FieldRules) -> tuple[Rows, list[Shape], Rows]:
    """The shapes of all pairs in which a field has a verdict.

    Args:
        merges: field → situations and verdicts of all pairs, in field-map order.

    Returns:
        The row numbers of these pairs, the shapes, and the number of each pair's shape.
    """
    if not merges:
        return np.zeros(0, np.int64), [], np.zeros(0, np.int64)
    # a situation without a verdict says nothing
    codes = [np.where(m.verdict, m.verdict.astype(np.int64) * len(_WORDS) + m.situation, 0) for m in merges.values()]
    rows = np.flatnonzero(np.any(codes, axis=0))
    codes = [column[rows] for column in codes]
    which, first = np.zeros(len(rows), np.int64), np.zeros(0, np.int64)
    for column in codes:
        _, first, which = np.unique(which * _CODES + column, return_index=True, return_inverse=True)
    kinds = [dict(zip(merges, (column[row] for column in codes), strict=True)) for row in first.tolist()]
    return rows, [_shape(kind, rules) for kind in kinds], which


def _shape(codes: Mapping[str, int], rules: FieldRules) -> Shape:
    told = {name: divmod(int(code), len(_WORDS)) for name, code in codes.items() if code}
    verdicts = {name: _VERDICTS[verdict] for name, (verdict, _) in told.items()}
    reasons = {name: _WORDS[situation] for name, (_, situation) in told.items()}
    another = may_be_replaced(verdicts.keys())
    return Shape(verdicts, reasons, another, None if another else _plain(verdicts, rules))


def _plain(verdicts: Mapping[str, Verdict], rules: FieldRules) -> Direction | None:
    ways: Collection[Direction | None] = {_WAYS.get(verdict) for verdict in verdicts.values()}
    way = next(iter(ways)) if len(ways) == 1 else None
    # an erased customer shows in the name, the order of names depends on the country, and a push may lose a state
    looked_at = {"name", *([rule.field for rule in rules.states] if way is Direction.PUSH else [])}
    return way if verdicts.keys().isdisjoint(looked_at) else None
