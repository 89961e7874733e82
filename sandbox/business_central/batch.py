"""$batch: operations one after the other, each answered by itself, together one HTTP answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import orjson

from sandbox.business_central.errors import ApiError, bad_request, check_tenant
from sandbox.business_central.exchange import JSON_TYPE, Call, Reply, from_error
from sandbox.business_central.service import Service
from sandbox.business_central.settings import Settings

_BATCH_TYPE = "application/json; odata.metadata=minimal"


class _Undone(Exception):
    """Leaves the transaction of a failed snapshot."""


def operations_in(call: Call, maximum: int) -> list[Any]:
    """The operations of a batch. Raises ApiError: 405, 415, 400 for what is no batch, 500 for too many operations."""
    if call.method != "POST":
        raise ApiError(405, "BadRequest_MethodNotAllowed", f"'{call.method}' requests for '$batch' are not allowed.")
    requests = call.json().get("requests")
    if not isinstance(requests, list) or not all(_is_operation(request) for request in requests):
        raise bad_request("Invalid Request Body")
    ids = [request["id"] for request in requests if request.get("id") is not None]
    if len(set(map(str, ids))) < len(ids):
        raise bad_request("Invalid Request Body")
    groups = [group for request in requests if (group := request.get("atomicityGroup")) is not None]
    if len(set(map(str, groups))) < len(groups):
        text = (
            "Multiple requests within the same change set are not supported by Microsoft Dynamics 365 Business Central."
        )
        raise ApiError(500, "Unknown", text)
    if len(requests) > maximum:
        message = (
            f"The current batch message contains too many parts. A maximum number of '{maximum}' query operations and "
            "change sets are allowed in a batch message."
        )
        raise ApiError(500, "Unknown", message)
    return requests


def run_batch(service: Service, call: Call, operations: list[Any]) -> Reply:
    """Carry the operations out.

    By default the first failure ends the batch and what was done stays; `Prefer: odata.continue-on-error` goes on.
    `Isolation: snapshot` undoes everything after any failure, but the answers still tell of the success that was.
    Every writing operation is a transaction of its own inside: a failing one leaves nothing behind.
    """
    asks_for_snapshot = call.headers.get("isolation", "").lower() == "snapshot"
    is_snapshot = asks_for_snapshot and service.settings.snapshots_are_known
    goes_on = "odata.continue-on-error" in call.prefer
    parts: list[bytes] = []
    done: dict[str, Reply] = {}
    addressed: dict[str, str] = {}
    has_failed = False
    try:
        with service.store.database.transaction():
            for position, operation in enumerate(operations):
                identifier = str(operation.get("id"))
                inner = _inner(
                    call, operation, addressed if service.settings.batch_references else {}, service.settings
                )
                if any(done[other].status >= 400 for other in _needed(operation) if other in done):
                    error = ApiError(424, "BadRequest", "An operation that this one depends on has failed.")
                    reply = from_error(error, service.correlation_id())
                else:
                    reply = service.answer(inner)
                done[identifier] = reply
                addressed[identifier] = _address_of(inner, reply)
                parts.append(_part(operation, reply))
                has_failed |= reply.status >= 400
                if reply.status >= 400 and not goes_on:
                    reports_all = is_snapshot and position > 0 and service.settings.snapshot_failure_reports_all
                    if not reports_all:
                        break
            if is_snapshot and has_failed:
                raise _Undone
    except _Undone:
        pass
    return Reply(200, b'{"responses":[' + b",".join(parts) + b"]}", JSON_TYPE)


def _is_operation(request: Any) -> bool:
    return isinstance(request, dict) and all(isinstance(request.get(name), str) for name in ("method", "url"))


def _needed(operation: Mapping[str, Any]) -> list[str]:
    """The ids of the operations that one depends on."""
    named = operation.get("dependsOn")
    return [str(name) for name in named] if isinstance(named, list) else []


def _address_of(inner: Call, reply: Reply) -> str:
    """What an operation has addressed, or created: other operations may name it by `$` and its id."""
    if reply.status != 201 or not reply.body:
        return inner.path
    return f"{inner.path}({orjson.loads(reply.body)['id']})"


def _relative(outer: Call, url: str, addressed: Mapping[str, str]) -> str:
    """An operation's address behind that of the API: it may be written whole, from the host's root, or like this."""
    if urlsplit(url)[:2] in (("", ""), urlsplit(outer.base)[:2]):
        url = urlsplit(url)._replace(scheme="", netloc="").geturl()
    url = url.removeprefix(urlsplit(outer.base).path).lstrip("/")
    name, slash, rest = url.partition("/")
    if name.startswith("$") and name[1:] in addressed:
        return addressed[name[1:]] + slash + rest
    return url


def _inner(outer: Call, operation: Mapping[str, Any], addressed: Mapping[str, str], settings: Settings) -> Call:
    path, _, query = _relative(outer, operation["url"], addressed).partition("?")
    if "/BC/" in outer.base:
        check_tenant(settings.on_premises_tenants, query)
    sent = operation.get("headers")
    headers = {str(name).lower(): str(value) for name, value in (sent if isinstance(sent, dict) else {}).items()}
    if "company" in outer.headers:
        headers.setdefault("company", outer.headers["company"])
    body = operation.get("body")
    return replace(
        outer,
        method=operation["method"].upper(),
        path=path,
        query=query,
        headers=headers,
        body=b"" if body is None else orjson.dumps(body),
    )


def _part(operation: Mapping[str, Any], reply: Reply) -> bytes:
    identifier = operation.get("id")
    headers = {"content-type": _BATCH_TYPE, "odata-version": "4.0"} if reply.body else {"odata-version": "4.0"}
    headers.update({name.lower(): value for name, value in reply.headers.items()})
    head = orjson.dumps({"id": identifier, "status": reply.status, "headers": headers})
    if not reply.body:
        return head
    body = reply.body if reply.content_type.startswith("application/json") else orjson.dumps(reply.body.decode())
    return head[:-1] + b',"body":' + body + b"}"
