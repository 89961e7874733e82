"""The two synchronisation flows: all customers, or selected ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prefect import flow

from connector.pipeline import carry_out
from connector.run.names_given import checked_wish
from connector.run.request import RunReport, RunRequest
from connector.run.summary import RunSummary
from flows.flow_run import THREADS, trigger_of_run
from flows.naming import run_name
from flows.outcomes import HOOKS, concluded
from flows.overrides import Overrides, customers_given, left_out_given
from flows.own_schedule import begin_schedule, check_own_schedule
from flows.prefect_runtime import PrefectRuntime
from flows.run_tags import setup_of_run
from flows.setup_choice import SetupChoice

__all__ = ["synchronize_customers", "synchronize_selected_customers"]


@flow(
    name="synchronize-customers",
    flow_run_name=run_name("synchronize all customers of {setup}"),
    task_runner=THREADS,
    **HOOKS,
)
def synchronize_customers(
    setup: SetupChoice = "setup.toml",
    dry_run: bool = False,
    overrides: Overrides = Overrides(),  # noqa: B008 - a frozen default that the form shows
    approved_plan: str | None = None,
    leave_out: str | list[str] | None = None,
    your_name: str = "",
) -> RunReport:
    """Synchronise all customers of one webstore with Business Central.

    Args:
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        dry_run: Make the plan and show it; write nothing in either system.
        overrides: What this one run does otherwise than the setup says.
        approved_plan: Hash of a plan made before: write only what it holds. None or left empty = what this run plans.
        leave_out: Customers of the approved plan (numbers, ids or woo:ID) not to be written. None or left empty = nobody.
        your_name: Your name; it stands in versions and logs, and where this run is shown. Left empty = whom Prefect knows.
    """

    def body() -> Any:
        return _synchronized(setup, overrides, None, dry_run, approved_plan, leave_out)

    def begun(summary: RunSummary) -> str:
        wanted = not (dry_run or overrides.words or summary.not_written) and trigger_of_run() == "manual"
        return begin_schedule(summary.webstore_code) if wanted else ""

    return concluded(setup, body, begun)  # type: ignore[no-any-return]


@flow(
    name="synchronize-selected-customers",
    flow_run_name=run_name("synchronize {customers} of {setup}"),
    task_runner=THREADS,
    **HOOKS,
)
def synchronize_selected_customers(
    customers: str | list[str],
    setup: SetupChoice = "setup.toml",
    dry_run: bool = False,
    overrides: Overrides = Overrides(),  # noqa: B008
    approved_plan: str | None = None,
    leave_out: str | list[str] | None = None,
    your_name: str = "",
) -> RunReport:
    """Synchronise only the given customers.

    Args:
        customers: Business Central numbers or ids, woo:ID, or e-mails: pasted as text (separated by lines, commas or blanks) or as a list. If one of them is unknown nothing is written.
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        dry_run: Make the plan and show it; write nothing in either system.
        overrides: What this one run does otherwise than the setup says.
        approved_plan: Hash of a plan made before: write only what it holds. None or left empty = what this run plans.
        leave_out: Customers of the approved plan (numbers, ids or woo:ID) not to be written. None or left empty = nobody.
        your_name: Your name; it stands in versions and logs, and where this run is shown. Left empty = whom Prefect knows.
    """  # noqa: E501 - the form shows a parameter's description only as far as its first line

    def body() -> Any:
        names = customers_given(customers, "No customer was selected; nothing was written.")
        return _synchronized(setup, overrides, names, dry_run, approved_plan, leave_out)

    return concluded(setup, body)  # type: ignore[no-any-return]


def _synchronized(
    chosen: SetupChoice,
    overrides: Overrides,
    customers: Iterable[str] | None,
    dry_run: bool,
    approved_plan: str | None,
    leave_out: str | list[str] | None,
) -> Any:
    """A run as the form's fields ask for it."""
    names = None if customers is None else tuple(customers)
    left_out = left_out_given(leave_out)
    checked_wish(approved_plan, left_out)  # before a block is looked up
    setup = overrides.applied(setup_of_run(chosen))
    check_own_schedule(setup)
    request = RunRequest(setup, names, dry_run=dry_run, approved_plan=approved_plan, leave_out=left_out)
    return carry_out(request, PrefectRuntime(setup))
