"""Pairs of customers about whom a person is asked, however they were found: by runs, or by somebody who searched for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from connector.store import View

__all__ = ["PLAIN", "STANDINGS", "PossiblePair", "found_pairs", "together", "waiting_pairs"]

# from the surest to the least sure; `taken`: one of the two is linked to somebody else
STANDINGS = ("links by itself", "plain", "suggested", "rivals", "doubtful", "runner-up", "taken")
# one to one, and nothing speaks against them
PLAIN = frozenset({"plain", "links by itself"})


@dataclass(frozen=True)
class PossiblePair:
    """Two customers that may be the same.

    Attributes:
        standing: one of STANDINGS.
        because: what agrees, in words.
        against: what speaks against it, or why nobody linked them, in words; "" = nothing.
        since: when a run first asked; None = it was found by a search.
        probability: of record linkage; None = found by rules.
    """

    bc_id: str
    webstore_id: int
    standing: str
    because: str
    against: str = ""
    since: datetime | None = None
    probability: float | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Which pair it is."""
        return self.bc_id, self.webstore_id

    @property
    def name(self) -> str:
        """What forms and `connector.desk.suggesting` call it: ID=WEBSTORE-ID."""
        return f"{self.bc_id}={self.webstore_id}"

    @property
    def is_plain(self) -> bool:
        """It may be accepted together with others."""
        return self.standing in PLAIN


def waiting_pairs(view: View) -> list[PossiblePair]:
    """The pairs that runs have left, and that nobody has answered: neither linked nor rejected as the mapping table is now.

    A pair that was accepted waits again when the version that linked it was taken back.
    """
    rows = view.suggestions.rows()
    left, right = Counter(row["webstore_id"] for row in rows), Counter(row["bc_id"] for row in rows)
    found = []
    for row in rows:
        evidence: dict[str, Any] = dict(orjson.loads(row["evidence"] or "{}"))
        reason, plain = str(evidence.pop("reason", "")), bool(evidence.pop("plain", False))
        against = str(evidence.pop("against", ""))
        rivals = left[row["webstore_id"]] + right[row["bc_id"]] > 2
        standing = "rivals" if rivals else "plain" if plain else "doubtful"
        found.append(
            PossiblePair(
                bc_id=str(row["bc_id"]),
                webstore_id=int(row["webstore_id"]),
                standing=standing,
                because=_because(evidence),
                against="; ".join(dict.fromkeys(text for text in (against, "" if plain else reason) if text)),
                since=row["since"],
            )
        )
    return _unanswered(view, found)


def found_pairs(view: View, rows: Sequence[Mapping[str, Any]]) -> list[PossiblePair]:
    """The pairs of a search (`connector.desk.suggesting.suggest`) that nobody has answered since."""
    found = []
    for row in rows:
        because, _, against = str(row["because"]).partition("; but ")
        probability = row.get("probability")
        found.append(
            PossiblePair(
                bc_id=str(row["bc_id"]),
                webstore_id=int(row["webstore_id"]),
                standing=str(row["standing"]),
                because=because,
                against=against,
                probability=None if probability is None else float(probability),
            )
        )
    # whoever was linked since is in question no more: the search is as old as it is
    return [pair for pair in _unanswered(view, found) if pair.standing != "taken"]


def together(waiting: Iterable[PossiblePair], found: Iterable[PossiblePair]) -> list[PossiblePair]:
    """Both, each pair once, the surest first. A search says more of a pair than what a run has left of it."""
    pairs = {pair.key: pair for pair in waiting}
    for pair in found:
        before = pairs.get(pair.key)
        pairs[pair.key] = replace(pair, since=before.since) if before else pair
    order = {standing: place for place, standing in enumerate(STANDINGS)}
    return sorted(
        pairs.values(), key=lambda pair: (order[pair.standing], -(pair.probability or 0), pair.webstore_id, pair.bc_id)
    )


def _unanswered(view: View, pairs: Collection[PossiblePair]) -> list[PossiblePair]:
    by_bc_id = view.mapping.rows_by_bc_id({pair.bc_id for pair in pairs})
    by_account = view.mapping.rows_by_webstore_id({pair.webstore_id for pair in pairs})
    rejected = view.mapping.rejections() if pairs else set()
    found = []
    for pair in pairs:
        row, other = by_bc_id.get(pair.bc_id), by_account.get(pair.webstore_id)
        linked = row.webstore_id if row is not None else None
        if linked == pair.webstore_id or pair.key in rejected:
            continue
        taken = []
        if row is not None and linked is not None:
            taken.append(f"{row.bc_number} is linked to woo:{linked} already")
        if other is not None:
            taken.append(f"woo:{pair.webstore_id} is linked to {other.bc_number} already")
        found.append(replace(pair, standing="taken", against="; ".join(taken)) if taken else pair)
    return found


def _because(evidence: Mapping[str, Any]) -> str:
    return "; ".join(f"same {rung.replace('_', ' and ')}: {value}" for rung, value in evidence.items())
