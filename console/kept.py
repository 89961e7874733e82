"""What pages found out about a webstore, kept until anything is written to its store: lists are looked through page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from connector.store import View
from console.webstores import Webstore

__all__ = ["kept"]

T = TypeVar("T")
# of each webstore and name the newest alone
_KEPT: WeakKeyDictionary[Webstore, dict[str, tuple[object, Any]]] = WeakKeyDictionary()


def kept(webstore: Webstore, view: View, name: str, find: Callable[[], T], *also: object) -> T:
    """What was found under this name, or is found now.

    Args:
        also: what it depends on besides the store.
    """
    of_webstore = _KEPT.setdefault(webstore, {})
    state = (view.state, *also)
    known = of_webstore.get(name)
    if known is None or known[0] != state:
        known = of_webstore[name] = (state, find())
    found: T = known[1]
    return found
