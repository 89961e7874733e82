"""Refusals of what stands before WooCommerce: plugins, firewalls, gateways, in any of their shapes and in their own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.clients.answers import Said, said_by
from connector.errors import ConnectionRefused, CustomerSyncError, OutcomeUnknown

__all__ = ["SYSTEM", "masked_refusal", "refused_in_front"]

SYSTEM = "webstore"
# WordPress tried the key as an application password, for WooCommerce had not looked at it
_OF_WORDPRESS = frozenset({"invalid_username", "invalid_email", "incorrect_password", "application_passwords_disabled"})


def masked_refusal(body: Any, *, customer: str = "", is_write: bool = False) -> CustomerSyncError | None:
    """The error that an answer with status 200 stands for when it holds an error object, as plugins for other logins send it;
    None for anything else."""
    if not isinstance(body, Mapping) or "id" in body:
        return None
    is_error = ("code" in body and "message" in body) or body.get("success") is False or body.get("error")
    said = said_by(body)
    if not is_error or not said.is_some:
        return None
    refused = refused_in_front(said.status or 200, said)
    if is_write:
        message = f"{refused.message} It may have happened."
        return OutcomeUnknown(message, status=200, hint=refused.hint, system=SYSTEM, customer=customer)
    return refused


def refused_in_front(status: int, said: Said) -> ConnectionRefused:
    """Who is not WooCommerce refuses: a plugin, a firewall, a gateway. Nothing is said of the key, for nobody looked at it."""
    where = f"{said.code}, {status}" if said.code and said.code != str(status) else str(status)
    if not said.is_some:
        return ConnectionRefused(
            f"The webstore refuses the request ({where}) without saying why.",
            hint="WooCommerce says why; a firewall, a gateway or a login of the web server may not. Let the REST API through "
            "there, or see web_login and headers in the setup.",
            system=SYSTEM,
        )
    if said.code in _OF_WORDPRESS:
        hint = (
            "WordPress took the key for an application password, so WooCommerce has not seen it: it takes keys over https only, "
            "and below the shop's own REST prefix (rest_prefix). A host that strips or changes the Authorization header needs "
            "api_key_as_query_param."
        )
    else:
        hint = (
            "Let the REST API (the routes wc/v3) through in the plugin, firewall or gateway that says so. WooCommerce has not "
            "looked at the key. What a gateway asks for can stand under headers in the setup."
        )
    return ConnectionRefused(
        f"Not WooCommerce but something in front of it refuses the request ({where}): {said.message or said.code}.",
        hint=hint,
        system=SYSTEM,
    )
