"""How the bytes of a text file are to be read: editors put marks before a text, and write encodings of their own."""

from __future__ import annotations

import codecs

__all__ = ["encoding_of", "text_in"]

# the marks of UTF-32 first: that of UTF-16 is the beginning of one of them
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 64


def encoding_of(data: bytes) -> str:
    """The encoding by the mark before the text, or, without one, by the zeros of UTF-16 beside Latin letters; else UTF-8."""
    found = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    if found:
        return found
    even, odd = data[:_LOOKED_AT:2], data[1:_LOOKED_AT:2]
    if odd and odd.count(0) > len(odd) // 2 and not even.count(0):
        return "utf-16-le"
    return "utf-16-be" if even and even.count(0) > len(even) // 2 and not odd.count(0) else "utf-8"


def text_in(data: bytes) -> str:
    """The text without its mark, line ends as they are.

    Raises:
        ValueError: it is not in the encoding that it seems to be in; says in which line.
    """
    encoding = encoding_of(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        readable = data[: error.start].decode(encoding, errors="ignore")
        line = readable.count("\n") + 1
        name = encoding.upper().removesuffix("-SIG").removesuffix("-LE").removesuffix("-BE")
        raise ValueError(f"line {line} is not {name}") from None
