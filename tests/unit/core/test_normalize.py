"""What is compared, and what is written."""

from __future__ import annotations

import pyarrow as pa
import pytest

from connector.core.normalize import (
    CANONICAL,
    NORMALIZERS,
    by_unique,
    clean,
    clean_email,
    fingerprint,
    key_columns,
    row_hashes,
    unescape,
)


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
        ("code", "straße", "STRASSE"),
        ("postcode", "EH11YZ", "eh1 1yz"),
        ("postcode", "00-001", "00001"),
        ("vat", "DE 123.456-789", "de123456789"),
        ("phone", "+44 (20) 7946-0018", "0044 20 79460018"),
        ("phone", "+49 (0)30 1234567", "+49 30 1234567"),
        ("phone", "٠٣٠ ١٢٣", "030 123"),
        ("integer", "+042", "42"),
        ("decimal", "1.50", "1.5"),
        ("decimal", "-0", "0.00"),
        ("boolean", "Yes", "1"),
        ("boolean", "off", "0"),
        ("date", "2026-01-31T00:00:00Z", "2026-01-31"),
        ("date", "0001-01-01", ""),
        ("date-time", "2026-01-31T10:00:00+05:30", "2026-01-31 04:30:00.123Z"),
    ],
)
def test_values_that_both_systems_take_for_one_are_equal(normalizer: str, left: str, right: str) -> None:
    assert NORMALIZERS[normalizer](left) == NORMALIZERS[normalizer](right)


@pytest.mark.parametrize(
    ("normalizer", "left", "right"),
    [
        ("text", "Ann", "ann"),
        ("text", "&amp;", "&"),
        ("phone", "22 00 00 00", "22 00 00 00 ext. 5"),
        ("phone", "n/a", ""),
        ("phone", "+39 (0)6 1234", "+39 6 1234"),
        ("boolean", "", "0"),
        ("date", "2026-02-30", "2026-03-02"),
        ("postcode", "-", ""),
    ],
)
def test_values_that_differ_stay_different(normalizer: str, left: str, right: str) -> None:
    assert NORMALIZERS[normalizer](left) != NORMALIZERS[normalizer](right)


def test_a_value_that_is_not_of_its_kind_stays_as_it_is() -> None:
    assert CANONICAL["date"]("31.01.2026") == "31.01.2026"
    assert CANONICAL["decimal"]("1.000,50") == "1.000,50"
    assert CANONICAL["boolean"]("maybe") == "maybe"


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("O&#039;Brien &lt;3", "O'Brien <3"),
        ("Zo&euml;", "Zoë"),
        ("AT&T &notes; &copy", "AT&T &notes; &copy"),
        ("&#0; &#xd800; &#xFFFE;", "&#0; &#xd800; &#xFFFE;"),
    ],
)
def test_entities_are_characters_as_wordpress_knows_them(stored: str, written: str) -> None:
    assert unescape(stored) == written


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
