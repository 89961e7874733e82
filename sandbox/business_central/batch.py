"""$batch: operations one after the other, each answered by itself, together one HTTP answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from sandbox.business_central.errors import ApiError, bad_request
from sandbox.business_central.exchange import JSON_TYPE, Call, Reply
from sandbox.business_central.service import Service

_BATCH_TYPE = "application/json; odata.metadata=minimal"


class _Undone(Exception):
    """Leaves the transaction of a failed snapshot."""


def operations_in(call: Call, maximum: int) -> list[Any]:
    """The operations of a batch. Raises ApiError: 405, 415, 400 for what is no batch, 500 for too many operations."""
    if call.method != "POST":
        raise ApiError(405, "BadRequest_MethodNotAllowed", f"'{call.method}' requests for '$batch' are not allowed.")
    requests = call.json().get("requests")
    if not isinstance(requests, list):
        raise bad_request("Invalid Request Body")
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
    is_snapshot = call.headers.get("isolation", "").lower() == "snapshot"
    goes_on = "odata.continue-on-error" in call.prefer
    parts: list[bytes] = []
    has_failed = False
    try:
        with service.store.database.transaction():
            for position, operation in enumerate(operations):
                reply = service.answer(_inner(call, operation if isinstance(operation, dict) else {}))
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


def _inner(outer: Call, operation: Mapping[str, Any]) -> Call:
    url = str(operation.get("url", ""))
    path, _, query = url.removeprefix(outer.base).lstrip("/").partition("?")
    sent = operation.get("headers")
    headers = {str(name).lower(): str(value) for name, value in (sent if isinstance(sent, dict) else {}).items()}
    if "company" in outer.headers:
        headers.setdefault("company", outer.headers["company"])
    body = operation.get("body")
    return replace(
        outer,
        method=str(operation.get("method", "")).upper(),
        path=path,
        query=query,
        headers=headers,
        body=b"" if body is None else orjson.dumps(body),
    )


def _part(operation: Any, reply: Reply) -> bytes:
    identifier = operation.get("id") if isinstance(operation, dict) else None
    headers = {"content-type": _BATCH_TYPE, "odata-version": "4.0"} if reply.body else {"odata-version": "4.0"}
    headers.update({name.lower(): value for name, value in reply.headers.items()})
    head = orjson.dumps({"id": identifier, "status": reply.status, "headers": headers})
    if not reply.body:
        return head
    body = reply.body if reply.content_type.startswith("application/json") else orjson.dumps(reply.body.decode())
    return head[:-1] + b',"body":' + body + b"}"
