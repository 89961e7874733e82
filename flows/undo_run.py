"""The flow that takes back what a run wrote."""

from __future__ import annotations

from typing import Any

from prefect import flow

from connector.core.approval import Lost
from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.load.applying import approval_reason, approved_part
from connector.load.breaking import stop_on_plan
from connector.load.opening import Opened
from connector.load.recording import record_plan
from connector.load.run import LoadResult, Run
from connector.load.summary import summary_of
from connector.load.undo import created_rows, plan_undo, unlink_created
from flows.approving import refuse_if_nobody_can_be_asked
from flows.loading import load_directions
from flows.naming import run_name
from flows.opening import THREADS, opened_run
from flows.outcomes import HOOKS, concluded
from flows.passes import Wish, approved_plan_of, in_passes, wish_of
from flows.setups import resolve_setup
from flows.showing import show_plan, show_summary

__all__ = ["UndoReport", "undo_run"]


class UndoReport:
    """What undoing a run would do, or did; `created` lists the customers that the run had created."""

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
    approved_plan: str | None = None,
    leave_out: str | list[str] | None = None,
) -> UndoReport:
    """Put back what a run changed, leaving alone every field that somebody has changed since.

    Args:
        run_id: The run, or the beginning of its id.
        setup: Name of a WooCommerce Connector Setup block, or path of a setup file (….toml).
        dry_run: Show what would be put back; write nothing in either system.
        delete_accounts: Delete the webstore accounts that the run created. Without it they are only unlinked.
        approved_plan: Hash of the reverse plan of a dry run: do only what it holds. None or left empty = what this run plans.
        leave_out: Customers of the approved plan (numbers, ids or woo:ID) left as they are. None or left empty = nobody.
    """

    def body() -> Any:
        made, wish = resolve_setup(setup), wish_of(dry_run, approved_plan, leave_out)

        def one_pass(wish: Wish) -> UndoReport:
            with opened_run(made, wish.dry_run, "undo") as opened:
                return _undo(opened, run_id, wish, delete_accounts)

        return in_passes(made, wish, one_pass)

    return concluded(setup, body)  # type: ignore[no-any-return]


def _undo(opened: Opened, undone_run: str, wish: Wish, delete_accounts: bool) -> UndoReport:
    run = opened.run
    approved = approved_plan_of(run, wish)
    plan = plan_undo(run, undone_run, delete_accounts=delete_accounts)
    lost: tuple[Lost, ...] = ()
    if approved is not None:
        plan, lost = approved_part(plan, approved, wish.leave_out, wish.left_out_by(run.actor))
    record_plan(run, plan)
    shown = show_plan(run, plan, selected=True)
    waiting = "" if run.dry_run or approved is not None else approval_reason(run.setup, plan)
    command = f"runs undo {undone_run}{' --delete-accounts' if delete_accounts else ''}"
    if waiting:
        refuse_if_nobody_can_be_asked(plan.hash, waiting, command)
    extracted = {"webstore": 0, "business_central": 0}
    asked = approved is not None or bool(waiting)
    stop_on_plan(run, plan, extracted, selected=True, approved=asked, command=command)
    results: dict[Direction, LoadResult] = {}
    told = created_rows(plan)
    if not run.dry_run and not waiting:
        results = load_directions(opened, plan, [direction for direction in Direction if plan.of(direction)])
        if plan.undone_creates:
            told = unlink_created(run, plan, results.setdefault(Direction.PUSH, LoadResult()))
    opened.summary = summary_of(run, plan, results, extracted, opened.seconds, "undo", lost)
    opened.summary |= {
        "undone_run": undone_run,
        "created_by_undone_run": len(plan.undone_creates),
        "shown": dict(shown),
    }
    opened.summary |= {"unlinked": len(plan.unlinks), "deleted": _deleted(run, plan, results)}
    if approved is not None:
        opened.summary |= {"approved_plan": approved.hash, "dropped_from_plan": len(lost)}
        opened.summary |= {"approved_by": wish.approved_by, "left_out": list(wish.leave_out)}
    opened.status = "waiting" if waiting else "stopped" if opened.summary["stopped"] else "completed"
    if not waiting:
        show_summary(run, opened.summary)
    return UndoReport(opened.summary, plan, told, waiting)


def _deleted(run: Run, plan: Plan, results: dict[Direction, LoadResult]) -> int:
    """Accounts that were deleted, or would be."""
    return len(plan.deletions) if run.dry_run else sum(result.deleted for result in results.values())
