"""What stands around each emulator: it waits, plays faults, and writes the request log.

The applications behind it know nothing of all this. A request is read whole before anything happens, and its log entry
is written before the answer leaves. Requests below /_sandbox go to the control application: they are neither logged
nor delayed nor spoiled.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.canned_answers import (
    Answer,
    escapes_in_message,
    html_page,
    no_write_permission,
    server_error,
    xml_error,
)
from sandbox.exchange import Exchange
from sandbox.faults import Faults, Rule
from sandbox.operations import SeenRequest, System, read_request
from sandbox.people_acts import PeopleActs, PeopleStore
from sandbox.request_log import RequestLog

CONTROL_PREFIX = "/_sandbox"


@dataclass
class SandboxMiddleware:
    """ASGI application around one emulator, to be served by `listening.ServerThread` (it closes connections)."""

    app: ASGIApp
    control: ASGIApp
    system: System
    store: PeopleStore
    log: RequestLog
    faults: Faults
    expire_tokens: Callable[[], None] | None = None
    rename_company: Callable[[str], None] | None = None
    exhaust_series: Callable[[], None] | None = None
    latency_ms: float = 0
    now: Callable[[], float] = time.time
    people: PeopleActs = field(init=False)

    def __post_init__(self) -> None:
        self.people = PeopleActs(self.system, self.store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == CONTROL_PREFIX or scope["path"].startswith(CONTROL_PREFIX + "/"):
            await self.control(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        body = await _whole_body(receive)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        request = read_request(self.system, scope["method"], scope["path"], query, headers, body)
        rule = self.faults.take(request)
        exchange = Exchange(self, scope, receive, send, request, rule, began)
        if self.latency_ms:
            await asyncio.sleep(self.latency_ms / 1000)
        refusal = None if rule is None else _refusal(self.system, rule)
        if rule is not None and rule.kind == "drop-before":
            await exchange.drop(handled=False)
        elif refusal is not None:
            await exchange.finish(refusal, handled=False)
        else:
            if rule is not None:
                await self._prepare(exchange, rule, request)
            await exchange.run_application(body)

    async def _prepare(self, exchange: Exchange, rule: Rule, request: SeenRequest) -> None:
        """Everything that a fault does before the application sees the request."""
        if rule.kind == "slow":
            await asyncio.sleep(float(rule.options.get("seconds", 1)))
        elif rule.kind == "expired-token" and self.expire_tokens is not None:
            self.expire_tokens()
        elif rule.kind == "company-renamed" and self.rename_company is not None:
            self.rename_company(str(rule.options.get("name", "Renamed by a person")))
        elif rule.kind == "series-exhausted" and self.exhaust_series is not None:
            self.exhaust_series()
        elif rule.kind == "stale-tag":
            exchange.touched = self.people.touch(request.addressed_customers[0], rule.options.get("changes"))
        elif rule.kind == "row-deleted-while-paging":
            exchange.touched = self.people.delete_read_rows(rule)
        elif rule.kind == "row-inserted-while-paging":
            exchange.touched = self.people.insert_rows(rule)


def _refusal(system: System, rule: Rule) -> Answer | None:
    """The answer of a fault that keeps the request from the application."""
    if rule.kind in ("429", "503"):
        return html_page(int(rule.kind), rule.options.get("retry_after"))
    status = rule.options.get("status")
    if rule.kind in ("html", "xml"):
        return (html_page if rule.kind == "html" else xml_error)(int(status or 503))
    if rule.kind == "escapes-in-message":
        return escapes_in_message(system, int(status or 400))
    if rule.kind == "read-only-key":
        return no_write_permission(system)
    if rule.kind == "500" and not rule.options.get("handled", False):
        return server_error(system)
    return None


async def _whole_body(receive: Receive) -> bytes:
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(chunks)
