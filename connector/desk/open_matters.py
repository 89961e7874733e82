"""What waits for a person at one webstore, counted: as the newest runs have left it, and without what was decided since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.desk.inbox import list_conflicts
from connector.desk.restored import list_restored
from connector.desk.same_customer import list_doubts
from connector.desk.waiting_pairs import waiting_pairs
from connector.run.summary import RunSummary
from connector.store import View

__all__ = ["Matter", "open_matters"]

_SIDES = ("webstore", "business-central")


@dataclass(frozen=True)
class Matter:
    """One kind of thing that waits.

    Attributes:
        name: `plans`, `restored`, `conflicts`, `doubts`, `suggestions`, `ambiguous`, `holds`, `quarantined`, `orphans`
            or `refused`.
        count: how many there are, at least 1.
        runs: of plans: the ids of the runs that wait.
    """

    name: str
    count: int
    runs: tuple[str, ...] = ()


def open_matters(view: View) -> list[Matter]:
    """What waits, the most urgent first; of what nothing waits is not there."""
    return [matter for matter in _matters(view) if matter.count]


def _matters(view: View) -> Iterator[Matter]:
    plans = [str(run["run_id"]) for run in view.runs.waiting()]
    yield Matter("plans", len(plans), tuple(plans))
    undecided = {_of_row(row) for row in list_conflicts(view) if not row["decided"]}
    went_back = {_of_row(row) for side in _SIDES for row in list_restored(view, side)} if undecided else set()
    yield Matter("restored", len(undecided & went_back))
    yield Matter("conflicts", len(undecided - went_back))
    doubts = list_doubts(view)
    yield Matter("doubts", len(doubts))
    pairs = len(waiting_pairs(view))
    yield Matter("suggestions", pairs)
    last = view.runs.last_full()
    told = RunSummary() if last is None else RunSummary.from_stored(last["summary"])
    # those of whom pairs were suggested are counted as pairs
    yield Matter("ambiguous", told.ambiguous if not pairs else 0)
    yield Matter("holds", sum(bool(row["on_hold"]) for row in view.holds.rows()))
    doubtful = {f"woo:{row['webstore_id']}" for row in doubts} | {f"bc:{row['bc_id']}" for row in doubts}
    yield Matter("quarantined", len({row["key"] for row in view.quarantine.rows()} - doubtful))
    yield Matter("orphans", told.orphans)
    yield Matter("refused", told.not_written)


def _of_row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Which field of which pair."""
    return row["bc_id"], row["webstore_id"], row["field"]
