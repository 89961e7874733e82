"""Whom Business Central can be asked for by what he shares with somebody, and whom it cannot.

Its filters compare texts; the ladder of the matching compares what texts mean. So for every piece of evidence the spellings are
listed in which it is asked for, and whoever may be spelled in any other way is *unaskable*: full runs remember these few, and
they are read by id. A customer who is askable and shares the evidence is found; that is what the tests try to disprove.

A name is asked for as it is and in the order of ledgers ("Berg, Anna"), in any letter case. All rungs that compare a name are
asked for by the name alone, which finds more than it must.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations

import pyarrow as pa
import pyarrow.compute as pc

from connector.core import vat
from connector.core.mail_address import spellings as email_spellings

__all__ = ["email_texts", "name_texts", "unaskable", "vat_texts"]

# letters whose small form is one letter, which no normalisation changes, and which no filter takes for anything else
_LETTERS = "A-Za-zÀ-ÖØ-Þà-öø-ÿĀ-įĴ-ķĹ-ľŁ-ňŊ-žА-Яа-яЁё"
_SIGNS = r" !-)+-@\[-`{-~"  # ASCII without the asterisk, which stands for any text
# "ß" is compared as "ss": asked for in one place of a name, as names have it
_NAME = rf"^[{_LETTERS}{_SIGNS}]*(?:ß[{_LETTERS}{_SIGNS}]*)?$"
_NAME_KEY = re.compile(rf"[{_LETTERS}{_SIGNS}]+")
_BLANKS_AT_ODD_PLACES = r"^ | $|  "
_LEDGER_STYLE = r"^[^ ,]+(?: [^ ,]+)?, [^ ,]+$|^[^ ,]+, [^ ,]+ [^ ,]+$"
_MOST_WORDS = 3
_LONGEST_NAME, _LONGEST_VAT = 100, 20

_EMAIL = r"^[!-~]*$"
_COUNTRY = r"^[A-Za-z]*$"
_NINE = r"(?:\d{9}|\d{3} \d{3} \d{3}|\d{3}\.\d{3}\.\d{3})"
_VAT_GROUPED = (
    rf"^(?:[A-Z]{{2}} ?)?{_NINE}(?: ?MVA)?$",
    rf"^CHE[ \-]?{_NINE}(?: ?(?:MWST|TVA|IVA))?$",
)
_VAT_PLAIN = r"^(?:[A-Z]{2} )?[0-9A-Z]*$"
_VAT_KEY = re.compile(r"([A-Z]*)[0-9A-Z]+")
_NATIONAL = re.compile(r"((?:CHE|[A-Z]{2})?)(\d{3})(\d{3})(\d{3})")
# what a number's first letters stand for → how else they are written (vat.SAME_PREFIXES)
_ALIASES = (("GB", "XI"), ("EL", "GR"), ("CHE", "CH"))
_ENDINGS = {"CHE": ("", "MWST", " MWST", "TVA", " TVA", "IVA", " IVA")}
_OTHER_ENDINGS = ("", "MVA", " MVA")


def email_texts(key: str) -> list[str]:
    """An address (normalize.email_key) as it is asked for; letter case does not count."""
    return email_spellings(key)


def name_texts(key: str) -> list[str]:
    """A name (evidence.evidence_of) as it is asked for, in small letters; [] = nobody askable has such a name."""
    if not _NAME_KEY.fullmatch(key):
        return []
    words = key.split(" ")
    texts = [key]
    if 1 < len(words) <= _MOST_WORDS and "," not in key:
        for order in permutations(words):
            texts += [f"{' '.join(order[:cut])}, {' '.join(order[cut:])}" for cut in range(1, len(words))]
    found = [text for one in texts for text in (one, *_with_sharp_s(one))]
    return [text for text in dict.fromkeys(found) if len(text) <= _LONGEST_NAME]


def vat_texts(key: str) -> list[str]:
    """A VAT number (evidence.evidence_of) as it is asked for, letter case does not count: with and without the letters of its
    country, in groups of three digits, with an ending."""
    if not (found := _VAT_KEY.fullmatch(key)):
        return []
    bodies = [key[cut:] for cut in range(len(found[1]) + 1)]
    texts = [text for body in bodies for one in _aliases(body) for text in _written(one)]
    return [text for text in dict.fromkeys(texts) if len(text) <= _LONGEST_VAT]


def unaskable(raw: pa.Table) -> pa.Array:
    """Who may share evidence with somebody without being found by the texts of it, row by row.

    Args:
        raw: Business Central customers as `business_central_customer.columns` gives them.
    """
    email, name = raw["email"], raw["displayName"]
    fine = [
        # fields with several addresses are always read (lookup.by_email)
        pc.or_(pc.match_substring_regex(email, _EMAIL), pc.match_substring_regex(email, "[;,]")),
        pc.match_substring_regex(name, _NAME),
        pc.invert(pc.match_substring_regex(name, _BLANKS_AT_ODD_PLACES)),
        pc.or_(
            pc.or_(pc.not_equal(raw["type"], "Person"), pc.invert(pc.match_substring(name, ","))),
            pc.match_substring_regex(name, _LEDGER_STYLE),
        ),
        _vat_askable(pc.utf8_upper(raw["taxRegistrationNumber"]), raw["country"]),
    ]
    askable = fine[0]
    for one in fine[1:]:
        askable = pc.and_(askable, one)
    return pc.invert(askable).combine_chunks()


def _vat_askable(numbers: pa.ChunkedArray, countries: pa.ChunkedArray) -> pa.ChunkedArray:
    plain = pc.and_(
        pc.match_substring_regex(numbers, _VAT_PLAIN), pc.invert(pc.match_substring_regex(numbers, vat.ENDINGS))
    )
    for pattern in _VAT_GROUPED:
        plain = pc.or_(plain, pc.match_substring_regex(numbers, pattern))
    # a number may begin with the country's letters, and only with letters
    return pc.or_(pc.equal(numbers, ""), pc.and_(plain, pc.match_substring_regex(countries, _COUNTRY)))


def _with_sharp_s(text: str) -> Iterator[str]:
    for found in re.finditer("(?=ss)", text):
        yield f"{text[: found.start()]}ß{text[found.start() + 2 :]}"


def _aliases(number: str) -> Iterator[str]:
    yield number
    for prefix, alias in _ALIASES:
        rest = number.removeprefix(prefix)
        if rest != number and rest[:1].isdecimal():
            yield alias + rest


def _written(number: str) -> Iterator[str]:
    """One number in all ways in which it is asked for."""
    yield number
    if number[:2].isalpha():
        yield f"{number[:2]} {number[2:]}"
    national = _NATIONAL.fullmatch(number)
    if not national:
        return
    letters, *groups = national.groups()
    heads = (letters, f"{letters} ", f"{letters}-") if letters == "CHE" else (letters, f"{letters} ".lstrip())
    for head in heads:
        for between in ("", " ", "."):
            for ending in _ENDINGS.get(letters, _OTHER_ENDINGS):
                yield head + between.join(groups) + ending
