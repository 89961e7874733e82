"""A run in numbers: what `sync --json` prints, what the run's row keeps, what the UI shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from connector.core.approval import Lost
from connector.core.customer import Direction
from connector.core.intended import Intended
from connector.core.plan import Plan
from connector.run.result import LoadResult
from connector.run.run import Run

__all__ = ["dropped_lines", "not_written", "summary_of"]


def summary_of(
    run: Run,
    plan: Plan,
    results: dict[Direction, LoadResult],
    extracted: dict[str, int],
    seconds: float,
    mode: str,
    lost: Sequence[Lost] = (),
) -> dict[str, Any]:
    """The run in numbers. Counters describe the state after the run: a standing conflict is counted by every run.

    Args:
        lost: what was approved and is not in the plan any more.

    Returns:
        Among the rest `dropped_customers`: everybody who was approved or planned and not written, one entry for each thing
        that was not done: `bc_id`, `bc_number`, `webstore_id`, `direction`, `action`, `fields` and `reason`.
    """
    with run.store.view(run.code) as view:
        version, holds = view.mapping.version(), view.holds.read()
    dropped = [*lost, *(one for result in results.values() for one in result.lost)]
    sections = {
        str(direction): _section(plan, direction, results.get(direction), holds, run.dry_run)
        | {"dropped": sum(one.what.direction == str(direction) for one in dropped)}
        for direction in Direction
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
        "dropped_customers": [one.as_document() for one in dropped],
        "stopped": stopped,
        "warnings": list(run.warnings),
    }


def dropped_lines(summary: Mapping[str, Any]) -> list[str]:
    """Who was approved or planned and not written after all, and why, one line each; for every place that shows a run."""
    return [f"{Intended.from_document(one).words}: {one['reason']}" for one in summary.get("dropped_customers", [])]


def not_written(summary: Mapping[str, Any]) -> int:
    """How many customers were refused or failed."""
    return sum(error.get("customers", 1) for error in summary["errors"])


def _section(plan: Plan, direction: Direction, result: LoadResult | None, holds: Any, dry_run: bool) -> dict[str, int]:
    result = result or LoadResult()
    planned = plan.of(direction)
    withheld = {(s.bc_id, s.webstore_id) for s in plan.withheld(direction)}
    busy = {(w.bc_id, w.webstore_id) for w in planned if w.operation == "update"} | withheld
    busy |= {(w.bc_id, w.webstore_id) for w in (*plan.held, *plan.left_out)}
    on_hold = holds[holds["on_hold"].astype(bool) & (holds["direction"] == str(direction))]
    return {
        "created": len(plan.of(direction, "create")) if dry_run else result.created,
        "updated": len(plan.of(direction, "update")) if dry_run else result.updated,
        "unchanged": plan.pairs - len(busy),
        "withheld": len(withheld),
        "held": len(on_hold),
        "failed": result.failed,
    }
