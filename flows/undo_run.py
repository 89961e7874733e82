"""The flow that takes back what a run wrote."""

from __future__ import annotations

from typing import Any

from prefect import flow

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.core.undoing import Created
from connector.load.applying import approval_reason, approved_part, known_plan
from connector.load.opening import Opened
from connector.load.recording import record_plan
from connector.load.run import LoadResult
from connector.load.summary import summary_of
from connector.load.undo import plan_undo, unlink_created
from flows.approving import refuse_if_nobody_can_be_asked
from flows.loading import load_directions
from flows.naming import run_name
from flows.opening import THREADS, opened_run
from flows.outcomes import HOOKS, concluded
from flows.passes import Wish, in_passes
from flows.setups import resolve_setup
from flows.showing import show_plan, show_summary

__all__ = ["UndoReport", "undo_run"]


class UndoReport:
    """What undoing a run would write, or wrote; `created` lists the customers that the run had created."""

    def __init__(self, summary: dict[str, Any], plan: Plan, created: list[dict[str, Any]], waiting: str = "") -> None:
        self.summary = summary
        self.plan = plan
        self.created = created
        self.waiting = waiting


@flow(
    name="undo-run",
    flow_run_name=run_name("undo run {run} of {setup}"),
    task_runner=THREADS,
    **HOOKS,
)
def undo_run(
    run_id: str,
    setup: str = "setup.toml",
    dry_run: bool = False,
    delete_accounts: bool = False,
    approved_plan: str = "",
) -> UndoReport:
    """Put back what a run changed, leaving alone every field that somebody has changed since.

    Args:
        run_id: The run, or the beginning of its id.
        setup: Name of a WooCommerce Connector Setup block, or path of a setup file (….toml).
        dry_run: Show what would be put back; write nothing in either system.
        delete_accounts: Delete the webstore accounts that the run created. Without it they are only unlinked.
        approved_plan: Hash of the reverse plan that a dry run has shown: write only what it holds.
    """

    def body() -> Any:
        made = resolve_setup(setup)

        def one_pass(wish: Wish) -> UndoReport:
            with opened_run(made, wish.dry_run, "undo") as opened:
                return _undo(opened, run_id, wish, delete_accounts)

        return in_passes(made, Wish(dry_run, approved_plan), one_pass)

    return concluded(setup, body)  # type: ignore[no-any-return]


def _undo(opened: Opened, undone_run: str, wish: Wish, delete_accounts: bool) -> UndoReport:
    run = opened.run
    plan, created = plan_undo(run, undone_run)
    approved = known_plan(run, wish.approved_plan) if wish.approved_plan else None
    if approved is not None:
        plan, _ = approved_part(plan, approved, wish.leave_out)
    record_plan(run, plan)
    shown = show_plan(run, plan, selected=True)
    waiting = "" if run.dry_run or approved is not None else approval_reason(run.setup, plan)
    if waiting:
        refuse_if_nobody_can_be_asked(plan.hash, waiting, f"runs undo {undone_run}")
    results: dict[Direction, LoadResult] = {}
    if not run.dry_run and not waiting:
        results = load_directions(opened, plan, [direction for direction in Direction if plan.of(direction)])
    told = _settle_created(opened, created, delete_accounts) if not waiting else []
    opened.summary = summary_of(run, plan, results, {"webstore": 0, "business_central": 0}, opened.seconds, "undo")
    opened.summary |= {"undone_run": undone_run, "created_by_undone_run": len(created), "shown": dict(shown)}
    opened.status = "waiting" if waiting else "stopped" if opened.summary["stopped"] else "completed"
    if not waiting:
        show_summary(run, opened.summary)
    return UndoReport(opened.summary, plan, told, waiting)


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
