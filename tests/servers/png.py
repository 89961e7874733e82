"""Photographs of pages in fewer bytes: Chromium compresses quickly rather than well."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

__all__ = ["smaller"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def smaller(png: bytes) -> bytes:
    """The same picture without the filters of its rows, which help photographs of nature and not those of text.

    Args:
        png: 8 bits for each of red, green and blue, not interlaced.

    Raises:
        ValueError: it is another kind.
    """
    chunks = dict(_chunks(png))
    width, height, *kind = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if kind != [8, 2, 0, 0, 0]:
        raise ValueError(f"This is no PNG of 8-bit RGB: {kind}.")
    rows = _unfiltered(zlib.decompress(chunks[b"IDAT"]), width * 3, height)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"".join([_SIGNATURE, _chunk(b"IHDR", chunks[b"IHDR"]), _chunk(b"IDAT", data), _chunk(b"IEND", b"")])


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each kind of chunk with its content; the parts of one that is split together."""
    found: dict[bytes, bytes] = {}
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind = png[at + 4 : at + 8]
        found[kind] = found.get(kind, b"") + png[at + 8 : at + 8 + length]
        at += 12 + length
    yield from found.items()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _unfiltered(data: bytes, length: int, height: int) -> Iterator[bytes]:
    above = bytes(length)
    for number in range(height):
        start = number * (length + 1)
        row = bytearray(data[start + 1 : start + 1 + length])
        _unfilter(data[start], row, above)
        yield bytes(row)
        above = bytes(row)


def _unfilter(kind: int, row: bytearray, above: bytes) -> None:
    """Undo one of the five filters of the PNG specification, in place."""
    for at in range(len(row)) if kind else ():
        left = row[at - 3] if at >= 3 else 0
        corner = above[at - 3] if at >= 3 else 0
        if kind == 1:
            near = left
        elif kind == 2:
            near = above[at]
        elif kind == 3:
            near = (left + above[at]) // 2
        else:
            near = _paeth(left, above[at], corner)
        row[at] = (row[at] + near) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
