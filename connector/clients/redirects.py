"""Redirects, which are never followed (the next host would get the credentials): where to, and what to write into the setup."""

from __future__ import annotations

from urllib.parse import urlsplit

from connector.clients.answers import plain
from connector.clients.way import Way
from connector.errors import ConnectionRefused
from connector.setup.addresses import bare, joined, spelled

__all__ = ["redirect_refusal"]

_LOGIN_PATHS = ("wp-login", "wp-admin", "/login", "/signin", "/sign-in", "/my-account", "oauth2/authorize", "/saml")
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
    return _refused(
        way, message, _remedy(way, bare(url), bare(target)) if target else "No address is like that; mend it there."
    )


def _refused(way: Way, message: str, hint: str) -> ConnectionRefused:
    return ConnectionRefused(message, hint=hint, system=way.system)


def _remedy(way: Way, source: str, target: str) -> str:
    place, host = urlsplit(target).path.lower(), urlsplit(target).hostname or ""
    asked = urlsplit(source).path[len(urlsplit(way.address).path) :].rstrip("/")
    if any(mark in place for mark in _LOGIN_PATHS) or host.startswith(_LOGIN_HOSTS):
        who = "A plugin or the host" if way.system == "webstore" else "Something in front of it"
        return f"{who} asks for a login there. Let the API ({asked or source}) through in it, so that it answers by its own key."
    if spelled(target) == spelled(source):
        return _OF_SPELLING if target != source else _OF_COOKIE
    if source.startswith("https:") and spelled(target) == spelled(source.replace("https:", "http:", 1)):
        return (
            "The server sends to plain http, which would show keys and customers. Mend its own address (https) there."
        )
    if target.rstrip("/").endswith(asked):
        final = target.rstrip("/").removesuffix(asked)
        return f'Write the final address into the setup: {way.setting} = "{plain(final)}" under {way.section}.'
    return (
        f"The API must answer itself: correct {way.setting} under {way.section}, or exempt {asked} from the plugin or the rule "
        "of the server that redirects."
    )
