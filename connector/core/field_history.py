"""What earlier runs saw of single fields: since when a value differs from its base, and whether it is one that a confirmed write
replaced. It decides which of two edits is newer, and whether a value that is back is an edit at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from connector.core.customer import Side
from connector.core.extracts import Replaced
from connector.core.merge import Codes, FieldValues, Mask, WentBack

__all__ = ["FieldHistory"]


class FieldHistory:
    """What earlier runs saw of single fields, found by the pair.

    Args:
        pairs: `bc_id` and `webstore_id`, in the order of the values that are asked about.
        gone_back: per side, whose record is older than what was seen of it; a side that is missing has none.
        sides_back: the sides of which any record went back.
        replaced: what confirmed writes replaced, where a side went back, or the account was not touched since it was seen.
        changes: since when values differ from their base (connector.store.Changes); None = nothing is known.
    """

    def __init__(
        self,
        pairs: pa.Table,
        gone_back: Mapping[Side, Mask],
        sides_back: Collection[Side],
        replaced: Replaced,
        changes: pd.DataFrame | None,
    ) -> None:
        self._pairs = pairs
        self._gone_back = gone_back
        self._sides_back = sides_back
        self._replaced = replaced
        self._changes: dict[str, list[tuple[Any, ...]]] = {}
        names = ("bc_id", "webstore_id", "field", "system", "value", "since")
        for bc_id, webstore_id, name, *rest in (
            zip(*(changes[n] for n in names), strict=True) if changes is not None else ()
        ):
            self._changes.setdefault(name, []).append((bc_id, webstore_id, *rest))

    @cached_property
    def _row_of(self) -> dict[tuple[str, int], int]:
        pairs = self._pairs
        keys = zip(pairs["bc_id"].to_pylist(), pairs["webstore_id"].to_pylist(), strict=True)
        return {key: row for row, key in enumerate(keys)}

    def went_back(self, name: str, values: FieldValues, key: Callable[[str], str]) -> WentBack | None:
        """Where a field of a side says what it said before: its record is older than what was seen of it; or others of that
        side are, and it holds exactly what a confirmed write replaced."""
        if not any(mask.any() for mask in self._gone_back.values()) and not self._replaced:
            return None
        nowhere = np.zeros(self._pairs.num_rows, dtype=np.bool_)
        found = {side: self._gone_back.get(side, nowhere).copy() for side in Side}
        now = {Side.WEBSTORE: values.webstore, Side.BUSINESS_CENTRAL: values.business_central}
        for (side, bc_id, webstore_id, field_), texts in self._replaced.items():
            row = self._row_of.get((bc_id, webstore_id)) if field_ == name else None
            if row is None or now[side][row].as_py() not in {key(text) for text in texts}:
                continue
            # back to the old value within the second in which the new one was written: an old copy, unless it was seen before
            if side in self._sides_back or (bc_id, webstore_id) not in self._seen(name, side, now[side], key):
                found[side][row] = True
        return WentBack(webstore=found[Side.WEBSTORE], business_central=found[Side.BUSINESS_CENTRAL])

    def _seen(self, name: str, side: Side, now: pa.Array, key: Callable[[str], str]) -> set[tuple[str, int]]:
        """The pairs whose value of now an earlier run saw already."""
        return {
            (bc_id, int(webstore_id))
            for bc_id, webstore_id, system, value, _ in self._changes.get(name, ())
            if system == str(side)
            and (row := self._row_of.get((bc_id, int(webstore_id)))) is not None
            and now[row].as_py() == key(value)
        }

    def newer(self, name: str, values: FieldValues, key: Callable[[str], str]) -> Codes:
        """1 = the webstore's value was first seen later, -1 = Business Central's, 0 = nobody knows.

        A value that no earlier run saw is newer than one that an earlier run saw; of two that are seen for the first time
        nobody knows which was typed first. When a record was touched says nothing: an order, a password, a note touch it.
        """
        since: dict[str, dict[int, Any]] = {str(side): {} for side in Side}
        now = {str(Side.WEBSTORE): values.webstore, str(Side.BUSINESS_CENTRAL): values.business_central}
        for bc_id, webstore_id, system, value, time in self._changes.get(name, ()):
            row = self._row_of.get((bc_id, int(webstore_id)))
            if row is not None and now[system][row].as_py() == key(value):
                since[system][row] = time
        codes = np.zeros(self._pairs.num_rows, dtype=np.int8)
        w, c = since[str(Side.WEBSTORE)], since[str(Side.BUSINESS_CENTRAL)]
        for row in w.keys() | c.keys():
            if row not in w or (row in c and w[row] > c[row]):
                codes[row] = 1
            elif row not in c or c[row] > w[row]:
                codes[row] = -1
        return codes
