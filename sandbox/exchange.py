"""One request on its way to its answer: through the application or a stale memory, spoiled by a fault, noted in the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.canned_answers import Answer, altered, html_page, server_error, torn
from sandbox.endless_answers import BODY, NEWCOMERS, drip_head, drop_of, padded, padded_headers
from sandbox.faults import Faults, Rule
from sandbox.listening import CONNECTION_EXTENSION, http_date
from sandbox.operations import SeenRequest, System
from sandbox.people_acts import PeopleActs
from sandbox.request_log import RequestLog
from sandbox.stale import Memory


class Front(Protocol):
    """What stands around an emulator, as far as a request on its way meets it."""

    system: System
    log: RequestLog
    faults: Faults
    people: PeopleActs

    @property
    def app(self) -> ASGIApp: ...
    @property
    def now(self) -> Callable[[], float]: ...


@dataclass
class Exchange:
    """One request on its way to its answer."""

    front: Front
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
        """Have the application (or a memory) answer, and send that."""
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
        if self.rule is not None and kind == "slow-drip":
            await self._drip(answer, self.rule)
            return
        if self.rule is not None and kind == "oversized":
            await self._pour(answer, self.rule)
            return
        if kind == "504-after-write":
            answer = html_page(504)
        elif kind == "500":
            answer = server_error(self.front.system)
        elif kind == "torn-json":
            answer = torn(answer)
        elif self.rule is not None and kind == "altered-records":
            answer = altered(answer, self.rule.options.get("records", {}))
        elif self.rule is not None and kind == "endless-pages":
            answer = self.rule.lists.page(self.request, answer, self.rule.options.get("pages", NEWCOMERS))
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
        self.scope["extensions"][CONNECTION_EXTENSION]["close"]()
        await self._gone()

    async def _gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            continue

    async def _drip(self, answer: Answer, rule: Rule) -> None:
        """Send the begin of an answer, and then a byte now and then until the client goes."""
        self._record(answer.status, handled=self._stale is None)
        write = self.scope["extensions"][CONNECTION_EXTENSION]["write"]
        place = rule.options.get("where", BODY)
        write(drip_head(answer, place))
        gone = asyncio.ensure_future(self._gone())
        while not gone.done():
            await asyncio.wait([gone], timeout=float(rule.options.get("seconds", 1)))
            write(drop_of(place))

    async def _pour(self, answer: Answer, rule: Rule) -> None:
        """Send far more than anybody takes, until the client goes or all of it is sent."""
        packed = bool(rule.options.get("packed", False))
        self._record(answer.status, handled=self._stale is None)
        headers = padded_headers(answer, packed=packed)
        await self.send({"type": "http.response.start", "status": answer.status, "headers": headers})
        gone = asyncio.ensure_future(self._gone())
        for piece in padded(answer, int(rule.options.get("megabytes", 300)), packed=packed):
            await asyncio.sleep(0)  # others want to be served, and the client may have gone
            if gone.done():
                return
            await self.send({"type": "http.response.body", "body": piece, "more_body": True})
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        gone.cancel()

    def _record(self, status: int | None, *, handled: bool) -> None:
        milliseconds = (time.perf_counter() - self.began) * 1000
        struck = self.rule or self._stale
        kind = None if struck is None else struck.kind
        self.front.log.record(self.request, status=status, milliseconds=milliseconds, handled=handled, fault=kind)
        for rule in (self.rule, self._stale):
            if rule is not None:
                self.front.faults.note(rule, self.request, self.touched if rule is self.rule else ())


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
