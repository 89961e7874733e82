"""What a report shows, as values: the run in numbers, the runs before it, and the rows of its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.run.summary import RunSummary

__all__ = ["DirectionCounts", "LastRun", "PlanRow", "RunFigures", "both_directions", "fair_share"]


@dataclass(frozen=True)
class PlanRow:
    """One row of the plan (connector.core.plan.Plan.table), and what became of it.

    Attributes:
        before, after: of the written side; of a conflict what the webstore and what Business Central holds.
        base: what both last agreed on.
        other_side: what the other system holds, where that is not `after` (an undo); None = it is, or nobody knows.
        outcome: "" = not written; else the journal's word: confirmed, refused, dropped, adopted, held, not-happened, or
            "no answer".
        message: what the written system said.
        masked: `before` and `after` are masked: `is_changed` says whether they differ, not where.
    """

    action: str
    direction: str
    bc_number: str
    webstore_id: int | None
    field: str
    before: str
    after: str
    reason: str
    base: str = ""
    other_side: str | None = None
    outcome: str = ""
    message: str = ""
    masked: bool = False
    is_changed: bool = True


@dataclass(frozen=True)
class LastRun:
    """One bar of the charts. One that counted nothing (an interrupted run) is a gap."""

    run_id: str
    started_at: datetime
    status: str
    summary: RunSummary


@dataclass(frozen=True)
class DirectionCounts:
    """A counter of both directions."""

    push: int
    pull: int


@dataclass(frozen=True)
class RunFigures:
    """A run for its report.

    Attributes:
        rows: the plan's rows that are shown; `total_rows` is how many there are.
        totals: rows of the whole plan by action.
        last_runs: oldest first, this run the last.
        files: where the whole plan is: names of CSV and Parquet files, or commands.
        remarks: what must be said besides.
        masked: values of customers are masked.
    """

    webstore_code: str
    run_id: str
    mode: str
    trigger: str
    actor: str
    status: str
    dry_run: bool
    started_at: datetime
    finished_at: datetime | None
    plan_hash: str
    summary: RunSummary
    rows: Sequence[PlanRow] = ()
    total_rows: int = 0
    totals: Mapping[str, int] = field(default_factory=dict)
    last_runs: Sequence[LastRun] = ()
    files: Sequence[str] = ()
    remarks: Sequence[str] = ()
    masked: bool = False


def both_directions(summary: RunSummary, name: str) -> DirectionCounts:
    """A counter of a summary for both directions; 0 where the run did not come so far."""
    return DirectionCounts(summary.push.counters[name], summary.pull.counters[name])


def fair_share(totals: Mapping[str, int], most: int) -> dict[str, int]:
    """How many rows of each action to show when not all can be: the rare ones whole, so that fifty thousand creates do not
    hide three conflicts.

    Args:
        totals: rows by action.
        most: rows to be shown in all.
    """
    shares: dict[str, int] = {}
    left = most
    for done, (action, count) in enumerate(sorted(totals.items(), key=lambda item: item[1])):
        shares[action] = min(count, left // (len(totals) - done))
        left -= shares[action]
    return shares
