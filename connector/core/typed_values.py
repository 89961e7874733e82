"""Values that are not free text: whole numbers, decimals, truth values, dates, times.

Metadata of the webstore is text whatever it means, Business Central's properties have types. A canonical value is the one
spelling that both are brought to; a text that is not of its kind stays as it is, and is refused before it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

__all__ = ["CANONICAL", "option_of", "problem", "to_json"]

_INTEGER = re.compile(r"([+-]?)0*([0-9]{1,18})")
_DECIMAL = re.compile(r"([+-]?)([0-9]{1,18}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.[0-9]+)?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?"
)
_NO_DATE = "0001-01-01"  # Business Central's blank date
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_DIGITS = 15  # what a JSON number carries without loss


def _integer(text: str) -> str:
    return str(int(text)) if _INTEGER.fullmatch(text) else text


def _decimal(text: str) -> str:
    if not _DECIMAL.fullmatch(text):
        return text
    number = format(Decimal(text), "f")
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return "0" if number in {"-0", ""} else number


def _boolean(text: str) -> str:
    lowered = text.lower()
    return "true" if lowered in _TRUE else "false" if lowered in _FALSE else text


def _date(text: str) -> str:
    found = _DATE.fullmatch(text)
    if not found or not _is_calendar(found[1]):
        return text
    return "" if found[1] == _NO_DATE else found[1]


def _date_time(text: str) -> str:
    """`2026-01-31T10:00:00Z`: UTC, to the second; a time without an offset is UTC."""
    found = _TIME.fullmatch(text)
    if not found:
        return text
    day, minute, second, sign, hours, minutes = found.groups()
    try:
        moment = np.datetime64(f"{day}T{minute}{second or ':00'}", "s")
    except ValueError:
        return text
    if sign:
        offset = np.timedelta64(int(hours) * 60 + int(minutes), "m")
        moment = moment - offset if sign == "+" else moment + offset
    return "" if day == _NO_DATE else f"{moment}Z"


def _is_calendar(day: str) -> bool:
    try:
        np.datetime64(day, "D")
    except ValueError:
        return False
    return True


# canonical spelling of a cleaned text, which is also what is compared: doing it twice changes nothing
CANONICAL: dict[str, Callable[[str], str]] = {
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "date-time": _date_time,
}
_IS: dict[str, Callable[[str], bool]] = {
    "integer": lambda text: _INTEGER.fullmatch(text) is not None,
    "decimal": lambda text: _DECIMAL.fullmatch(text) is not None and _fits_json(text),
    "boolean": lambda text: text in {"true", "false"},
    "date": lambda text: bool(_DATE.fullmatch(text)) and _is_calendar(text),
    "date-time": lambda text: bool(_TIME.fullmatch(text)) and text.endswith("Z"),
}
_WORDS = {
    "integer": "a whole number",
    "decimal": f"a decimal number of up to {_DIGITS} digits with a point",
    "boolean": "yes or no (1, true, yes, on, 0, false, no, off)",
    "date": "a date (2026-01-31)",
    "date-time": "a date and time (2026-01-31T10:00:00Z)",
}


def option_of(text: str, options: Sequence[str]) -> str:
    """An option as the field map spells it; a text that is none stays as it is."""
    return next((option for option in options if option.casefold() == text.casefold()), text)


def problem(normalizer: str, value: str, options: tuple[str, ...] = ()) -> str:
    """Why a canonical value is not of its kind; "" if it is, if it is blank, or if the kind is free text."""
    if normalizer == "option":
        return "" if not value or value in options else f"the value is none of {', '.join(options)}"
    if not value or normalizer not in _IS or _IS[normalizer](value):
        return ""
    return f"the value is not {_WORDS[normalizer]}"


def to_json(normalizer: str, value: str) -> Any:
    """A canonical value as Business Central's API takes it: numbers and truth values as such, blank ones as 0 and false.

    A value that is not of its kind stays text; it is refused before it is sent.
    """
    if problem(normalizer, value):
        return value
    if normalizer == "boolean":
        return value == "true"
    if normalizer == "integer":
        return int(value or 0)
    if normalizer == "decimal":
        number = Decimal(value or 0)
        return int(number) if number == number.to_integral_value() else float(number)
    return value


def _fits_json(text: str) -> bool:
    return len(Decimal(text).normalize().as_tuple().digits) <= _DIGITS
