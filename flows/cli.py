"""The `customer-sync` command: everything that the flows can do, from a terminal.

Exit codes: 0 done; 1 done, but a write was refused or failed; 2 refused: setup or input; 3 stopped: remote down, breaker,
store. Messages for people go to standard error, results to standard output; with --json exactly one JSON object a result.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows import mapping_commands, terminal

if TYPE_CHECKING:
    from flows.synchronize_customers import SyncReport

app = typer.Typer(
    help="Keeps the customers of a WooCommerce webstore and of Business Central consistent.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(mapping_commands.app, name="mapping")

SetupOption = Annotated[
    Path, typer.Option("--setup", envvar="CUSTOMER_SYNC_SETUP", help="The setup file.", show_default="setup.toml")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
CustomerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--customer", help="Only this customer: Business Central number or id, woo:ID, or e-mail. Repeatable."
    ),
]
DEFAULT_SETUP = Path("setup.toml")


@app.command()
def sync(
    setup: SetupOption = DEFAULT_SETUP,
    customer: CustomerOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only plan; write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Synchronise all customers, or only the given ones.

    Examples: customer-sync sync --dry-run; customer-sync sync --customer C00010 --customer woo:17
    """
    with terminal.reported(as_json):
        report = run_sync(setup, customer or [], dry_run=dry_run, quiet=as_json)
    if as_json:
        terminal.print_json(report.summary)
    else:
        terminal.show_summary(report.summary)
    _end_with(report.summary["stopped"], report.summary["errors"])


@app.command()
def plan(
    setup: SetupOption = DEFAULT_SETUP,
    customer: CustomerOption = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows to show.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Show what a synchronisation would do: every field before and after, and why. Writes nothing."""
    with terminal.reported(as_json):
        report = run_sync(setup, customer or [], dry_run=True, quiet=as_json)
    table = report.plan.table()
    if as_json:
        records = table.astype(object).where(table.notna(), None).to_dict(orient="records")
        terminal.print_json({**report.summary, "plan": records})
        return
    terminal.print_table(list(table.columns), table.head(rows).astype(object).fillna("").to_numpy().tolist())
    if len(table) > rows:
        terminal.say(f"… and {len(table) - rows} more rows (--rows, or --json for all)")
    terminal.show_summary(report.summary)


@app.command()
def check(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Test both connections and say what is wrong and how to mend it."""
    from connector.load.checking import check_connections

    with terminal.reported(as_json):
        findings = check_connections(setup)
    fine = all(finding.ok for finding in findings)
    if as_json:
        rows = [{"system": f.system, "ok": f.ok, "what": f.what, "remedy": f.remedy} for f in findings]
        terminal.print_json({"ok": fine, "findings": rows})
    else:
        terminal.print_table(
            ["", "system", "finding", "what to do"],
            [["ok" if f.ok else "FAILED", f.system, f.what, f.remedy] for f in findings],
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
    directory: Annotated[Path | None, typer.Option(help="Keep setup file and state here.")] = None,
) -> None:
    """Emulate both systems on this machine; prints one line of JSON when ready, ends with Ctrl-C."""
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
        )
    except SandboxInputError as error:
        typer.echo(f"customer-sync: {error}", err=True)
        raise typer.Exit(2) from None


@app.command()
def demo(as_json: JsonOption = False) -> None:
    """Show a whole story on emulated systems: check, link, synchronise, edit both sides, synchronise again."""
    from flows.demo import run_demo

    _prepare_prefect()
    with terminal.reported(as_json):
        summaries = run_demo(quiet=as_json)
    if as_json:
        terminal.print_json({"runs": summaries})
    _end_with([s for r in summaries for s in r["stopped"]], [e for r in summaries for e in r["errors"]])


def run_sync(setup: Path, customers: list[str], *, dry_run: bool, quiet: bool) -> SyncReport:
    """Run the flow in this process, with a progress bar."""
    from connector.setup import load_setup

    load_setup(setup)  # a wrong setup is refused before Prefect takes seconds to start
    _prepare_prefect()
    from connector.load.run import progress_sink
    from flows.synchronize_customers import synchronize_customers, synchronize_selected_customers

    path = str(setup.resolve())
    with terminal.show_progress(quiet=quiet) as tell:
        token = progress_sink.set(tell)
        try:
            if customers:
                return synchronize_selected_customers(customers, setup=path, dry_run=dry_run)
            return synchronize_customers(setup=path, dry_run=dry_run)
        finally:
            progress_sink.reset(token)


def _prepare_prefect() -> None:
    """Settings that must stand before Prefect is imported; what the user has set already stays."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    # the terminal shows progress and results of its own; the logs are in the Prefect UI
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def _end_with(stopped: list[str], errors: list[dict[str, str]]) -> None:
    if stopped:
        raise typer.Exit(3)
    if errors:
        raise typer.Exit(1)


def main() -> None:
    """Entry point of the `customer-sync` command."""
    app(prog_name="customer-sync")


if __name__ == "__main__":
    sys.exit(main())
