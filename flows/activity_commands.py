"""`customer-sync holds …`, `runs …` and `log`: what was done, what failed, and who is left out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.private_files import check_free, write_private
from connector.run.setup_source import opened_store, opened_view
from flows import running, terminal
from flows.options import (
    DEFAULT_SETUP,
    ApprovalOption,
    JsonOption,
    OverwriteOption,
    PrefectOption,
    PullOption,
    PushOption,
    SetupOption,
)
from flows.overrides import ApprovalOverride, Overrides, PullOverride, PushOverride

holds_app = typer.Typer(help="Customers that scheduled runs leave out after repeated failures.", no_args_is_help=True)
runs_app = typer.Typer(help="The runs: list, look at one, undo one.", no_args_is_help=True)

RunArgument = Annotated[str, typer.Argument(help="The run's id, or the beginning of it.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Rows to show.")]


@holds_app.command("list")
def list_holds(
    everyone: Annotated[bool, typer.Option("--all", help="Also those that failed but are not on hold.")] = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """List the customers on hold, and why.

    Examples: customer-sync holds list; customer-sync holds list --all --json
    """

    from connector.desk import activity

    with terminal.reported(as_json), opened_view(setup) as view:
        rows = activity.list_holds(view, everyone=everyone)
    columns = ["bc_number", "key", "direction", "on_hold", "failed_attempts", "last_error", "last_failed_at"]
    terminal.show_rows(rows, columns, as_json=as_json, empty="Nobody is on hold.")


@holds_app.command()
def release(
    customers: Annotated[
        list[str] | None, typer.Argument(metavar="CUSTOMER...", help="Numbers, ids or woo:ID.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Everybody who is on hold or was refused before.")] = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Let customers who are on hold, or wait because they were refused, be tried by the next run; counters start anew.

    Examples: customer-sync holds release C00010 woo:17; customer-sync holds release --all
    """

    from connector.desk import activity

    with terminal.reported(as_json), terminal.desk(setup) as desk:
        count = activity.release_holds(desk, customers or [], everyone=everyone)
    if as_json:
        terminal.print_json({"released": count})
    else:
        terminal.say(f"{count} released.")


