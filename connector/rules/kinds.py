"""How the values of a property can be read: (property, kind) → normalisers."""

from __future__ import annotations

from collections.abc import Collection

from connector.core.properties import Property, base_name

__all__ = ["fitting_normalizers"]

_BY_PROPERTY: dict[str, Collection[str]] = {
    "displayName": {"text"},
    "email": {"email"},
    "country": {"country"},
    "state": {"state"},
    "phoneNumber": {"phone", "text"},
}
_BY_KIND: dict[str, Collection[str]] = {
    "decimal": {"decimal", "integer"},
    "integer": {"integer"},
    "date": {"date"},
    "date-time": {"date-time"},
    "boolean": {"boolean"},
    "option": {"option"},
    "guid": {"code"},
    "code": {"code", "postcode", "vat", "country"},
}


def fitting_normalizers(name: str, found: Property) -> Collection[str] | None:
    """How values of a property can be read; None = in every way."""
    own = _BY_PROPERTY.get(base_name(name))
    return own if own and found.kind in {"text", "code"} else _BY_KIND.get(found.kind)
