"""The way to one server: its address in the setup, and what stands before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy

from connector.clients.redaction import protect, protect_login
from connector.clients.results import CheckResult
from connector.setup import BusinessCentralConnection, WebstoreConnection
from connector.setup.addresses import bare
from connector.setup.reach import ENVIRONMENT

__all__ = ["Way", "environment_proxy", "way_finding", "way_to"]

_NAMES = {"webstore": "the webstore", "business_central": "Business Central"}


@dataclass(frozen=True)
class Way:
    """How one server is reached.

    Attributes:
        system: "webstore" or "business_central": the section of the setup.
        setting: the setting that holds the address: url, base_url or token_url.
        address: what stands there.
        verify: certificate verification: True, False, or a file with the authority's certificate.
        proxy: address of a proxy, ENVIRONMENT for the environment's one, "" for none.
        headers: what a host or gateway wants to see in each request.
        login: user and password that the web server asks for before anything else.
    """

    system: str
    setting: str
    address: str
    verify: bool | str = True
    proxy: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """How the system is called in messages."""
        return _NAMES[self.system]

    @property
    def begin(self) -> str:
        """The same at the begin of a sentence."""
        return self.name[0].upper() + self.name[1:]

    @property
    def section(self) -> str:
        """Where in the setup all of this stands."""
        return f"[{self.system}]"

    def proxy_for(self, url: str) -> str:
        """The proxy that a request goes through; "" = it goes straight."""
        return environment_proxy(url) if self.proxy == ENVIRONMENT else self.proxy

    def told(self, url: str) -> str:
        """How a request goes, in words: "" when it goes straight."""
        proxy = self.proxy_for(url)
        return f"through the proxy {bare(proxy)}" if proxy else ""


def way_to(connection: WebstoreConnection | BusinessCentralConnection, setting: str, address: str) -> Way:
    """The way that a section of the setup describes. What is secret of it is remembered, so that no message shows it."""
    system = "webstore" if isinstance(connection, WebstoreConnection) else "business_central"
    proxy = connection.proxy.get_secret_value() if connection.proxy else ""
    protect_proxy(proxy)
    headers = {name: value.get_secret_value() for name, value in connection.headers.items()}
    protect(*headers.values())
    login = connection.web_login if isinstance(connection, WebstoreConnection) else None
    user, _, password = login.get_secret_value().partition(":") if login else ("", "", "")
    if login:
        protect_login(user, password)
    verify = connection.verify_tls
    return Way(
        system,
        setting,
        address.rstrip("/"),
        verify=str(verify) if isinstance(verify, Path) else verify,
        proxy=proxy,
        # a gateway in front of the API has nothing to do with whoever gives the tokens
        headers={} if setting == "token_url" else headers,
        login=(user, password) if login else None,
    )


def environment_proxy(url: str) -> str:
    """The proxy that pip, curl and git take for an address: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY but for NO_PROXY; "" = none."""
    proxy = str(select_proxy(url, get_environ_proxies(url)) or "")
    proxy = proxy if not proxy or "://" in proxy else f"http://{proxy}"
    protect_proxy(proxy)
    return proxy


def protect_proxy(proxy: str) -> None:
    """Remember the login that an address of a proxy holds."""
    try:
        parts = urlsplit(proxy)
    except ValueError:
        return
    if parts.password:
        protect(parts.password)
        protect_login(unquote(parts.username or ""), unquote(parts.password))


def way_finding(way: Way, address: str, *, is_usual: bool) -> list[CheckResult]:
    """How the API is reached, for `check`; nothing when there is nothing special about it.

    Args:
        address: of the API, without a login; is_usual: it is where everybody has it.
    """
    by = [
        way.told(address),
        *(f"with the header {name}" for name in way.headers),
        "with web_login" if way.login else "",
    ]
    if is_usual and not any(by):
        return []
    return [CheckResult(way.system, True, " ".join(["way:", address, *filter(None, by)]))]
