"""Where the REST API of a shop is: below `/wp-json`, below another prefix, or in the query where permalinks are plain.

The prefix is a filter of WordPress (`rest_url_prefix`) that guides to security recommend to change. Every page of a shop names
the place in the header `Link: <...>; rel="https://api.w.org/"`, and `?rest_route=/` answers on every shop, whatever its
permalinks (developer.wordpress.org/rest-api/using-the-rest-api/discovery/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from requests.utils import parse_header_links

from connector.clients.answers import Answer
from connector.clients.transport import Transport
from connector.errors import CustomerSyncError
from connector.setup.addresses import bare, joined, spelled
from connector.setup.reach import PLAIN_PERMALINKS

__all__ = ["RestRoot", "told_root"]

_RELATION = "https://api.w.org/"
_LINK = re.compile(r"<link\b[^>]*\brel=[\"']https://api\.w\.org/[\"'][^>]*>", re.IGNORECASE)
_HREF = re.compile(r"\bhref=[\"']([^\"']+)[\"']", re.IGNORECASE)
# WooCommerce takes a key only where the address holds this text, wherever in it (class-wc-rest-authentication.php,
# is_request_to_rest_api looks for it in REQUEST_URI, query included)
_SIGN = "_via=wp-json/wc/"


@dataclass(frozen=True)
class RestRoot:
    """The REST API of one shop.

    Args:
        url: the shop's address; prefix: what follows it, without slashes around it.
    """

    url: str
    prefix: str = "wp-json"

    @property
    def is_plain(self) -> bool:
        """Whether routes stand in the query."""
        return self.prefix.endswith("?rest_route=")

    def address(self, route: str, query: str = "") -> str:
        """The address of a route such as `wc/v3/customers`; "" is the index.

        Args:
            query: encoded pairs; "" = none.
        """
        if not self.is_plain:
            return f"{self.url}/{self.prefix}/{route}{'?' if query else ''}{query}"
        return "&".join([f"{self.url}/{self.prefix}/{route}", _SIGN, *([query] if query else [])])

    @property
    def settings(self) -> str:
        """What says it in a setup."""
        return f'url = "{self.url}", rest_prefix = "{self.prefix}"'

    @property
    def shown(self) -> str:
        """The address of the index, for messages."""
        return f"{self.url}/{self.prefix}/"


def told_root(transport: Transport, url: str) -> RestRoot | None:
    """Where the shop itself says that its REST API is; None when it does not say, or something else answers.

    Asked without the key: of what a page says is believed only where to look, and a person decides.
    """
    for address in (f"{url}/", f"{url}/?rest_route=/"):
        try:
            answer = transport.send("GET", address, any_page=True)
        except CustomerSyncError:
            return None
        link = _link_of(answer)
        if link:
            return _root_of(joined(address, link), url)
        if isinstance(answer.body, dict) and "namespaces" in answer.body:
            return RestRoot(url, PLAIN_PERMALINKS)
    return None


def _link_of(answer: Answer) -> str:
    for link in parse_header_links(answer.headers.get("Link", "")):
        if link.get("rel") == _RELATION:
            return str(link.get("url", ""))
    found = _LINK.search(answer.text)
    named = _HREF.search(found[0]) if found else None
    return named[1] if named else ""


def _root_of(link: str, url: str) -> RestRoot | None:
    """The shop's address and its prefix in the address of an index."""
    parts = urlsplit(link)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    place = bare(link).rstrip("/")
    if "rest_route=" in parts.query:
        return RestRoot(place.removesuffix("/index.php"), PLAIN_PERMALINKS)
    if place.endswith("/wp-json"):
        front = place.removesuffix("/wp-json").removesuffix("/index.php")
        return RestRoot(front, place[len(front) + 1 :])
    if spelled(place).startswith(f"{spelled(url)}/"):
        return RestRoot(url, spelled(place)[len(spelled(url)) + 1 :])
    front, _, prefix = place.rpartition("/")
    return RestRoot(front, prefix)
