"""What a request wants to change of an account, collected before anything is written.

WooCommerce's setters check little: a wrong e-mail address ends the request before the first write; everything else is
taken as it comes. In a single request the route's schema has refused wrong types before; inside a batch it has not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.woocommerce import php
from sandbox.woocommerce.accounts import FIELD_KEYS
from sandbox.woocommerce.arguments import BILLING_FIELDS, SHIPPING_FIELDS
from sandbox.woocommerce.email_addresses import is_email, sanitized
from sandbox.woocommerce.errors import ApiError
from sandbox.woocommerce.texts import clean_line

Get = Callable[[str], Any]
"""A parameter by name; None when it was not sent, or sent as null where null counts as not sent."""

MetaChange = tuple[str, Any, Any]
"""Key, value (None deletes), id as sent."""


@dataclass
class Changes:
    """Fields by (part of the record, name), part "" for the account's own; values as sent, checked where needed."""

    fields: dict[tuple[str, str], Any] = field(default_factory=dict)
    meta: list[MetaChange] = field(default_factory=list)
    email: str | None = None
    password: Any = None


def read_changes(get: Get) -> Changes:
    """Names, addresses and meta data of a request. Raises ApiError for a billing address that is none, FatalError for
    input at which PHP gives up."""
    changes = Changes()
    for name in ("first_name", "last_name"):
        value = get(name)
        if value is not None:
            changes.fields["", name] = _cleaned(value)
    for part, names in (("billing", BILLING_FIELDS), ("shipping", SHIPPING_FIELDS)):
        address = get(part)
        for name in names if isinstance(address, dict) else ():
            if address.get(name) is not None:
                _set(changes, part, name, address[name])
    rows = get("meta_data")
    for row in php.members(rows):
        _read_meta(changes, row)
    return changes


def _cleaned(value: Any) -> Any:
    """`wc_clean`: arrays part by part."""
    if isinstance(value, dict):
        return {key: _cleaned(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_cleaned(part) for part in value]
    return clean_line(php.to_text(value))


def _set(changes: Changes, part: str, name: str, value: Any) -> None:
    if (part, name) == ("billing", "email"):
        value = checked_address(value, "customer_invalid_billing_email", "Invalid billing email address")
    changes.fields[part, name] = value


def checked_address(value: Any, code: str, message: str) -> str:
    """The address as WooCommerce's setters take it: anything that counts as empty passes. Raises ApiError."""
    if not php.is_empty(value) and not is_email(value):
        raise ApiError(code, message, 400)
    return sanitized(value)


def _read_meta(changes: Changes, row: Any) -> None:
    key = php.to_text(php.member(row, "key"))
    if php.is_empty(key) or _is_protected(key):
        return
    value = php.member(row, "value")
    if key in FIELD_KEYS:
        _set(changes, *FIELD_KEYS[key], value)
    else:
        changes.meta.append((key, value, php.member(row, "id")))


def _is_protected(key: str) -> bool:
    """Keys that begin with an underscore, whatever unprintable characters stand before it."""
    printable = "".join(letter for letter in key if " " <= letter <= "~" or letter.isalpha())
    return printable.startswith("_")
