"""Texts of servers and files, fit to be shown on a terminal."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["printable"]

# of terminals: what an escape begins, up to the letter or the bell that ends it
_ESCAPE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
# characters that turn the direction of writing, so that what is read is not what stands there
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def printable(text: str) -> str:
    """A text of somebody else, such as a server or a file, without what a terminal would obey or hide; line ends stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in _ESCAPE.sub("", text) if c == "\n" or _is_shown(c))


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) != "Cc" and unicodedata.bidirectional(character) not in _TURNING
