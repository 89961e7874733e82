"""Why a request got no answer: nobody there, a proxy in between, no TLS, or lost on the way."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from connector.clients.answers import causes, was_not_sent
from connector.clients.certificates import certificate_refusal, speaks_tls
from connector.clients.way import Way, environment_proxy
from connector.errors import ConnectionRefused, CustomerSyncError, OutcomeUnknown, RemoteTrouble
from connector.setup.addresses import bare
from connector.setup.reach import ENVIRONMENT, as_a_proxy

__all__ = ["NotSent", "Unreachable", "no_answer", "proxy_wants_a_login", "unusable_proxy"]

_TUNNEL = re.compile(r"Tunnel connection failed: (\d+) ?([\w -]*)")
_PORTS = {"http": 80, "https": 443}


class Unreachable(ConnectionRefused):
    """No connection at all: worth a second try, in case the server is just restarting."""


class NotSent(RemoteTrouble):
    """The server went away, and no byte of the request reached it: also a write may be sent again."""


def no_answer(
    error: requests.RequestException, way: Way, what: str, url: str, *, reached: bool, is_write: bool
) -> CustomerSyncError:
    """The error that a failure of the network is.

    Args:
        what: method and path, for messages.
        reached: the server has answered before: the setup is right, and this is trouble of the moment.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme.lower()]
    # the library takes whatever goes wrong on a connection to a proxy for the proxy's doing, also an answer that never came
    if isinstance(error, requests.exceptions.ProxyError) and (
        was_not_sent(error) or _tunnel(error) or not (is_write or reached)
    ):
        return _of_proxy(error, way, url, reached=reached)
    untrusted = certificate_refusal(error, way, host, port, reached=reached)
    if untrusted is not None:
        return untrusted
    not_sent = was_not_sent(error)
    if not_sent and not reached:
        hint = f"Check the address in the setup, the name's spelling, the network and the firewall.{_proxy_not_used(way, url)}"
        return Unreachable(f"{way.begin} cannot be reached at {host}.", hint=hint, system=way.system)
    if not reached and parts.scheme == "http" and not way.proxy_for(url) and speaks_tls(host, port):
        return ConnectionRefused(
            f"{way.begin} speaks https at {host}:{port}, and was asked by plain http.",
            hint=f"Write https:// in {way.setting} under {way.section}.",
            system=way.system,
        )
    if not_sent or not is_write:
        lost = NotSent if not_sent else RemoteTrouble
        hint = "" if reached else _proxy_not_used(way, url).strip()
        return lost(f"{way.begin} gave no answer to {what} ({type(error).__name__}).", hint=hint, system=way.system)
    return OutcomeUnknown(
        f"The answer of {way.name} to {what} was lost ({type(error).__name__}); it may have happened.",
        hint="It is looked up before anything is sent again.",
        system=way.system,
    )


def unusable_proxy(way: Way, proxy: str) -> ConnectionRefused | None:
    """The error that a proxy of the environment is which no request could go through; the setup's own was checked before."""
    if way.proxy != ENVIRONMENT or not proxy:
        return None
    try:
        as_a_proxy(SecretStr(proxy))
    except ValueError as error:
        what = f"The proxy that the environment names for {way.name}, {bare(proxy)}, cannot be used."
        return ConnectionRefused(what, hint=f"Mind that {error}. {_where(way)}", system=way.system)
    return None


def proxy_wants_a_login(way: Way, url: str) -> ConnectionRefused:
    """The proxy answered 407."""
    return ConnectionRefused(
        f"The proxy {bare(way.proxy_for(url))} on the way to {way.name} asks for a login (407).",
        hint=f"Give it user and password: http://USER:PASSWORD@host:port, in an environment variable. {_where(way)}",
        system=way.system,
    )


def _tunnel(error: BaseException) -> re.Match[str] | None:
    """With which status a proxy refused to connect to the server, if it is about that."""
    return next((found for one in causes(error) if (found := _TUNNEL.search(str(one)))), None)


def _of_proxy(error: BaseException, way: Way, url: str, *, reached: bool) -> CustomerSyncError:
    """Nothing of a request reached the server, since the proxy before it did not connect."""
    proxy, host = bare(way.proxy_for(url)), urlsplit(url).netloc.rpartition("@")[2]
    failed = _tunnel(error)
    status, said = (int(failed[1]), failed[2].strip()) if failed else (0, "")
    if status == 407:
        return proxy_wants_a_login(way, url)
    if not status:
        what = f"The proxy {proxy} on the way to {way.name} cannot be reached, or is none."
        hint = _where(way)
    else:
        what = f"The proxy {proxy} does not connect to {host} ({status}{f' {said}' if said else ''})."
        hint = f"Check the address of {way.name}, and whether the proxy allows it."
    if reached:
        return NotSent(what, hint=hint, system=way.system)
    return (ConnectionRefused if 400 <= status < 500 else Unreachable)(what, hint=hint, system=way.system)


def _where(way: Way) -> str:
    if way.proxy == ENVIRONMENT:
        return f"It comes from HTTPS_PROXY, HTTP_PROXY or ALL_PROXY of the environment (proxy under {way.section})."
    return f"It stands in proxy under {way.section}."


def _proxy_not_used(way: Way, url: str) -> str:
    """That the environment has a proxy which this setup does not use, or none although the setup wants it; or ""."""
    if way.proxy == ENVIRONMENT and not way.proxy_for(url):
        return " The environment names no proxy for it (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), so none was used."
    found = "" if way.proxy else environment_proxy(url)
    if not found:
        return ""
    return (
        f' A proxy is set in the environment, {bare(found)}, and not used: write proxy = "{ENVIRONMENT}" under {way.section} '
        "if it is the way out."
    )
