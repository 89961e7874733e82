"""The flow that takes back what a run wrote."""

from __future__ import annotations

from typing import Any

from prefect import flow

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.core.undoing import Created
from connector.load.opening import Opened
from connector.load.run import LoadResult
from connector.load.summary import summary_of
from connector.load.undo import plan_undo, unlink_created
from flows.opening import THREADS, opened_run, whole
from tasks.load import pull_customers, push_customers
from tasks.report import publish_plan, publish_summary

__all__ = ["UndoReport", "undo_run"]


class UndoReport:
    """What undoing a run would write, or wrote; `created` lists the customers that the run had created."""

    def __init__(self, summary: dict[str, Any], plan: Plan, created: list[dict[str, Any]]) -> None:
        self.summary = summary
        self.plan = plan
        self.created = created


@flow(
    name="undo-run",
    flow_run_name="undo run {run_id}",
    task_runner=THREADS,
)
def undo_run(
    run_id: str, setup: str = "setup.toml", dry_run: bool = False, delete_accounts: bool = False
) -> UndoReport:
    """Put back what a run changed, leaving alone every field that somebody has changed since.

    Args:
        run_id: The run, or the beginning of its id.
        setup: Path of the setup file.
        dry_run: Show what would be put back; write nothing in either system.
        delete_accounts: Delete the webstore accounts that the run created. Without it they are only unlinked.
    """
    with opened_run(setup, dry_run, "undo") as opened:
        run = opened.run
        plan, created = plan_undo(run, run_id)
        publish_plan(run.code, whole(plan))
        results: dict[Direction, LoadResult] = {}
        if not dry_run:
            results = _load(opened, plan)
        told = _settle_created(opened, created, delete_accounts)
        opened.summary = summary_of(run, plan, results, {"webstore": 0, "business_central": 0}, opened.seconds, "undo")
        opened.summary |= {"undone_run": run_id, "created_by_undone_run": len(created)}
        opened.status = "stopped" if opened.summary["stopped"] else "completed"
        publish_summary(opened.summary)
        return UndoReport(opened.summary, plan, told)


def _load(opened: Opened, plan: Plan) -> dict[Direction, LoadResult]:
    """Only the directions that the reverse plan writes."""
    tasks = {Direction.PUSH: push_customers, Direction.PULL: pull_customers}
    futures = {d: task.submit(opened.run, whole(plan)) for d, task in tasks.items() if plan.of(d)}
    return {direction: future.result() for direction, future in futures.items()}


def _settle_created(opened: Opened, created: list[Created], delete_accounts: bool) -> list[dict[str, Any]]:
    if opened.run.dry_run:
        return [
            {
                "bc_number": customer.bc_number,
                "webstore_id": customer.webstore_id,
                "created_in": str(customer.direction.target),
                "now": "would be unlinked",
            }
            for customer in created
        ]
    return unlink_created(opened.run, created, delete_accounts=delete_accounts)
