"""Breakers with what the store knows: what the last full run saw, and what is linked."""

from __future__ import annotations

from collections.abc import Sequence

from connector.clients import Census
from connector.core.breakers import (
    Before,
    Limits,
    SideCensus,
    Tripped,
    extract_breakers,
    load_breaker,
    plan_breakers,
)
from connector.core.counting import counted
from connector.core.customer import Side
from connector.core.plan import Plan
from connector.errors import PremiseBroken
from connector.run.result import LoadResult
from connector.run.run import Run
from connector.run.summary import RunSummary
from connector.store import View

__all__ = ["last_full_run", "limits_of", "stop_failing_load", "stop_on_extracts", "stop_on_plan"]


def limits_of(run: Run) -> Limits:
    """The setup's limits."""
    settings = run.setup.breakers.model_dump(exclude={"oscillation", "refusals"})
    return Limits(**settings)


def last_full_run(view: View, besides: str = "") -> RunSummary | None:
    """Summary of the newest run over all customers that got as far as writing; None = there was none."""
    # what a breaker stops has no counts, so that it is measured against again
    run = view.runs.last_full(besides)
    return None if run is None else RunSummary.from_stored(run["summary"])


def stop_on_extracts(run: Run, webstore: Census, business_central: Census, approved: bool) -> None:
    """Raise PremiseBroken if the extracts as wholes cannot be relied on.

    Args:
        approved: a person has approved the plan: what is there less of is meant to be so. An incomplete read never is.
    """
    with run.store.view(run.code) as view:
        last = last_full_run(view, run.run_id)
        linked = view.mapping.linked()
    for name, read in (("The webstore", webstore), ("Business Central", business_central)):
        if read.unreadable:
            run.warnings.append(
                f"{name} listed {counted(read.unreadable, 'customer', 'customers')} that nobody can tell apart; "
                f"{'it was' if read.unreadable == 1 else 'they were'} left out: "
                f"{', '.join(read.reasons)}."
            )
    census = {
        side: SideCensus(
            read.rows, read.announced, read.unreadable, None if last is None else last.extracted.of(side), linked
        )
        for side, read in ((Side.WEBSTORE, webstore), (Side.BUSINESS_CENTRAL, business_central))
    }
    tripped = extract_breakers(limits_of(run), census)
    _stop(run, [t for t in tripped if t.name == "announced_total"], "")
    _stop_or_tell(run, tripped, "", approved=approved)


def stop_on_plan(
    run: Run, plan: Plan, extracted: dict[str, int], selected: bool, approved: bool, command: str = "sync"
) -> None:
    """Raise PremiseBroken if the plan does more than may be done unasked; a dry run, and an approved plan, only say so.

    Args:
        command: what takes `--plan`, for the hint.
    """
    with run.store.view(run.code) as view:
        last = last_full_run(view, run.run_id)
        linked = view.mapping.linked()
    # a selected run sees few orphans; the last full run saw all
    orphans = len(plan.orphans) if selected else 0 if last is None else last.orphans
    before = Before(last is not None, orphans, linked)
    customers = {Side(name): rows for name, rows in extracted.items()}
    tripped = plan_breakers(limits_of(run), plan, before, customers, selected=selected)
    _stop_or_tell(run, tripped, f"customer-sync {command} --plan {plan.hash[:12]}", approved=approved)


def stop_failing_load(run: Run, result: LoadResult) -> bool:
    """Whether so much failed that the rest is left to the next run; `stopped` says why."""
    tried = result.created + result.updated + result.failed + result.dropped
    tripped = load_breaker(limits_of(run), tried, result.failed)
    if tripped is not None:
        result.stopped = tripped.words
    return tripped is not None


def _stop_or_tell(run: Run, tripped: Sequence[Tripped], way_on: str, *, approved: bool) -> None:
    if run.dry_run or approved:
        run.warnings += [f"breaker: {one.words}" for one in tripped]
        return
    _stop(run, tripped, way_on)


def _stop(run: Run, tripped: Sequence[Tripped], way_on: str) -> None:
    if not tripped:
        return
    # of these no approval is the way out: an incomplete read is read again, and about the past a person is asked
    others = [one for one in tripped if one.name not in {"announced_total", "went_back"}]
    way_on = way_on or "customer-sync plan, then sync --plan HASH"
    raise PremiseBroken(
        "Stopped before the first write: " + " ".join(one.words for one in tripped),
        hint=f"If all is as it should be: {way_on}. Nothing was written." if others else "Nothing was written.",
    )
