"""The pairs that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.desk.waiting_pairs import PossiblePair, found_pairs, together, waiting_pairs
from connector.store import View
from console.kept import kept
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


def listed_pairs(webstore: Webstore, view: View) -> Listed:
    """The pairs that runs have left, and those of the last search; nobody has answered them."""
    searched = webstore.search.pairs

    def listed() -> Listed:
        waiting = waiting_pairs(view)
        return Listed(together(waiting, found_pairs(view, searched)), len(waiting), view.mapping.version())

    return kept(webstore, view, "pairs", listed, searched)