@runs_app.command("list")
def list_runs(limit: LimitOption = 20, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """List the newest runs.

    Example: customer-sync runs list --limit 5
    """

    from connector.desk import activity

    with terminal.reported(as_json), opened_view(setup) as view:
        rows = activity.list_runs(view, limit)
    columns = ["run_id", "mode", "trigger", "actor", "dry_run", "started_at", "status"]
    terminal.show_rows(rows, columns, as_json=as_json, empty="There was no run yet.")


@runs_app.command()
def show(run_id: RunArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Show one run (its id, or the beginning of it): summary, and every write with its outcome.

    Example: customer-sync runs show 1a2b3c4d
    """

    from connector.desk import activity
    from connector.run.summary import RunSummary

    with terminal.reported(as_json), opened_view(setup) as view:
        run = activity.show_run(view, run_id)
    if as_json:
        terminal.print_json(run)
        return
    terminal.say(f"{run['run_id']}: {run['mode']} by {run['actor']} ({run['trigger']}), {run['status']}")
    summary = RunSummary.from_stored(run["summary"])
    if summary.counted:
        terminal.show_summary(summary)
    columns = ["direction", "operation", "bc_number", "webstore_id", "outcome", "code", "message"]
    terminal.show_rows(run["writes"], columns, as_json=False, empty="It wrote nothing.")


@runs_app.command()
def report(
    run_id: Annotated[
        str | None, typer.Argument(help="The run, or the beginning of its id; left out = the newest.")
    ] = None,
    html: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
    masked: Annotated[
        bool, typer.Option("--masked", help="Without what customers are called and where they live.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, max=100_000, help="Rows of the plan to show at most.")] = 2_000,
    overwrite: OverwriteOption = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Write the report of a run as one HTML file: counts, charts, and the plan with its differences, to be filtered.

    Example: customer-sync runs report 1a2b3c4d --html report.html --masked
    """
    with terminal.reported(as_json):
        check_free(html, overwrite=overwrite)
        from connector.report import run_page

        with opened_store(setup) as (made, store), store.view(made.webstore_code) as view:
            text = run_page.report_of_run(view, made, run_id, masked=masked or None, rows=rows)
        write_private(html, text, overwrite=overwrite)
    if as_json:
        terminal.print_json({"html": str(html)})
    else:
        terminal.say(f"Written: {html}.")


@runs_app.command()
def undo(
    run_id: RunArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be put back.")] = False,
    delete_accounts: Annotated[
        bool, typer.Option("--delete-accounts", help="Delete the webstore accounts that the run created.")
    ] = False,
    its_flags: Annotated[
        bool, typer.Option("--its-flags", help="Put back wherever the run wrote, also where a flag is None now.")
    ] = False,
    push: PushOption = PushOverride.AS_SET_UP,
    pull: PullOption = PullOverride.AS_SET_UP,
    approval: ApprovalOption = ApprovalOverride.AS_SET_UP,
    plan: Annotated[
        str | None,
        typer.Option(metavar="HASH", help="Do only what that plan holds (of a dry run, or one that waits)."),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="With --plan: a customer of it (number, id or woo:ID) to be left as it is. Repeatable."),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Do not ask. An approval that the setup requires is needed all the same."),
    ] = False,
    prefect: PrefectOption = None,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Put back what a run changed; fields that somebody has changed since are left alone.

    Customers that the run created are unlinked and reported; they are not deleted unless you say so. All of that stands in
    the plan: what was shown without --delete-accounts deletes nobody.

    Examples: customer-sync runs undo 1a2b3c4d --dry-run; customer-sync runs undo 1a2b3c4d --yes;
    customer-sync runs undo 1a2b3c4d --plan 5e6f7a8b --leave-out C00020
    """

    from connector.run.names_given import checked_wish

    with terminal.reported(as_json):
        checked_wish(plan, leave_out or [])
        how: dict[str, Any] = {"delete_accounts": delete_accounts, "its_flags": its_flags, "prefect": prefect}
        how |= {"overrides": Overrides(push=push, pull=pull, approval=approval), "quiet": as_json}
        if dry_run or not (yes or plan is not None):
            how |= {"approved_plan": plan, "leave_out": leave_out} if plan is not None else {}
            report = running.run_undo(setup, run_id, dry_run=True, **how)
            _show_undo(report, as_json=as_json and dry_run)
            if dry_run:
                return
            terminal.confirmed("Do exactly this?", yes=False, as_json=as_json)
            # who answers on a terminal has seen the plan and approves it; a pipe that says yes is no more than --yes
            plan = report.plan.hash if sys.stdin.isatty() else None
        how |= {"approved_plan": plan, "leave_out": leave_out}
        report = running.run_undo(setup, run_id, dry_run=False, **how)
    if as_json:
        terminal.print_json({**report.summary.as_json(), "created": report.created})
    else:
        terminal.show_summary(report.summary)
    running.end_with(report.summary)


def _show_undo(report: Any, *, as_json: bool) -> None:
    table = report.plan.table()
    rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    if as_json:
        terminal.print_json({**report.summary.as_json(), "plan": rows, "created": report.created})
        return
    columns = ["action", "direction", "bc_number", "webstore_id", "field", "before", "after", "other_side", "reason"]
    if not any(row["other_side"] for row in rows):
        columns.remove("other_side")
    terminal.show_rows(rows, columns, as_json=False, empty="There is nothing to put back.")
    if report.created:
        terminal.show_rows(report.created, ["bc_number", "webstore_id", "created_in", "now"], as_json=False)


def log(
    limit: LimitOption = 50,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was refused or waits for a look.")] = False,
    purge: Annotated[bool, typer.Option("--purge", help="Remove what is older than the retention.")] = False,
    days: Annotated[int | None, typer.Option(min=0, max=3650, help="With --purge: another retention, in days.")] = None,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Show the activity log: the newest writes with their outcome.

    Examples: customer-sync log --failed; customer-sync log --purge --days 30
    """

    from connector.desk import activity

    with terminal.reported(as_json), terminal.desk(setup) as desk:
        if purge:
            terminal.print_json(activity.purge(desk, days))
            return
        with desk.view() as view:
            rows = activity.activity_log(view, limit=limit, failed_only=failed)
    columns = ["intended_at", "direction", "operation", "bc_number", "webstore_id", "outcome", "code", "message"]
    terminal.show_rows(rows, columns, as_json=as_json, empty="Nothing was written yet.")
