"""What a text means that stands in the place of a state: a code, or a name in one of the spellings that people use.

A text is understood by the first of these that fits, and only if it then means one state: a code; a name as it is written
down; the same without accents, apostrophes and punctuation; a code with full stops (`N.S.W.`); one half of a name of two
languages; the name without the kind of state (`Co. Dublin`, `Province of Foggia`, `Yunnan Sheng`); the beginning of a name with
a full stop behind it (`Calif.`).
What could mean two states is not understood.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property

from connector.core.normalize import text_key

__all__ = ["StateNames", "folded"]

_ACCENTS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ə": "e", "ħ": "h"}
)
# as people write them who do not have them on their keyboards
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})
# quotation marks and letters that stand for an apostrophe or a glottal stop
_APOSTROPHES = re.compile("['’‘‛`´ʹʻʼʾʿˈ′＇]")
_NO_WORD = re.compile(r"[\W_]+")
_HALVES = re.compile(r"\s*[/|()\[\]]\s*|\s+[-–—]\s+")
_MARKED = re.compile(r"[\W_]*$")
# what kind of state it is, in the languages of the countries whose states are known, and the words that tie it to the name
_KINDS = frozenset(
    "administrative area autonomo autonoma autonomous canton capital city co comunidad comune contae county counties cty de del "
    "della delle department departamento departement departament dept depto dpto di dist district distrito do du da dos das d "
    "division emirate estado etat foral free freie freistaat ganga governorate gov hansestadt island jilla judet judetul kab "
    "kabupaten kanton ken la land los metropolitan metropolitana mun municipality national norte oblast obl of parish "
    "pradesh pref prefecture prefectura principado pro prov province provincia provincie provinz provins provinsi "
    "qu raion rayon reg regiao region regione republic republica sheng shi state st stato statul territory terr the "
    "til to township tu union viloyat wilaya wilayah zhuangzu zila zizhiqu zupanija".split()
) - {"norte", "island", "st", "la", "los", "free", "city", "capital", "land"}
_EAST_ASIAN_KIND = re.compile(r"(?<=.)(?:特别行政区|特別行政區|自治区|自治區|[省市県縣府都州])$|(?<=..)道$")
_SHORTEST_BEGINNING = 3


def folded(text: str) -> str:
    """A text without letter case, composed."""
    return unicodedata.normalize("NFC", text_key(text).casefold())


def _words(text: str) -> str:
    """The words of a text without case, accents and punctuation, with one blank between."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text_key(text).casefold())).translate(_LETTERS)
    return _NO_WORD.sub(" ", _APOSTROPHES.sub("", unicodedata.normalize("NFC", bare))).strip()


def _without_kind(text: str) -> str:
    """A name without the words that say what kind of state it is; the name itself where nothing else is left."""
    words = _words(text)
    rest = [word for word in words.split(" ") if word not in _KINDS]
    return _EAST_ASIAN_KIND.sub("", " ".join(rest)) if rest else words


def _halves(text: str) -> list[str]:
    """The parts of a name that is given in two languages, or with another one in brackets; [] if it is one name."""
    parts = [part for part in _HALVES.split(text) if _words(part)]
    return parts if len(parts) > 1 else []


class StateNames:
    """The states of one country.

    Args:
        country: its ISO code.
        states: code and name; several names may share a code.
    """

    def __init__(self, country: str, states: Iterable[tuple[str, str]]) -> None:
        self._country = country
        self._states = tuple(states)
        self._exact: dict[str, str] = {}
        for code, name in self._states:
            self._exact.setdefault(folded(name), code)
        for code, _ in self._states:  # a code always wins over another state's name
            self._exact[folded(code)] = code

    def code(self, text: str) -> str | None:
        """The code of the state that a text means; None when it means none, or could mean several."""
        found = self._exact.get(folded(text))
        return found if found is not None or not _words(text) else self._understood(text)

    def _understood(self, text: str) -> str | None:
        letters = _words(text).split(" ")
        if len(letters) > 1 and all(len(letter) == 1 for letter in letters):  # N.S.W.
            return self._exact.get("".join(letters)) or self._by_words.get("".join(letters)) or None
        words = self._by_words.get(_words(text), self._by_words.get(_without_kind(text)))
        if words:
            return words
        kindless = self._by_kindless.get(_without_kind(text))
        if kindless:
            return kindless
        meant = {self.code(half) for half in _halves(text)} - {None}
        if len(meant) == 1:
            return meant.pop()
        return self._begun(text) if text.rstrip().endswith(".") else None

    def _begun(self, text: str) -> str | None:
        beginning = _words(text)
        if len(beginning) < _SHORTEST_BEGINNING:
            return None
        meant = {code for name, code in self._by_words.items() if code and name.startswith(beginning)}
        return meant.pop() if len(meant) == 1 else None

    @cached_property
    def _by_words(self) -> dict[str, str]:
        """Words of a name → code; "" where they could mean several."""
        return _unless_several((_words(name), code) for name, code in self._spelled())

    @cached_property
    def _by_kindless(self) -> dict[str, str]:
        return _unless_several((_without_kind(name), code) for name, code in self._spelled())

    def _spelled(self) -> Iterator[tuple[str, str]]:
        prefix = f"{self._country}-"
        for code, name in self._states:
            for part in (name, *_halves(name)):
                yield part, code
                yield from (
                    (spelled, code) for spelled in [part.lower().translate(_UMLAUTS)] if spelled != part.lower()
                )
            yield (code.removeprefix(prefix), code) if code.startswith(prefix) else (prefix + code, code)


def _unless_several(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for words, code in pairs:
        found[words] = code if found.get(words, code) == code else ""
    return found
