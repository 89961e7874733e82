"""What a run remembers beside its writes, and what it tells: links, moved bases, the summary."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.load.landing import put_base
from connector.load.run import LoadResult, Run

__all__ = ["record_links", "summary_of"]

_BATCH = 2000


def record_links(run: Run, plan: Plan) -> int:
    """Commit new links, changed numbers and bases on which both sides agree; needs no remote write.

    Returns:
        How many customers were linked.
    """
    if plan.links or plan.renumbered:
        with run.store.work(run.code) as work:
            work.describe(actor=run.actor, reason="matched by the ladder", run_id=run.run_id)
            for link in plan.links:
                work.mapping.link(link.bc_id, plan.numbers.get(link.bc_id, ""), link.webstore_id)
            for bc_id, number in plan.renumbered:
                work.mapping.renumber(bc_id, number)
    for start in range(0, len(plan.agreements), _BATCH):
        with run.store.work(run.code) as work:
            for agreement in plan.agreements[start : start + _BATCH]:
                put_base(
                    run, work, agreement.bc_id, agreement.webstore_id, agreement.webstore, agreement.business_central
                )
        run.progress(
            "Recording what both sides agree on", min(start + _BATCH, len(plan.agreements)), len(plan.agreements)
        )
    return len(plan.links)


def summary_of(
    run: Run, plan: Plan, results: dict[Direction, LoadResult], extracted: dict[str, int], seconds: float, mode: str
) -> dict[str, Any]:
    """The run in numbers. Counters describe the state after the run: a standing conflict is counted by every run."""
    with run.store.view(run.code) as view:
        version, holds = view.mapping.version(), view.holds.read()
    sections = {
        str(direction): _section(plan, direction, results.get(direction), holds, run.dry_run) for direction in Direction
    }
    errors = [asdict(failure) for result in results.values() for failure in result.failures]
    stopped = [result.stopped for result in results.values() if result.stopped]
    return {
        "run_id": run.run_id,
        "webstore_code": run.code,
        "mode": mode,
        "dry_run": run.dry_run,
        "extracted": extracted,
        **sections,
        "linked": len(plan.links),
        "conflicts": len(plan.conflicts),
        "ambiguous": sum(len(a.webstore_ids) + len(a.bc_ids) for a in plan.ambiguous),
        "orphans": len(plan.orphans),
        "quarantined": len({(q.bc_id, q.webstore_id) for q in plan.quarantined}),
        "mapping_version": version,
        "requests": {"webstore": run.webstore.requests_made, "business_central": run.business_central.requests_made},
        "seconds": round(seconds, 2),
        "plan_hash": plan.hash,
        "errors": errors,
        "stopped": stopped,
    }


def _section(plan: Plan, direction: Direction, result: LoadResult | None, holds: Any, dry_run: bool) -> dict[str, int]:
    result = result or LoadResult()
    planned = plan.of(direction)
    withheld = {(s.bc_id, s.webstore_id) for s in plan.withheld(direction)}
    busy = {(w.bc_id, w.webstore_id) for w in planned if w.operation == "update"} | withheld
    busy |= {(w.bc_id, w.webstore_id) for w in plan.held}
    on_hold = holds[holds["on_hold"].astype(bool) & (holds["direction"] == str(direction))]
    return {
        "created": len(plan.of(direction, "create")) if dry_run else result.created,
        "updated": len(plan.of(direction, "update")) if dry_run else result.updated,
        "unchanged": plan.pairs - len(busy),
        "withheld": len(withheld),
        "held": len(on_hold),
        "failed": result.failed,
        "dropped": result.dropped,
    }
