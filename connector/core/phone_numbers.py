"""Phone numbers in E.164, one by one and for whole columns.

Google's rules decide (the phonenumbers package); they take 40 µs a number. Most numbers of a shop are written in the
international way and mean what stands there: of those it is seen of the whole column.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["e164", "e164_of"]

# the international way, and no character in it that could begin an extension, a note or a second number
_AS_IT_STANDS = r"^\+[1-9][0-9 ().\-]{5,}$"
_LONGEST_CODE = 3
_NO_COUNTRY = "001"  # freephone and satellites: numbers of no country
Mask = np.ndarray[Any, np.dtype[np.bool_]]


@lru_cache(maxsize=200_000)
def e164(phone: str, country: str) -> str:
    """A phone number as +<country><number>, an extension left out; "" when it cannot be a number.

    Args:
        country: ISO code of the country whose national numbers are meant; "" = only international ones are understood.
    """
    text = "+" + phone[2:] if phone.startswith("00") else phone
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def e164_of(phones: pa.Array, countries: pa.Array) -> pa.Array:
    """The same of whole columns, row by row."""
    digits, whole, none = _as_they_stand(phones)
    plus, nothing = (pa.scalar(text, digits.type) for text in ("+", ""))
    numbers = pc.if_else(pa.array(whole), pc.binary_join_element_wise(plus, digits, nothing), nothing)
    asked = pa.array(~(whole | none) & np.asarray(pc.not_equal(phones, "")))
    few = zip(phones.filter(asked).to_pylist(), countries.filter(asked).to_pylist(), strict=True)
    return pc.replace_with_mask(numbers, asked, pa.array([e164(phone, country) for phone, country in few], digits.type))


def _as_they_stand(phones: pa.Array) -> tuple[pa.Array, Mask, Mask]:
    """The digits of all; who is a whole number as it stands, and who is none by the number of its digits."""
    texts = pc.replace_substring_regex(phones, "^00", "+")
    digits = pc.replace_substring_regex(texts, "[^0-9]", "")
    plain: Mask = np.array(pc.match_substring_regex(texts, _AS_IT_STANDS)).astype(np.bool_)
    plain &= np.asarray(pc.greater_equal(pc.utf8_length(digits), _LONGEST_CODE + 2))
    whole, none = np.zeros(len(phones), dtype=np.bool_), np.zeros(len(phones), dtype=np.bool_)
    begins = pc.utf8_slice_codeunits(digits, 0, _LONGEST_CODE)
    codes = np.zeros(len(phones), dtype=np.int64)
    codes[plain] = _codes()[np.asarray(begins.filter(pa.array(plain)).cast(pa.int64()))]
    for code in np.unique(codes[codes > 0]).tolist():
        rows = np.flatnonzero(codes == code)
        whole[rows], none[rows] = _told(code, pc.utf8_slice_codeunits(digits.take(pa.array(rows)), len(str(code))))
    return digits, whole, none


def _told(code: int, numbers: pa.Array) -> tuple[Mask, Mask]:
    """Which digits after a country's code are as many as its numbers have, and which can be none.

    Neither is said where they begin with a prefix for calls within the country, or may be dialled within one place.
    """
    region = phonenumbers.region_code_for_country_code(code)
    rules = phonenumbers.PhoneMetadata.metadata_for_region(region, None) if region != _NO_COUNTRY else None
    if rules is None or rules.general_desc is None:
        return np.zeros(len(numbers), dtype=np.bool_), np.zeros(len(numbers), dtype=np.bool_)
    bare = pc.invert(pc.starts_with(numbers, "0"))
    if rules.national_prefix_for_parsing:
        try:
            prefixed = pc.match_substring_regex(numbers, f"^(?:{rules.national_prefix_for_parsing})")
        except pa.ArrowInvalid:  # a rule in words that Arrow does not know
            return np.zeros(len(numbers), dtype=np.bool_), np.zeros(len(numbers), dtype=np.bool_)
        bare = pc.and_(bare, pc.invert(prefixed))
    possible, local = (
        np.isin(np.asarray(pc.utf8_length(numbers)), lengths)
        for lengths in (rules.general_desc.possible_length, rules.general_desc.possible_length_local_only)
    )
    is_bare: Mask = np.asarray(bare).astype(np.bool_)
    return is_bare & possible, is_bare & ~possible & ~local


@lru_cache(maxsize=1)
def _codes() -> np.ndarray[Any, np.dtype[np.int64]]:
    """First three digits of an international number → its country's code; 0 = there is none. No code begins with another one."""
    table = np.zeros(10**_LONGEST_CODE, dtype=np.int64)
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        wide = 10 ** (_LONGEST_CODE - len(str(code)))
        table[code * wide : (code + 1) * wide] = code
    return table
