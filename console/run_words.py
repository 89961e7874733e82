"""Runs in words: what each was asked for, what it did, why it did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.run.summary import RunSummary

__all__ = ["OUTCOMES", "Dropped", "counts_of", "dropped_of", "duration_of", "kind_of", "where_written"]

# an outcome of the journal: (word, shape's kind, what it means)
OUTCOMES: Mapping[str | None, tuple[str, str, str]] = {
    "confirmed": ("written", "fine", "the system has confirmed it"),
    "adopted": ("written", "fine", "the answer was lost; a look showed that it was written"),
    "refused": ("refused", "bad", "the system said no"),
    "dropped": ("dropped", "wait", "not sent: somebody had edited the customer meanwhile"),
    "not-happened": ("not written", "wait", "the answer was lost; a look showed that nothing was written"),
    "held": ("held", "bad", "the answer was lost, and only a person can say whether it was written"),
    None: ("no answer yet", "wait", "the next run looks whether it was written"),
}


@dataclass(frozen=True)
class Dropped:
    """A customer that was approved or planned and not written."""

    who: str
    reason: str


def kind_of(run: Mapping[str, Any]) -> str:
    """What a run was asked for.

    Args:
        run: as `connector.store.runs.Runs.show` gives it.
    """
    mode, dry_run = run["mode"], run["dry_run"]
    if mode == "readiness":
        return "Readiness of the first synchronisation"
    if mode == "undo":
        undone = str(run["summary"].get("undone_run", ""))[:8]
        return f"{'Preview of the undo' if dry_run else 'Undo'} of run {undone}".removesuffix(" of run ")
    whom = {"all": "all customers", "changed": "changed customers"}.get(mode, "selected customers")
    if run["status"] == "waiting":
        return f"Plan for {whom}, waits for an approval"
    return f"Plan for {whom}" if dry_run else f"Synchronisation of {whom}"


def counts_of(run: Mapping[str, Any]) -> dict[str, int]:
    """What a run did, in customers; of a dry run what it would do. Nothing of a run that came to no numbers."""
    summary = RunSummary.from_stored(run["summary"])
    if not summary.counted:
        return {}
    found = {name: getattr(summary.push, name) + getattr(summary.pull, name) for name in ("created", "updated")}
    found["linked"] = summary.linked
    if summary.undo is not None:
        found |= {"unlinked": summary.undo.unlinked, "deleted": summary.undo.deleted}
    return found | {"refused": summary.not_written, "dropped": len(summary.dropped_customers)}


def dropped_of(run: Mapping[str, Any]) -> list[Dropped]:
    """Who was approved or planned and not written, with the reason."""
    return [Dropped(one.what.words, one.reason) for one in RunSummary.from_stored(run["summary"]).dropped_customers]


def duration_of(run: Mapping[str, Any]) -> str:
    """How long a run took: 4 s, 2 min 5 s; "" while it runs."""
    if run["finished_at"] is None:
        return ""
    seconds = max(0, round((run["finished_at"] - run["started_at"]).total_seconds()))
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def where_written(direction: str) -> str:
    """The system that a direction writes."""
    return "webstore" if direction == "push" else "Business Central"
