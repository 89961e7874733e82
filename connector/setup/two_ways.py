"""What a section of Business Central may say in two ways, said in one: the tenant, and how tokens are come by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

__all__ = ["in_one_way"]


def in_one_way(document: Any) -> Any:
    """The section with `?tenant=` of base_url under `tenant`, and with the `auth` that a token_command or a client_certificate
    means where there is no secret for the default one.

    Raises:
        ValueError: base_url and tenant name two tenants.
    """
    if not isinstance(document, Mapping):
        return document
    told = dict(document)
    if told.get("auth", "client-credentials") == "client-credentials" and not told.get("client_secret"):
        ways = {"token_command": "token-command", "client_certificate": "client-certificate"}
        told |= next(({"auth": way} for setting, way in ways.items() if told.get(setting)), {})
    try:
        parts = urlsplit(str(told.get("base_url", "")).strip())
    except ValueError:  # half of an IPv6 address, which the check of addresses refuses
        return told
    options = parse_qsl(parts.query, keep_blank_values=True)
    tenants = {value for name, value in options if name.lower() == "tenant"}
    if not options or len(tenants) != len(options):
        return told
    if isinstance(told.get("tenant"), str) and told["tenant"]:
        tenants.add(told["tenant"])
    if len({tenant.casefold() for tenant in tenants}) > 1:
        raise ValueError(f"base_url and tenant name different tenants: {', '.join(sorted(tenants))}")
    return {**told, "base_url": urlunsplit(parts._replace(query="")), "tenant": tenants.pop()}
