"""Characters that nobody sees: what they are, and where they are no part of a value.

A zero-width space, a byte order mark or a mark of writing direction comes along with text copied from pages, mails and contact
lists. Two values that differ in nothing else look the same, and are the same to whoever typed them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

__all__ = ["settled", "shown", "without_invisible", "without_strays"]

# of category Cf, but for the joiners and for the marks of Arabic and other scripts that are seen around numbers
_STRAYS = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_JOINERS = "\u200c\u200d"
# fillers and selectors of a letter's look, which are no format characters and yet show nothing
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
# scripts whose letters join or part by a joiner (Arabic, those of India and South-East Asia, Mongolian), and emoji
_JOINING = (
    "\u0620-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u180d\u180f-\u18af\u1a20-\u1aaf\u1b00-\u1c4f\ua800-\uaaff\uabc0-\uabff"
    "\ufb50-\ufdff\ufe70-\ufefc\ufe0f\U00010a00-\U00010a5f\U00011000-\U00011fff"
    "\u00a9\u00ae\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
)
_STRAY = re.compile(f"[{_STRAYS}]|(?<![{_JOINING}])[{_JOINERS}]|[{_JOINERS}](?![{_JOINING}])")
_INVISIBLE = re.compile(f"[{_STRAYS}{_JOINERS}{_FILLERS}]")
_UNSEEN = re.compile(f"{_STRAY.pattern}|[\u034f\u115f\u1160\u3164\uffa0\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def without_strays(text: str) -> str:
    """A text as it is read: without invisible characters, but with the joiners that its script needs."""
    return text if text.isascii() else _STRAY.sub("", text)


def without_invisible(text: str) -> str:
    """A value that machines read (an address, a code, a number), without any character that nobody sees."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def shown(text: str) -> str:
    """A text for people in which what nobody would see stands by its code point: `ann@x.example<U+200B>`. Line ends stay."""
    return _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def settled(step: Callable[[str], str], text: str) -> str:
    """A compatibility-composed text (NFKC), a step applied to it, again and again until neither changes anything.

    One round is not always enough: what is put into small letters may compose anew.
    """
    for _ in range(4):
        composed = unicodedata.normalize("NFKC", text)
        after = step(composed)
        if after == composed and unicodedata.is_normalized("NFKC", after):
            return after
        text = after
    return text
