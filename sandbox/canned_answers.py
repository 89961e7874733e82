"""Answers that do not come from the application but from something before it: a gateway, a firewall, a broken server.

They are what a client meets in place of the JSON that it expects, so none of them is JSON, except each system's own 500.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.operations import System


@dataclass(frozen=True)
class Answer:
    """A complete answer: status, headers as ASGI wants them, body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


# what altered records have in place of a value that is to be left out
MISSING = "(missing)"
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
_NO_WRITE_PERMISSION = {
    System.WEBSTORE: (
        401,
        {
            "code": "woocommerce_rest_authentication_error",
            "message": "The API key provided does not have write permissions.",
            "data": {"status": 401},
        },
    ),
    System.BUSINESS_CENTRAL: (
        403,
        {
            "error": {
                "code": "Authorization_PermissionDenied",
                "message": "Sorry, the current permissions prevented the action. (TableData 18 Customer Modify)",
            }
        },
    ),
}
# what a terminal obeys, what a browser obeys, what turns a line around, and lines that no log has written
ESCAPES = (
    "\x1b]0;owned\x07\x1b[31mNo\x9b2J <b>such</b> &quot;thing&quot;\r\nhere\u202e"
    "<script>alert(1)</script><img src=x onerror=alert(2)>"
)
_CODE_WITH_ESCAPES = "so\x1b[2Jso"
_TITLES = {
    401: "401 Authorization Required",
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


def escapes_in_message(system: System, status: int) -> Answer:
    """An error in the system's own JSON whose code and text hold what a terminal or a browser would obey."""
    said: dict[str, Any] = {"code": _CODE_WITH_ESCAPES, "message": ESCAPES}
    content = {**said, "data": {"status": status}} if system is System.WEBSTORE else {"error": said}
    return _answer(status, "application/json; charset=utf-8", json.dumps(content))


def no_write_permission(system: System) -> Answer:
    """What the system says to a writing request of somebody who may only read."""
    status, content = _NO_WRITE_PERMISSION[system]
    return _answer(status, "application/json; charset=utf-8", json.dumps(content))


def torn(answer: Answer) -> Answer:
    """The same answer, complete as far as HTTP can tell, with its text cut in the middle."""
    body = answer.body[: max(1, len(answer.body) // 2)]
    headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
    return Answer(answer.status, [*headers, (b"content-length", str(len(body)).encode())], body)


def altered(answer: Answer, records: Mapping[str, Mapping[str, Any]]) -> Answer:
    """The same answer with other values in the records of these ids, wherever in the JSON they stand."""
    if answer.status != 200:
        return answer
    body = json.dumps(_altered(json.loads(answer.body), records)).encode()
    headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
    return Answer(answer.status, [*headers, (b"content-length", str(len(body)).encode())], body)


def _altered(value: Any, records: Mapping[str, Mapping[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_altered(item, records) for item in value]
    if not isinstance(value, dict):
        return value
    changes = records.get(str(value.get("id")))
    if changes is None:
        return {name: _altered(item, records) for name, item in value.items()}
    return _put_over(value, changes)


def _put_over(value: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(value)
    for name, change in changes.items():
        if change == MISSING:
            result.pop(name, None)
        elif isinstance(change, dict) and isinstance(result.get(name), dict):
            result[name] = _put_over(result[name], change)
        else:
            result[name] = change
    return result


def _answer(status: int, content_type: str, text: str, headers: list[tuple[bytes, bytes]] | None = None) -> Answer:
    body = text.encode()
    return Answer(
        status,
        [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode()), *(headers or [])],
        body,
    )
