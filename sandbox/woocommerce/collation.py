"""The order and the equality of texts in the shop's database (utf8mb4_unicode_520_ci), near enough for names.

Letter case and accents do not count. Punctuation comes before digits, digits before letters, each in the order of the
Unicode collation: blank, `_`, `-`, ... `.`, ... `@`.
"""

import unicodedata

_PUNCTUATION = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_WEIGHTS = str.maketrans({letter: chr(position) for position, letter in enumerate(_PUNCTUATION, start=1)})
_EXPANDED = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t"})


def folded(text: str) -> str:
    """The text by which two are equal: lower case, no accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_EXPANDED))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def sort_key(text: str) -> str:
    """A text whose order by code points is the database's order; 0x30 and above stand for themselves."""
    return folded(text).translate(_WEIGHTS)
