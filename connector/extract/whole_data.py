"""What is expected of all records together, judged over partitions without having them all in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.column_lookup import hashes_of_rows
from connector.core.expectations import WHOLE, Expectation, Finding
from connector.extract.partitions import Partitions
from connector.quality import validate

__all__ = ["judged", "takes_all"]

# ids never stand in two partitions, so that each of them can say by itself whether they are unique
_KEYS = frozenset({"id", "bc_id", "webstore_id"})


def takes_all(expectation: Expectation) -> bool:
    """Whether it takes all records to judge it."""
    unique = expectation.words.startswith("is unique")
    return expectation.words in WHOLE or (unique and not _KEYS.intersection(expectation.fields))


def judged(partitions: Partitions, suite: str, key: str, expectation: Expectation) -> list[Finding]:
    """What an expectation of all records finds.

    Args:
        suite: also the name of what was landed.
        key: the column that names a record.
    """
    rows = _rows_for(partitions, suite, key, expectation)
    rows = rows if "id" in rows.column_names else rows.append_column("id", rows[key])
    return validate(suite, [expectation], rows, rows[key].combine_chunks())


def _rows_for(partitions: Partitions, name: str, key: str, expectation: Expectation) -> pa.Table:
    """The rows by which it can be judged: for a column's being there one partition's, for uniqueness those that may be there
    twice, else all."""
    if expectation.words == "is there":
        return partitions.read(name, 0)
    there = partitions.read(name, 0).column_names
    fields = [field for field in expectation.fields if field in there]
    wanted = list(dict.fromkeys([key, *fields, *(["malformed"] if "malformed" in there else [])]))
    if not expectation.words.startswith("is unique"):
        return pa.concat_tables(_good(partitions.read(name, n, wanted)) for n in range(partitions.count))
    if not fields:
        return partitions.read(name, 0).slice(0, 0)

    def rows_of(number: int) -> pa.Table:
        rows = _good(partitions.read(name, number, wanted))
        # two blanks are not the same
        return rows.filter(pc.not_equal(rows[fields[0]].cast(pa.large_string()), "")) if len(fields) == 1 else rows

    hashed = np.concatenate([_hashes(rows_of(number), fields) for number in range(partitions.count)])
    values, counts = np.unique(hashed, return_counts=True)
    several = values[counts > 1]
    tables = [rows_of(0).slice(0, 0)]
    for number in range(partitions.count if len(several) else 0):
        rows = rows_of(number)
        tables.append(rows.filter(pa.array(np.isin(_hashes(rows, fields), several))))
    return pa.concat_tables(tables)


def _good(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.equal(rows["malformed"], "")) if "malformed" in rows.column_names else rows


def _hashes(rows: pa.Table, fields: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Equal for equal values, a missing one and a blank among them; whoever has the hash of somebody else is looked at."""
    return hashes_of_rows([pc.fill_null(rows[field].cast(pa.large_string()), "") for field in fields], "uniqueness")
