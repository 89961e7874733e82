"""The `customer-sync` command: everything that the flows can do, from a terminal.

Exit codes: 0 done; 1 done, but a write was refused or failed; 2 refused: setup or input; 3 stopped: remote down, breaker,
store. Messages for people go to standard error, results to standard output; with --json exactly one JSON object a result.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.run.setup_source import named_setups, setup_of
from flows import (
    activity_commands,
    conflict_commands,
    console_command,
    deploy_command,
    exchange_commands,
    identity_commands,
    mapping_commands,
    metrics_command,
    quality_commands,
    rules_commands,
    setup_commands,
    store_commands,
    terminal,
    webhook_commands,
)
from flows.options import (
    DEFAULT_SETUP,
    ApprovalOption,
    ConflictsOption,
    JsonOption,
    PrefectOption,
    PullOption,
    PushOption,
    SetupOption,
)
from flows.output import keep_going
from flows.overrides import ApprovalOverride, ConflictOverride, Overrides, PullOverride, PushOverride
from flows.running import all_blocks, end_with, known_setup, run_sync

app = typer.Typer(
    help="Keeps the customers of a WooCommerce webstore and of Business Central consistent.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(mapping_commands.app, name="mapping")
app.add_typer(conflict_commands.app, name="conflicts")
app.add_typer(activity_commands.holds_app, name="holds")
app.add_typer(activity_commands.runs_app, name="runs")
app.add_typer(store_commands.app, name="store")
app.add_typer(setup_commands.app, name="setup")
app.add_typer(webhook_commands.app, name="webhooks")
app.add_typer(quality_commands.quarantine_app, name="quarantine")
app.command()(quality_commands.readiness)
app.command("log")(activity_commands.log)
app.command("restored")(identity_commands.restored_side)
app.command("forget")(exchange_commands.forget)
app.add_typer(rules_commands.app, name="rules")
app.command("deploy")(deploy_command.deploy)
app.command("console")(console_command.console)
app.command("console-password")(console_command.console_password)
app.command("metrics")(metrics_command.metrics)

CustomerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--customer", help="Only this customer: Business Central number or id, woo:ID, or e-mail. Repeatable."
    ),
]


@app.command()
def sync(
    setup: SetupOption = DEFAULT_SETUP,
    customer: CustomerOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only plan; write nothing.")] = False,
    plan_hash: Annotated[
        str | None,
        typer.Option("--plan", metavar="HASH", help="Write only what that plan holds and what has not changed since."),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="With --plan: a customer of it (number, id or woo:ID) not to be written. Repeatable."),
    ] = None,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Skip customers on hold and count failures, as a schedule does (cron).")
    ] = False,
    push: PushOption = PushOverride.AS_SET_UP,
    pull: PullOption = PullOverride.AS_SET_UP,
    conflicts: ConflictsOption = ConflictOverride.AS_SET_UP,
    approval: ApprovalOption = ApprovalOverride.AS_SET_UP,
    anew: Annotated[
        bool, typer.Option("--anew", help="Read everybody, also where a killed run has left what it had read.")
    ] = False,
    prefect: PrefectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Synchronise all customers, or only the given ones.

    Examples: customer-sync sync --dry-run; customer-sync sync --customer C00010 --customer woo:17;
    customer-sync sync --pull None --setup shop; customer-sync sync --plan 1a2b3c4d --leave-out C00020
    """
    with terminal.reported(as_json):
        report = run_sync(
            setup,
            customer or [],
            dry_run=dry_run,
            quiet=as_json,
            approved_plan=plan_hash,
            leave_out=leave_out,
            scheduled=scheduled,
            overrides=Overrides(push=push, pull=pull, conflicts=conflicts, approval=approval, anew=anew),
            prefect=prefect,
        )
    if as_json:
        terminal.print_json(report.summary.as_json())
    else:
        terminal.show_summary(report.summary)
    end_with(report.summary)


@app.command("sync-all")
def sync_all(
    setups: Annotated[
        list[str] | None, typer.Argument(metavar="SETUP...", help="Setup files or blocks; default: all blocks.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only plan; write nothing.")] = False,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Skip customers on hold and count failures, as a schedule does (cron).")
    ] = False,
    prefect: PrefectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Synchronise several webstores, one after the other; one that fails does not keep the others from it.

    Examples: customer-sync sync-all shop.toml outlet.toml; customer-sync sync-all --scheduled --json
    """

    from connector.run.names_given import names_given

    with terminal.reported(as_json):
        names = names_given(setups, "Nothing was synchronised: a setup has no name.") if setups else all_blocks()
    codes = [0]
    for name in names:
        try:
            with terminal.reported(as_json):
                report = run_sync(Path(name), [], dry_run=dry_run, quiet=as_json, scheduled=scheduled, prefect=prefect)
                if as_json:
                    terminal.print_json(report.summary.as_json())
                else:
                    terminal.show_summary(report.summary)
                end_with(report.summary)
        except typer.Exit as ended:
            codes.append(ended.exit_code)
    raise typer.Exit(max(codes))


@app.command()
def plan(
    setup: SetupOption = DEFAULT_SETUP,
    customer: CustomerOption = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows to show.")] = 100,
    push: PushOption = PushOverride.AS_SET_UP,
    pull: PullOption = PullOverride.AS_SET_UP,
    conflicts: ConflictsOption = ConflictOverride.AS_SET_UP,
    rules: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER", help="What if these rule files counted: beside today's plan, asking neither system."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="What if this setting were another: likewise. Repeatable."),
    ] = None,
    prefect: PrefectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a synchronisation would do: every field before and after, and why. Writes nothing.

    With --rules or --set: what would be different from today, made of what the last run over all customers has read, at once.

    Examples: customer-sync plan; customer-sync plan --customer C00010 --json; customer-sync plan --conflicts webstore;
    customer-sync plan --rules our-rules --set policies.blank=clear
    """
    with terminal.reported(as_json):
        flags = Overrides(push=push, pull=pull, conflicts=conflicts)
        if rules is not None or settings:
            _what_if(setup, rules, settings or [], flags, customer, prefect, rows, as_json=as_json)
            return
        report = run_sync(setup, customer or [], dry_run=True, quiet=as_json, overrides=flags, prefect=prefect)
    table = report.plan.table()
    if as_json:
        records = table.astype(object).where(table.notna(), None).to_dict(orient="records")
        cut = {"plan_is_cut": True} if report.plan.is_large else {}
        terminal.print_json({**report.summary.as_json(), "plan": records, **cut})
        return
    if table["other_side"].isna().all():
        table = table.drop(columns="other_side")
    terminal.print_table(list(table.columns), table.head(rows).astype(object).fillna("").to_numpy().tolist())
    if report.plan.is_large:
        terminal.say(
            "… these are of the first customers: the plan is too large to be shown whole. [reports] folder takes all."
        )
    elif len(table) > rows:
        terminal.say(f"… and {len(table) - rows} more rows (--rows, or --json for all)")
    terminal.show_summary(report.summary)
    terminal.say(f"plan {report.plan.hash}: customer-sync sync --plan {report.plan.hash[:12]} writes exactly this")


