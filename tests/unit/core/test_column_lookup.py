"""Where keys stand, whichever engine is asked."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import column_lookup
from connector.core.column_lookup import hashes_of_rows, rows_in
from tests.property.texts import PIECES

TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(PIECES), st.text(max_size=3)), max_size=8)
NUMBERS = st.lists(st.one_of(st.none(), st.integers(-2, 2), st.integers(-(2**63), 2**63 - 1)), max_size=8)


@pytest.mark.parametrize(("values", "kind"), [(TEXTS, pa.large_string()), (NUMBERS, pa.int64())])
@given(data=st.data())
def test_both_engines_find_the_first_row_of_every_key_and_none_for_null(
    values: st.SearchStrategy[list[object]], kind: pa.DataType, data: st.DataObject
) -> None:
    keys = pa.array(data.draw(values), kind)
    among = pa.array(data.draw(values), kind)
    found = column_lookup._joined(keys, among)
    assert found.equals(pc.index_in(keys, value_set=among, skip_nulls=True))
    assert found.equals(rows_in(pa.chunked_array([keys]), pa.chunked_array([among.slice(0, 2), among.slice(2)])))


def test_many_keys_are_found_where_they_stand() -> None:
    keys = pa.array([f"key {number}" for number in range(60_000)], pa.large_string())
    rows = rows_in(keys, keys[::-1])
    assert rows.to_pylist() == list(range(59_999, -1, -1))
    doubled = pa.concat_arrays([keys, keys])
    assert rows_in(keys, doubled).to_pylist() == list(range(60_000))


@given(rows=st.lists(st.tuples(*[st.one_of(st.none(), st.sampled_from(PIECES), st.text(max_size=3))] * 3), max_size=12))
def test_rows_have_the_same_number_exactly_when_they_read_the_same(rows: list[tuple[str | None, ...]]) -> None:
    columns = [pa.array([row[n] for row in rows], pa.large_string()) for n in range(3)]
    numbers = hashes_of_rows(columns, "salt").tolist()
    assert len(set(numbers)) == len(set(rows))
    assert len(set(zip(numbers, rows, strict=True))) == len(set(rows))
    assert not set(numbers) & set(hashes_of_rows(columns, "pepper").tolist())
