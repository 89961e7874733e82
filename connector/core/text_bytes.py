"""Columns of texts as one run of bytes, for questions about ASCII characters: a tenth of what a regular expression takes.

A byte of a character that is not ASCII is 128 or more, so that it is never taken for one that is.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["are_words", "has_any", "numbers", "only"]

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
_BLANK = ord(" ")
_WIDE = 1 << 31


def are_words(texts: pa.Array, characters: str) -> pa.Array:
    """Which texts are words of some characters with single blanks between, or blank; null for null.

    Args:
        characters: class of a regular expression, ASCII characters other than the blank.
    """
    data, ends = _bytes_of(texts)
    fine, blank = _is(data, characters), data == _BLANK
    # a blank is right between two others, and wrong after another one, at the beginning and at the end
    odd = ~(fine | blank)
    odd[1:] |= blank[1:] & blank[:-1]
    wrong = np.zeros(len(texts), dtype=np.bool_)
    wrong[np.searchsorted(ends, np.flatnonzero(odd), side="right") - 1] = True
    there = ends[1:] > ends[:-1]
    wrong[there] |= blank[ends[:-1][there]] | blank[ends[1:][there] - 1]
    return pa.array(~wrong, mask=_nulls(texts))


def only(texts: pa.Array, characters: str) -> pa.Array:
    """The texts without all other characters; null stays null."""
    data, ends = _bytes_of(texts)
    stay = _is(data, characters)
    if stay.all():
        return texts.cast(pa.large_string())
    return _kept(texts, data, ends, stay)


def has_any(texts: pa.Array, characters: str) -> bool:
    """Whether any text holds one of some ASCII characters."""
    return bool(_is(_bytes_of(texts)[0], characters).any())


def numbers(texts: pa.Array) -> pa.Array:
    """The runs of ASCII digits of each text with single blanks between; null stays null."""
    data, ends = _bytes_of(texts)
    stay = _is(data, "[0-9]")
    after = np.zeros(len(data), dtype=np.bool_)  # what ends a run
    after[1:] = stay[:-1] & ~stay[1:]
    begins = ends[:-1]
    after[begins[begins < len(data)]] = False
    blanked = np.where(after, np.uint8(_BLANK), data)
    return pc.ascii_rtrim(_kept(texts, blanked, ends, stay | after), " ")


def _bytes_of(texts: pa.Array) -> tuple[Bytes, np.ndarray[Any, Any]]:
    """All bytes, and where in them each text begins, and ends."""
    _, ends, data = texts.buffers()
    wide = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    if ends is None or not len(texts):
        return np.zeros(0, np.uint8), np.zeros(len(texts) + 1, wide)
    places = np.frombuffer(ends, wide)[texts.offset : texts.offset + len(texts) + 1]
    whole = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)[places[0] : places[-1]]
    return whole, places - places[0]


def _kept(texts: pa.Array, data: Bytes, ends: np.ndarray[Any, Any], stay: Mask) -> pa.Array:
    """The texts of the bytes that stay; null for null."""
    before = np.zeros(len(data) + 1, np.int32 if len(data) < _WIDE else np.int64)
    np.cumsum(stay, out=before[1:])
    buffers = [None, pa.py_buffer(before[ends].astype(np.int64)), pa.py_buffer(np.compress(stay, data))]
    kept, nulls = pa.Array.from_buffers(pa.large_string(), len(texts), buffers), _nulls(texts)
    return kept if nulls is None else pc.if_else(pa.array(nulls), pa.scalar(None, kept.type), kept)


def _nulls(texts: pa.Array) -> Mask | None:
    return texts.is_null().to_numpy(zero_copy_only=False) if texts.null_count else None


def _is(data: Bytes, characters: str) -> Mask:
    """Which bytes are one of some ASCII characters."""
    return np.frombuffer(data.tobytes().translate(_table(characters)), np.bool_)


@cache
def _table(characters: str) -> bytes:
    one = re.compile(characters)
    return bytes(one.fullmatch(chr(point)) is not None for point in range(256))
