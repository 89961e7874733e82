"""`customer-sync mapping …`: look at and edit which Business Central customer is which webstore customer."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.load import editing
from flows import terminal

app = typer.Typer(help="The mapping table: list, link, unlink, tick, untick.", no_args_is_help=True)

SetupOption = Annotated[
    Path, typer.Option("--setup", envvar="CUSTOMER_SYNC_SETUP", help="The setup file.", show_default="setup.toml")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
NumbersArgument = Annotated[list[str], typer.Argument(metavar="NUMBER...", help="Business Central customer numbers.")]
DEFAULT_SETUP = Path("setup.toml")


@app.command("list")
def list_(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """List the mapping table; with --json one object per line."""
    with terminal.reported(as_json):
        rows = editing.list_mapping(setup)
    if as_json:
        for row in rows:
            terminal.print_json(row)
        return
    columns = ["bc_number", "name", "webstore_id", "webstore_customer", "on_hold", "failed_attempts", "last_error"]
    terminal.print_table(columns, [[row[column] for column in columns] for row in rows])
    terminal.say(f"{len(rows)} rows")


@app.command()
def link(number: str, webstore_id: int, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Say that Business Central customer NUMBER is webstore customer WEBSTORE_ID; ticks it."""
    with terminal.reported(as_json):
        done = editing.link(setup, number, webstore_id, actor=getpass.getuser())
    _told(done, f"{number} is linked to woo:{webstore_id}.", as_json)


@app.command()
def unlink(number: str, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Undo a link. The pair is remembered as not the same, so that nothing links it again by itself."""
    with terminal.reported(as_json):
        done = editing.unlink(setup, number, actor=getpass.getuser())
    _told(done, f"{number} is not linked any more.", as_json)


@app.command()
def tick(numbers: NumbersArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Tick Webstore Customer: without a Webstore ID the customer is created in the webstore by the next push."""
    with terminal.reported(as_json):
        done = editing.tick(setup, numbers, actor=getpass.getuser())
    _told(done, f"{len(numbers)} ticked.", as_json)


@app.command()
def untick(numbers: NumbersArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Untick Webstore Customer: the customer is not pushed any more; a link stays."""
    with terminal.reported(as_json):
        done = editing.untick(setup, numbers, actor=getpass.getuser())
    _told(done, f"{len(numbers)} unticked.", as_json)


def _told(done: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        terminal.print_json(done)
    else:
        terminal.say(f"{text} Mapping version {done['mapping_version']}.")
