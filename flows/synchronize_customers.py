"""The two synchronisation flows: all customers, or selected ones."""

from __future__ import annotations

from typing import Any

from prefect import flow

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.load.applying import approved_part, known_plan
from connector.load.extraction import Extraction
from connector.load.opening import Opened
from connector.load.recording import record_findings
from connector.load.run import LoadResult
from connector.load.summary import summary_of
from flows.opening import THREADS, opened_run, whole
from tasks.compare import compare_customers
from tasks.extract import confirm_missing, extract_business_central, extract_selected, extract_webstore
from tasks.load import pull_customers, push_customers, record_agreements
from tasks.report import publish_plan, publish_summary

__all__ = ["SyncReport", "synchronize_customers", "synchronize_selected_customers"]


class SyncReport:
    """What a flow gives back to its caller: the summary, and the plan it followed."""

    def __init__(self, summary: dict[str, Any], plan: Plan) -> None:
        self.summary = summary
        self.plan = plan


@flow(
    name="synchronize-customers",
    flow_run_name="synchronize all customers",
    task_runner=THREADS,
)
def synchronize_customers(
    setup: str = "setup.toml",
    dry_run: bool = False,
    approved_plan: str | None = None,
    leave_out: list[str] | None = None,
) -> SyncReport:
    """Synchronise all customers of one webstore with Business Central.

    Args:
        setup: Path of the setup file.
        dry_run: Make the plan and show it; write nothing in either system.
        approved_plan: Hash of a plan made before: write only what it holds and what has not changed since.
        leave_out: Customers (numbers, ids or woo:ID) of the approved plan that are not to be written.
    """
    with opened_run(setup, dry_run, "all") as opened:
        webstore = extract_webstore.submit(opened.run)
        business_central = extract_business_central.submit(opened.run)
        return _carry_out(opened, webstore.result(), business_central.result(), None, approved_plan, leave_out)


@flow(
    name="synchronize-selected-customers",
    flow_run_name="synchronize selected customers",
    task_runner=THREADS,
)
def synchronize_selected_customers(
    customers: list[str],
    setup: str = "setup.toml",
    dry_run: bool = False,
    approved_plan: str | None = None,
    leave_out: list[str] | None = None,
) -> SyncReport:
    """Synchronise only the given customers.

    Args:
        customers: Business Central numbers or ids, woo:ID, or e-mails. If one of them is unknown nothing is written.
        setup: Path of the setup file.
        dry_run: Make the plan and show it; write nothing in either system.
        approved_plan: Hash of a plan made before: write only what it holds and what has not changed since.
        leave_out: Customers (numbers, ids or woo:ID) of the approved plan that are not to be written.
    """
    with opened_run(setup, dry_run, "selected") as opened:
        selected = extract_selected(opened.run, customers)
        return _carry_out(opened, selected.webstore, selected.business_central, selected.keys, approved_plan, leave_out)


def _carry_out(
    opened: Opened,
    webstore: Extraction,
    business_central: Extraction,
    selected: frozenset[str | int] | None,
    approved_plan: str | None,
    leave_out: list[str] | None,
) -> SyncReport:
    """Decide, then do, then tell."""
    run = opened.run
    approved = known_plan(run, approved_plan) if approved_plan else None
    missing = confirm_missing(run, webstore, business_central, selected)
    plan = compare_customers(run, webstore, business_central, missing, selected).unquote()
    dropped = 0
    if approved is not None:
        plan, dropped = approved_part(plan, approved, leave_out or [])
    publish_plan(run.code, whole(plan))
    record_findings(run, plan, selected)
    results: dict[Direction, LoadResult] = {} if run.dry_run else _load(opened, plan)
    extracted = {"webstore": len(webstore.frame), "business_central": len(business_central.frame)}
    opened.summary = summary_of(run, plan, results, extracted, opened.seconds, opened.mode)
    if approved is not None:
        opened.summary |= {"approved_plan": approved.hash, "dropped_from_plan": dropped}
    opened.status = "stopped" if opened.summary["stopped"] else "completed"
    publish_summary(opened.summary)
    return SyncReport(opened.summary, plan)


def _load(opened: Opened, plan: Plan) -> dict[Direction, LoadResult]:
    """Links first, then push and pull side by side; each is skipped when its flag is None."""
    run, flags = opened.run, opened.run.setup.synchronization
    record_agreements(run, whole(plan))
    futures = {}
    if flags.push_webstore_customers != "None":
        futures[Direction.PUSH] = push_customers.submit(run, whole(plan))
    if flags.pull_webstore_customers != "None":
        futures[Direction.PULL] = pull_customers.submit(run, whole(plan))
    return {direction: future.result() for direction, future in futures.items()}
