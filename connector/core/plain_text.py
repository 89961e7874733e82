"""The text functions of normalize.py on whole columns, for the texts that nearly all are: printable ASCII, single blanks inside.

Of such a text it is known what the function gives, and a kernel gives it to a column at once; every other text goes through the
function itself. tests/property/test_plain.py holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.text_bytes import are_words, only

__all__ = ["ACCOUNT_TEXT", "EMAIL", "FIRST_EMAIL", "PHONE", "POSTCODE", "SAME", "UPPER", "VAT", "Plain"]

_PRINTABLE = "[!-~]"
_NO_SEPARATOR = "[!-+\\--:<-~]"  # neither , nor ;
_NO_ENTITY = "[!-%'-~]"
_BLANK = pa.scalar("", pa.large_string())


@dataclass(frozen=True)
class Plain:
    """A kernel, and the class of characters of the texts for which it is right.

    Attributes:
        kernel: array of texts → array of results.
        characters: class of a regular expression; a text is words of them with single blanks between, or blank.
        without: a text that it must not hold.
    """

    kernel: Callable[[pa.Array], pa.Array]
    characters: str = _PRINTABLE
    without: str = ""

    def holds(self, array: pa.Array) -> pa.Array:
        """For which texts the kernel is right; null for null."""
        right = are_words(array, self.characters)
        return pc.and_not(right, pc.match_substring(array, self.without)) if self.without else right


def _same(array: pa.Array) -> pa.Array:
    return array.cast(pa.large_string())


def _upper(array: pa.Array) -> pa.Array:
    return pc.ascii_upper(_same(array))


def _lower(array: pa.Array) -> pa.Array:
    return pc.ascii_lower(_same(array))


def _or_else(array: pa.Array, otherwise: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(array, _BLANK), otherwise, array)


def _postcode(array: pa.Array) -> pa.Array:
    code = _upper(array)
    return _or_else(only(code, "[^ -]"), code)


def _vat(array: pa.Array) -> pa.Array:
    code = _upper(array)
    return _or_else(only(code, "[^ ./-]"), code)


def _phone(array: pa.Array) -> pa.Array:
    number = pc.replace_substring_regex(_lower(array), "^00", "+")
    digits = only(number, "[0-9a-z]")
    signed = pc.binary_join_element_wise(pa.scalar("+", pa.large_string()), digits, _BLANK)
    key = pc.if_else(pc.starts_with(number, "+"), signed, digits)
    return pc.if_else(pc.match_substring_regex(digits, "[0-9]"), key, _same(array))


def _account_text(array: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(array, pa.scalar("0", array.type)), _BLANK, _same(array))


SAME = Plain(_same)
UPPER = Plain(_upper)
POSTCODE = Plain(_postcode)
VAT = Plain(_vat)
PHONE = Plain(_phone, without="(0)")
FIRST_EMAIL = Plain(_same, _NO_SEPARATOR)
EMAIL = Plain(_lower, _NO_SEPARATOR)
ACCOUNT_TEXT = Plain(_account_text, _NO_ENTITY)
