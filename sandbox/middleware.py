"""What stands around each emulator: it waits, plays faults, and writes the request log.

The applications behind it know nothing of all this. A request is read whole before anything happens, and its log entry
is written before the answer leaves. Requests below /_sandbox go to the control application: they are neither logged
nor delayed nor spoiled.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.canned_answers import Answer, altered, html_page, no_write_permission, server_error, torn, xml_error
from sandbox.faults import Faults, Rule
from sandbox.listening import CLOSE_EXTENSION, http_date
from sandbox.operations import SeenRequest, System, read_request
from sandbox.people_acts import PeopleActs, PeopleStore
from sandbox.request_log import RequestLog
from sandbox.stale import Memory

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
        exchange = _Exchange(self, scope, receive, send, request, rule, began)
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

    async def _prepare(self, exchange: "_Exchange", rule: Rule, request: SeenRequest) -> None:
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


@dataclass
class _Exchange:
    """One request on its way to its answer."""

    front: SandboxMiddleware
    scope: Scope
    receive: Receive
    send: Send
    request: SeenRequest
    rule: Rule | None
    began: float
    touched: tuple[str, ...] = ()
    _stale: Rule | None = None
    _memory: Memory | None = None
    _start: Message | None = None
    _chunks: list[bytes] = field(default_factory=list)

    async def run_application(self, body: bytes) -> None:
        app = self.front.app
        stale = self.front.faults.staleness(self.request)
        if stale is not None:
            rule, self._memory = stale
            remembered = self._memory.remembered(*self._address)
            if self._memory.app is not None or remembered is not None:
                self._stale = rule
                self.front.faults.struck(rule)
            if remembered is not None:
                await self._answer(remembered)
                return
            app = self._memory.app or app
        try:
            await app(self.scope, _replayed(body, self.receive), self._collect)
        except Exception:
            # The server answers 500 in our place; a request without an entry would hide the crash from the tests.
            if self._start is None:
                self._record(500, handled=True)
            raise

    async def _collect(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body" or self._start is None:
            await self.send(message)
            return
        self._chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            # Here and not after the application has returned: background tasks run behind the answer.
            answer = self._dated(Answer(self._start["status"], list(self._start["headers"]), b"".join(self._chunks)))
            if self._memory is not None:
                self._memory.remember(*self._address, answer)
            await self._answer(answer)

    @property
    def _address(self) -> tuple[str, str, str]:
        """What a cache knows a request by: its method as it was sent, path and raw query."""
        return self.scope["method"], self.scope["path"], self.scope["query_string"].decode("latin-1")

    def _dated(self, answer: Answer) -> Answer:
        """The answer with the moment at which the system gave it, by its own clock."""
        if any(name.lower() == b"date" for name, _ in answer.headers):
            return answer
        return Answer(answer.status, [*answer.headers, (b"date", http_date(self.front.now()))], answer.body)

    async def _answer(self, answer: Answer) -> None:
        if self.front.faults.watches_pages():
            self.front.people.note_page(self.request, answer)
        kind = None if self.rule is None else self.rule.kind
        if kind == "drop-after-write":
            await self.drop(handled=True)
            return
        if kind == "504-after-write":
            answer = html_page(504)
        elif kind == "500":
            answer = server_error(self.front.system)
        elif kind == "torn-json":
            answer = torn(answer)
        elif self.rule is not None and kind == "altered-records":
            answer = altered(answer, self.rule.options.get("records", {}))
        await self.finish(answer, handled=True)

    async def finish(self, answer: Answer, *, handled: bool) -> None:
        """Write the log entry, then send the answer."""
        answer = self._dated(answer)
        self._record(answer.status, handled=handled and self._stale is None)
        await self.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await self.send({"type": "http.response.body", "body": answer.body})

    async def drop(self, *, handled: bool) -> None:
        """Close the connection without an answer, and wait until the server knows: it would send a 500 otherwise."""
        self._record(None, handled=handled and self._stale is None)
        self.scope["extensions"][CLOSE_EXTENSION]["close"]()
        while (await self.receive())["type"] != "http.disconnect":
            continue

    def _record(self, status: int | None, *, handled: bool) -> None:
        milliseconds = (time.perf_counter() - self.began) * 1000
        struck = self.rule or self._stale
        kind = None if struck is None else struck.kind
        self.front.log.record(self.request, status=status, milliseconds=milliseconds, handled=handled, fault=kind)
        for rule in (self.rule, self._stale):
            if rule is not None:
                self.front.faults.note(rule, self.request, self.touched if rule is self.rule else ())


def _refusal(system: System, rule: Rule) -> Answer | None:
    """The answer of a fault that keeps the request from the application."""
    if rule.kind in ("429", "503"):
        return html_page(int(rule.kind), rule.options.get("retry_after"))
    if rule.kind == "html":
        return html_page(int(rule.options.get("status", 503)))
    if rule.kind == "read-only-key":
        return no_write_permission(system)
    if rule.kind == "xml":
        return xml_error(int(rule.options.get("status", 503)))
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


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out the body once and then what really happens on the connection."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
