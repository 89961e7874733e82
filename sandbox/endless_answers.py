"""Answers that do not end, or not soon: lists with always another page, answers that come byte by byte, too large ones.

A list is known by its address without what says where a page begins. Business Central's next page has a token of its own
making, so the emulator does not know it and this module answers it alone; a webstore's pages are asked for by position.
"""

import itertools
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from sandbox.canned_answers import Answer
from sandbox.operations import SeenRequest, System

# what is on the pages of an endless list
NOBODY, THE_SAME, NEWCOMERS = "nobody", "the-same", "newcomers"
PAGES = (NEWCOMERS, THE_SAME, NOBODY)
# where the bytes drip
HEADERS, BODY, CHUNKS = "headers", "body", "chunks"
PLACES = (BODY, HEADERS, CHUNKS)

_TOKEN = "sandbox-endless-"  # noqa: S105 - a place in a list
# what says where a page begins, and "_", which some clients make anew for every request so that no cache answers
_POSITIONS = frozenset({"page", "offset", "$skiptoken", "$skip", "aid", "_"})
_WEBSTORE_PAGE = 100
_COMPANY_PAGE = 20
_FIRST_ID = 10_000_000
_PIECE = b" " * 2**20


@dataclass
class EndlessLists:
    """The lists of one rule that have begun and do not end."""

    _begun: set[tuple[str, str]] = field(default_factory=set)
    _newcomers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _first: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def goes_on(self, request: SeenRequest) -> bool:
        """Whether the request asks for a later page of a list that has begun. Asked for its first page, a list ends."""
        if _TOKEN in request.query:
            return True
        if request.is_later_page:
            return _list_of(request) in self._begun
        self._begun.discard(_list_of(request))
        return False

    def begin(self, request: SeenRequest) -> None:
        """From now on the list of the request has no end."""
        self._begun.add(_list_of(request))

    def page(self, request: SeenRequest, answer: Answer, pages: str) -> Answer:
        """The answer with another page behind it; `pages` says who stands on it."""
        if request.system is System.WEBSTORE:
            return self._webstore_page(request, answer, pages)
        return self._company_page(request, answer, pages)

    def _webstore_page(self, request: SeenRequest, answer: Answer, pages: str) -> Answer:
        """A plugin that does not know where a page begins sends the first one always."""
        first = self._first.setdefault(_list_of(request), _content(answer, list))
        people = first if pages == THE_SAME else []
        if pages == NEWCOMERS:
            start = _FIRST_ID + _position(request)
            model = first[0] if first else {}
            people = [
                {**model, "id": number, "email": f"endless{number}@sandbox.example"}
                for number in range(start, start + _WEBSTORE_PAGE)
            ]
        # the total grows with the position, so that there is always another page
        pages_until_then = _position(request) // _WEBSTORE_PAGE + 2
        total = str(_position(request) + 2 * _WEBSTORE_PAGE).encode()
        headers = [(b"x-wp-total", total), (b"x-wp-totalpages", str(pages_until_then).encode())]
        return _with_content(answer, people, headers)

    def _company_page(self, request: SeenRequest, answer: Answer, pages: str) -> Answer:
        content = _content(answer, dict)
        # a token of ours says nothing of the list that it continues
        first = self._first.setdefault((request.path, ""), content.get("value") or [])
        people = first if pages == THE_SAME else []
        number = next(self._newcomers)
        if pages == NEWCOMERS:
            model = first[0] if first else {}
            people = [_newcomer(model, number * _COMPANY_PAGE + place) for place in range(_COMPANY_PAGE)]
        total = {"@odata.count": content["@odata.count"]} if "@odata.count" in content else {}
        link = f"{request.path}?$skiptoken={_TOKEN}{number}"
        return _with_content(answer, {**total, "value": people, "@odata.nextLink": link}, [])


def _newcomer(model: dict[str, Any], number: int) -> dict[str, Any]:
    identity = f"e0d1e550-0000-4000-8000-{number:012x}"
    return {**model, "id": identity, "number": f"X{number:09d}", "email": f"endless{number}@sandbox.example"}


def _list_of(request: SeenRequest) -> tuple[str, str]:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    return request.path, repr(sorted(pair for pair in pairs if pair[0].lower() not in _POSITIONS))


def _position(request: SeenRequest) -> int:
    values = dict(parse_qsl(request.query))
    page = int(values.get("page", "1")) - 1
    return int(values.get("offset", page * _WEBSTORE_PAGE))


def _content(answer: Answer, kind: type) -> Any:
    """The answer's JSON; an empty one where the emulator refused what it does not know."""
    try:
        content = json.loads(answer.body)
    except ValueError:
        return kind()
    return content if answer.status == 200 and isinstance(content, kind) else kind()


def _with_content(answer: Answer, content: Any, headers: list[tuple[bytes, bytes]]) -> Answer:
    body = json.dumps(content).encode()
    replaced = {b"content-length", b"content-type", *(name for name, _ in headers)}
    kept = [(name, value) for name, value in answer.headers if name.lower() not in replaced]
    length = (b"content-length", str(len(body)).encode())
    return Answer(200, [*kept, *headers, (b"content-type", b"application/json"), length], body)


def drip_head(answer: Answer, place: str) -> bytes:
    """The begin of an answer whose rest comes byte by byte, as it stands on the wire."""
    kept = [(n, v) for n, v in answer.headers if n.lower() not in (b"content-length", b"transfer-encoding")]
    head = b"".join(name + b": " + value + b"\r\n" for name, value in kept)
    status = f"HTTP/1.1 {answer.status} Sandbox\r\n".encode()
    rest = {
        HEADERS: b"X-Slow: ",
        BODY: b"Content-Length: 1000000\r\n\r\n",
        CHUNKS: b"Transfer-Encoding: chunked\r\n\r\n",
    }
    return status + head + rest[place]


def drop_of(place: str) -> bytes:
    """One byte of it."""
    return b"1\r\n \r\n" if place == CHUNKS else b" "


def padded(answer: Answer, megabytes: int, *, packed: bool) -> Iterator[bytes]:
    """The answer's text behind so many megabytes of blanks, which JSON allows, in pieces; `packed` as gzip."""
    pieces: Iterator[bytes] = itertools.chain(itertools.repeat(_PIECE, megabytes), [answer.body])
    if not packed:
        return pieces
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return itertools.chain((packer.compress(piece) for piece in pieces), (packer.flush() for _ in range(1)))


def padded_headers(answer: Answer, *, packed: bool) -> list[tuple[bytes, bytes]]:
    """The headers of a padded answer, whose length is not announced."""
    kept = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
    return [*kept, (b"content-encoding", b"gzip")] if packed else kept
