"""What an answer is: the JSON of the API, trouble of the server, or something else that stands in between."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connector.clients.answers import Answer, Body, body_of, plain, retry_after_seconds, said_by
from connector.clients.no_answer import proxy_wants_a_login
from connector.clients.redirects import redirect_refusal
from connector.clients.way import Way
from connector.errors import (
    AnswerNotUnderstood,
    ConnectionRefused,
    CustomerSyncError,
    OutcomeUnknown,
    RemoteThrottled,
    RemoteTrouble,
)

__all__ = ["NotTheApi", "Received", "understood"]

_REALM = re.compile(r'realm="?([^",]*)', re.IGNORECASE)


class NotTheApi(ConnectionRefused):
    """A page where the API should be: it may be at another address."""


@dataclass(frozen=True)
class Received:
    """An answer as it came: `what` and `url` were asked for, `content` is the whole body."""

    what: str
    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    is_write: bool


def understood(came: Received, way: Way, *, reached: bool) -> Answer | CustomerSyncError:
    """The answer, or the error that it is.

    Args:
        reached: this server has given a good answer before.
    """
    body = body_of(came.content, came.headers)
    in_front = _in_front(came, way, body)
    if in_front is not None:
        return in_front
    retry_after = retry_after_seconds(came.headers.get("Retry-After"))
    if came.status == 429 or (came.status == 503 and not came.is_write and retry_after is not None):
        return RemoteThrottled(
            f"{way.begin} is busy and refused {came.what} ({came.status}).",
            retry_after=retry_after,
            status=came.status,
            system=way.system,
        )
    if came.status == 408 or came.status >= 500:
        return _failed(came, way, body)
    if came.content and not body.is_json and (came.status < 400 or body.kind != "XML"):
        return _no_api(came, way, body, reached=reached)
    return Answer(came.status, came.headers, body.json, body.is_json, "" if body.is_json else body.text)


def _in_front(came: Received, way: Way, body: Body) -> CustomerSyncError | None:
    """The error that something on the way to the server answers with; None when it was the server."""
    if came.status == 407 and way.proxy_for(came.url):
        return proxy_wants_a_login(way, came.url)
    if 300 <= came.status < 400:
        return redirect_refusal(way, came.what, came.url, came.headers.get("Location", ""))
    if came.status == 401 and not said_by(body.json).is_some and "WWW-Authenticate" in came.headers:
        return _locked(came, way)
    return None


def _failed(came: Received, way: Way, body: Body) -> CustomerSyncError:
    said = said_by(body.json).message or body.title
    lost = OutcomeUnknown if came.is_write else RemoteTrouble
    return lost(
        f"{way.begin} answered {came.what} with {came.status}{': ' + said if said else ''}.",
        hint="It may have happened, and is looked up before anything is sent again." if came.is_write else "",
        status=came.status,
        system=way.system,
    )


def _locked(came: Received, way: Way) -> CustomerSyncError | None:
    """The web server asks for a login before anything that knows of the API's; None when the API itself may be asking."""
    asked = came.headers["WWW-Authenticate"]
    realm = _REALM.search(asked)
    named = f" “{plain(realm[1])}”" if realm and realm[1].strip() else ""
    if way.system == "webstore":
        what, hint = (
            (
                f"The web server in front of the webstore does not accept web_login (401{named}).",
                "Compare user and password.",
            )
            if way.login
            else (
                f"The web server in front of the webstore asks for a login of its own (401{named}).",
                'Write USER:PASSWORD into an environment variable, and web_login = "env:NAME" under [webstore], together with '
                "api_key_as_query_param = true; or exempt the REST API from that login.",
            )
        )
        return ConnectionRefused(what, hint=hint, system=way.system)
    if not came.content or asked.lower().startswith(("bearer", "basic")):
        return None
    return ConnectionRefused(
        f"The server in front of Business Central asks for a login that is none of its API ({plain(asked)[:60]}).",
        hint="Windows logins (Negotiate, NTLM) cannot be used: give the server instance the credential type NavUserPassword "
        '(auth = "basic") or Entra.',
        system=way.system,
    )


def _no_api(came: Received, way: Way, body: Body, *, reached: bool) -> CustomerSyncError:
    """A page or a torn body where JSON was due."""
    answered = f"{way.begin} answered {came.what} with {body.kind} ({came.status})"
    by = way.told(came.url)
    by = f" It came {by}." if by else ""
    if came.is_write and came.status < 400:
        return OutcomeUnknown(
            f"{answered}; it may have happened.{body.told}",
            hint="It is looked up before anything is sent again.",
            status=came.status,
            system=way.system,
        )
    if not reached and (body.kind == "a web page" or came.status == 404):
        why = (
            "permalinks set to Plain, or a REST API elsewhere than at rest_prefix"
            if way.system == "webstore"
            else "a proxy in front of the server, or a tenant that is not named"
        )
        return NotTheApi(
            f"{answered}, not with its API.{body.told}",
            hint=f"Check the address; a login, maintenance or firewall page, {why}, do this.{by}",
            system=way.system,
        )
    return AnswerNotUnderstood(
        f"{answered}.{body.told}",
        hint=f"A firewall or a plugin that prints warnings into the answers does this.{by}",
        status=came.status,
        system=way.system,
    )
