"""What differs between two values, character by character, and characters that nobody would see or that turn text around.

Values come from people who can type anything: a right-to-left override would let a table show something else than it holds,
so such characters are shown as their code point.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Piece", "differing", "pieces_of", "visible_name"]

# joiners belong to ordinary writing: emoji, Persian, the scripts of India
_JOINERS = "\u200c\u200d"
_CONTROLS = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
# beyond that the search for the smallest difference takes too long, and nobody reads it
_LONGEST = 300
_ALIKE = 0.4


@dataclass(frozen=True)
class Piece:
    """A part of a value.

    Attributes:
        changed: it is not in the other value.
        code: "" or the code point of a character that is shown by its name, such as U+202E.
    """

    text: str
    changed: bool = False
    code: str = ""


def differing(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both values, the differing characters marked. Values with little in common are marked whole: confetti helps nobody."""
    if before == after:
        return pieces_of(before), pieces_of(after)
    old, new = _clusters(before), _clusters(after)
    if max(len(old), len(new)) > _LONGEST:
        return _by_ends(old, new)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return pieces_of(before, changed=True), pieces_of(after, changed=True)
    removed: list[Piece] = []
    added: list[Piece] = []
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        removed += _shown(old[old_start:old_end], changed=kind != "equal")
        added += _shown(new[new_start:new_end], changed=kind != "equal")
    return tuple(removed), tuple(added)


def pieces_of(value: str, *, changed: bool = False) -> tuple[Piece, ...]:
    """A value with its invisible characters named."""
    return tuple(_shown(_clusters(value), changed=changed))


def visible_name(character: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`."""
    code = f"U+{ord(character):04X}"
    return f"{code} {unicodedata.name(character, '')}".strip()


def _clusters(text: str) -> list[str]:
    """Characters as people see them: accents and joined emoji stay together."""
    found: list[str] = []
    for character in text:
        joins = unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Mc"}
        if found and not _is_control(found[-1]) and (joins or character in _JOINERS or found[-1][-1] == _JOINERS[1]):
            found[-1] += character
        else:
            found.append(character)
    return found


def _is_control(character: str) -> bool:
    return character not in _JOINERS and len(character) == 1 and unicodedata.category(character) in _CONTROLS


def _by_ends(old: Sequence[str], new: Sequence[str]) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Only what is equal at the beginning and at the end counts as equal."""
    shortest = min(len(old), len(new))
    head = next((i for i in range(shortest) if old[i] != new[i]), shortest)
    tail = next((i for i in range(shortest - head) if old[-1 - i] != new[-1 - i]), shortest - head)

    def split(value: Sequence[str]) -> tuple[Piece, ...]:
        middle = len(value) - tail
        parts = ((value[:head], False), (value[head:middle], True), (value[middle:], False))
        return tuple(piece for part, changed in parts for piece in _shown(part, changed=changed))

    return split(old), split(new)


def _shown(clusters: Iterable[str], *, changed: bool) -> Iterator[Piece]:
    """Runs of ordinary text, and each invisible character by itself."""
    text = ""
    for cluster in clusters:
        if not _is_control(cluster):
            text += cluster
            continue
        if text:
            yield Piece(text, changed)
            text = ""
        yield Piece(visible_name(cluster), changed, f"U+{ord(cluster):04X}")
    if text:
        yield Piece(text, changed)
