"""What is compared, and what is written."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.normalize import NORMALIZERS, by_unique, clean, clean_email, fingerprint, key_columns, row_hashes


def test_blanks_of_every_kind_are_folded_and_control_characters_dropped() -> None:
    assert clean("\tTab\t Inc \n\x00") == "Tab Inc"


def test_the_first_of_several_emails_counts() -> None:
    assert clean_email(" ; a@x.example ; b@x.example") == "a@x.example"


@pytest.mark.parametrize(
    ("normalizer", "left", "right"),
    [
        ("text", "é", "e\u0301"),
        ("email", "Ann@X.example", "ann@x.example"),
        ("code", "eh1 1yz", "EH1 1YZ"),
        ("phone", "+44 (20) 7946-0018", "0044 20 79460018"),
    ],
)
def test_values_that_both_systems_take_for_one_are_equal(normalizer: str, left: str, right: str) -> None:
    assert NORMALIZERS[normalizer](left) == NORMALIZERS[normalizer](right)


@given(st.sampled_from(sorted(NORMALIZERS)), st.text(max_size=30))
def test_normalising_twice_changes_nothing(normalizer: str, value: str) -> None:
    key = NORMALIZERS[normalizer](value)
    assert NORMALIZERS[normalizer](key) == key


@given(st.sampled_from(sorted(NORMALIZERS)), st.text(max_size=30))
def test_a_cleaned_value_compares_like_the_value(normalizer: str, value: str) -> None:
    assert NORMALIZERS[normalizer](clean(value)) == NORMALIZERS[normalizer](value)


def test_a_column_is_normalised_once_per_distinct_value() -> None:
    calls: list[str] = []

    def count(value: str) -> str:
        calls.append(value)
        return value.upper()

    column = pa.chunked_array([["a", "b"], ["a", None]], type=pa.large_string())
    assert by_unique(column, count).to_pylist() == ["A", "B", "A", None]
    assert sorted(calls) == ["a", "b"]


def test_fingerprints_of_columns_and_of_one_customer_are_the_same() -> None:
    table = pa.table(
        {"name": ["Ann"], "city": [""]}, schema=pa.schema([("name", pa.large_string()), ("city", pa.large_string())])
    )
    keys = key_columns(table, {"name": "text", "city": "text"})
    assert row_hashes(keys) == [fingerprint(["Ann", ""])]
    assert fingerprint(["Ann", None]) != fingerprint(["Ann", ""])
