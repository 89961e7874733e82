"""The two synchronisation flows: all customers, or selected ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prefect import flow

from connector.core.approval import Approved, Lost
from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.load.applying import approval_reason, approved_part
from connector.load.breaking import stop_on_plan
from connector.load.extraction import Extraction
from connector.load.opening import Opened
from connector.load.recording import record_findings
from connector.load.run import LoadResult, Run
from connector.load.standing import new_conflicts, newly_held
from connector.load.summary import summary_of
from connector.quality import prepare
from flows.approving import refuse_if_nobody_can_be_asked
from flows.events import tell_conflicts, tell_held
from flows.loading import load
from flows.naming import run_name
from flows.opening import THREADS, opened_run, trigger_of_run, whole
from flows.outcomes import HOOKS, concluded, skipped
from flows.overrides import Overrides, customers_given
from flows.partitions import Divided, partitions_of_run
from flows.passes import Wish, approved_plan_of, in_passes, wish_of
from flows.setups import resolve_setup
from flows.showing import show_plan, show_summary
from tasks.compare import compare_customers
from tasks.extract import confirm_missing, extract_business_central, extract_selected, extract_webstore
from tasks.validate import check_extracts, check_plan, validate_extracts

__all__ = ["SyncReport", "synchronize_customers", "synchronize_selected_customers"]

_LONG_READ = 3.0


class SyncReport:
    """What a flow gives back to its caller: the summary, and the plan it followed."""

    def __init__(self, summary: dict[str, Any], plan: Plan, waiting: str = "") -> None:
        self.summary = summary
        self.plan = plan
        self.waiting = waiting


@dataclass(frozen=True)
class _Extracts:
    webstore: Extraction
    business_central: Extraction
    selected: frozenset[str | int] | None = None


@flow(
    name="synchronize-customers",
    flow_run_name=run_name("synchronize all customers of {setup}"),
    task_runner=THREADS,
    **HOOKS,
)
def synchronize_customers(
    setup: str = "setup.toml",
    dry_run: bool = False,
    overrides: Overrides = Overrides(),  # noqa: B008 - a frozen default that the form shows
    approved_plan: str | None = None,
    leave_out: str | list[str] | None = None,
) -> SyncReport:
    """Synchronise all customers of one webstore with Business Central.

    Args:
        setup: Name of a WooCommerce Connector Setup block, or path of a setup file (….toml).
        dry_run: Make the plan and show it; write nothing in either system.
        overrides: What this one run does otherwise than the setup says.
        approved_plan: Hash of a plan made before: write only what it holds. None or left empty = what this run plans.
        leave_out: Customers of the approved plan (numbers, ids or woo:ID) not to be written. None or left empty = nobody.
    """

    def body() -> Any:
        return _synchronize(setup, overrides, wish_of(dry_run, approved_plan, leave_out), "all", _read_all)

    return concluded(setup, body)  # type: ignore[no-any-return]


@flow(
    name="synchronize-selected-customers",
    flow_run_name=run_name("synchronize {customers} of {setup}"),
    task_runner=THREADS,
    **HOOKS,
)
def synchronize_selected_customers(
    customers: str | list[str],
    setup: str = "setup.toml",
    dry_run: bool = False,
    overrides: Overrides = Overrides(),  # noqa: B008
    approved_plan: str | None = None,
    leave_out: str | list[str] | None = None,
) -> SyncReport:
    """Synchronise only the given customers.

    Args:
        customers: Business Central numbers or ids, woo:ID, or e-mails: pasted as text (separated by lines, commas or blanks) or as a list. If one of them is unknown nothing is written.
        setup: Name of a WooCommerce Connector Setup block, or path of a setup file (….toml).
        dry_run: Make the plan and show it; write nothing in either system.
        overrides: What this one run does otherwise than the setup says.
        approved_plan: Hash of a plan made before: write only what it holds. None or left empty = what this run plans.
        leave_out: Customers of the approved plan (numbers, ids or woo:ID) not to be written. None or left empty = nobody.
    """  # noqa: E501 - the form shows a parameter's description only as far as its first line

    def body() -> Any:
        names = customers_given(customers, "No customer was selected; nothing was written.")

        def read(opened: Opened) -> _Extracts:
            selected = extract_selected(opened.run, names)
            return _Extracts(selected.webstore, selected.business_central, selected.keys)

        return _synchronize(setup, overrides, wish_of(dry_run, approved_plan, leave_out), "selected", read)

    return concluded(setup, body)  # type: ignore[no-any-return]


def _synchronize(
    setup_name: str, overrides: Overrides, wish: Wish, mode: str, read: Callable[[Opened], _Extracts]
) -> Any:
    setup = overrides.applied(resolve_setup(setup_name))
    if trigger_of_run() == "scheduled" and not setup.synchronization.enabled:
        return skipped(f"The setup of webstore {setup.webstore_code} is not enabled: scheduled runs do nothing.")

    def one_pass(wish: Wish) -> SyncReport:
        with opened_run(setup, wish.dry_run, mode) as opened, partitions_of_run(opened.run) as partitions:
            # before anything is read: a hash or a name that nobody knows is refused at once
            approved = approved_plan_of(opened.run, wish)
            # a long read hides the import; a short one is mostly that of a run with nothing new to validate
            import_of_expectations = prepare(after_seconds=_LONG_READ)
            try:
                extracts = Divided(opened.run, partitions) if partitions is not None and mode == "all" else read(opened)
            finally:
                import_of_expectations.cancel()
            return _carry_out(opened, extracts, wish, approved)

    return in_passes(setup, wish, one_pass)


def _read_all(opened: Opened) -> _Extracts:
    webstore = extract_webstore.submit(opened.run)
    business_central = extract_business_central.submit(opened.run)
    return _Extracts(webstore.result(), business_central.result())


def _plan_of(run: Run, extracts: _Extracts | Divided) -> Plan:
    """Confirm who is missing, validate, and decide."""
    if isinstance(extracts, Divided):
        return extracts.plan()
    selected = extracts.selected
    missing = confirm_missing(run, extracts.webstore, extracts.business_central, selected)
    fit = validate_extracts(run, extracts.webstore, extracts.business_central, missing, selected is not None)
    plan: Plan = compare_customers(run, fit.webstore, fit.business_central, fit.missing, selected).unquote()
    return plan


def _carry_out(opened: Opened, extracts: _Extracts | Divided, wish: Wish, approved: Approved | None) -> SyncReport:
    """Decide, then do, then tell."""
    run, selected = opened.run, extracts.selected
    if selected is None:
        check_extracts(run, extracts.webstore, extracts.business_central, approved is not None)
    plan: Plan = check_plan(run, whole(_plan_of(run, extracts)), selected is not None).unquote()
    lost: tuple[Lost, ...] = ()
    if approved is not None:
        plan, lost = approved_part(plan, approved, wish.leave_out, wish.left_out_by(run.actor))
    news = new_conflicts(run, plan)
    record_findings(run, plan, selected)
    shown = show_plan(run, plan, selected=selected is not None)
    waiting = "" if run.dry_run or approved is not None else approval_reason(run.setup, plan)
    if waiting:
        refuse_if_nobody_can_be_asked(plan.hash, waiting)
    extracted = {"webstore": extracts.webstore.rows, "business_central": extracts.business_central.rows}
    asked = approved is not None or bool(waiting)
    stop_on_plan(run, plan, extracted, selected=selected is not None, approved=asked)
    results: dict[Direction, LoadResult] = {} if run.dry_run or waiting else load(opened, plan)
    opened.summary = summary_of(run, plan, results, extracted, opened.seconds, opened.mode, lost)
    opened.summary |= {"shown": dict(shown), "trigger": run.trigger, "validated": run.validated}
    if approved is not None:
        opened.summary |= {"approved_plan": approved.hash, "dropped_from_plan": len(lost)}
        opened.summary |= {"approved_by": wish.approved_by, "left_out": list(wish.leave_out)}
    opened.status = "waiting" if waiting else "stopped" if opened.summary["stopped"] else "completed"
    tell_conflicts(run.code, news)
    tell_held(run.code, newly_held(run, results))
    if not waiting:
        show_summary(run, opened.summary)
    return SyncReport(opened.summary, plan, waiting)
