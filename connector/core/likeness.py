"""How alike two names are: the same words, one slip of the pen apart, or different.

Made for a question that must not be answered wrongly: may two customers be linked without a person? People of one family
and one company share mailboxes, phone numbers and addresses; the name is often all that tells them apart.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from connector.core.characters import without_strays

__all__ = ["LEGAL_FORMS", "alike", "one_slip", "same_words", "words"]

LEGAL_FORMS = frozenset(
    "ab ag aps as asa bv bvba co cokg corp doo dba eg ek eu gbr gmbh inc kft kg kgaa ks lda llc llp lp ltd ltda limited "
    "mbh nv og ohg oy oyj plc pty sa sarl sas se sl slu snc spa spzoo sprl srl sro ug vof zrt".split()
)
# where the family name stands first: there the last word is the given name, in which every letter counts
_FAMILY_NAME_FIRST = frozenset({"CN", "HK", "HU", "JP", "KH", "KP", "KR", "MN", "MO", "SG", "TW", "VN"})
# of the last names it is remembered: two of them are put beside each other in several ways
_LAST = 1_000
_JOINED = re.compile(r"[.'’`´/]")
_NO_WORD = re.compile(r"[^\w]+|_")
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


@lru_cache(_LAST)
def words(name: str) -> tuple[str, ...]:
    """The words of a name without case, accents and punctuation; "Berg, Anna" counts as "Anna Berg"."""
    return _words(_composed(name))


def same_words(one: str, other: str) -> bool:
    """Whether two names consist of the same words, however they are ordered, accented, spaced or transliterated."""
    left, right = _ways(one) - {()}, _ways(other) - {()}
    ordered = {tuple(sorted(way)) for way in left} & {tuple(sorted(way)) for way in right}
    return bool(ordered or {"".join(way) for way in left} & {"".join(way) for way in right})


def one_slip(one: str, other: str, country: str) -> bool:
    """Whether two names of persons differ by one letter (or two swapped ones) outside of the given name.

    One letter in a given name makes another person (Anna and Anne), one letter in a legal form another company (AG and
    KG), one digit another branch. Where the family name stands first, nothing can be told.
    """
    left, right = words(one), words(other)
    if country in _FAMILY_NAME_FIRST or len(left) != len(right):
        return False
    differing = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
    if len(differing) != 1 or left[0] != right[0]:
        return False
    a, b = differing[0]
    return (a + b).isalpha() and not {a, b} & LEGAL_FORMS and OSA.distance(a, b) == 1


def alike(one: str, other: str) -> int:
    """How alike two names are in per cent, the order of their words aside."""
    return round(fuzz.token_sort_ratio(" ".join(words(one)), " ".join(words(other))))


@lru_cache(_LAST)
def _ways(name: str) -> frozenset[tuple[str, ...]]:
    """The words of a name, umlauts once without their dots and once written out."""
    if name.isascii():
        return frozenset({words(name)})
    composed = _composed(name)
    return frozenset({_words(composed), _words(composed.translate(_WRITTEN_OUT))})


def _composed(name: str) -> str:
    last, comma, first = name.partition(",")
    turned = f"{first} {last}" if comma and "," not in first else name
    return unicodedata.normalize("NFKC", without_strays(turned)).casefold()


def _words(composed: str) -> tuple[str, ...]:
    bare = composed
    if not composed.isascii():
        letters = unicodedata.normalize("NFKD", composed.translate(_LETTERS))
        bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return tuple(_NO_WORD.sub(" ", _JOINED.sub("", bare)).split())
