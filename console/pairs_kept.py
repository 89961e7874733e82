"""The pairs that wait for a person, found out about once for many pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from connector.desk.waiting_pairs import PossiblePair, found_pairs, together, waiting_pairs
from connector.store import View
from console.webstores import Webstore

__all__ = ["Listed", "listed_pairs"]


@dataclass(frozen=True)
class Listed:
    """All pairs of a webstore, at one version of its mapping table.

    Attributes:
        waiting: how many of them runs have left.
    """

    pairs: Sequence[PossiblePair]
    waiting: int
    version: int


# thousands of pairs are looked through page by page: what was found out about them counts until anything changes
_KEPT: WeakKeyDictionary[Webstore, tuple[object, Listed]] = WeakKeyDictionary()


def listed_pairs(webstore: Webstore, view: View) -> Listed:
    """The pairs that runs have left, and those of the last search; nobody has answered them."""
    searched = webstore.search.pairs
    # a run may change the mapping table within one version; what the list of customers goes by tells that, too
    state = (view.list_state(), view.suggestions.rows(), list(searched))
    kept = _KEPT.get(webstore)
    if kept is not None and kept[0] == state:
        return kept[1]
    waiting = waiting_pairs(view)
    listed = Listed(together(waiting, found_pairs(view, searched)), len(waiting), view.mapping.version())
    _KEPT[webstore] = (state, listed)
    return listed
