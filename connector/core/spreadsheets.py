"""What a spreadsheet makes of a text that looks like something else, and saves for good.

It takes `00010` for the number 10, `12E3` for 12000, `1-2` or `MAR1` for a day of this year; of long numbers it keeps 15 digits
and shows six. The file alone does not tell; beside what is known of the systems it does: a text that nobody knows, though a known
one would have become just this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

__all__ = ["as_boolean", "as_decimal", "loss", "originals"]

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
# no spreadsheet shows a number like this
_UNTOUCHED = re.compile(r"\+|-?0\d")
_TIME = re.compile(r"[T ]?\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?")
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_DAY = re.compile(r"[\w./\- ]{3,24}")
_KEPT_DIGITS = 15
# beginnings of the names of months in English, German, French, Spanish, Italian, Dutch, Portuguese and Polish
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen sty", "feb fév fev lut", "mar mär mrz mrt maa", "apr avr abr kwi", "may mai maj mag mei",
            "jun juin giu cze", "jul juil lug lip", "aug aoû aou ago sie", "sep set wrz", "oct okt ott out paź paz", "nov lis",
            "dec dez déc dic gru",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
# how spreadsheets of these countries write the two
_TRUE = frozenset(
    {"true", "wahr", "vrai", "verdadero", "vero", "waar", "verdadeiro", "prawda", "sant", "sand", "pravda"}
)
_FALSE = frozenset({"false", "falsch", "faux", "falso", "onwaar", "fałsz", "falskt", "falsk", "nepravda"})
_DECIMAL = re.compile(r"([+-]?)(\d{1,3}(?:([.,' \u00a0\u202f’])\d{3})(?:\3\d{3})*|\d+)(?:([.,])(\d+))?", re.ASCII)


def as_boolean(text: str) -> bool | None:
    """The truth value that a spreadsheet of any of these countries has written; None if it is none."""
    word = text.strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def as_decimal(text: str) -> str | None:
    """A number with a point, of one with a decimal comma or thousands separators; None when it could mean two numbers.

    `1,5` is 1.5, `1.000,50` is 1000.50; `1,000` and `1.000` are either a thousand or one. Texts that are no number stay.
    """
    found = _DECIMAL.fullmatch(text.strip())
    if found is None:
        return text
    sign, whole, grouped, point, rest = found.groups()
    if grouped and not point and grouped in ".," and whole.count(grouped) == 1:
        return None if whole[0] != "0" else f"{sign}{whole.replace(grouped, '.')}"
    if grouped and grouped == point:
        return text
    digits = whole.replace(grouped, "") if grouped else whole
    return f"{sign}{digits}.{rest}" if point else f"{sign}{digits}"


def originals(shown: str, known: Iterable[str]) -> list[tuple[str, str]]:
    """Which known texts a spreadsheet would have made this of, each with what it does."""
    return [(text, why) for text in known if (why := loss(shown, text))]


def loss(shown: str, original: str) -> str:
    """What a spreadsheet does that makes `shown` of `original`; "" if nothing does."""
    if shown == original or not shown or not original:
        return ""
    truth = as_boolean(original)
    if truth is not None and as_boolean(shown) is truth:
        return "writes true and false in its own language"
    return _number_lost(shown, original) or _day_lost(shown, original)


def _number_lost(shown: str, original: str) -> str:
    seen, meant = _number(shown), _number(original)
    if seen is None or meant is None or _UNTOUCHED.match(shown):
        return ""
    shortened = bool(re.search("[eE]", shown))
    if seen == meant:
        if re.search("[eE]", original):
            return "takes an E between digits for a power of ten"
        return "shortens long numbers" if shortened else "eats zeros and signs of numbers"
    if shortened and meant and f"{seen:.5e}" == f"{meant:.5e}":
        return "shortens long numbers"
    digits = len(str(abs(int(meant)))) if meant == int(meant) else 0
    if digits > _KEPT_DIGITS and seen == int(seen):
        cut = 10 ** (digits - _KEPT_DIGITS)
        return (
            "keeps 15 digits of long numbers" if int(seen) // cut == int(meant) // cut and not int(seen) % cut else ""
        )
    return ""


def _number(text: str) -> Decimal | None:
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None


def _day_lost(shown: str, original: str) -> str:
    meant, seen = _day(original), _day(_TIME.sub("", shown))
    if meant is None or seen is None or len(meant) != 2 or len(seen) < 2:
        return ""
    # what is shown has a year more, or is in another order
    rest = list(seen)
    for part in meant:
        if part not in rest:
            return ""
        rest.remove(part)
    return "takes it for a date" if len(rest) <= 1 else ""


def _day(text: str) -> tuple[int, ...] | None:
    """The numbers of what could be a day, of months' names theirs, without a year of four digits; None if it can be none."""
    if not _DAY.fullmatch(text):
        return None
    parts: list[int] = []
    for token in _TOKEN.findall(text):
        if token.isdigit():
            if len(token) > 4:
                return None
            parts += [int(token)] if len(token) < 3 else []
            continue
        word = token.casefold()
        month = _MONTHS.get(word[:4], _MONTHS.get(word[:3]))
        if month is None:
            return None
        parts.append(month)
    days = [part for part in parts if 1 <= part <= 31]
    return tuple(parts) if 2 <= len(parts) <= 3 and len(days) >= 2 and min(parts) <= 12 else None
