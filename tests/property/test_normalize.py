"""Keys are stable: normalising again, or normalising what was cleaned, changes nothing."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.geography import Geography
from connector.core.national_numbers import international_phone
from connector.core.normalize import CANONICAL, NORMALIZERS, clean, unescape
from connector.rules import load_rules
from tests.property import texts

GEOGRAPHY: Geography = load_rules().geography
values = st.one_of(texts.any_text, texts.phones, texts.emails, texts.postcodes, texts.vat_numbers)
normalizers = st.sampled_from(sorted(NORMALIZERS))
typed = st.one_of(
    values,
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.dates().map(lambda day: day.isoformat()),
    st.sampled_from(
        ("true", "Yes", "0", "off", "2026-02-30", "2026-01-31T10:00:00+05:30", "0001-01-01", "-0", "1e3", "+7")
    ),
)
# all but those that no step can change: letters without case and composition, and what is not assigned
TELLING_CHARACTERS = [
    c for c in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(c) not in {"Cn", "Co", "Cs"}
    and (unicodedata.category(c) != "Lo" or unicodedata.normalize("NFKD", c) != c)
]  # fmt: skip


@given(normalizers, typed)
def test_normalising_twice_changes_nothing(normalizer: str, value: str) -> None:
    key = NORMALIZERS[normalizer](value)
    assert NORMALIZERS[normalizer](key) == key


@given(normalizers, typed)
def test_a_canonical_value_compares_like_the_value(normalizer: str, value: str) -> None:
    canonical = CANONICAL[normalizer](value)
    assert CANONICAL[normalizer](canonical) == canonical
    assert NORMALIZERS[normalizer](canonical) == NORMALIZERS[normalizer](value)


@given(normalizers, typed)
def test_only_a_blank_value_has_a_blank_key(normalizer: str, value: str) -> None:
    assert bool(NORMALIZERS[normalizer](value)) == bool(CANONICAL[normalizer](value))


@pytest.mark.parametrize("normalizer", ["text", "code", "postcode", "vat", "phone", "email"])
def test_every_character_has_a_stable_key(normalizer: str) -> None:
    key = NORMALIZERS[normalizer]
    assert [c for c in TELLING_CHARACTERS if key(key(f"1{c}")) != key(f"1{c}")] == []


@given(values)
def test_cleaning_leaves_no_blank_at_the_ends_and_no_control_character(value: str) -> None:
    cleaned = clean(value)
    assert clean(cleaned) == cleaned == cleaned.strip()
    assert not any(unicodedata.category(character) == "Cc" for character in cleaned)


@given(texts.any_text)
def test_text_without_whole_entities_is_left_alone(value: str) -> None:
    assert unescape(value.replace(";", "")) == value.replace(";", "")


@given(texts.phones, st.sampled_from(("", "NO", "DE", "US", "IT", "XX")))
def test_an_international_number_means_the_same_everywhere(number: str, country: str) -> None:
    key = NORMALIZERS["phone"](number)
    meant = international_phone(key, country)
    assert international_phone(meant, country) == meant
    if meant.startswith("+") and "ext" not in meant:
        assert international_phone(meant, "FR") == meant


def test_every_state_survives_the_way_to_business_central_and_back() -> None:
    lost = [
        state for state in GEOGRAPHY.states
        if GEOGRAPHY.state_code(state.country, GEOGRAPHY.state_name(state.country, state.code)) != state.code
    ]  # fmt: skip
    assert lost == []


def test_every_country_survives_the_way_to_business_central_and_back() -> None:
    isos = {state.country for state in GEOGRAPHY.states} | set(GEOGRAPHY.exceptions)
    assert [iso for iso in sorted(isos) if GEOGRAPHY.iso_country(GEOGRAPHY.company_country(iso) or "") != iso] == []


@given(st.sampled_from(("US", "DE", "GR", "NO", "")), texts.states)
def test_a_state_of_either_side_is_stable(country: str, text: str) -> None:
    code = GEOGRAPHY.state_code(country, clean(text))
    assert GEOGRAPHY.state_code(country, code) == code
    assert GEOGRAPHY.state_code(country, GEOGRAPHY.state_name(country, code)) == code
