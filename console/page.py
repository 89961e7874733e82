"""What a handler of a page gets: who asks, for which webstore, what the form says; and how it answers."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from connector.errors import (
    CustomerSyncError,
    InputError,
    InternalError,
    Overtaken,
    RemoteRefused,
    RemoteTrouble,
    StoreError,
)
from connector.store import LeaseHeld
from console.guard import RequestRefused
from console.people import Person, Right
from console.rendering import rendered
from console.sessions import FormState, Said, Session
from console.uploads import parts_of
from console.webstores import Webstore

if TYPE_CHECKING:
    from console.shared import Console

__all__ = ["Form", "Handler", "Page", "action", "shown_page"]

_log = logging.getLogger("console.actions")
# more rows than this stand on no page
_MOST_FIELDS = 5_000
_STATUS: tuple[tuple[type[CustomerSyncError], int], ...] = (
    (Overtaken, 409),
    (LeaseHeld, 409),
    (InputError, 400),
    (RemoteRefused, 502),
    (RemoteTrouble, 502),
    (StoreError, 503),
)


class Form:
    """The fields of a form that was sent, or of an address.

    Attributes:
        files: those that came along, by name as the browser tells it.
    """

    def __init__(self, fields: Mapping[str, Sequence[str]], files: Mapping[str, bytes] | None = None) -> None:
        self._fields = fields
        self.files = files or {}

    def text(self, name: str, default: str = "") -> str:
        """A field; the first one if there are several."""
        return next(iter(self._fields.get(name, ())), default).strip()

    def all(self, name: str) -> list[str]:
        """All fields of a name, each text once, in order."""
        return list(dict.fromkeys(self._fields.get(name, ())))

    def flag(self, name: str) -> bool:
        """Whether a box is ticked, or a button was pressed."""
        return bool(self.text(name))

    def number(self, name: str, default: int, most: int = 10**9) -> int:
        """A whole number from 0 to `most`.

        Raises:
            InputError: it is none.
        """
        text = self.text(name)
        if not text:
            return default
        if not text.isascii() or not text.isdecimal() or int(text) > most:
            raise InputError(f"{name} is not a number from 0 to {most:,}.")
        return int(text)

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of some texts.

        Raises:
            InputError: it is another one.
        """
        text = self.text(name, default) or default
        if text not in choices:
            raise InputError(f"{name} must be one of {', '.join(choices)}.")
        return text

    @property
    def version(self) -> int | None:
        """The mapping version that the form was made from; None = it has none."""
        return self.number("version", 0) if self.text("version") else None


