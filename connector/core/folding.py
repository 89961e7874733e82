"""Texts as people look for them: without letter case and accents, so that `muller` finds Müller, and `strasse` Straße."""

from __future__ import annotations

import unicodedata

from connector.core.characters import without_invisible

__all__ = ["folded", "words_of"]

# letters of their own, which no decomposition takes apart, as people without the key for them type them
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ħ": "h"})


def folded(text: str) -> str:
    """A text without letter case, accents and characters that nobody sees; folding it again changes nothing."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", without_invisible(text)).casefold()
    # what casefold gives may come apart once more
    apart = unicodedata.normalize("NFKD", plain).casefold().translate(_LETTERS)
    return "".join(c for c in apart if not unicodedata.combining(c))


def words_of(search: str) -> tuple[str, ...]:
    """The words that somebody looks for, folded, each once, in their order; as a store keeps texts, without NUL and halves of
    surrogate pairs."""
    kept = search.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return tuple(dict.fromkeys(folded(kept).split()))
