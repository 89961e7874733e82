"""The two synchronisation flows: all customers, or selected ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.context import FlowRunContext
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.load.extraction import Extraction
from connector.load.opening import Opened, open_run
from connector.load.recording import summary_of
from connector.load.run import LoadResult, progress_sink
from connector.setup import load_setup
from tasks.compare import compare_customers
from tasks.extract import confirm_missing, extract_business_central, extract_selected, extract_webstore
from tasks.load import pull_customers, push_customers, record_agreements, recover_open_writes
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
    task_runner=ThreadPoolTaskRunner(max_workers=4),
)
def synchronize_customers(setup: str = "setup.toml", dry_run: bool = False) -> SyncReport:
    """Synchronise all customers of one webstore with Business Central.

    Args:
        setup: Path of the setup file.
        dry_run: Make the plan and show it; write nothing in either system.
    """
    with _opened(setup, dry_run, "all") as opened:
        webstore = extract_webstore.submit(opened.run)
        business_central = extract_business_central.submit(opened.run)
        return _carry_out(opened, webstore.result(), business_central.result(), None)


@flow(
    name="synchronize-selected-customers",
    flow_run_name="synchronize selected customers",
    task_runner=ThreadPoolTaskRunner(max_workers=4),
)
def synchronize_selected_customers(
    customers: list[str], setup: str = "setup.toml", dry_run: bool = False
) -> SyncReport:
    """Synchronise only the given customers.

    Args:
        customers: Business Central numbers or ids, woo:ID, or e-mails. If one of them is unknown nothing is written.
        setup: Path of the setup file.
        dry_run: Make the plan and show it; write nothing in either system.
    """
    with _opened(setup, dry_run, "selected") as opened:
        selected = extract_selected(opened.run, customers)
        return _carry_out(opened, selected.webstore, selected.business_central, selected.keys)


@contextmanager
def _opened(setup_path: str, dry_run: bool, mode: str) -> Iterator[Opened]:
    """An open run, its interrupted predecessors settled."""
    setup = load_setup(Path(setup_path))
    context = FlowRunContext.get()
    flow_run = context.flow_run if context else None
    if flow_run is None:
        raise RuntimeError("the flow is not being run by Prefect")
    trigger = "scheduled" if flow_run.auto_scheduled else "manual"
    actor = flow_run.created_by.display_value if flow_run.created_by and flow_run.created_by.display_value else trigger
    with open_run(
        setup,
        run_id=str(flow_run.id),
        mode=mode,
        trigger=trigger,
        actor=actor,
        dry_run=dry_run,
        progress=progress_sink.get(),
    ) as opened:
        if not dry_run:
            recover_open_writes(opened.run)
        yield opened


def _carry_out(
    opened: Opened, webstore: Extraction, business_central: Extraction, selected: frozenset[str | int] | None
) -> SyncReport:
    """Decide, then do, then tell."""
    run = opened.run
    missing = confirm_missing(run, webstore, business_central, selected)
    plan = compare_customers(run, webstore, business_central, missing, selected).unquote()
    publish_plan(run.code, quote(plan))
    results: dict[Direction, LoadResult] = {} if run.dry_run else _load(opened, plan)
    extracted = {"webstore": len(webstore.frame), "business_central": len(business_central.frame)}
    opened.summary = summary_of(run, plan, results, extracted, opened.seconds, opened.mode)
    opened.status = "stopped" if opened.summary["stopped"] else "completed"
    publish_summary(opened.summary)
    return SyncReport(opened.summary, plan)


def _load(opened: Opened, plan: Plan) -> dict[Direction, LoadResult]:
    """Links first, then push and pull side by side; each is skipped when its flag is None."""
    run, flags = opened.run, opened.run.setup.synchronization
    record_agreements(run, quote(plan))
    futures = {}
    if flags.push_webstore_customers != "None":
        futures[Direction.PUSH] = push_customers.submit(run, quote(plan))
    if flags.pull_webstore_customers != "None":
        futures[Direction.PULL] = pull_customers.submit(run, quote(plan))
    return {direction: future.result() for direction, future in futures.items()}
