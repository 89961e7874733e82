"""Texts as the database behind Business Central takes them: upper case, length, and the order of lists."""

import unicodedata


def upper(text: str) -> str:
    """Upper case, one character for one: what has no single upper-case letter (ß) stays."""
    return "".join(large if len(large := letter.upper()) == 1 else letter for letter in text)


def units(text: str) -> int:
    """The length that fields count: UTF-16 units, two for an emoji."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def dictionary_key(text: str) -> str:
    """What lists are sorted by, nearly: letters without regard to case, then accents, then case; punctuation first.

    SQL Server's own table of weights is larger; this tells apart what a client may trip over: case, accents, digits.
    """
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark)).casefold()
    ranked = "".join(f"{_rank(letter)}{letter}" for letter in bare)
    return f"{ranked}\0{unicodedata.normalize('NFKD', text).casefold()}\0{text.swapcase()}\0{text}"


def _rank(letter: str) -> int:
    return 2 if letter.isalpha() else 1 if letter.isdigit() else 0


def compared(left: str, right: str) -> int:
    """-1, 0 or 1: which of two texts comes first in such a list."""
    one, other = dictionary_key(left), dictionary_key(right)
    return (one > other) - (one < other)