@dataclass
class Page:
    """One request that a session of somebody with the right to it has made.

    Attributes:
        query: the fields of the address.
        form: the fields of a form that was sent; empty for a page that is only looked at.
    """

    console: Console
    request: Request
    session: Session
    query: Form
    form: Form = field(default_factory=lambda: Form({}))

    @property
    def person(self) -> Person:
        """Who asks."""
        return self.session.person

    @functools.cached_property
    def webstore(self) -> Webstore:
        """The webstore that the address names.

        Raises:
            RequestRefused: the console does not show it.
        """
        found = self.console.webstores.get(self.request.path_params.get("code", ""))
        if found is None:
            raise RequestRefused(404, "This console shows no such webstore.")
        return found

    def path(self, *parts: object, **query: object) -> str:
        """An address of this webstore's pages; blank fields are left out."""
        return address(self.webstore.code, *parts, **query)

    def token(self, action: str) -> str:
        """A token for a form that is sent to `action`."""
        return self.session.form_token(action)

    def show(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """A page of a template."""
        said = list(self.session.said)
        self.session.said.clear()
        webstore = self.webstore if "code" in self.request.path_params else None
        text = rendered(
            template, page=self, person=self.person, console=self.console, webstore=webstore, said=said,
            Right=Right, **values,
        )  # fmt: skip
        return HTMLResponse(text, status)

    def go(
        self, where: str, said: str = "", kind: str = "done", take_back: int | None = None, made: int | None = None
    ) -> Response:
        """Go to another page, which says what was done."""
        if said:
            self.session.said.append(Said(said, kind, take_back, made))
        return RedirectResponse(where, 303)


Handler = Callable[[Page], Response]


def shown_page(path: str, handler: Handler, right: Right = Right.LOOK) -> Route:
    """A page that is looked at."""
    return Route(path, _endpoint(handler, right, None), methods=["GET"], name=f"GET {path}")


def action(
    path: str,
    handler: Handler,
    right: Right,
    only_shows: Callable[[Form], bool] = lambda _: False,
    *,
    takes_files: bool = False,
) -> Route:
    """What a form is sent to: its token must be of this session and this address, and was not sent before.

    Args:
        only_shows: whether a form carries out nothing, as a preview or a search; it may be sent again, since people go back
            from a preview to change what they have selected.
        takes_files: files may come along.
    """
    return Route(
        path, _endpoint(handler, right, only_shows, takes_files=takes_files), methods=["POST"], name=f"POST {path}"
    )


def address(*parts: object, **query: object) -> str:
    """A path of the console; blank fields of the query are left out."""
    path = "/" + "/".join(quote(str(part), safe="") for part in parts)
    fields = "&".join(f"{quote(name)}={quote(str(value), safe='')}" for name, value in query.items() if value != "")
    return f"{path}?{fields}" if fields else path


def _endpoint(
    handler: Handler, right: Right, only_shows: Callable[[Form], bool] | None, *, takes_files: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """Args: only_shows: of a form; None = it is a page."""

    async def endpoint(request: Request) -> Response:
        console: Console = request.app.state.console
        session = console.session_of(request)
        if session is None:
            return console.way_in(request)
        page = Page(console, request, session, _fields(request.url.query))
        try:
            if not session.person.may(right):
                raise RequestRefused(403, f"This needs the right to {right.name.lower()}, which you do not have.")
            if only_shows is not None:
                page.form = await _form(request, takes_files=takes_files)
                _spend(session, page.form.text("token"), request.url.path, keep=only_shows(page.form))
            answer = await run_in_threadpool(_answered, handler, page, is_form=only_shows is not None)
        except RequestRefused as refused:
            answer = page.show("refused.html", refused.status, text=refused.text, problems=(), back="")
        if getattr(request.state, "begun", None) is session:
            console.give_cookie(answer, page.session)
        return answer

    return endpoint


def _answered(handler: Handler, page: Page, *, is_form: bool) -> Response:
    # by the pattern of its address: no customer is named in a log
    what = getattr(page.request.scope.get("route"), "name", page.request.method)
    code = page.request.path_params.get("code", "")
    try:
        answer = handler(page)
    except CustomerSyncError as error:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        if is_form:
            _log.info("%s %s %s: refused (%s)", page.person.name, what, code, type(error).__name__)
        return _wrong(page, error, status)
    except RequestRefused:
        raise
    except Exception:  # noqa: BLE001 - a page that fails must not end the others
        _log.exception("%s %s %s failed", page.person.name, what, code)
        return _wrong(page, InternalError("This is a bug of the console; its log says where. Please report it."), 500)
    if is_form:
        _log.info("%s %s %s: %s", page.person.name, what, code, answer.status_code)
    return answer


def _wrong(page: Page, error: CustomerSyncError, status: int) -> Response:
    return page.show(
        "refused.html", status, text=f"{error.message} {error.hint}".strip(),
        problems=getattr(error, "problems", ()), back=page.form.text("back"),
    )  # fmt: skip


async def _form(request: Request, *, takes_files: bool) -> Form:
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if takes_files and kind == "multipart/form-data":
        return Form(*parts_of(content_type, await request.body(), _MOST_FIELDS))
    if kind != "application/x-www-form-urlencoded":
        raise RequestRefused(415, "Forms are sent as application/x-www-form-urlencoded.")
    return _fields((await request.body()).decode("utf-8", "replace"))


def _fields(text: str) -> Form:
    try:
        return Form(parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise RequestRefused(413, "This form has too many fields.") from None


def _spend(session: Session, token: str, action: str, *, keep: bool) -> None:
    state = session.spend(token, action, keep=keep)
    if state is FormState.FOREIGN:
        raise RequestRefused(403, "This form was not made by the page that it seems to come from. Open the page anew.")
    if state is FormState.SENT:
        raise RequestRefused(
            409,
            "This form was sent before, and counts once. Nothing was done again. Open its page anew.",
        )
