"""What came back over HTTP: the parsed answer, and why there is none."""

from __future__ import annotations

import email.utils
import html
import json
import math
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import requests
from urllib3.exceptions import NewConnectionError

from connector.clients.redaction import redact
from connector.printable import printable

__all__ = [
    "Answer",
    "TooMuch",
    "certificate_problem",
    "content_of",
    "content_type",
    "parsed",
    "plain",
    "retry_after_seconds",
    "was_not_sent",
]

# what an answer may hold once it is decompressed; a page of 20,000 Business Central customers has 30 MB
LARGEST_ANSWER = 256 * 2**20
_PIECE = 2**16
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TAG = re.compile(r"<(script|style)\b.*?</\1>|</?[A-Za-z!][^<>]*>", re.DOTALL | re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. `body` is the parsed JSON; None where there was none or it is no JSON (`is_json` tells)."""

    status: int
    headers: Mapping[str, str]
    body: Any
    is_json: bool
    text: str


class TooMuch(Exception):
    """An answer is larger than any that the API gives."""


def content_of(response: requests.Response) -> bytes:
    """The body of an answer that is still being received, decompressed.

    Raises:
        TooMuch: it has more than LARGEST_ANSWER bytes; the connection is closed.
        requests.RequestException: it ended early, took too long, or cannot be decompressed.
    """
    pieces, size = [], 0
    for piece in response.iter_content(_PIECE):
        size += len(piece)
        if size > LARGEST_ANSWER:
            response.close()
            raise TooMuch(f"more than {LARGEST_ANSWER // 2**20} MB")
        pieces.append(piece)
    return b"".join(pieces)


def plain(said: Any) -> str:
    """What a server says, as text that may be shown anywhere: no markup, no entities, one line, nothing that a terminal would
    obey, none of our secrets, at most 300 characters and no full stop at the end."""
    text = printable(html.unescape(_TAG.sub(" ", str(said or "")[:10_000])))
    return redact(" ".join(text.split())).strip(" .")[:300]


def content_type(headers: Mapping[str, str]) -> str:
    """`text/html`, `application/json`; "" when the server did not say."""
    return headers.get("Content-Type", "").split(";")[0].strip().lower()


def parsed(content: bytes) -> tuple[Any, bool]:
    """The JSON and True, or None and False.

    Half a character, which a server leaves when it cuts a text in the middle of an emoji, becomes U+FFFD: one broken text
    must not make a page of good customers unreadable. A byte order mark, which careless plugins put before every answer, is
    skipped.
    """
    content = content.removeprefix(_BYTE_ORDER_MARK)
    try:
        return orjson.loads(content), True
    except orjson.JSONDecodeError:
        pass
    try:
        return _whole(json.loads(content, parse_constant=_refuse)), True
    except (ValueError, RecursionError):
        return None, False


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("�", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_LONE_SURROGATE.sub("�", key): _whole(item) for key, item in value.items()}
    return value


def retry_after_seconds(value: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date; None when it is absent or neither."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def certificate_problem(error: BaseException) -> str | None:
    """What is wrong with the certificate; "" for another failure of TLS, None when the failure has nothing to do with TLS."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return str(cause.verify_message).split(",")[0].rstrip(".")
    return "" if isinstance(error, requests.exceptions.SSLError) else None


def was_not_sent(error: BaseException) -> bool:
    """Whether no byte of the request can have reached the server: no such host, nothing listens, no connection in time."""
    return isinstance(error, requests.exceptions.ConnectTimeout) or any(
        isinstance(cause, NewConnectionError) for cause in _causes(error)
    )


def _causes(error: BaseException) -> list[BaseException]:
    """The error and everything it wraps: requests and urllib3 pack causes into arguments and `reason`."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and all(item is not known for known in found):
            found.append(item)
            waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found
