"""`customer-sync rules check`: the field rules, explained, or what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.errors import SetupError
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

    Example: customer-sync rules check my-mappings/
    """

    from connector.rules import check_rules, explain_rules, load_rules

    with terminal.reported(as_json):
        webstore = ""
        if setup_path(str(setup)).exists():
            loaded = load_setup(setup, environ=UnresolvedSecrets())
            webstore = loaded.webstore_code
            folder = folder or loaded.synchronization.mappings
        problems = check_rules(folder, webstore)
        if problems:
            raise SetupError(
                f"The field rules have {len(problems)} problem{'s' * (len(problems) != 1)}:", problems=problems
            )
        rules = load_rules(folder, webstore)
        rows = explain_rules(rules)
    columns = ["field", "webstore", "direction", "business_central", "kind", "policies", "notes"]
    terminal.show_rows(rows, columns, as_json=as_json)
    if not as_json:
        terminal.say(f"rules {rules.digest[:12]}")
