"""The receiver over HTTP. Bounded in body, time and rate; says little to strangers, and remembers nothing of what it refuses.

    POST /webhooks/<code>/woocommerce         deliveries, and the unsigned ping of a new webhook
    POST /webhooks/<code>/business-central    notifications; with ?validationToken=… the handshake of a subscription (also GET)
    GET  /health                              whether it is there (as /healthz, see for_machines.py, which has /metrics, too)

| answer | when |
|---|---|
| 200 | taken, known already, not about customers, or a ping: nothing is to be repeated |
| 400 | not JSON, or not shaped as the sender writes it |
| 401 | no signature, a wrong one, or nothing with our client state |
| 408 | the body did not come in time |
| 409 | exactly this delivery was taken before (WooCommerce, which repeats nothing) |
| 413 | the body is larger than the setup allows |
| 415 | a compressed body, or another content type |
| 429 | more deliveries than the setup allows, or an address that keeps sending what is refused |
| 503 | the store cannot take it now |
"""  # fmt: skip

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connector.errors import StoreError
from connector.setup import Webhooks
from connector.webhooks.genuine import client_state
from connector.webhooks.inbox import Inbox
from connector.webhooks.limits import Bucket, Counters, Offenders
from connector.webhooks.reading import Delivery, Refused, is_ping, read_business_central, read_woocommerce

__all__ = ["BUSINESS_CENTRAL", "WOOCOMMERCE", "Receiver", "path_of"]

WOOCOMMERCE, BUSINESS_CENTRAL = "woocommerce", "business-central"
BODY_SECONDS = 10.0
_TOKEN = re.compile(r"[!-~]{1,2048}")
_SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_STATUS_WORDS = {200: "ok", 429: "later", 503: "later"}


def path_of(webstore_code: str, sender: str) -> str:
    """Where deliveries of one sender about one webstore go, below the receiver's public address."""
    return f"/webhooks/{webstore_code}/{sender}"


@dataclass
class Receiver:
    """What takes the deliveries of one webstore.

    Args:
        body_seconds: how long a body may take to arrive.
        entity: what Business Central's page of customers calls their list.
    """

    webstore_code: str
    settings: Webhooks
    secret: str
    inbox: Inbox
    counters: Counters
    body_seconds: float = BODY_SECONDS
    entity: str = "customers"
    _offenders: Offenders = field(default_factory=Offenders)
    _rate: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self._rate = Bucket(self.settings.deliveries_per_minute)
        self._state = client_state(self.secret, self.webstore_code)

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/health", _health, methods=["GET"]),
                Route(
                    path_of(self.webstore_code, WOOCOMMERCE),
                    partial(self._guarded, self._woocommerce),
                    methods=["POST"],
                ),
                Route(
                    path_of(self.webstore_code, BUSINESS_CENTRAL),
                    partial(self._guarded, self._business_central),
                    methods=["GET", "POST"],
                ),
            ]
        )

    async def _guarded(self, take: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
        """Take a delivery; whatever is refused leaves a count and nothing else."""
        address = request.client.host if request.client else ""
        if self._offenders.blocked(address, time.monotonic()):
            self.counters.add("limited")
            return _answer(429, retry_after=60)
        try:
            return await take(request)
        except Refused as refused:
            self._offenders.refused(address, time.monotonic())
            self.counters.add(refused.counter)
            return _answer(refused.status)
        except StoreError:
            self.counters.add("unavailable")
            return _answer(503, retry_after=30)
        except ClientDisconnect:
            self.counters.add("slow")
            return _answer(408)

    async def _woocommerce(self, request: Request) -> Response:
        body = await self._body(request, "application/json", "application/x-www-form-urlencoded")
        if is_ping(body):
            self.counters.add("ping")
            return _answer(200)
        return await self._take(read_woocommerce(request.headers, body, self.secret))

    async def _business_central(self, request: Request) -> Response:
        tokens = parse_qs(request.url.query, keep_blank_values=True).get("validationToken")
        if tokens is not None:
            if len(tokens) != 1 or not _TOKEN.fullmatch(tokens[0]):
                raise Refused(400, "malformed")
            self.counters.add("handshake")
            return PlainTextResponse(tokens[0], headers=_SAFE)
        if request.method != "POST":
            return Response(status_code=405, headers={**_SAFE, "Allow": "POST"})
        body = await self._body(request, "application/json")
        return await self._take(read_business_central(body, self._state, self.entity))

    async def _take(self, delivery: Delivery) -> Response:
        wait = self._rate.take(time.monotonic())
        if wait:
            self.counters.add("limited")
            return _answer(429, retry_after=int(wait) + 1)
        taken = await self.inbox.put(delivery)
        if taken.is_replay:
            raise Refused(409, "replayed")
        for name, number in (
            ("accepted", taken.noted), ("repeated", taken.known), ("echoes", taken.echoes),
             ("ignored", delivery.ignored), ("forged", delivery.forged),
        ):  # fmt: skip
            self.counters.add(name, number)
        return _answer(200)

    async def _body(self, request: Request, *kinds: str) -> bytes:
        """The body, as far as it may be read."""
        largest = self.settings.max_body_kilobytes * 1024
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > largest:
            raise Refused(413, "oversized")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in kinds or request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused(415, "malformed")
        body = bytearray()
        try:
            async with asyncio.timeout(self.body_seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > largest:
                        raise Refused(413, "oversized")
        except TimeoutError:
            raise Refused(408, "slow") from None
        return bytes(body)


def _answer(status: int, *, retry_after: int | None = None) -> Response:
    headers = _SAFE if retry_after is None else {**_SAFE, "Retry-After": str(retry_after)}
    return PlainTextResponse(_STATUS_WORDS.get(status, "refused"), status_code=status, headers=headers)


async def _health(_: Request) -> Response:
    return _answer(200)
