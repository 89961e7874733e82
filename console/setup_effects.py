"""What the flags of a setup mean for the customers of today: how many changes each withholds, or lets through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.setup import Setup
from connector.setup.choices import PullWebstoreCustomers, PushWebstoreCustomers
from connector.store import View
from console.plan_rows import PlannedWork
from console.plan_shelf import work_of

__all__ = ["change_in_words", "effects_of"]


def effects_of(view: View, setup: Setup) -> Mapping[str, list[str]]:
    """What each flag did in the last run over all customers, in sentences.

    Returns:
        Path of a flag → sentences; a flag of which there is nothing to say is not in it.
    """
    last = view.runs.last_full()
    if last is None or "push" not in last["summary"]:
        return {}
    summary, flags = last["summary"], setup.synchronization
    stored = view.plans.kept(last["plan_hash"]) if last["plan_hash"] else None
    work = None if stored is None else work_of(view, stored)
    holds = sum(bool(row["on_hold"]) for row in view.holds.rows())
    conflicts = view.conflicts.count()
    found = {
        "synchronization.push_webstore_customers": _direction(
            summary["push"], "Push", flags.push_webstore_customers is PushWebstoreCustomers.NONE, "the webstore"
        ),
        "synchronization.pull_webstore_customers": _direction(
            summary["pull"], "Pull", flags.pull_webstore_customers is PullWebstoreCustomers.NONE, "Business Central"
        ),
        "synchronization.max_attempts": [f"{_many(holds, 'customer is', 'customers are')} on hold."] if holds else [],
        "synchronization.policies.conflict": [f"{_many(conflicts, 'field waits', 'fields wait')} for a decision."]
        if conflicts
        else [],
        "synchronization.policies.orphan": [
            f"{_many(summary['orphans'], 'customer is', 'customers are')} gone on one side."
        ]
        if summary.get("orphans")
        else [],
        "synchronization.policies.blank": _kept(work),
    }
    return {path: sentences for path, sentences in found.items() if sentences}


def _direction(counts: Mapping[str, int], name: str, closed: bool, system: str) -> list[str]:
    withheld = counts.get("withheld", 0)
    if closed:
        said = f"{_many(withheld, 'customer has changes that are', 'customers have changes that are')} withheld by {name} = None."
        return [said] if withheld else [f"Nothing is withheld by {name} = None."]
    created, updated = counts.get("created", 0), counts.get("updated", 0)
    said = f"The last run over all customers created {created:,} and changed {updated:,} in {system}."
    return [said, f"{_many(withheld, 'customer has', 'customers have')} withheld changes."] if withheld else [said]


def _kept(work: PlannedWork | None) -> list[str]:
    kept = 0 if work is None else work.kept
    return [f"{_many(kept, 'cleared value was', 'cleared values were')} kept on the other side."] if kept else []


def _many(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def change_in_words(path: str, before: str, after: str, summary: Mapping[str, Any] | None) -> str:
    """What a change of a flag will lead to; "" = nothing more is to be said of it."""
    if summary is None or "push" not in summary:
        return ""
    side = {"synchronization.push_webstore_customers": "push", "synchronization.pull_webstore_customers": "pull"}.get(
        path
    )
    if side is None:
        return ""
    withheld = summary[side].get("withheld", 0)
    system = "the webstore" if side == "push" else "Business Central"
    if before == "None" and withheld:
        whose = _many(withheld, "customer", "customers")
        return f"The changes of {whose} that are withheld now are written in {system} by the next run."
    if after == "None":
        return f"From the next run on nothing is written in {system}; changes are withheld."
    return ""
