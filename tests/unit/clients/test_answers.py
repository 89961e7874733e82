"""Bodies and headers as servers really send them."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from connector.clients.answers import parsed, retry_after_seconds


def test_json_is_understood_also_behind_a_byte_order_mark() -> None:
    assert parsed(b'[{"id":1}]') == ([{"id": 1}], True)
    assert parsed(b'\xef\xbb\xbf[{"id":1}]') == ([{"id": 1}], True)
    assert parsed(b"null") == (None, True)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'[{"id":1', b"[NaN]", b"Notice: x in y.php\n[]", b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    assert parsed(body) == (None, False)


def test_half_an_emoji_spoils_its_own_text_only() -> None:
    body = rb'{"value":[{"displayName":"Caf\u00e9 \ud83d","n":1},{"displayName":"\ud83d\ude00"}]}'
    assert parsed(body) == ({"value": [{"displayName": "Café �", "n": 1}, {"displayName": "😀"}]}, True)


def test_retry_after_in_seconds_or_as_a_date() -> None:
    assert retry_after_seconds("7") == 7
    assert retry_after_seconds("0.5") == 0.5
    assert retry_after_seconds("-3") == 0
    later = retry_after_seconds(formatdate(time.time() + 60, usegmt=True))
    assert later is not None
    assert 57 < later <= 60
    assert retry_after_seconds(formatdate(time.time() - 60, usegmt=True)) == 0


@pytest.mark.parametrize("value", [None, "", "soon", "nan", "inf"])
def test_a_retry_after_that_says_nothing_counts_as_none(value: str | None) -> None:
    assert retry_after_seconds(value) is None
