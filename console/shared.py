"""What all pages share: the webstores, who may come in, and the Prefect server on which runs take place, if there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response

from connector.run.request import Answer
from connector.webhooks.limits import Offenders
from console.people import People, Person
from console.rendering import rendered
from console.sessions import Session, Sessions
from console.webstores import Webstore

__all__ = ["Blocks", "Console", "OnPrefect"]


class OnPrefect(Protocol):
    """The Prefect server on which runs take place, where one is configured."""

    def start(self, setup: str, *, customers: list[str] | None, dry_run: bool, approved_plan: str | None,
              leave_out: list[str], actor: str) -> str:  # fmt: skip
        """Start a run of a deployment; gives the address at which it is seen."""

    def answer(self, run_id: str, answer: Answer) -> bool:
        """Answer a run that waits for an approval; False = this server has no such run."""

    def next_run(self, setup: str) -> datetime | None:
        """When the next scheduled run is due."""


class Blocks(Protocol):
    """The setups that are kept as blocks of a Prefect server."""

    def change(self, name: str, values: Mapping[str, tuple[object, object]]) -> None:
        """Change a block.

        Args:
            values: path of a setting, such as synchronization.policies.conflict → what it says now, and what it shall say.

        Raises:
            Overtaken: it says something else by now; nothing was changed.
            SetupError: there is no such block, or it could not work.
            RemoteTrouble: the server cannot be reached.
        """


@dataclass
class Console:
    """What all pages share.

    Attributes:
        owner: who comes in with the printed address; None = only people of the setup do.
        prefect: where runs take place; None = in this process.
        blocks: where setups that are no files are kept; None = they cannot be changed from here.
        on_entry: is called when the printed address was used: there is another one now.
    """

    webstores: Mapping[str, Webstore]
    people: People
    owner: Person | None
    prefect: OnPrefect | None = None
    blocks: Blocks | None = None
    cookie: str = "customer-sync"
    secure: bool = False
    on_entry: Callable[[], None] = lambda: None
    sessions: Sessions = field(default_factory=Sessions)
    guessers: Offenders = field(default_factory=lambda: Offenders(per_minute=10))

    def session_of(self, request: Request) -> Session | None:
        """The session of a request: by its cookie, or by what a trusted proxy says of who asks."""
        client = request.client.host if request.client else ""
        named = self.people.by_proxy(client, request.headers)
        session = self.sessions.find(request.cookies.get(self.cookie, ""))
        if named is None:
            return session
        if session is None or session.person != named:
            session = self.sessions.begin(named)
            request.state.begun = session
        return session

    def is_logged_in(self, headers: Headers) -> bool:
        """Whether a browser sends the cookie of a session."""
        return self.sessions.find(cookie_parser(headers.get("cookie", "")).get(self.cookie, "")) is not None

    def way_in(self, request: Request, wrong: str = "") -> Response:
        """What somebody sees who is not logged in."""
        page = rendered("way_in.html", log_in=self.people.log_in, wrong=wrong, owner=self.owner)
        return HTMLResponse(page, 401)

    def let_in(self, session: Session, where: str = "/") -> Response:
        """Go on with a session."""
        answer = RedirectResponse(where, 303)
        self.give_cookie(answer, session)
        return answer

    def give_cookie(self, answer: Response, session: Session) -> None:
        """Let the browser keep the session."""
        answer.set_cookie(self.cookie, session.id, httponly=True, samesite="strict", secure=self.secure, path="/")
