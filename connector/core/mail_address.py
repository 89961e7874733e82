"""E-mail addresses: what is one address however it is spelled, and what is another person's.

A mail server takes neither the invisible characters of a pasted text nor full-width letters, and knows a domain by its ASCII form
only (`xn--mnchen-3ya.example` for `münchen.example`). Letter case does not count, neither there nor for WordPress. Dots and
what follows a `+` in the first part do: they are other people to a shop.
"""

from __future__ import annotations

import re

import idna

from connector.core.characters import settled, without_invisible

__all__ = ["SEVERAL", "addresses_in", "canonical_address", "further_addresses", "spellings"]

# what may separate addresses, as a regular expression that Python and Arrow understand alike
SEVERAL = "[;,\u037e\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b]"

_SEVERAL = re.compile("[;,]")
_LONGEST_DOMAIN = 255


def canonical_address(text: str) -> str:
    """One address of a field (see `addresses_in`) as it can be written to a mail server; what is none stays as it is."""
    local, at, domain = text.rpartition("@")
    if not at or domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return text
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except UnicodeError:  # no domain that can exist
        return text


def addresses_in(text: str) -> list[str]:
    """What stands between the `;` and `,` of a field that may hold several addresses, blank or not, as it is read."""
    return _SEVERAL.split(_read(text))


def further_addresses(text: str) -> str:
    """What follows the first address of a field; "" = nothing does."""
    read = _read(text)
    first = re.match(r"[\s;,]*[^;,]*", read)
    return read[first.end() if first else 0 :].strip("; ,")


def spellings(key: str) -> list[str]:
    """An address that is a key (normalize.email_key) as systems may keep it: with its domain's ASCII form and without."""
    local, at, domain = key.rpartition("@")
    if "xn--" not in domain:
        return [key]
    try:
        return [key, f"{local}{at}{idna.decode(domain)}"]
    except UnicodeError:
        return [key]


def _read(text: str) -> str:
    return text if text.isascii() else settled(without_invisible, text)
