"""`customer-sync readiness` and `customer-sync quarantine …`: what is in the data, and who is left out because of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from connector.private_files import check_free
from connector.run.setup_source import opened_view
from flows import running, terminal
from flows.options import DEFAULT_SETUP, JsonOption, OverwriteOption, PrefectOption, SetupOption

quarantine_app = typer.Typer(help="Customers that runs leave out because of their data.", no_args_is_help=True)


@quarantine_app.command("list")
def show_quarantine(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """List the customers that are left out, and why. They come back by themselves when their data are mended.

    Examples: customer-sync quarantine list; customer-sync quarantine list --json
    """

    from connector.desk.quarantine import list_quarantine

    with terminal.reported(as_json), opened_view(setup) as view:
        rows = list_quarantine(view)
    columns = ["bc_number", "key", "system", "field", "reason", "since"]
    terminal.show_rows(rows, columns, as_json=as_json, empty="Nobody is quarantined.")


def readiness(
    setup: SetupOption = DEFAULT_SETUP,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the report as one HTML page.")] = None,
    overwrite: OverwriteOption = False,
    prefect: PrefectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what the first synchronisation would meet and do: duplicates, gaps, creates, mails, calls. Writes nothing.

    Examples: customer-sync readiness; customer-sync readiness --html readiness.html
    """

    from connector.report.readiness_page import write_page

    with terminal.reported(as_json):
        if html is not None:
            check_free(html, overwrite=overwrite)
        report = running.run_readiness(setup, quiet=as_json, prefect=prefect)
        if html is not None:
            write_page(report, html, overwrite=overwrite)
    if as_json:
        terminal.print_json(report)
        return
    _show(report)
    if html is not None:
        terminal.say(f"The report is in {html}.")


def _show(report: dict[str, Any]) -> None:
    from connector.report.readiness_page import COLUMNS, forecast_table, nothing_found, rows_found

    terminal.print_table(COLUMNS, rows_found(report), title="What people should look at")
    terminal.say(f"Looked for and not found: {nothing_found(report)}.\n")
    terminal.print_table(*forecast_table(report))
    for warning in report["warnings"]:
        terminal.say(warning)
    terminal.say("Nothing was written.")
