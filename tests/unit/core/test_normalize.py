"""What is compared, and what is written."""

from __future__ import annotations

import sys
import unicodedata

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

# signs that are written before or around others, and controls of Egyptian hieroglyphs: they are seen
SEEN = (
    "ARABIC NUMBER", "ARABIC SIGN", "ARABIC FOOTNOTE", "ARABIC POUND", "ARABIC PIASTRE", "ARABIC END", "ARABIC DISPUTED",
    "SYRIAC ABBREVIATION", "KAITHI NUMBER", "EGYPTIAN HIEROGLYPH",
)  # fmt: skip


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


@pytest.mark.parametrize(
    "spelled",
    [
        "ann@x.example\u200b", "\ufeffann@x.example", "an\u00adn@x.example", "\u202aann@x.example\u202c", "ann\u2060@x.example",
        "ａｎｎ＠ｘ．ｅｘａｍｐｌｅ", "Ann@X.EXAMPLE", "ann@x.example； bea@x.example", "\u200b; ann@x.example", "ann@x。example",
    ],
)  # fmt: skip
def test_an_address_is_one_however_it_is_spelled(spelled: str) -> None:
    assert NORMALIZERS["email"](spelled) == "ann@x.example"
    assert clean_email(spelled).lower() == "ann@x.example"


def test_a_domain_is_one_in_unicode_and_in_ascii() -> None:
    spelled = (
        "ann@MÜNCHEN.example",
        "ann@mu\u0308nchen.example",
        "ann@xn--mnchen-3ya.example",
        "ann@XN--MNCHEN-3YA.example",
    )
    assert {NORMALIZERS["email"](text) for text in spelled} == {"ann@xn--mnchen-3ya.example"}
    assert NORMALIZERS["email"]("ann@straße.example") != NORMALIZERS["email"]("ann@strasse.example")


def test_dots_and_plus_tags_are_other_people() -> None:
    assert len({NORMALIZERS["email"](f"{local}@x.example") for local in ("annlee", "ann.lee", "annlee+shop")}) == 3


@pytest.mark.parametrize("normalizer", ["text", "code", "postcode", "vat", "phone", "email"])
def test_a_character_that_nobody_sees_makes_no_other_value(normalizer: str) -> None:
    format_characters = [
        c for c in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(c) == "Cf" and not unicodedata.name(c, "").startswith(SEEN)
    ]  # fmt: skip
    key = NORMALIZERS[normalizer]
    assert [c for c in format_characters if key(f"{c}A{c}1 {c}2{c}") != key("A1 2")] == []


def test_joiners_count_where_a_script_needs_them() -> None:
    for name in ("نیک\u200cپی", "क\u094d\u200dष", "👩\u200d👧"):
        assert NORMALIZERS["text"](name) == name
    assert NORMALIZERS["text"]("Ann\u200d Lee\u200c") == "Ann Lee"
    assert NORMALIZERS["text"]("\u200b\u200e") == clean("\u200b\u200e") == ""
