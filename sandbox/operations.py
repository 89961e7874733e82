"""What a request does: its operations as (verb, target), read from method, path and body.

Both systems know single requests and batches; the request log counts operations, and the faults look for the record
that a request addresses. Reading is forgiving: a body that is no JSON has no operations, the emulator answers for it.

Verbs: read, create, update, delete, token. Targets: "customers" for a collection, "customers/<id>" for a record,
other resources alike ("companies", "subscriptions/<id>", ...).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_VERBS = {"GET": "read", "HEAD": "read", "OPTIONS": "read", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
_SECRET_PARAMETERS = re.compile(r"secret|consumer_key|oauth_|token|password", re.IGNORECASE)
_WEBSTORE_PREFIX = re.compile(r"^.*?/wc/v\d+/", re.IGNORECASE)
_COMPANY_PREFIX = re.compile(r"^.*/api/v2\.0(?=/|$)", re.IGNORECASE)
_KEYED_SEGMENT = re.compile(r"(\w+)\(([^)]*)\)")


class System(Enum):
    """Which of the two systems an application emulates."""

    WEBSTORE = "webstore"
    BUSINESS_CENTRAL = "business-central"


class Operation(NamedTuple):
    """One thing that a request asks for; compares equal to a plain tuple."""

    verb: str
    target: str


@dataclass(frozen=True)
class SeenRequest:
    """A request as log and faults see it. `method` is the effective one: WordPress lets any stand for another."""

    system: System
    method: str
    path: str
    query: str
    operations: tuple[Operation, ...]
    is_token_request: bool
    is_write: bool

    @property
    def addressed_customers(self) -> list[str]:
        """Ids of the customers that the request names for update or delete, in the order of the request."""
        prefix = "customers/"
        return [
            operation.target.removeprefix(prefix)
            for operation in self.operations
            if operation.verb in ("update", "delete") and operation.target.startswith(prefix)
        ]

    @property
    def lists_customers(self) -> bool:
        """Whether the request reads the collection of customers."""
        return self.operations == (Operation("read", "customers"),)

    @property
    def is_later_page(self) -> bool:
        """Whether the request continues a list that was begun by another request."""
        values = {name.lower(): value for name, value in parse_qsl(self.query, keep_blank_values=True)}
        if "$skiptoken" in values:
            return True
        starts = ((values.get("page"), 1), (values.get("offset"), 0), (values.get("$skip"), 0))
        return any(text is not None and text.isdigit() and int(text) > first for text, first in starts)

    @property
    def redacted_query(self) -> str:
        """The query string with the values of secret parameters replaced."""
        pairs = parse_qsl(self.query, keep_blank_values=True)
        if not any(_SECRET_PARAMETERS.search(name) and not name.startswith("$") for name, _ in pairs):
            return self.query
        return urlencode(
            [
                (name, "redacted" if _SECRET_PARAMETERS.search(name) and not name.startswith("$") else value)
                for name, value in pairs
            ]
        )


def read_request(
    system: System, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> SeenRequest:
    """Read a request. `path` is decoded, `query` is raw, names of `headers` are lower case."""
    method = _effective_method(system, method.upper(), query, headers)
    is_token = system is System.BUSINESS_CENTRAL and path.rstrip("/").endswith("/oauth2/v2.0/token")
    if is_token:
        operations: list[Operation] = [Operation("token", "token")]
        is_write = False
    elif system is System.WEBSTORE:
        operations = _webstore_operations(method, parse_qs(query).get("rest_route", [path])[0], body)
        is_write = method not in READING_METHODS
    else:
        operations = _business_central_operations(method, path, body)
        is_batch = path.rstrip("/").endswith("/$batch")
        reads_only = bool(operations) and all(operation.verb == "read" for operation in operations)
        is_write = method not in READING_METHODS and not (is_batch and reads_only)
    return SeenRequest(system, method, path, query, tuple(operations), is_token, is_write)


def _effective_method(system: System, method: str, query: str, headers: Mapping[str, str]) -> str:
    if system is not System.WEBSTORE:
        return method
    override = parse_qs(query).get("_method") or [headers.get("x-http-method-override", "")]
    return override[0].upper() or method


def _webstore_operations(method: str, path: str, body: bytes) -> list[Operation]:
    target = _WEBSTORE_PREFIX.sub("", path).strip("/").lower()
    resource, _, rest = target.partition("/")
    if rest == "batch" and method not in READING_METHODS:
        return _webstore_batch(resource, body)
    if method == "POST":
        return [Operation("update" if rest else "create", target)]
    return [Operation(_VERBS.get(method, "read"), target)]


def _webstore_batch(resource: str, body: bytes) -> list[Operation]:
    content = _json_object(body)
    operations: list[Operation] = []
    # WooCommerce works in this order whatever the order of the keys in the JSON text.
    for verb in ("create", "update", "delete"):
        items = content.get(verb)
        for item in items if isinstance(items, list) else []:
            identifier = item.get("id") if isinstance(item, dict) else item
            operations.append(Operation(verb, resource if verb == "create" else f"{resource}/{identifier}"))
    return operations


def _business_central_operations(method: str, path: str, body: bytes) -> list[Operation]:
    if not path.rstrip("/").endswith("/$batch"):
        return [_business_central_operation(method, _COMPANY_PREFIX.sub("", path))]
    requests = _json_object(body).get("requests")
    return [
        _business_central_operation(str(item.get("method", "")).upper(), unquote(str(item.get("url", ""))))
        for item in (requests if isinstance(requests, list) else [])
        if isinstance(item, dict)
    ]


def _business_central_operation(method: str, url: str) -> Operation:
    segment = url.partition("?")[0].strip("/").rpartition("/")[2]
    keyed = _KEYED_SEGMENT.fullmatch(segment)
    if keyed is not None:
        segment = f"{keyed[1]}/{keyed[2].lower()}"
    return Operation("create" if method == "POST" else _VERBS.get(method, "read"), segment)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
