"""Joining both extracts against the mapping table: who is who, who is new, who is gone.

Everything is done on key columns with row numbers as the result (`index_in`), so that a million customers cost one pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Pairing", "pair"]


@dataclass(frozen=True)
class Pairing:
    """The mapping table beside both extracts.

    Attributes:
        pairs: one row per linked customer that is in both extracts, in order of bc_id: `bc_id`, `bc_number` (as Business
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
    ).sort_by("bc_id")
    doubled = pc.or_(_repeated(rows["bc_id"]), _repeated(rows["webstore_id"]))
    every = rows
    rows, twice = rows.filter(pc.invert(doubled)), rows.filter(doubled)
    w_ids, c_ids = webstore["webstore_id"].combine_chunks(), business_central["bc_id"].combine_chunks()
    rows = rows.append_column("w", pc.index_in(rows["webstore_id"], value_set=w_ids, skip_nulls=True))
    rows = rows.append_column("c", pc.index_in(rows["bc_id"], value_set=c_ids))
    there = pc.is_valid(rows["c"])
    linked = pc.is_valid(rows["webstore_id"])
    number = pc.take(business_central["number"], rows["c"])
    renumbered = pc.fill_null(pc.not_equal(number, rows["bc_number"]), False)
    rows = rows.append_column("before", rows["bc_number"]).set_column(
        1, "bc_number", pc.coalesce(number, rows["bc_number"])
    )
    return Pairing(
        pairs=rows.filter(pc.and_(there, pc.is_valid(rows["w"]))).drop_columns("before"),
        unlinked=rows.filter(pc.and_(there, pc.and_(rows["ticked"], pc.invert(linked)))).select(
            ["bc_id", "bc_number", "c"]
        ),
        missing_webstore=rows.filter(pc.and_(linked, pc.is_null(rows["w"]))).select(
            ["bc_id", "bc_number", "webstore_id", "ticked"]
        ),
        missing_business_central=rows.filter(pc.invert(there)).select(["bc_id", "bc_number", "webstore_id"]),
        new_webstore=_absent(w_ids, every["webstore_id"]),
        new_business_central=_absent(c_ids, every["bc_id"]),
        renumbered=rows.filter(renumbered).select(["bc_id", "before", "bc_number"]),
        twice=twice.select(["bc_id", "bc_number", "webstore_id"]),
    )


def _repeated(ids: pa.ChunkedArray) -> pa.Array:
    """Where an id stands in more than one row; a null is no id."""
    column = ids.combine_chunks()
    counts = column.value_counts()
    several = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    return pc.and_(pc.is_valid(column), pc.is_in(column, value_set=several))


def _absent(ids: pa.Array, mapped: pa.ChunkedArray) -> list[int]:
    """Row numbers of ids that the mapping does not name."""
    outside: list[int] = pc.indices_nonzero(pc.invert(pc.is_in(ids, value_set=mapped.combine_chunks()))).to_pylist()
    return outside
