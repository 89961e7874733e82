"""Whole columns asked in DuckDB, in memory and on every core: where keys stand, and what records read like.

Arrow's own kernels answer the first on one core, and have no answer to the second.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["ENGINE", "hashes_of_rows", "rows_in"]

ENGINE = f"duckdb {duckdb.__version__}"
# so many keys and rows together are found by Arrow before DuckDB has planned its query
_FEW = 50_000
_Array: TypeAlias = pa.Array | pa.ChunkedArray


def rows_in(keys: _Array, among: _Array) -> pa.Array:
    """In which row each key stands: the first one, or null where it stands in none. A null is no key.

    Args:
        keys, among: both texts or both whole numbers.
    """
    if not len(keys):
        return pa.nulls(0, pa.int32())
    if len(keys) + len(among) < _FEW:
        return pc.index_in(_whole(keys), value_set=_whole(among), skip_nulls=True)
    return _joined(keys, among)


def hashes_of_rows(columns: Sequence[_Array], salt: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """One number for each row of these columns; a null is told from a blank text.

    The numbers are the same in all processes with the same ENGINE, and others with another salt.
    """
    names = [f"c{number}" for number in range(len(columns))]
    rows = pa.table([*columns, _count(len(columns[0]))], names=[*names, "row"])
    with _database().cursor() as cursor:
        cursor.register("records", rows)
        query = f"SELECT row, hash(?::VARCHAR, {', '.join(names)}) AS hash FROM records"  # noqa: S608 - c0, c1, …
        told = cursor.execute(query, [salt]).fetchnumpy()
    result = np.zeros(rows.num_rows, dtype=np.uint64)
    result[told["row"]] = told["hash"]
    return result.view(np.int64)


def _joined(keys: _Array, among: _Array) -> pa.Array:
    with _database().cursor() as cursor:
        cursor.register("wanted", pa.table({"key": keys, "row": _count(len(keys))}))
        cursor.register("there", pa.table({"key": among, "place": _count(len(among))}))
        told = cursor.execute("SELECT row, place FROM wanted JOIN there USING (key)").fetchnumpy()
    rows, places = (np.asarray(told[name]) for name in ("row", "place"))
    result = np.full(len(keys), -1, dtype=np.int32)
    result[rows] = places
    if np.count_nonzero(result >= 0) < len(rows):  # a key stands in several rows: the first is written last
        order = np.argsort(-places, kind="stable")
        result[rows[order]] = places[order]
    return pa.array(result, mask=result < 0)


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for the process: making it takes longer than a question about a few thousand rows. It writes nothing to disk."""
    return duckdb.connect(
        ":memory:",
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False, "temp_directory": ""},
    )


def _count(size: int) -> pa.Array:
    return pa.array(np.arange(size, dtype=np.int32))


def _whole(column: _Array) -> pa.Array:
    """One array; a column that is one already would be copied by combine_chunks."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
