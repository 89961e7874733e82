"""Addresses as people and servers write them: what differs in spelling only does not differ."""

from __future__ import annotations

import unicodedata
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import idna

__all__ = ["bare", "host_of", "is_this_machine", "joined", "same_server", "spelled"]

_PORTS = {"http": 80, "https": 443}


def spelled(address: str) -> str:
    """One spelling of an address, or of host and path without a scheme, for comparing: small letters and the ASCII form of the
    host, no default port, no slash at the end, nothing percent-encoded, no query."""
    has_scheme = "://" in address
    parts = _parts(address if has_scheme else f"//{address}")
    if parts is None:
        return address.strip()
    path = unicodedata.normalize("NFC", unquote(parts.path)).rstrip("/")
    port = "" if not parts.port or parts.port == _PORTS.get(parts.scheme) else f":{parts.port}"
    # of what has no scheme nobody knows the default port: either is one
    port = port if has_scheme or parts.port not in _PORTS.values() else ""
    return f"{parts.scheme + '://' if has_scheme else ''}{host_of(address)}{port}{path}"


def bare(address: str) -> str:
    """An address that may be shown: without login, query and fragment."""
    parts = _parts(address)
    if parts is None:
        return address.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0].rpartition("@")[2]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def joined(address: str, link: str) -> str:
    """The address that a link means which stands at an address; "" when it is none."""
    try:
        found = urljoin(address, link)
    except ValueError:
        return ""
    return found if _parts(found) is not None else ""


def host_of(address: str) -> str:
    """The host in small ASCII letters (of names in other scripts their form in DNS), without a dot at its end."""
    parts = _parts(address if "://" in address else f"//{address}")
    host = ((parts.hostname if parts else "") or "").rstrip(".")
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return host


def same_server(one: str, other: str) -> bool:
    """Whether two addresses mean the same scheme, host and port."""
    return _server(one) == _server(other)


def is_this_machine(address: str) -> bool:
    """Whether the address never leaves this machine."""
    host = host_of(address)
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _server(address: str) -> tuple[str, str, int | None]:
    parts = _parts(address)
    scheme = parts.scheme if parts else ""
    return scheme, host_of(address), (parts.port if parts else None) or _PORTS.get(scheme)


def _parts(address: str) -> SplitResult | None:
    """The parts of an address; None when it is none: a port that is no number, half of an IPv6 address."""
    try:
        parts = urlsplit(address.strip())
        _ = parts.port
    except ValueError:
        return None
    return parts
