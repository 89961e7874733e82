"""What may stand before a system, and what of it can work: a proxy, a login of the web server, headers that a gateway asks for,
the place of the REST API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

__all__ = ["ENVIRONMENT", "PLAIN_PERMALINKS", "as_a_login", "as_a_prefix", "as_a_proxy", "checked_headers"]

ENVIRONMENT = "environment"
PLAIN_PERMALINKS = "index.php?rest_route="
# a name of a header (RFC 9110, token)
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = frozenset({"accept", "content-length", "content-type", "host", "if-match", "prefer", "transfer-encoding"})
_SEGMENTS = re.compile(r"[^\s/?#:@\\]+(?:/[^\s/?#:@\\]+)*")


def as_a_proxy(value: SecretStr) -> SecretStr:
    """An address as pip, curl and git take it: the scheme may be left out."""
    text = value.get_secret_value().strip()
    if text.lower() == ENVIRONMENT:
        return SecretStr(ENVIRONMENT)
    address = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(address)
        is_whole = bool(parts.hostname) and parts.path in {"", "/"} and not parts.query and (parts.port or 1) > 0
    except ValueError:
        is_whole = False
    # a single word is a misspelt `environment` rather than a host in the same network at port 80
    is_whole = is_whole and (text != parts.hostname or "." in text)
    if is_whole and parts.scheme.startswith("socks"):
        raise ValueError("SOCKS proxies cannot be used; name one that speaks http, such as http://proxy.example:3128")
    if not is_whole or parts.scheme not in {"http", "https"} or not address.isascii() or " " in address:
        raise ValueError(
            "it is neither environment (the proxy of HTTPS_PROXY, HTTP_PROXY and NO_PROXY) nor an address such as "
            "http://proxy.example:3128, or http://USER:PASSWORD@proxy.example:3128 as env:NAME"
        )
    return SecretStr(address.rstrip("/"))


def as_a_login(value: SecretStr) -> SecretStr:
    """User and password of a web server, which HTTP's Basic scheme puts together by a colon."""
    user, colon, _ = value.get_secret_value().partition(":")
    if not colon or not user:
        raise ValueError("it must be USER:PASSWORD, as env:NAME")
    return value


def checked_headers(headers: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
    """Headers that can be sent, and that are not already sent with another value.

    Raises:
        ValueError: a name that no header can have, one that each request has anyway, one twice, or a value with line ends.
    """
    seen: set[str] = set()
    for name, value in headers.items():
        lowered = name.lower()
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if lowered in {"authorization", "proxy-authorization"}:
            raise ValueError(
                f"{name} is sent by the logins that have settings of their own: the key, web_login, auth, proxy"
            )
        if lowered in _OURS or lowered in seen:
            raise ValueError(f"{name} {'stands twice' if lowered in seen else 'is set for each request already'}")
        if not value.get_secret_value().isascii():
            raise ValueError(f"the value of {name} holds letters that no header can carry")
        seen.add(lowered)
    return headers


def as_a_prefix(value: str) -> str:
    """Where the REST API is below the shop's address, without slashes around it."""
    text = value.strip().strip("/")
    if text in {PLAIN_PERMALINKS, "?rest_route="}:
        return text
    if not _SEGMENTS.fullmatch(text) or ".." in text.split("/"):
        raise ValueError(
            "it is what stands between url and wc/v3: wp-json, another prefix such as api, or "
            f"{PLAIN_PERMALINKS} where permalinks are plain"
        )
    return text
