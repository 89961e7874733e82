"""Login names: what remains of a given one, and which one an account gets when none is given."""

import random
import re
import unicodedata
from collections.abc import Callable

from sandbox.woocommerce import php
from sandbox.woocommerce.texts import strip_all_tags

LONGEST = 60
_GENERIC_LOCAL_PARTS = frozenset({"sales", "hello", "mail", "contact", "info"})
_NOT_STRICT = re.compile(r"[^a-z0-9 _.\-@]", re.IGNORECASE | re.ASCII)
_ASCII_BLANKS = re.compile(r"[ \t\n\r\v\f]+")
_PLAIN = re.compile(r"[a-zA-Z0-9_.\-@]+")
# Letters that WordPress turns into others and that are no letter with an accent to Unicode.
_TRANSCRIBED = str.maketrans(
    {
        **{"ª": "a", "º": "o", "Æ": "AE", "æ": "ae", "Ð": "D", "ð": "d", "Ø": "O", "ø": "o", "Þ": "TH", "þ": "th"},
        **{"ß": "s", "Đ": "D", "đ": "d", "Ħ": "H", "ħ": "h", "ı": "i", "Ĳ": "IJ", "ĳ": "ij", "ĸ": "k", "Ŀ": "L"},
        **{"ŀ": "l", "Ł": "L", "ł": "l", "ŉ": "n", "Ŋ": "N", "ŋ": "n", "Œ": "OE", "œ": "oe", "Ŧ": "T", "ŧ": "t"},
        **{"ſ": "s", "€": "E", "£": "", "Ə": "E", "ǝ": "e"},
    }
)


def without_accents(text: str) -> str:
    """`remove_accents`: Latin letters without their marks; other scripts stay as they are."""
    if text.isascii():
        return text
    letters = []
    for letter in unicodedata.normalize("NFC", text).translate(_TRANSCRIBED):
        base = unicodedata.normalize("NFD", letter)[0]
        letters.append(base if base.isascii() else letter)
    return "".join(letters)


def sanitized(username: str, *, strict: bool = False) -> str:
    """`sanitize_user`: tags, accents, %41 octets and entities go; strictly also all but letters, digits and ` _.-@`."""
    if _PLAIN.fullmatch(username):
        return username
    username = without_accents(strip_all_tags(username))
    username = re.sub(r"%[a-fA-F0-9]{2}", "", username)
    username = re.sub(r"&.+?;", "", username)
    if strict:
        username = _NOT_STRICT.sub("", username)
    return _ASCII_BLANKS.sub(" ", php.trim(username))


def is_valid(username: str) -> bool:
    """`validate_username`: nothing is left to sanitize, and something is there."""
    return not php.is_empty(username) and sanitized(username, strict=True) == username


def generated(email: str, is_taken: Callable[[str], bool], dice: random.Random) -> str:
    """The name from the e-mail's local part, or from its domain when the local part is `info` and the like.

    A name that is taken gets a dash and four random digits.
    """
    local, _, domain = email.partition("@")
    source = domain if local in _GENERIC_LOCAL_PARTS else local
    name = username = sanitized(source, strict=True).lower()
    while is_taken(username):
        username = f"{name}-{dice.randrange(10_000):04d}"
    return username


def nicename(username: str) -> str:
    """The name in addresses of pages; `search=` looks at it."""
    name = username[:50].lower()
    if name.isalnum() and name.isascii():
        return name
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9_-]+", "-", name.replace("@", ""))).strip("-")
