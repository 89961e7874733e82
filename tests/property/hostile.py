"""What people, scripts and broken programs may write where a value, a line or a file is read; and what must be said then."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st

from connector.errors import CustomerSyncError, InternalError
from connector.printable import printable

__all__ = ["anything", "changed_bytes", "changed_text", "refused_or_understood", "texts"]

# each of these has broken some reader: blanks, ends of texts, numbers that are none, addresses, paths, patterns, formulas
PIECES = (
    "", " ", "\t", "\n", "\r\n", "\0", "a\0b", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ufffe",
    "\U0010ffff", "x" * 5_000, "0", "-1", "+1", "1e999", "1_000", "9" * 400, "-9" * 300, "NaN", "inf", "0x10", "1,5",
    "٣", "²", "½", "Ⅷ", "true", "None", "null", "..", ".", "/", "//", "~", "~nobody/x", "\\", "C:\\x", "a/../../b",
    "x/" * 300, "/dev/null", "/proc/self/mem", "env:", "env: ", "env:NOT_SET", "env:A=B", "env:A\0B", "env:EMPTY",
    "http://", "http://[", "https://[::1", "http://[::1]:x", "http://a:99999", "http://a:-1", "https://a b/",
    "https://user:pw@a/", "https://a/?q", "https://a/#f", "https://ä.example", "https://xn--.example",
    "https://" + "a" * 300 + ".example", "https://a..b/", "http://%00/", "http://a\\@b/", "//a", "file:///x",
    "https://a/wp-json", "https://a/api/v2.0", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///x\0y",
    "sqlite:///.", "sqlite:///" + "x" * 400, "sqlite:///a?timeout=x", "sqlite:///a?timeout=1e999",
    "sqlite:///a?timeout=nan", "sqlite:///a?b=c", "sqlite:///a?timeout=-1", "sqlite:///a?timeout=1&timeout=2",
    "mysql://a", "nosuch://a", "sqlite+nosuch:///a", "Europe", "Europe/Berlin", "Europe/Berlin\0", "../Berlin",
    "/etc/localtime", "a" * 300, "(", "[a-", "(?P<a", "(a+)+$", "\\", "*", "a|b", "1 | 0", "| ", "x is", "x is y",
    "=1+1", "'", "''", '"', '""', ",", ";", ",,", "a,b", '"a', 'a"b', "#", "[", "]", "[[", "{", "}", "{x}", "%s%n",
    "%(a)s", "$HOME", "`id`", "C00010", "woo:1", "woo:", "woo:-1", "woo:99999999999999999999", "a@b.example", "1=2",
    "=", "C00010=woo:1", "00000000-0000-0000-0000-000000000000", "İ", "ß", "e\u0301", "\u200b", "一", "🏳️\u200d🌈",
    "DE", "de",
)  # fmt: skip
texts: st.SearchStrategy[str] = st.one_of(
    st.sampled_from(PIECES),
    st.lists(st.sampled_from(PIECES), min_size=2, max_size=3).map("".join),
    st.text(st.characters(codec="utf-8"), max_size=12),
)
_numbers: st.SearchStrategy[Any] = st.one_of(
    st.integers(-3, 3),
    st.sampled_from((2**31, -(2**31), 2**63, 2**64, 10**400, -(10**19))),
    st.sampled_from((0.0, -0.0, 0.5, 1e-320, 1e308, float("inf"), float("-inf"), float("nan"))),
)
_moments: st.SearchStrategy[Any] = st.sampled_from(
    (datetime.date(1, 1, 1), datetime.time(23, 59), datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC))
)
_scalars: st.SearchStrategy[Any] = st.one_of(texts, _numbers, st.booleans(), _moments)
# any value that TOML, JSON or a Block can hold
anything: st.SearchStrategy[Any] = st.one_of(
    _scalars,
    st.recursive(
        _scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
        max_leaves=5,
    ),
)


@st.composite
def changed_text(draw: st.DrawFn, text: str) -> str:
    """The text with some pieces put in, taken out, doubled, or in place of others."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from((0, 0, 1, 3, 40, 4_000))))
        text = text[:start] + draw(st.one_of(texts, st.just(text[start:end] * 2))) + text[end:]
    return text


@st.composite
def changed_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes, changed likewise, with no regard for characters."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from((0, 0, 1, 3, 40, 4_000))))
        content = content[:start] + draw(st.one_of(st.binary(max_size=8), st.just(content[start:end]))) + content[end:]
    return content


@contextmanager
def refused_or_understood(*places: str) -> Iterator[list[CustomerSyncError]]:
    """What is done inside is understood, or refused in words that people can use; anything else comes out.

    Args:
        places: one of these must stand in the words: the file, the setting or the option that is wrong.

    Yields:
        Where the refusal is put, if there is one.
    """
    refused: list[CustomerSyncError] = []
    try:
        yield refused
    except CustomerSyncError as error:
        refused.append(error)
        told = str(error)
        assert told.strip()
        assert not isinstance(error, InternalError), told
        assert told == printable(told), repr(told)
        assert not places or any(place in told for place in places), told
