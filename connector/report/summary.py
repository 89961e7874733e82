"""Puts a run in numbers together, of its plan, what became of it, and what the store knows then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import pandas as pd

from connector.core.approval import Approved, Lost
from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.run.request import RunRequest
from connector.run.result import LoadResult
from connector.run.run import Run
from connector.run.summary import ApprovalSummary, DirectionSummary, ReadingSummary, RunSummary, SideCounts, UndoSummary

__all__ = ["summary_of"]


def summary_of(
    run: Run,
    request: RunRequest,
    plan: Plan,
    results: Mapping[Direction, LoadResult],
    *,
    extracted: Mapping[str, int],
    approved: Approved | None = None,
    lost: Sequence[Lost] = (),
    shown: Mapping[str, str],
    seen_at: str,
    seconds: float,
) -> RunSummary:
    """The run in numbers.

    Args:
        extracted: customers that were read, by system.
        approved: the plan that was to be written; `lost` is what of it is not in the plan any more.
        shown: fingerprints of the tables that were shown.
        seen_at: where people find the run again.
        seconds: since the run was opened.
    """
    with run.store.view(run.code) as view:
        version, holds = view.mapping.version(), view.holds.read()
    dropped = (*lost, *(one for result in results.values() for one in result.lost))
    push, pull = (
        _of_direction(plan, direction, results.get(direction) or LoadResult(), holds, dropped, run.dry_run)
        for direction in (Direction.PUSH, Direction.PULL)
    )
    return RunSummary(
        run_id=run.run_id,
        webstore_code=run.code,
        mode=request.mode,
        dry_run=run.dry_run,
        extracted=SideCounts(**extracted),
        push=push,
        pull=pull,
        linked=len(plan.links),
        conflicts=len(plan.conflicts),
        ambiguous=sum(len(a.webstore_ids) + len(a.bc_ids) for a in plan.ambiguous),
        orphans=len(plan.orphans),
        quarantined=len({(q.bc_id, q.webstore_id) for q in plan.quarantined}),
        mapping_version=version,
        requests=SideCounts(run.webstore.requests_made, run.business_central.requests_made),
        seconds=round(seconds, 2),
        plan_hash=plan.hash,
        errors=tuple(failure for result in results.values() for failure in result.failures),
        dropped_customers=dropped,
        stopped=tuple(result.stopped for result in results.values() if result.stopped),
        warnings=tuple(run.warnings),
        shown=dict(shown),
        trigger=run.trigger,
        validated=run.validated,
        seen_at=seen_at,
        undo=None if request.undone_run is None else _of_undo(plan, request, results, run.dry_run),
        approval=None
        if approved is None
        else ApprovalSummary(approved.hash, len(lost), request.approved_by, request.leave_out),
        reading=ReadingSummary(run.why_everybody, run.missed_by_webhooks)
        if run.setup.synchronization.hours_between_full_reads
        else None,
    )


def _of_direction(
    plan: Plan, direction: Direction, result: LoadResult, holds: pd.DataFrame, dropped: Sequence[Lost], dry_run: bool
) -> DirectionSummary:
    withheld = {(s.bc_id, s.webstore_id) for s in plan.withheld(direction)}
    busy = {(w.bc_id, w.webstore_id) for w in chain(plan.of(direction, "update"), plan.held, plan.left_out)} | withheld
    on_hold = holds[holds["on_hold"].astype(bool) & (holds["direction"] == str(direction))]
    return DirectionSummary(
        created=len(plan.of(direction, "create")) if dry_run else result.created,
        updated=len(plan.of(direction, "update")) if dry_run else result.updated,
        unchanged=plan.pairs - len(busy),
        withheld=len(withheld),
        held=len(on_hold),
        failed=result.failed,
        dropped=sum(one.what.direction == str(direction) for one in dropped),
    )


def _of_undo(plan: Plan, request: RunRequest, results: Mapping[Direction, LoadResult], dry_run: bool) -> UndoSummary:
    deleted = len(plan.deletions) if dry_run else sum(result.deleted for result in results.values())
    created, unlinked = len(plan.undone_creates), len(plan.unlinks)
    return UndoSummary(request.undone_run or "", created, unlinked, deleted, request.its_flags)
