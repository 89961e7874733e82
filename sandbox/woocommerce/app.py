"""The shop as an ASGI application: everything below /wp-json is the API, everything else a page that is not there."""

from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.canned_answers import html_page
from sandbox.woocommerce import php
from sandbox.woocommerce.answers import Answer
from sandbox.woocommerce.authentication import NOBODY, ApiKeys, authenticate
from sandbox.woocommerce.errors import ApiError
from sandbox.woocommerce.forms import multipart_fields
from sandbox.woocommerce.parameters import ApiRequest
from sandbox.woocommerce.routing import Router, refused
from sandbox.woocommerce.store import Store

__all__ = ["ApiKeys", "create_app"]

_PREFIX = "/wp-json"
_FORM = "application/x-www-form-urlencoded"
_LONGEST_ADDRESS = 8_180
"""What the web server before WordPress takes; longer ones get a page, no JSON."""

_ALWAYS = [
    (b"content-type", b"application/json; charset=UTF-8"),
    (b"x-robots-tag", b"noindex"),
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-expose-headers", b"X-WP-Total, X-WP-TotalPages, Link"),
    (b"cache-control", b"no-cache, must-revalidate, max-age=0, no-store, private"),
]


def create_app(store: Store, keys: ApiKeys) -> ASGIApp:
    """The application of one shop with its accepted keys."""
    router = Router(store)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the shop only speaks HTTP, not {scope['type']}")
        body = await _body(receive)
        if len(scope["path"]) + len(scope["query_string"]) > _LONGEST_ADDRESS:
            await _send_page(send, scope, 414)
            return
        query = php.parse_query(scope["query_string"].decode("latin-1"))
        route, is_ours = _route(scope["path"], query)
        if route is None:
            await _send_page(send, scope, 404)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request = _request(scope, route, query, headers, body)
        answer = _answer(router, keys, request, headers.get("authorization", "") if is_ours else None)
        await _send_answer(send, answer, request)

    return app


def _answer(router: Router, keys: ApiKeys, request: ApiRequest, authorization: str | None) -> Answer:
    try:
        access = NOBODY if authorization is None else authenticate(keys, request.query, authorization)
    except ApiError as error:
        return refused(error)
    return router.answer(request, access)


def _route(path: str, query: dict[str, Any]) -> tuple[str | None, bool]:
    """The route and whether WooCommerce looks for its keys there; (None, False) for pages outside the API.

    A request by `?rest_route=` reaches the routes too, but nobody's keys are looked at.
    """
    if path == _PREFIX or path.startswith(_PREFIX + "/"):
        route = path.removeprefix(_PREFIX).rstrip("/") or "/"
        return route, route.startswith(("/wc/", "/wc-"))
    named = query.get("rest_route")
    if path in ("/", "/index.php") and isinstance(named, str):
        return named.rstrip("/") or "/", False
    return None, False


def _request(scope: Scope, route: str, query: dict[str, Any], headers: dict[str, str], body: bytes) -> ApiRequest:
    method = scope["method"].upper()
    override = query.get("_method") or headers.get("x-http-method-override") or method
    request = ApiRequest(
        method=php.to_text(override).upper(),
        route=route,
        query=query,
        base_url=f"{scope['scheme']}://{headers.get('host', '127.0.0.1')}{_PREFIX}",
    )
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and body != b"0":
        if kind.startswith("application/") and kind.removeprefix("application/").split("+")[-1] == "json":
            _read_json(request, body)
        elif kind == _FORM or (not kind and "POST" not in (method, request.method)):
            request.form = php.parse_query(body.decode("utf-8", "replace"))
        elif kind == "multipart/form-data" and method == "POST":
            request.form = multipart_fields(headers["content-type"], body)
    return request


def _read_json(request: ApiRequest, body: bytes) -> None:
    try:
        request.json = orjson.loads(body)
    except orjson.JSONDecodeError:
        request.is_bad_json = True


async def _body(receive: Receive) -> bytes:
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(chunks)


async def _send_page(send: Send, scope: Scope, status: int) -> None:
    page = html_page(status)
    await _send(send, page.status, page.headers, b"" if scope["method"] == "HEAD" else page.body)


async def _send_answer(send: Send, answer: Answer, request: ApiRequest) -> None:
    headers = [*_ALWAYS, *((name.lower().encode(), value.encode()) for name, value in answer.headers.items())]
    if "Link" not in answer.headers:
        headers.append((b"link", f'<{request.base_url}/>; rel="https://api.w.org/"'.encode()))
    await _send(send, answer.status, headers, b"" if request.method == "HEAD" else answer.complete_text().encode())


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [(name, value) for name, value in headers if name != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
