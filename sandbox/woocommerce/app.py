"""The shop as an ASGI application: everything below /wp-json is the API, / is the home page, everything else a page that is not
there. Where the API is, and what stands before it, are switches of the shop (doorway.py)."""

from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.canned_answers import Answer as Page
from sandbox.canned_answers import html_page
from sandbox.woocommerce import php, site
from sandbox.woocommerce.answers import Answer
from sandbox.woocommerce.authentication import NOBODY, ApiKeys, authenticate
from sandbox.woocommerce.doorway import PLAIN, turned_away
from sandbox.woocommerce.errors import ApiError
from sandbox.woocommerce.forms import multipart_fields
from sandbox.woocommerce.parameters import ApiRequest
from sandbox.woocommerce.routing import Router, refused
from sandbox.woocommerce.store import Store

__all__ = ["ApiKeys", "create_app"]

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
            await _send_page(send, scope, html_page(414))
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        switches = site.settings(store)
        base = f"{scope['scheme']}://{headers.get('host', '127.0.0.1')}/{switches['rest_prefix']}"
        route, is_ours = _route(scope, switches["rest_prefix"])
        away = turned_away(switches, headers.get("authorization", ""), is_api=route is not None)
        if away is not None or route is None:
            await _send_page(send, scope, away or _page(scope["path"], base))
            return
        query = php.parse_query(scope["query_string"].decode("latin-1"))
        request = _request(scope, route, query, headers, body)
        request.base_url = base
        answer = _answer(router, keys, request, headers.get("authorization", "") if is_ours else None)
        await _send_answer(send, answer, request)

    return app


def _answer(router: Router, keys: ApiKeys, request: ApiRequest, authorization: str | None) -> Answer:
    try:
        access = NOBODY if authorization is None else authenticate(keys, request.query, authorization)
    except ApiError as error:
        return refused(error)
    return router.answer(request, access)


def _page(path: str, base: str) -> Page:
    """The home page, which tells where the API is as every page of WordPress does; others are not there."""
    page = html_page(404)
    if path != "/":
        return page
    home = b"<!DOCTYPE html><html><head><title>The Sandbox Shop</title></head><body></body></html>"
    return Page(200, [*page.headers, (b"link", f'<{base}/>; rel="https://api.w.org/"'.encode())], home)


def _route(scope: Scope, prefix: str) -> tuple[str | None, bool]:
    """The route and whether WooCommerce looks for its keys there; (None, False) for pages outside the API.

    A request by `?rest_route=` reaches the routes whatever the permalinks. Keys are looked at where the address, its query
    included, holds the prefix and `/wc/` behind it.
    """
    path, query = scope["path"], scope["query_string"].decode("latin-1")
    if prefix != PLAIN and (path == f"/{prefix}" or path.startswith(f"/{prefix}/")):
        route = path.removeprefix(f"/{prefix}").rstrip("/") or "/"
        return route, route.startswith(("/wc/", "/wc-"))
    named = php.parse_query(query).get("rest_route")
    if path in ("/", "/index.php") and isinstance(named, str):
        sign = "wp-json" if prefix == PLAIN else prefix
        return named.rstrip("/") or "/", f"{sign}/wc/" in query or f"{sign}/wc-" in query
    return None, False


def _request(scope: Scope, route: str, query: dict[str, Any], headers: dict[str, str], body: bytes) -> ApiRequest:
    method = scope["method"].upper()
    override = query.get("_method") or headers.get("x-http-method-override") or method
    request = ApiRequest(
        method=php.to_text(override).upper(),
        route=route,
        query=query,
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


async def _send_page(send: Send, scope: Scope, page: Page) -> None:
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
