"""Programs written by hand for one question and nothing else: which fields of which pairs differ from their base, and how.

Each gets both extracts (random order), both bases (in order of the pairs) and the mapping table as Arrow tables, and gives back
how many fields changed, having gathered for each the ids, the base and what both sides say. They have no normalisers, no names,
no policies, no gates and no writes: what they take is what the question costs at least.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import datacompy
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.customers import C_COLUMNS, W_COLUMNS

__all__ = ["CONTESTANTS", "Inputs"]

PAIRS = tuple(zip(W_COLUMNS, C_COLUMNS, strict=True))


@dataclass(frozen=True)
class Inputs:
    """What every program gets. Row n of both bases is row n of the mapping table."""

    webstore: pa.Table
    company: pa.Table
    base_webstore: pa.Table
    base_company: pa.Table
    mapping: pa.Table


def by_pyarrow(given: Inputs) -> int:
    """Align by key, compare every column with its base, gather what changed."""
    w = pc.index_in(
        given.mapping["webstore_id"].combine_chunks(), value_set=given.webstore["webstore_id"].combine_chunks()
    )
    c = pc.index_in(given.mapping["bc_id"].combine_chunks(), value_set=given.company["bc_id"].combine_chunks())
    found = []
    for w_name, c_name in PAIRS:
        now_w, now_c = given.webstore[w_name].take(w), given.company[c_name].take(c)
        changed_w = pc.not_equal(now_w, given.base_webstore[w_name])
        changed_c = pc.not_equal(now_c, given.base_company[c_name])
        rows = pc.indices_nonzero(pc.or_(changed_w, changed_c))
        columns = (now_w, now_c, given.base_webstore[w_name], given.base_company[c_name], given.mapping["bc_id"])
        found.append([column.take(rows) for column in columns])
    return sum(len(columns[0]) for columns in found)


def by_polars(given: Inputs) -> int:
    """The same as joins and filters of polars, which uses every core."""
    w = pl.from_arrow(given.webstore.select(["webstore_id", *W_COLUMNS])).lazy()
    c = pl.from_arrow(given.company.select(["bc_id", *C_COLUMNS])).lazy()
    mapping = pl.from_arrow(given.mapping.select(["bc_id", "webstore_id"]))
    bases = [pl.from_arrow(t.select(n)).rename({x: f"{s}:{x}" for x in n}) for t, n, s in (
        (given.base_webstore, W_COLUMNS, "bw"), (given.base_company, C_COLUMNS, "bc"))]  # fmt: skip
    joined = (
        pl.concat([mapping, *bases], how="horizontal")
        .lazy()
        .join(w.rename({x: f"w:{x}" for x in W_COLUMNS}), on="webstore_id")
        .join(c.rename({x: f"c:{x}" for x in C_COLUMNS}), on="bc_id")
    )
    differs = [
        (pl.col(f"w:{w_name}") != pl.col(f"bw:{w_name}")) | (pl.col(f"c:{c_name}") != pl.col(f"bc:{c_name}"))
        for w_name, c_name in PAIRS
    ]
    rows = joined.filter(pl.any_horizontal(differs)).collect()
    return sum(rows.filter(one).height for one in differs)


def by_duckdb(given: Inputs) -> int:
    """The same in SQL."""
    tables = {"w": given.webstore, "c": given.company, "m": given.mapping}
    numbers = pa.array(np.arange(given.mapping.num_rows))
    tables |= {
        "bw": given.base_webstore.append_column("n", numbers),
        "bc": given.base_company.append_column("n", numbers),
    }
    tables["m"] = given.mapping.append_column("n", numbers)
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        tests = [f'(w."{x}" <> bw."{x}" OR c."{y}" <> bc."{y}")' for x, y in PAIRS]
        shown = [
            f'w."{x}", bw."{x}", c."{y}", bc."{y}", {test}::INT AS d{n}'
            for n, ((x, y), test) in enumerate(zip(PAIRS, tests, strict=True))
        ]
        query = (  # the names are constants of this project
            f"SELECT m.bc_id, m.webstore_id, {', '.join(shown)} FROM m JOIN bw USING (n) JOIN bc USING (n)"  # noqa: S608
            f" JOIN w ON w.webstore_id = m.webstore_id JOIN c ON c.bc_id = m.bc_id WHERE {' OR '.join(tests)}"
        )
        rows = connection.sql(query).to_arrow_table()
    return sum(pc.sum(rows[f"d{n}"]).as_py() or 0 for n in range(len(PAIRS)))


def by_pandas(given: Inputs) -> int:
    """merge, and a comparison for each column."""
    frames = [
        table.select(names).to_pandas(types_mapper=pd.ArrowDtype)
        for table, names in (
            (given.webstore, ["webstore_id", *W_COLUMNS]),
            (given.company, ["bc_id", *C_COLUMNS]),
            (given.mapping, ["bc_id", "webstore_id"]),
            (given.base_webstore, W_COLUMNS),
            (given.base_company, C_COLUMNS),
        )
    ]
    w, c, mapping = frames[0].add_prefix("w:"), frames[1].add_prefix("c:"), frames[2]
    whole = pd.concat([mapping, frames[3].add_prefix("bw:"), frames[4].add_prefix("bc:")], axis=1)
    joined = whole.merge(w, left_on="webstore_id", right_on="w:webstore_id").merge(
        c, left_on="bc_id", right_on="c:bc_id"
    )
    found = 0
    for x, y in PAIRS:
        differs = (joined[f"w:{x}"] != joined[f"bw:{x}"]) | (joined[f"c:{y}"] != joined[f"bc:{y}"])
        found += len(joined.loc[differs, ["bc_id", f"w:{x}", f"bw:{x}", f"c:{y}", f"bc:{y}"]])
    return found


def by_datacompy(given: Inputs) -> int:
    """Two comparisons of an extract with its base, by a library made for comparing frames."""
    found = 0
    for now, base, key, names in (
        (given.webstore, given.base_webstore, "webstore_id", W_COLUMNS),
        (given.company, given.base_company, "bc_id", C_COLUMNS),
    ):
        left, right = (pl.from_arrow(table.select([key, *names])) for table in (now, base))
        compared = datacompy.PolarsCompare(left, right, join_columns=[key])
        found += sum(int(column["unequal_cnt"]) for column in compared.column_stats)
    return found


CONTESTANTS: dict[str, Callable[[Inputs], int]] = {
    "pyarrow": by_pyarrow,
    "polars": by_polars,
    "DuckDB": by_duckdb,
    "pandas": by_pandas,
    "datacompy": by_datacompy,
}
