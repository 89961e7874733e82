"""The flow that takes back what a run wrote."""

from __future__ import annotations

from typing import Any

from prefect import flow

from connector.pipeline import carry_out
from connector.run.names_given import checked_wish
from connector.run.request import RunReport, RunRequest
from flows.flow_run import THREADS
from flows.naming import run_name
from flows.outcomes import HOOKS, concluded
from flows.overrides import Overrides, left_out_given
from flows.prefect_runtime import PrefectRuntime
from flows.run_tags import setup_of_run
from flows.setup_choice import SetupChoice

__all__ = ["undo_run"]


@flow(
    name="undo-run",
    flow_run_name=run_name("undo run {run} of {setup}"),
    task_runner=THREADS,
    **HOOKS,
)
def undo_run(
    run_id: str,
    setup: SetupChoice = "setup.toml",
    dry_run: bool = False,
    delete_accounts: bool = False,
    its_flags: bool = False,
    overrides: Overrides = Overrides(),  # noqa: B008 - a frozen default that the form shows
    approved_plan: str | None = None,
    leave_out: str | list[str] | None = None,
    your_name: str = "",
) -> RunReport:
    """Put back what a run changed, leaving alone every field that somebody has changed since.

    Args:
        run_id: The run, or the beginning of its id.
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        dry_run: Show what would be put back; write nothing in either system.
        delete_accounts: Delete the webstore accounts that the run created. Without it they are only unlinked.
        its_flags: Put back wherever that run wrote, also where Push or Pull Webstore Customers is None by now.
        overrides: Flags for this run only; "as set up" keeps the setup's. Conflicts and attempts play no part in an undo.
        approved_plan: Hash of the reverse plan of a dry run: do only what it holds. None or left empty = what this run plans.
        leave_out: Customers of the approved plan (numbers, ids or woo:ID) left as they are. None or left empty = nobody.
        your_name: Your name; it stands in versions and logs, and where this run is shown. Left empty = whom Prefect knows.
    """

    def body() -> Any:
        left_out = left_out_given(leave_out)
        checked_wish(approved_plan, left_out)  # before a block is looked up
        made = setup_of_run(setup)
        request = RunRequest(
            overrides.applied(made),
            undone_run=run_id,
            delete_accounts=delete_accounts,
            its_flags=its_flags,
            dry_run=dry_run,
            approved_plan=approved_plan,
            leave_out=left_out,
        )
        return carry_out(request, PrefectRuntime(made))

    return concluded(setup, body)  # type: ignore[no-any-return]
