"""`customer-sync rules check`: the field rules, explained, or what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.setup import UnresolvedSecrets, load_setup
from flows import terminal
from flows.options import DEFAULT_SETUP, JsonOption, SetupOption
from flows.setup_paths import setup_path

app = typer.Typer(help="The field rules: what is mapped to what, and how.", no_args_is_help=True)


@app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of rule files; default: the setup's, or the ones that ship.")
    ] = None,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Read the rule files and explain them, or say by file and line what is wrong and what to do.

    Where the setup names a partner's page (customers_api), the page itself is asked which properties it has, of which type and
    length, and which can be written; a copy of the answer is kept beside the rule files, for where it is not reached.

    Example: customer-sync rules check my-mappings/
    """

    from connector.desk.rules_look import look_at_rules

    with terminal.reported(as_json):
        found = load_setup(setup, environ=UnresolvedSecrets()) if setup_path(str(setup)).exists() else None
        look = look_at_rules(found, lambda: load_setup(setup), folder)
    columns = ["field", "webstore", "direction", "business_central", "there", "kind", "policies", "notes"]
    terminal.show_rows(look.rows, columns, as_json=as_json)
    if not as_json:
        terminal.say(f"rules {look.digest[:12]}")
    if look.page:
        typer.echo(look.page, err=True)
