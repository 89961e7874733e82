"""What every request must pass before a page sees it: the right host, the right origin, a bounded body, a bounded rate.

The Host header is checked because a stranger's name can be made to lead to this machine (DNS rebinding); the origin because a
browser sends cookies along with whatever a stranger's page asks for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.webhooks.limits import Bucket, Offenders

__all__ = ["SAFE_HEADERS", "Guard", "RequestRefused"]

MOST_BYTES = 1_000_000
# a page, its style, its script, and the pace of somebody who works by keyboard
_PER_MINUTE = 1_200
SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class RequestRefused(Exception):
    """A request that no page sees. `status` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Guard:
    """Checks requests and makes answers safe, around the application.

    Args:
        hosts: what the Host header may say, in lower case with the port.
        origins: where forms may come from.
        is_known: whether a browser with these headers is logged in. Whoever is not shares a pace with all strangers, and is
            blocked with all of the same address; a stranger's page in somebody's browser sends no cookie along.
    """

    def __init__(
        self, app: ASGIApp, hosts: frozenset[str], origins: frozenset[str], is_known: Callable[[Headers], bool]
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins
        self._is_known = is_known
        self._strangers, self._known = Bucket(_PER_MINUTE), Bucket(_PER_MINUTE)
        self._offenders = Offenders()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = (scope.get("client") or ("",))[0]

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check(scope, client)
        except RequestRefused as refused:
            self._offenders.refused(client, time.monotonic())
            await PlainTextResponse(refused.text, refused.status)(scope, receive, send_safely)
            return
        await self._app(scope, _bounded(receive), send_safely)

    def _check(self, scope: MutableMapping[str, Any], client: str) -> None:
        headers = Headers(scope=scope)
        now = time.monotonic()
        is_known = self._is_known(headers)
        blocked = not is_known and self._offenders.blocked(client, now)
        if blocked or (self._known if is_known else self._strangers).take(now):
            raise RequestRefused(429, "Too many requests. Wait a minute.")
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise RequestRefused(421, "This is not the name under which the console is reached.")
        if scope["method"] not in {"GET", "HEAD", "POST"}:
            raise RequestRefused(405, "Only GET and POST are understood.")
        origin = headers.get("origin")
        if scope["method"] == "POST" and (
            (origin is not None and origin.lower() not in self._origins)
            or headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
        ):
            raise RequestRefused(403, "This form comes from another site.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            raise RequestRefused(413, f"A request of more than {MOST_BYTES:,} bytes is not read.")


def _bounded(receive: Receive) -> Receive:
    """The body of a request that may not say beforehand how long it is."""
    so_far = 0

    async def receive_bounded() -> Message:
        nonlocal so_far
        message = await receive()
        so_far += len(message.get("body", b""))
        if so_far > MOST_BYTES:
            raise RequestRefused(413, f"A request of more than {MOST_BYTES:,} bytes is not read.")
        return message

    return receive_bounded
