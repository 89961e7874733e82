"""The roles of the setup as the shop spells them: it takes one role at a time, and only in its own letters."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import Any

from connector.clients.woocommerce.api import WebstoreApi
from connector.errors import RemoteRefused, SetupError
from connector.setup.connections import role_key

__all__ = ["roles_of_shop", "spelled_by_shop"]

EVERY_ROLE = "all"
# roles that every shop has; of these nobody is asked
_ALWAYS_THERE = ("all", "customer", "subscriber", "shop_manager", "administrator", "editor", "author", "contributor")


def spelled_by_shop(api: WebstoreApi, wanted: Collection[str]) -> tuple[str, ...]:
    """The setup's roles in the shop's spelling, in order; `all` alone where it is among them.

    Raises:
        SetupError: the shop has no such role.
    """
    if EVERY_ROLE in map(str.lower, wanted):
        return (EVERY_ROLE,)
    known: Sequence[str] = _ALWAYS_THERE
    if not all(_match(role, known) for role in wanted):
        known = roles_of_shop(api)
        if not known:  # it does not say which it has: it will say whether it has these
            return tuple(sorted(wanted))
    found = {role: _match(role, known) for role in wanted}
    missing = [role for role, spelled in found.items() if not spelled]
    if missing:
        raise SetupError(
            f"The webstore has no such role as customer_role_filter in the setup: {', '.join(missing)}.",
            hint=_hint(missing, known),
        )
    return tuple(sorted(set(found.values())))


def roles_of_shop(api: WebstoreApi) -> list[str]:
    """The roles that the shop's list of customers can be asked for, by its own description; [] where it gives none."""
    try:
        described = api.describe("customers")
    except RemoteRefused:  # a plugin may forbid it
        return []
    endpoints = described.get("endpoints")
    found = [role for each in (endpoints if isinstance(endpoints, list) else []) for role in _enum(each)]
    return [role for role in dict.fromkeys(found) if isinstance(role, str)]


def _enum(endpoint: Any) -> list[Any]:
    for name in ("args", "role", "enum"):
        endpoint = endpoint.get(name) if isinstance(endpoint, dict) else None
    return endpoint if isinstance(endpoint, list) else []


def _match(role: str, known: Sequence[str]) -> str:
    """The role that is meant, in any letter case, also by its name in the shop's pages (Wholesale Customer); "" = none."""
    exact = [each for each in known if each == role]
    return next(iter(exact or [each for each in known if role_key(each) == role_key(role)]), "")


def _hint(missing: Sequence[str], known: Sequence[str]) -> str:
    keys = {role_key(each): each for each in known}
    near = [
        keys[key] for role in missing for key in difflib.get_close_matches(role_key(role), list(keys), n=3, cutoff=0.5)
    ]
    meant = f"Did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
    return f"{meant}It has {', '.join(role for role in known if role != EVERY_ROLE)}; all = every role."
