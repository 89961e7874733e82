"""E-mail addresses as WordPress judges and repairs them."""

import re

from sandbox.woocommerce import php
from sandbox.woocommerce.errors import FatalError
from sandbox.woocommerce.texts import kses

LONGEST = 100
"""Characters that the column of the account's address holds."""

_LOCAL = r"a-zA-Z0-9!#$%&'*+/=?^_`{|}~.\-"
_VALID_LOCAL = re.compile(rf"[{_LOCAL}]+\n?")
_INVALID_IN_LOCAL = re.compile(rf"[^{_LOCAL}]")
_VALID_LABEL = re.compile(r"[a-zA-Z0-9-]+")
_INVALID_IN_LABEL = re.compile(r"[^a-zA-Z0-9-]+")
_PLAIN = re.compile(r"[a-z0-9._+-]+@([a-z0-9]+\.)+[a-z0-9]{2,}")
_SHORTEST = 6
_WHITE = " \t\n\r\0\x0b"


def is_email(value: object) -> bool:
    """`is_email`. Raises FatalError for arrays, as PHP does."""
    if php.is_array(value):
        raise FatalError("strlen() of an array")
    text = php.to_text(value)
    if len(text.encode(errors="replace")) < _SHORTEST or text.find("@", 1) < 0:
        return False
    if _PLAIN.fullmatch(text):
        return True
    local, _, domain = text.partition("@")
    if not _VALID_LOCAL.fullmatch(local) or ".." in domain or domain.strip(_WHITE + ".") != domain:
        return False
    labels = domain.split(".")
    return len(labels) > 1 and all(
        label.strip(_WHITE + "-") == label and _VALID_LABEL.fullmatch(label) for label in labels
    )


def sanitized(value: object) -> str:
    """`sanitize_email`: illegal characters are left out; "" when what remains is no address."""
    text = php.to_text(value)
    if len(text.encode(errors="replace")) < _SHORTEST or text.find("@", 1) < 0:
        return ""
    if _PLAIN.fullmatch(text):
        return text
    local, _, domain = text.partition("@")
    local = _INVALID_IN_LOCAL.sub("", local)
    domain = re.sub(r"\.{2,}", "", domain).strip(_WHITE + ".")
    labels = [_INVALID_IN_LABEL.sub("", label.strip(_WHITE + "-")) for label in domain.split(".")]
    labels = [label for label in labels if label]
    return f"{local}@{'.'.join(labels)}" if local and len(labels) > 1 else ""


def saved(address: str, times: int = 1) -> str:
    """The address in the table of users after so many saves: `&` becomes an entity, and each save adds a layer."""
    if _PLAIN.fullmatch(address):
        return address
    for _ in range(times if "&" in address else 1):
        address = kses(sanitized(php.trim(address)))
    return address


def shown(stored: str) -> str:
    """The address that the API shows: "" for a stored text that is no address."""
    return stored if _PLAIN.fullmatch(stored) else sanitized(stored) if is_email(stored) else ""
