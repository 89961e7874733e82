"""A pair and all that belongs to it is in one partition; everybody is in exactly one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from connector.core.partitioning import Placement, part_of_ids, split

ids = st.lists(st.uuids().map(str), unique=True, min_size=1, max_size=40)


@given(bc_ids=ids, count=st.integers(1, 9), data=st.data())
def test_both_records_of_a_pair_go_where_its_mapping_row_goes(
    bc_ids: list[str], count: int, data: st.DataObject
) -> None:
    numbers = st.lists(st.integers(1, 2**62), unique=True, min_size=len(bc_ids), max_size=len(bc_ids))
    accounts = np.array(data.draw(numbers), dtype=np.int64)
    parts = part_of_ids(pa.array(bc_ids, pa.large_string()), count)
    placement = Placement(count, accounts, parts)
    assert placement.of(pa.array(accounts)).tolist() == parts.tolist()
    assert part_of_ids(pa.chunked_array([bc_ids[:1], bc_ids[1:]], pa.large_string()), count).tolist() == parts.tolist()
    assert all(0 <= part < count for part in parts)


@given(accounts=st.lists(st.integers(1, 2**62), max_size=20), count=st.integers(1, 9))
def test_an_account_that_no_row_names_has_a_place_too(accounts: list[int], count: int) -> None:
    known = Placement(count, np.array([7], dtype=np.int64), np.array([count - 1], dtype=np.int64))
    nobody = Placement(count, np.zeros(0, np.int64), np.zeros(0, np.int64))
    for placement in (known, nobody):
        found = placement.of(pa.array(accounts, pa.int64())).tolist()
        assert found == [count - 1 if placement is known and n == 7 else n % count for n in accounts]


def test_the_place_of_an_id_is_the_same_in_every_process() -> None:
    some = pa.array(["0000-1", "0000-2", "0000-3", "9d3c-4"], pa.large_string())
    assert part_of_ids(some, 1_000).tolist() == [945, 215, 949, 713]


@given(parts=st.lists(st.integers(-1, 4), max_size=30))
def test_nobody_is_lost_or_doubled_when_rows_are_divided(parts: list[int]) -> None:
    table = pa.table({"n": pa.array(range(len(parts)), pa.int64())})
    found = {part: rows["n"].to_pylist() for part, rows in split(table, np.array(parts, dtype=np.int64))}
    assert found == {p: [n for n, q in enumerate(parts) if q == p] for p in sorted(set(parts) - {-1})}