def _what_if(
    setup: Path,
    rules: str | None,
    settings: list[str],
    flags: Overrides,
    customers: list[str] | None,
    prefect: bool | None,
    rows: int,
    *,
    as_json: bool,
) -> None:
    from connector.errors import InputError
    from connector.planning.what_if import what_if
    from flows.what_if_command import other_setup, show_what_if

    if customers:
        raise InputError(
            "Other rules are tried on all customers; --customer reads some of them anew.",
            hint="Leave it out; --json has everybody, by number and Webstore ID. Nothing was planned.",
        )
    if prefect:
        raise InputError(
            "Other rules are tried here, where the kept extracts are.",
            hint="Leave out --on-prefect. Nothing was planned.",
        )
    now, then = other_setup(setup, rules, settings, flags)
    show_what_if(what_if(now, then), now, rows=rows, as_json=as_json)


@app.command()
def check(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Test both connections and say what is wrong and how to mend it.

    Examples: customer-sync check; customer-sync check --setup shop --json
    """
    from connector.desk.connection_check import check_connections

    with terminal.reported(as_json):
        findings = check_connections(setup_of(setup))
    fine = all(finding.ok for finding in findings)
    if as_json:
        rows = [
            {"system": f.system, "ok": f.ok, "warning": f.warning, "what": f.what, "remedy": f.remedy} for f in findings
        ]
        terminal.print_json({"ok": fine, "findings": rows})
    else:
        terminal.print_table(
            ["", "system", "finding", "what to do"],
            [[f.mark, f.system, f.what, f.remedy] for f in findings],
        )
    if not fine:
        raise typer.Exit(2)


@app.command()
def sandbox(
    webstore_port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    business_central_port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    webstore_customers: Annotated[
        str | None,
        typer.Option(metavar="N|FILE", help="So many generated ones, or JSON lines (.gz); default: 2,123 recorded."),
    ] = None,
    business_central_customers: Annotated[str | None, typer.Option(metavar="N|FILE", help="Likewise.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same customers.")] = 0,
    latency_ms: Annotated[float, typer.Option(min=0, help="Added to every answer.")] = 0,
    empty: Annotated[bool, typer.Option("--empty", help="No customers on either side.")] = False,
    custom_page: Annotated[
        bool, typer.Option("--custom-page", help="A partner's API page with further fields and ship-to addresses.")
    ] = False,
    directory: Annotated[Path | None, typer.Option(help="Keep setup file and state here.")] = None,
) -> None:
    """Emulate both systems on this machine; prints one line of JSON when ready, ends with Ctrl-C.

    Examples: customer-sync sandbox; customer-sync sandbox --webstore-customers 60 --directory my-sandbox
    """
    from sandbox.command import SandboxInputError, run_sandbox

    try:
        run_sandbox(
            webstore_port=webstore_port,
            business_central_port=business_central_port,
            webstore_customers=None if empty else webstore_customers,
            business_central_customers=None if empty else business_central_customers,
            seed=seed,
            latency_ms=latency_ms,
            empty=empty,
            directory=directory,
            custom_page=custom_page,
        )
    except SandboxInputError as error:
        typer.echo(f"customer-sync: {error}", err=True)
        raise typer.Exit(2) from None


@app.command()
def demo(
    console: Annotated[
        bool, typer.Option("--console", help="Open the pages in the browser on emulated systems, to play with.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a whole story on emulated systems: check, link, synchronise, edit both sides, synchronise again.

    Example: customer-sync demo --console
    """
    from flows.demo import run_demo, sandbox_for_console

    with terminal.reported(as_json):
        if console:
            with sandbox_for_console(quiet=as_json) as setup:
                console_command.run_console([str(setup)], prefect=False, as_json=as_json)
            return
        summaries = run_demo(quiet=as_json)
    if as_json:
        terminal.print_json({"runs": [summary.as_json() for summary in summaries]})
    end_with(*summaries)


def main() -> None:
    """Entry point of the `customer-sync` command."""
    keep_going()
    named_setups.set(known_setup)
    app(prog_name="customer-sync")


if __name__ == "__main__":
    main()
