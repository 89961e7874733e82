"""Names of persons that are written "Last, First", as ledgers and address books do.

The comma says where the family name ends, so it is the surest split that there is. It is believed only where what stands
behind it can be first names: not `Jr.` or `Dr.` (mappings/name_particles.csv), not a legal form, not a second company.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.likeness import LEGAL_FORMS
from connector.core.names import WESTERN, Culture, Cultures, compose, split
from connector.core.normalize import text_key

__all__ = ["columns_turned", "in_the_same_style", "last_comma_first", "parts_of", "turned", "turned_as_the_account"]

COMMA = "[,，]"
_COMMA = re.compile(COMMA)
# what stands in names of companies and households only
_NO_PERSON = re.compile(r"[\d&+/\\|;:@()<>\"]")
_MOST_GIVEN, _MOST_FAMILY = 4, 2
_JOINING_WORDS = frozenset({"and", "und", "et", "og", "och", "en", "ja", "oder", "or"})


def last_comma_first(name: str, culture: Culture = WESTERN) -> tuple[str, str] | None:
    """First and last name of a person whose name is written "Last, First"; None when it is not.

    A particle behind the given name belongs to the family name (`Berg, Anna van den`), and so does what follows any name
    (`Smith, John Jr.`).
    """
    parts = [part.split() for part in _COMMA.split(text_key(name))]
    if len(parts) != 2 or not all(parts) or _NO_PERSON.search(name):
        return None
    family, given = parts
    after: list[str] = []
    while len(given) > 1 and _key(given[-1]) in culture.suffixes:
        after.insert(0, given.pop())
    before: list[str] = []
    while len(given) > 1 and _key(given[-1]) in culture.prefixes:
        before.insert(0, given.pop())
    own = [word for word in family if _key(word) not in culture.prefixes | culture.suffixes]
    if not 0 < len(own) <= _MOST_FAMILY or len(given) > _MOST_GIVEN or not _are_names([*family, *given]):
        return None
    if all(_bare(word) in culture.never_first or _key(word) in culture.suffixes for word in given):
        return None
    return " ".join(given), " ".join([*before, *family, *after])


def parts_of(row: Mapping[str, Any], country: str, cultures: Cultures) -> tuple[str, str] | None:
    """First and last name as a Business Central customer's row (as the API gave it) tells them by a comma; None when it does not.

    Args:
        country: the customer's ISO code.
    """
    return last_comma_first(str(row["displayName"]), cultures.of(country)) if row["type"] == "Person" else None


def columns_turned(names: pa.Array, persons: pa.Array, countries: pa.Array, cultures: Cultures) -> pa.Array:
    """Names of persons composed as their country does, where they are written "Last, First"; all others as they are.

    Args:
        names: canonical; persons: whether it is one's; countries: ISO codes.
    """
    odd = pc.replace_with_mask(persons, persons, pc.match_substring_regex(names.filter(persons), COMMA))
    if not pc.any(odd, min_count=0).as_py():
        return names
    composed = [
        turned(name, cultures.of(country))
        for name, country in zip(names.filter(odd).to_pylist(), countries.filter(odd).to_pylist(), strict=True)
    ]
    return pc.replace_with_mask(names, odd, pa.array(composed, type=pa.large_string()))


def turned_as_the_account(name: str, account: tuple[str, str], culture: Culture) -> tuple[str, str] | None:
    """First and last name of a customer that is not said to be a person, where the account bears one of the two already."""
    found = last_comma_first(name, culture)
    return found if found and any(_same(one, other) for one, other in zip(found, account, strict=True)) else None


def in_the_same_style(name: str, written: str, culture: Culture) -> str:
    """A new name of a person as the one before was written: "Last, First" where it was so and can be read again."""
    before = last_comma_first(written, culture)
    first, last = split(name, *before, culture) if before else ("", "")
    styled = f"{last}, {first}"
    return styled if first and last and _same(turned(styled, culture), name) else name


def turned(name: str, culture: Culture) -> str:
    """A person's name composed as the culture does, if it is written "Last, First"."""
    found = last_comma_first(name, culture)
    return compose(*found, culture) if found else name


def _are_names(words: Sequence[str]) -> bool:
    return not any(_bare(word) in LEGAL_FORMS or _key(word) in _JOINING_WORDS for word in words)


def _bare(word: str) -> str:
    return _key(word).replace(".", "")


def _key(word: str) -> str:
    return text_key(word).casefold()


def _same(one: str, other: str) -> bool:
    return bool(one) and _key(one) == _key(other)
