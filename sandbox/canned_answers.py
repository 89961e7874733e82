"""Answers that do not come from the application but from something before it: a gateway, a firewall, a broken server.

They are what a client meets in place of the JSON that it expects, so none of them is JSON, except each system's own 500.
"""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.operations import System


@dataclass(frozen=True)
class Answer:
    """A complete answer: status, headers as ASGI wants them, body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


_LOGIN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Log in</title></head>
<body><h1>Please log in</h1><form method="post"><input name="log"><input name="pwd" type="password"></form></body></html>
"""
_GATEWAY_PAGE = """<html>
<head><title>{title}</title></head>
<body>
<center><h1>{title}</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""
_XML_ERROR = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<error xmlns="http://docs.oasis-open.org/odata/ns/metadata">'
    "<code>ServiceUnavailable</code><message>The service is temporarily unavailable.</message></error>"
)
_TITLES = {
    404: "404 Not Found",
    414: "414 Request-URI Too Large",
    429: "429 Too Many Requests",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}
_WEBSTORE_500: dict[str, Any] = {
    "code": "internal_server_error",
    "message": "<p>There has been a critical error on this website.</p>",
    "data": {"status": 500},
    "additional_errors": [],
}
_BUSINESS_CENTRAL_500: dict[str, Any] = {
    "error": {
        "code": "Internal_ServerError",
        "message": "An unexpected error occurred.  CorrelationId:  00000000-0000-4000-8000-000000000500.",
    }
}


def html_page(status: int, retry_after: float | None = None) -> Answer:
    """A gateway's page; with status 200 the log-in page that a redirect or a security plugin puts in the way."""
    title = _TITLES.get(status, f"{status} Error")
    page = _LOGIN_PAGE if status < 400 else _GATEWAY_PAGE.format(title=title)
    headers = [] if retry_after is None else [(b"retry-after", f"{retry_after:g}".encode())]
    return _answer(status, "text/html; charset=utf-8", page, headers)


def xml_error(status: int) -> Answer:
    """The XML in which Business Central's gateway reports what it refuses itself."""
    return _answer(status, "application/xml", _XML_ERROR)


def server_error(system: System) -> Answer:
    """The 500 of the application itself, in its own JSON shape."""
    content = _WEBSTORE_500 if system is System.WEBSTORE else _BUSINESS_CENTRAL_500
    return _answer(500, "application/json; charset=utf-8", json.dumps(content))


def torn(answer: Answer) -> Answer:
    """The same answer, complete as far as HTTP can tell, with its text cut in the middle."""
    body = answer.body[: max(1, len(answer.body) // 2)]
    headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
    return Answer(answer.status, [*headers, (b"content-length", str(len(body)).encode())], body)


def _answer(status: int, content_type: str, text: str, headers: list[tuple[bytes, bytes]] | None = None) -> Answer:
    body = text.encode()
    return Answer(
        status,
        [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode()), *(headers or [])],
        body,
    )
