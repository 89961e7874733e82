"""Phone numbers of whole columns are what Google's rules say of each."""

from __future__ import annotations

import random

import phonenumbers
import pyarrow as pa

from connector.core.phone_numbers import _as_they_stand, e164, e164_of

DICE = random.Random(7)
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def written(code: int) -> str:
    """A number of a country, as somebody might write it: some are none."""
    example = phonenumbers.example_number(phonenumbers.region_code_for_country_code(code))
    number = phonenumbers.national_significant_number(example) if example and DICE.random() < 0.6 else ""
    number = number or "".join(DICE.choices("0123456789", k=DICE.randint(1, 13)))
    if DICE.random() < 0.4:  # a digit too many, another one, or the prefix for calls within the country
        number = DICE.choice([number + "0", number[:-1] + DICE.choice("0123456789"), "0" + number, "1" + number])
    text = DICE.choice(["+", "+", "00", "+ ", ""]) + str(code) + DICE.choice(["", " ", "-", " ("]) + number
    place = DICE.randrange(2, len(text) + 1)
    return text[:place] + DICE.choice(["", "", " ", ")", ".", "/", "x", " ext 7", "٣"]) + text[place:]


def test_a_column_of_phone_numbers_says_what_each_says() -> None:
    phones = [written(code) for code in CODES for _ in range(60)] + ["", " ", "none", "+", "00", "+47", "112"]
    countries = [DICE.choice(["", "NO", "GB", "US", "IT", "MX", "AR", "??"]) for _ in phones]
    columns = [pa.array(texts, pa.large_string()) for texts in (phones, countries)]
    told = e164_of(*columns).to_pylist()
    alone = [e164(phone, country) for phone, country in zip(phones, countries, strict=True)]
    assert [pair for pair in zip(phones, countries, told, alone, strict=True) if pair[2] != pair[3]] == []
    _, whole, none = _as_they_stand(columns[0])
    assert min(whole.mean(), none.mean()) > 0.05  # many are seen of the column


def test_no_phone_number_at_all() -> None:
    nobody = pa.array([], pa.large_string())
    assert e164_of(nobody, nobody).to_pylist() == []
