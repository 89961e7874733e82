"""Texts broken where a panel ends, because Prefect's pages break no long word: neither an e-mail nor 400 times the same letter.

Both UIs take styles away, the second one takes `<wbr>` away, too, and an invisible blank would be copied with the text; a line
break is what is left. Widths are in em, the size of the page's letters, and rather too large than too small.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

__all__ = ["FORM", "LINES", "PANEL", "broken", "column_limits"]

# the first UI gives an artifact 874 pixels of letters of 16 (in a window of 1428), the second never more than 690 of 14
PANEL = 48.0
# letters outside of tables are of 16 in both
LINES = 42.0
# a form in which a run waits is a window in the page, of 512 pixels with its margins
FORM = 27.0
# what stands between two columns
_GAP = 1.25
# no column becomes narrower than about five letters
_LEAST = 3.2
_WIDEST = 1.02
_JOINER = "\u200d"
_PUNCTUATION = frozenset("@./-_,;:+&=?")


def column_limits(columns: Iterable[Iterable[str]], width: float) -> list[float]:
    """How wide each column of a table may make its longest word, so that the table is no wider than the panel.

    Words are broken in the widest columns first; where nothing has to be broken the limits are what the words need.
    """
    longest = [_longest_word(column) for column in columns]
    limit = _share(sorted(longest), width - _GAP * len(longest))
    return [max(min(needed, limit), _LEAST) for needed in longest]


def _share(longest: Sequence[float], room: float) -> float:
    """How much of the room each of those has that want more than their share; `longest` in order."""
    for place, needed in enumerate(longest):
        share = room / (len(longest) - place)
        if needed > share:
            return share
        room -= needed
    return max(longest, default=room)  # all of them have what they want


def _longest_word(cells: Iterable[str]) -> float:
    longest = 0.0
    for cell in cells:
        for word in cell.split():
            if len(word) * _WIDEST > longest:
                longest = max(longest, _width(word))
    return longest


def broken(text: str, limit: float) -> list[str]:
    """A text on one line as the lines that it is broken into, where a word in it is wider than the limit; otherwise itself."""
    lines = [""]
    for number, word in enumerate(text.split(" ")):
        first, *rest = _pieces(word, limit)
        lines[-1] += f"{' ' * bool(number)}{first}"
        lines += rest
    return lines


def _pieces(word: str, limit: float) -> Sequence[str]:
    """A word in pieces that are no wider than the limit, behind punctuation where there is some in the second half of one."""
    if len(word) * _WIDEST <= limit or _width(word) <= limit:
        return [word]
    pieces: list[str] = []
    piece, width = "", 0.0
    for letter in word:
        more = _of_letter(letter)
        if piece and width + more > limit and not _belongs(letter) and piece[-1] != _JOINER:
            cut = next(
                (at for at in range(len(piece), len(piece) // 2, -1) if piece[at - 1] in _PUNCTUATION), len(piece)
            )
            pieces.append(piece[:cut])
            piece = piece[cut:]
            width = _width(piece)
        piece += letter
        width += more
    return [*pieces, piece]


def _belongs(letter: str) -> bool:
    """Whether it is drawn together with the letter before it: an accent, the look of an emoji."""
    return unicodedata.category(letter) in {"Mn", "Me", "Mc", "Cf", "Sk"} and not letter.isascii()


def _width(text: str) -> float:
    return sum(map(_of_letter, text))


@cache
def _of_letter(letter: str) -> float:
    if letter in "il.,:;'|!jtf()[]I ":
        return 0.36
    if letter in "mwMW@%—…→" or unicodedata.east_asian_width(letter) in "WF":
        return _WIDEST
    return 0.75 if letter.isupper() or not letter.isascii() else 0.58
