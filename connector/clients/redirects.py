"""Redirects, which are never followed (the next host would get the credentials): where to, and what to write into the setup."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from connector.clients.answers import plain
from connector.clients.way import Way
from connector.errors import ConnectionRefused
from connector.setup.addresses import bare, joined, spelled

__all__ = ["redirect_refusal"]

# where people log in, and by which parameter they are sent back from there
_LOGIN = re.compile(
    r"log-?in|sign-?in|wp-admin|my-account|mein-konto|mon-compte|mi-cuenta|anmeld|connexion|oauth2/authorize|/saml|/sso|/auth\b",
    re.IGNORECASE,
)
_BACK = re.compile(r"[?&](?:redirect_to|returnurl|return_to|redirect_uri)=", re.IGNORECASE)
_ROUTES = "/wc/v3/"
_OF_COOKIE = "It redirects to itself: a firewall that wants a cookie does this. Let the API through in it."
_OF_SPELLING = (
    "Only a slash at the end or the spelling differs: a rule of the web server puts it right. Exempt the API from that rule, for "
    "what is written would get lost on the way."
)
_LOGIN_HOSTS = ("login.", "signin.", "sso.", "accounts.")


def redirect_refusal(way: Way, what: str, url: str, location: str) -> ConnectionRefused:
    """The error that a redirect is, with both addresses, without their queries.

    Args:
        what: method and path, for messages.
        url: what was asked for; location: the header of the answer, "" = it has none.
    """
    if not location:
        return _refused(
            way, f"{way.begin} redirects {what} without saying where to.", "Ask whoever runs the server why."
        )
    target = joined(url, location)
    message = f"{way.begin} redirects {what} from {bare(url)} to {plain(bare(target or location))}."
    if not target:
        return _refused(way, message, "No address is like that; mend it there.")
    wants_login = _wants_login(target, location)
    return _refused(way, message, _remedy(way, bare(url), bare(target), wants_login=wants_login))


def _refused(way: Way, message: str, hint: str) -> ConnectionRefused:
    return ConnectionRefused(message, hint=hint, system=way.system)


def _remedy(way: Way, source: str, target: str, *, wants_login: bool) -> str:
    asked = urlsplit(source).path[len(urlsplit(way.address).path) :].rstrip("/")
    if (asked and target.rstrip("/").endswith(asked)) or not (asked or wants_login):
        return _of_another_address(way, source, target, asked)
    if wants_login:
        who = (
            "A plugin or the host"
            if way.system == "webstore"
            else f"Something in front of it, or what {way.setting} names,"
        )
        return f"{who} asks for a login there. Let the API ({asked or source}) through in it, so that it answers by its own key."
    if _ROUTES in target:
        place = target.partition(_ROUTES)[0].removeprefix(way.address).strip("/")
        return f'The REST API is below another prefix: write rest_prefix = "{plain(place)}" under {way.section}.'
    return (
        f"The API must answer itself: correct {way.setting} under {way.section}, or exempt {asked} from the plugin or the rule "
        "of the server that redirects."
    )


def _of_another_address(way: Way, source: str, target: str, asked: str) -> str:
    """The same was asked for at another address, or at another spelling of this one."""
    if spelled(target) == spelled(source):
        return _OF_SPELLING if target != source else _OF_COOKIE
    if source.startswith("https:") and spelled(target) == spelled(source.replace("https:", "http:", 1)):
        return (
            "The server sends to plain http, which would show keys and customers. Mend its own address (https) there."
        )
    final = target.rstrip("/").removesuffix(asked)
    return f'Write the final address into the setup: {way.setting} = "{plain(final)}" under {way.section}.'


def _wants_login(target: str, location: str) -> bool:
    """Whether a redirect leads to a page where people log in."""
    host = urlsplit(target).hostname or ""
    return bool(_LOGIN.search(urlsplit(target).path) or _BACK.search(location)) or host.startswith(_LOGIN_HOSTS)
