"""Joining both extracts against the mapping table: who is who, who is new, who is gone.

Everything is done on key columns with row numbers as the result (column_lookup.py), so that a million customers cost one pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.column_lookup import rows_in

__all__ = ["Pairing", "pair"]


@dataclass(frozen=True)
class Pairing:
    """The mapping table beside both extracts.

    Attributes:
        pairs: one row per linked customer that is in both extracts: `bc_id`, `bc_number` (as Business
            Central has it now), `webstore_id`, `ticked`, and the row numbers `w` and `c` in the two extracts.
        unlinked: one row per mapping row without a Webstore ID whose customer is in the extract: `bc_id`, `bc_number`, `c`.
        missing_webstore: linked rows whose webstore customer is not in the extract.
        missing_business_central: mapping rows whose Business Central customer is not in the extract.
        new_webstore: row numbers of webstore customers that no mapping row names.
        new_business_central: row numbers of Business Central customers that no mapping row names.
        renumbered: mapping rows whose customer has another number now: `bc_id`, `before`, `bc_number`.
        twice: mapping rows of which one id stands in another row, too; they take no part in anything else.
    """

    pairs: pa.Table
    unlinked: pa.Table
    missing_webstore: pa.Table
    missing_business_central: pa.Table
    new_webstore: list[int]
    new_business_central: list[int]
    renumbered: pa.Table
    twice: pa.Table


def pair(mapping: pd.DataFrame, webstore: pa.Table, business_central: pa.Table) -> Pairing:
    """Join the current mapping with both extracts.

    Args:
        mapping: one row per mapping row: `bc_id`, `bc_number`, `webstore_id` (null = none), `webstore_customer`.
        webstore: one row per webstore customer, column `webstore_id`.
        business_central: one row per Business Central customer, columns `bc_id` and `number`.
    """
    rows = pa.table(
        {
            "bc_id": pa.array(mapping["bc_id"], type=pa.large_string()),
            "bc_number": pa.array(mapping["bc_number"], type=pa.large_string()),
            "webstore_id": pa.array(mapping["webstore_id"], type=pa.int64(), from_pandas=True),
            "ticked": pa.array(mapping["webstore_customer"], type=pa.bool_()),
        }
    )
    w_ids, c_ids = webstore["webstore_id"].combine_chunks(), business_central["bc_id"].combine_chunks()
    w, c = rows_in(rows["webstore_id"], w_ids), rows_in(rows["bc_id"], c_ids)
    doubled = pc.or_(_repeated(rows["bc_id"], c), _repeated(rows["webstore_id"], w))
    new_webstore, new_business_central = _absent(w_ids, w, rows["webstore_id"]), _absent(c_ids, c, rows["bc_id"])
    rows = rows.append_column("w", w).append_column("c", c)
    twice = rows.filter(doubled)
    if twice.num_rows:
        rows = rows.filter(pc.invert(doubled))
    there, linked = pc.is_valid(rows["c"]), pc.is_valid(rows["webstore_id"])
    number = pc.take(business_central["number"].combine_chunks(), rows["c"].combine_chunks())
    other = pc.fill_null(pc.not_equal(number, rows["bc_number"]), False)
    renumbered = rows.select(["bc_id"]).append_column("before", rows["bc_number"]).append_column("bc_number", number)
    rows = rows.set_column(1, "bc_number", pc.coalesce(number, rows["bc_number"]))
    return Pairing(
        pairs=_where(rows, pc.and_(there, pc.is_valid(rows["w"]))),
        unlinked=_where(rows, pc.and_(there, pc.and_(rows["ticked"], pc.invert(linked)))).select(
            ["bc_id", "bc_number", "c"]
        ),
        missing_webstore=_where(rows, pc.and_(linked, pc.is_null(rows["w"]))).select(
            ["bc_id", "bc_number", "webstore_id", "ticked"]
        ),
        missing_business_central=_where(rows, pc.invert(there)).select(["bc_id", "bc_number", "webstore_id"]),
        new_webstore=new_webstore,
        new_business_central=new_business_central,
        renumbered=_where(renumbered, other),
        twice=twice.select(["bc_id", "bc_number", "webstore_id"]),
    )


def _where(rows: pa.Table, holds: pa.ChunkedArray) -> pa.Table:
    """The rows of which something holds; all of them at no cost."""
    return rows if pc.all(holds, min_count=0).as_py() else rows.filter(holds)


def _repeated(ids: pa.ChunkedArray, found: pa.Array) -> pa.Array:
    """Where an id stands in more than one row; a null is no id.

    Args:
        found: the row of each id in its extract: numbers are counted faster than texts, and only the ids that are in no
            extract need to be counted themselves.
    """
    several = _counts(found) > 1
    rows = found.fill_null(0).to_numpy(zero_copy_only=False)
    doubled = np.zeros(len(found), dtype=bool)
    if several.any():
        doubled = several[rows] & found.is_valid().to_numpy(zero_copy_only=False)
    lost = pc.and_(pc.is_null(found), pc.is_valid(ids)).combine_chunks()
    if not pc.any(lost, min_count=0).as_py():
        return pa.array(doubled)
    counts = ids.filter(lost).combine_chunks().value_counts()
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    return pc.or_(pa.array(doubled), pc.and_(lost, pc.is_in(ids.combine_chunks(), value_set=twice)))


def _counts(found: pa.Array) -> np.ndarray[Any, np.dtype[np.intp]]:
    counts: np.ndarray[Any, np.dtype[np.intp]] = np.bincount(found.drop_null().to_numpy(), minlength=1)
    return counts


def _absent(ids: pa.Array, found: pa.Array, mapped: pa.ChunkedArray) -> list[int]:
    """Row numbers of ids that the mapping does not name.

    Args:
        found: the rows that the mapping names.
    """
    unnamed = np.ones(len(ids), dtype=bool)
    unnamed[found.drop_null().to_numpy()] = False
    rows = np.flatnonzero(unnamed)
    # an id that is in the extract twice is found once
    again = (
        pc.is_in(ids.take(pa.array(rows)), value_set=mapped.combine_chunks()) if len(rows) else pa.array([], pa.bool_())
    )
    result: list[int] = rows[~again.to_numpy(zero_copy_only=False).astype(bool)].tolist()
    return result
