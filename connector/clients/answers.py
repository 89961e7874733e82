"""What came back over HTTP: the parsed answer, and why there is none."""

from __future__ import annotations

import email.utils
import html
import json
import math
import re
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
    "Body",
    "Said",
    "TooMuch",
    "body_of",
    "causes",
    "content_of",
    "described",
    "parsed",
    "plain",
    "retry_after_seconds",
    "said_by",
    "was_not_sent",
]

# what an answer may hold once it is decompressed; a page of 20,000 Business Central customers has 30 MB
LARGEST_ANSWER = 256 * 2**20
_PIECE = 2**16
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TAG = re.compile(r"<(script|style)\b.*?</\1>|</?[A-Za-z!][^<>]*>", re.DOTALL | re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TITLE = re.compile(r"<(title|h1)\b[^>]*>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_HTML = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|title|h[1-6]|div|p|script|meta|form)\b", re.DOTALL | re.I
)
# how much of a text that nobody understood is kept, and shown
_KEPT, _SHOWN = 4_000, 80


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. `body` is the parsed JSON; None where there was none or it is no JSON (`is_json` tells)."""

    status: int
    headers: Mapping[str, str]
    body: Any
    is_json: bool
    text: str


@dataclass(frozen=True)
class Body:
    """What an answer holds, whatever its label says.

    Attributes:
        json: parsed; None where it is no JSON (`is_json` tells).
        kind: "JSON", "a web page", "XML", "a text that is not JSON" or "nothing".
        title: of a web page; "" when it has none.
        text: the begin of what is no JSON.
    """

    json: Any
    is_json: bool
    kind: str
    title: str
    text: str

    @property
    def told(self) -> str:
        """A sentence with the title of a page or the begin of a text, after a blank; "" when there is nothing to tell."""
        if self.kind == "a web page":
            return f" It is called “{self.title}”." if self.title else ""
        # what follows a bracket may be customers
        begin = plain(re.split(r"[{\[]", self.text)[0])[:_SHOWN]
        return f" It begins with “{begin}”." if begin else ""


@dataclass(frozen=True)
class Said:
    """What a server says of itself in JSON: a code, a sentence, and the status that it means; "" and 0 where it does not."""

    code: str = ""
    message: str = ""
    status: int = 0

    @property
    def is_some(self) -> bool:
        """Whether anything is said at all."""
        return bool(self.code or self.message)


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


def body_of(content: bytes, headers: Mapping[str, str]) -> Body:
    """What an answer holds: looked at, since servers and plugins put wrong labels on it; the label only decides between texts."""
    if not content.strip():
        return Body(None, False, "nothing", "", "")
    json_body, is_json = parsed(content)
    if is_json:
        return Body(json_body, True, "JSON", "", "")
    text = content[:100_000].decode("utf-8", "replace").removeprefix("\ufeff")
    label = headers.get("Content-Type", "").lower()
    if _HTML.match(text) or ("html" in label and "<?xml" not in text[:100]):
        title = _TITLE.search(text)
        return Body(None, False, "a web page", plain(title[2])[:_SHOWN] if title else "", text[:_KEPT])
    is_xml = text.lstrip().startswith("<") and ("xml" in label or "<?xml" in text[:100] or "error" in text[:100])
    return Body(None, False, "XML" if is_xml else "a text that is not JSON", "", text[:_KEPT])


def described(body: Any) -> str:
    """What a JSON is instead of what was asked for, in a few words that hold no values: values may be customers'."""
    if isinstance(body, Mapping):
        names = ", ".join(plain(name)[:30] for name in list(body)[:5])
        return f"an object with {names}" if names else "an empty object"
    kinds = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(body), "nothing")


def said_by(body: Any) -> Said:
    """What a server or something in front of it says in an error object, in any of the usual shapes: WordPress' `code` and
    `message`, OData's `error`, OAuth's `error_description`, `success: false` of plugins, a `message` or `detail` of gateways."""
    if isinstance(body, list) and len(body) == 1:  # WooCommerce's older APIs: `errors`, with one inside
        return said_by(body[0])
    if not isinstance(body, Mapping):
        return Said()
    for name in ("error", "errors", "data"):
        inner = body.get(name)
        if isinstance(inner, Mapping | list) and (name != "data" or body.get("success") is False):
            found = said_by(inner)
            if found.is_some:
                return found
    words = ("message", "error_description", "detail", "title", "error", "reason")
    message = next((body[word] for word in words if isinstance(body.get(word), str) and body[word]), "")
    codes = ("code", "error", "statusCode", "status")
    code = next((body[word] for word in codes if isinstance(body.get(word), str | int) and body[word]), "")
    data = body.get("data")
    statuses = [
        data.get("status") if isinstance(data, Mapping) else None,
        body.get("statusCode"),
        body.get("status"),
        code,
    ]
    status = next((int(one) for one in map(str, statuses) if one.isascii() and one.isdecimal() and len(one) == 3), 0)
    return Said(plain(code) if message else "", plain(message), status)


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


def was_not_sent(error: BaseException) -> bool:
    """Whether no byte of the request can have reached the server: no such host, nothing listens, no connection in time."""
    return isinstance(error, requests.exceptions.ConnectTimeout) or any(
        isinstance(cause, NewConnectionError) for cause in causes(error)
    )


def causes(error: BaseException) -> list[BaseException]:
    """The error and everything it wraps: requests and urllib3 pack causes into arguments and `reason`."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and all(item is not known for known in found):
            found.append(item)
            waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found
