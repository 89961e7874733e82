"""Refusals of what stands before WooCommerce: plugins, firewalls, gateways, in any of their shapes and in their own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.clients.answers import Said, said_by
from connector.errors import AnswerNotUnderstood, ConnectionRefused, CustomerSyncError, OutcomeUnknown

__all__ = ["SYSTEM", "WOOCOMMERCE", "masked", "masked_refusal", "refused_in_front"]

SYSTEM = "webstore"
# how the codes of WooCommerce's own refusals begin
WOOCOMMERCE = "woocommerce_rest_"
# WordPress tried the key as an application password, for WooCommerce had not looked at it
_OF_WORDPRESS = frozenset({"invalid_username", "invalid_email", "incorrect_password", "application_passwords_disabled"})


def masked(body: Any) -> Said | None:
    """What an answer with status 200 says that holds an error object, as plugins for other logins send it; None for anything
    else."""
    if not isinstance(body, Mapping) or "id" in body:
        return None
    is_error = ("code" in body and "message" in body) or body.get("success") is False or body.get("error")
    said = said_by(body)
    return said if is_error and said.is_some else None


def masked_refusal(said: Said, *, customer: str, is_write: bool, is_known: bool) -> CustomerSyncError:
    """The error that an error object under 200 stands for.

    Args:
        is_known: the API has answered before, so that this is trouble of the moment.
    """
    refused = refused_in_front(said.status or 200, said)
    if is_write:
        message = f"{refused.message} It may have happened."
        return OutcomeUnknown(message, status=200, hint=refused.hint, system=SYSTEM, customer=customer)
    return AnswerNotUnderstood(refused.message, status=200, hint=refused.hint, system=SYSTEM) if is_known else refused


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
