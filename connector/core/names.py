"""Composing and splitting names of persons.

Business Central keeps one name, the webstore a first and a last one. Splitting is the inverse of composing:
`compose(*split(name))` is always `name`, and `split(compose(first, last), first, last)` gives back both parts. A name that
is split again stays close to the split that was there before, so that a changed first name does not eat into the last name.

What cannot be seen from the words is data (mappings/names.csv, mappings/name_particles.csv): where the family name comes
first, where people have two surnames, and which words belong to their neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.core.normalize import clean, text_key

__all__ = ["EAST_ASIAN", "WESTERN", "Culture", "Cultures", "compose", "split"]

# Chinese, Japanese and Korean characters, as a regular expression that Python and Arrow understand alike
EAST_ASIAN = "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
_EAST_ASIAN = re.compile(EAST_ASIAN)


@dataclass(frozen=True)
class Culture:
    """How names are written in one country.

    Attributes:
        family_first: `Nagy János`, not `János Nagy`.
        never_first: words behind a comma that are no first names (`Müller, Dr.`), in lower case and without full stops.
        by_script: the family name comes first in names that are written in Chinese, Japanese or Korean script.
        surnames: how many a person has: 1 or 2.
        prefixes: words that belong to the name after them (`van`, `de`), in lower case.
        suffixes: words that belong to the name before them (`Jr.`, `III`), in lower case.
    """

    family_first: bool = False
    surnames: int = 1
    prefixes: frozenset[str] = frozenset()
    suffixes: frozenset[str] = frozenset()
    by_script: bool = False
    never_first: frozenset[str] = frozenset()

    def leads_with_family(self, name: str) -> bool:
        """Whether the family name comes first in this name (composed or not)."""
        return self.family_first or (self.by_script and _EAST_ASIAN.search(name) is not None)


WESTERN = Culture()


@dataclass(frozen=True)
class Cultures:
    """The cultures by country (ISO), and the one of all other countries."""

    by_country: Mapping[str, Culture] = field(default_factory=dict)
    other: Culture = WESTERN

    def of(self, country: str) -> Culture:
        """How names are written in a country; "" = unknown."""
        return self.by_country.get(country, self.other)


def compose(first: str, last: str, culture: Culture = WESTERN) -> str:
    """One name of two; either may be blank."""
    return clean(f"{last} {first}" if culture.leads_with_family(first + last) else f"{first} {last}")


def split(name: str, first_before: str = "", last_before: str = "", culture: Culture = WESTERN) -> tuple[str, str]:
    """First and last name of a composed name.

    Args:
        name: the composed name.
        first_before, last_before: the split that holds now, blank if there is none. It is kept as far as it still fits:
            unchanged last name → the rest is the first name; unchanged first name → the rest is the last name; both
            changed but as many words → cut where it was cut before.
        culture: what decides when there is nothing to go by.
    """
    words = _words(name)
    first, last = _words(first_before), _words(last_before)
    family_first = culture.leads_with_family(name)
    cut = _remembered_cut(words, first, last, family_first, culture.surnames)
    if cut is None:
        cut = _family_cut(words, culture) if family_first else _given_cut(words, culture)
    lead, trail = " ".join(words[:cut]), " ".join(words[cut:])
    return (trail, lead) if family_first else (lead, trail)


def _words(text: str) -> list[str]:
    cleaned = clean(text)
    return cleaned.split(" ") if cleaned else []


def _remembered_cut(
    words: Sequence[str], first: Sequence[str], last: Sequence[str], family_first: bool, surnames: int
) -> int | None:
    """Where the split that holds now cuts the name; None when it says nothing about it."""
    size = len(words)
    if _same(words, last):
        return size if family_first else 0
    by_last, by_first = (_head(words, last), _tail(words, first)) if family_first else (
        _tail(words, last), _head(words, first)
    )  # fmt: skip
    # where people have two surnames, a second one is added more often than a second first name
    found = (by_first, by_last) if surnames == 2 and len(last) == 1 else (by_last, by_first)
    cut = next((place for place in found if place is not None), None)
    if cut is None and _same(words, first):
        return 0 if family_first else size
    if cut is None and first and last and len(first) + len(last) == size:
        return len(last) if family_first else len(first)
    if cut is None and size == 1 and last and not first:
        return size if family_first else 0
    return cut


def _head(words: Sequence[str], part: Sequence[str]) -> int | None:
    """Where the name goes on after a part that it begins with; None when it does not, or ends there."""
    return len(part) if part and len(part) < len(words) and _same(words[: len(part)], part) else None


def _tail(words: Sequence[str], part: Sequence[str]) -> int | None:
    """Where a part begins that the name ends with; None when it does not end so, or begins with it."""
    start = len(words) - len(part)
    return start if part and start > 0 and _same(words[start:], part) else None


def _same(words: Sequence[str], others: Sequence[str]) -> bool:
    return bool(words) and [_key(word) for word in words] == [_key(word) for word in others]


def _key(word: str) -> str:
    return text_key(word).casefold()


def _given_cut(words: Sequence[str], culture: Culture) -> int:
    """Where the last name begins: the last word with what belongs to it; of two surnames the last two. The first name
    keeps at least one word."""
    cut = len(words)
    for _ in range(culture.surnames):
        place = cut - 1
        while place > 1 and _key(words[place]) in culture.suffixes:
            place -= 1
        while place > 1 and _key(words[place - 1]) in culture.prefixes:
            place -= 1
        if place < 1:
            break
        cut = place
    return cut


def _family_cut(words: Sequence[str], culture: Culture) -> int:
    """Where the given name begins when the family name comes first; a single word is a given name."""
    if len(words) < 2:
        return 0
    cut = 1
    while cut < len(words) - 1 and _key(words[cut - 1]) in culture.prefixes:
        cut += 1
    return cut
