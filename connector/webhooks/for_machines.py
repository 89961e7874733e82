"""What machines ask of a server of ours, in front of the pages or of the receiver:

    GET /healthz    200 as long as it answers
    GET /metrics    with `Authorization: Bearer TOKEN`: the webstores whose setup names this token

| answer of /metrics | when |
|---|---|
| 200 | the metrics; of a store that cannot be read only that |
| 401 | no token, or one that no setup names |
| 404 | no setup names a token: there is nothing to be read |
| 429 | too many wrong tokens from one address |
"""  # fmt: skip

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connector.errors import CustomerSyncError
from connector.metrics.exposition import text_of
from connector.metrics.families import StoreMetrics, ViewOf
from connector.setup import Setup
from connector.webhooks.limits import Offenders

__all__ = ["ForMachines", "Measured"]

_log = logging.getLogger(__name__)
_SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_WRONG_TOKENS_PER_MINUTE = 10


@dataclass(frozen=True)
class Measured:
    """A webstore as this module sees it: its setup as it is now, and a view of its store."""

    setup: Callable[[], Setup]
    view: ViewOf


class ForMachines:
    """An application that answers machines, and hands everything else to the one behind it.

    The Host header does not matter here: Prometheus and health checks come by whatever name or address reaches the process, and a
    stranger's page in somebody's browser has no token.
    """

    def __init__(self, app: ASGIApp, webstores: Mapping[str, Measured]) -> None:
        self._app = app
        self._webstores = webstores
        self._offenders = Offenders(_WRONG_TOKENS_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in {"/healthz", "/metrics"}:
            await self._app(scope, receive, send)
            return
        if scope["method"] not in {"GET", "HEAD"}:
            answer: Response = PlainTextResponse("Only GET is understood.", 405, {**_SAFE, "Allow": "GET, HEAD"})
        elif scope["path"] == "/healthz":
            answer = PlainTextResponse("ok", headers=_SAFE)
        else:
            client = (scope.get("client") or ("",))[0]
            answer = await run_in_threadpool(self._metrics, client, Headers(scope=scope))
        await answer(scope, receive, send)

    def _metrics(self, client: str, headers: Headers) -> Response:
        now = time.monotonic()
        if self._offenders.blocked(client, now):
            return PlainTextResponse("later", 429, {**_SAFE, "Retry-After": "60"})
        scheme, _, given = headers.get("authorization", "").partition(" ")
        tokens = {code: token for code in self._webstores if (token := self._token(code))}
        if not tokens:
            return PlainTextResponse("There is no such page.", 404, _SAFE)
        asked = given.strip().encode() if scheme.lower() == "bearer" else b""
        shown = {
            code: self._webstores[code].view for code, token in tokens.items() if hmac.compare_digest(asked, token)
        }
        if not shown:
            self._offenders.refused(client, now)
            return PlainTextResponse("refused", 401, {**_SAFE, "WWW-Authenticate": "Bearer"})
        metrics = StoreMetrics(shown)
        text, kind = text_of(metrics, headers.get("accept", ""))
        for code, problem in metrics.problems.items():
            _log.warning("metrics: %s: %s", code, problem)
        return Response(text, headers={**_SAFE, "Content-Type": kind})

    def _token(self, code: str) -> bytes:
        """The token of a webstore, read each time: it may be changed while the process runs."""
        try:
            return self._webstores[code].setup().metrics.resolved_token().encode()
        except CustomerSyncError as error:
            _log.warning("metrics: %s is not told of: %s", code, error)
            return b""
