"""How a setup names the page that customers are read from: its API, its lists, and which ship-to address is meant."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["STANDARD_API", "CustomersApi", "EntityName", "OptionalEntityName", "ShipToCode"]

STANDARD_API = "v2.0"
_API = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/(?:v[0-9]+\.[0-9]+|beta)")
_SHIP_TO_LENGTH = 10


def _as_an_api(value: Any) -> Any:
    """An API as it stands behind /api/ in addresses; slashes around it, and /api/ before it, are no part of it."""
    if not isinstance(value, str):
        return value
    api = value.strip().strip("/").removeprefix("api/").strip("/") or STANDARD_API
    if api.lower() == STANDARD_API:
        return STANDARD_API
    if not _API.fullmatch(api):
        raise ValueError(
            f"{value!r} must be publisher/group/version as they stand behind /api/, such as contoso/webshop/v1.0, or v2.0"
        )
    return api


def _as_a_list(value: Any) -> Any:
    """The name of a list as it stands in addresses."""
    if not isinstance(value, str):
        return value
    name = value.strip().strip("/")
    if name and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(
            f"{value!r} must be one name as it stands in addresses (EntitySetName), such as shipToAddresses"
        )
    return name


def _as_a_code(value: Any) -> Any:
    """A code as Business Central keeps it: trimmed and in capitals."""
    if not isinstance(value, str):
        return value
    code = value.strip().upper()
    if len(code) > _SHIP_TO_LENGTH or not code.isprintable():
        raise ValueError(f"{value!r} must be a code of up to {_SHIP_TO_LENGTH} characters")
    return code


CustomersApi = Annotated[str, BeforeValidator(_as_an_api)]
OptionalEntityName = Annotated[str, BeforeValidator(_as_a_list)]
EntityName = Annotated[str, BeforeValidator(lambda value: _as_a_list(value) or "customers")]
ShipToCode = Annotated[str, BeforeValidator(_as_a_code)]
