"""The console as an application: which address shows what, and who is let in."""

from __future__ import annotations

import logging
import time
from importlib.resources import files
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from console import (
    conflicts_page,
    customer_page,
    mapping_page,
    plan_page,
    runs_page,
    setup_page,
    suggestions_page,
    versions_page,
    webstores_page,
    what_if_page,
)
from console.guard import Guard, RequestRefused
from console.page import address
from console.rendering import rendered
from console.shared import Console

__all__ = ["application"]

_log = logging.getLogger("console.actions")
_STATIC = {
    "base.css": "text/css",
    "console.css": "text/css",
    "console.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_PAGES = (
    webstores_page,
    mapping_page,
    customer_page,
    suggestions_page,
    conflicts_page,
    plan_page,
    runs_page,
    versions_page,
    setup_page,
    what_if_page,
)


def application(console: Console, hosts: frozenset[str], origins: frozenset[str]) -> ASGIApp:
    """The application, guarded; arguments as of `Guard`."""
    routes = [
        Route("/enter", _enter, methods=["GET", "POST"]),
        Route("/leave", _leave, methods=["POST"]),
        Route("/static/{name}", _static, methods=["GET"]),
        *(route for module in _PAGES for route in module.ROUTES),
    ]
    app = Starlette(routes=routes, exception_handlers={404: _not_found, RequestRefused: _refused})
    app.state.console = console
    return Guard(app, hosts, origins, console.is_logged_in)


async def _enter(request: Request) -> Response:
    """Come in: with the token of the printed address, which counts once, or with a name and a password."""
    console: Console = request.app.state.console
    if request.method == "GET":
        token = request.query_params.get("token", "")
        if not token or console.owner is None:
            return console.way_in(request)
        if not console.sessions.redeem(token):
            _log.info("the entry token was refused")
            refusal = "This address was used before. The console prints a new one each time: take the newest."
            return HTMLResponse(rendered("way_in.html", log_in=False, wrong=refusal, owner=console.owner), 403)
        console.on_entry()
        return console.let_in(console.sessions.begin(console.owner))
    client = request.client.host if request.client else ""
    if console.guessers.blocked(client, time.monotonic()):
        raise RequestRefused(429, "Too many wrong passwords. Wait a minute.")
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    name, password = (fields.get(field, [""])[0] for field in ("name", "password"))
    person = await run_in_threadpool(console.people.by_password, name, password)
    if person is None:
        console.guessers.refused(client, time.monotonic())
        _log.info("a log-in was refused")
        raise RequestRefused(403, "There is nobody with this name and password.")
    return console.let_in(console.sessions.begin(person))


async def _leave(request: Request) -> Response:
    console: Console = request.app.state.console
    session = console.session_of(request)
    if session is not None:
        console.sessions.end(session)
    answer = RedirectResponse(address("enter"), 303)
    answer.delete_cookie(console.cookie, path="/")
    return answer


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    kind = _STATIC.get(name)
    if kind is None:
        raise RequestRefused(404, "There is no such file.")
    folder = files("connector.report") / "templates" if name == "base.css" else files("console") / "static"
    return Response((folder / name).read_bytes(), media_type=kind, headers={"Cache-Control": "max-age=600"})


async def _not_found(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("There is no such page.", 404)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)  # noqa: S101 - registered for it
    console: Console = request.app.state.console
    if error.status == 403 and request.url.path == "/enter":
        page = rendered("way_in.html", log_in=console.people.log_in, wrong=error.text, owner=console.owner)
        return HTMLResponse(page, error.status)
    return PlainTextResponse(error.text, error.status)
