"""What people do and see, each time at a desk of their own, as a command does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.desk.desk import Desk, at_desk
from connector.run.setup_source import SetupSource, opened_view
from connector.setup import parse_setup
from connector.store import Store

__all__ = ["by_hand", "desk_over", "seen"]

_NOWHERE = {
    "webstore": {"url": "http://127.0.0.1:1", "consumer_key": "ck", "consumer_secret": "cs"},
    "business_central": {
        "base_url": "http://127.0.0.1:1/api/v2.0",
        "company": "C",
        "auth": "basic",
        "username": "u",
        "password": "p",
    },
}


def by_hand(act: Callable[..., Any], setup: SetupSource, *given: Any, actor: str = "the office", **more: Any) -> Any:
    """What an edit of `connector.desk` gives."""
    with at_desk(setup, actor=actor, with_secrets=True) as desk:
        return act(desk, *given, **more)


def seen(look: Callable[..., Any], setup: SetupSource, *given: Any, **more: Any) -> Any:
    """What a look at what is remembered gives."""
    with opened_view(setup) as view:
        return look(view, *given, **more)


def desk_over(store: Store, code: str = "shop", *, actor: str = "ann", expected_version: int | None = None) -> Desk:
    """A desk over an open store, of a setup that leads to no systems."""
    return Desk(parse_setup({"webstore_code": code, **_NOWHERE}, origin="test"), store, actor, expected_version)
