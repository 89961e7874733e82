"""What is told of the bytes of a column is what a regular expression tells of its texts."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.text_bytes import are_words, has_any, numbers, only
from tests.property.texts import any_text

CLASSES = ("[!-~]", r"[!-+\--:<-~]", "[0-9]")
texts = st.one_of(
    any_text, st.text(st.sampled_from(" a;&0ø\x00\x7f"), max_size=6), st.sampled_from(("a b", "a  b", " a", "b "))
)
columns = st.lists(st.one_of(st.none(), texts), max_size=12)
KINDS = (pa.large_string(), pa.string())


@pytest.mark.parametrize("characters", CLASSES)
@given(values=columns, before=st.integers(0, 3), kind=st.sampled_from(KINDS))
def test_of_any_column_and_of_a_part_of_one(
    characters: str, values: list[str | None], before: int, kind: pa.DataType
) -> None:
    array = pa.array([*[" x ø"] * before, *values, "behind "], type=kind).slice(before, len(values))
    words = re.compile(f"(?:{characters}+(?: {characters}+)*)?")
    assert are_words(array, characters).to_pylist() == [
        None if value is None else words.fullmatch(value) is not None for value in values
    ]
    assert only(array, characters).to_pylist() == [
        None if value is None else "".join(re.findall(characters, value)) for value in values
    ]
    assert has_any(array, characters) == any(re.search(characters, value) for value in values if value is not None)


@given(values=st.lists(st.one_of(st.none(), texts, st.text("0159 -/ø\n", max_size=8)), max_size=12),
       before=st.integers(0, 3), kind=st.sampled_from(KINDS))  # fmt: skip
def test_numbers_are_the_runs_of_digits(values: list[str | None], before: int, kind: pa.DataType) -> None:
    array = pa.array([*["5 x"] * before, *values, "7 behind"], type=kind).slice(before, len(values))
    assert numbers(array).to_pylist() == [
        None if value is None else " ".join(re.findall("[0-9]+", value)) for value in values
    ]
