"""`customer-sync rules check`: the field rules, explained, or what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.errors import SetupError
from connector.setup import UnresolvedSecrets, load_setup
from flows import terminal
from flows.options import DEFAULT_SETUP, JsonOption, SetupOption
from flows.setup_paths import setup_path

if TYPE_CHECKING:
    from connector.desk.page_look import Look
    from connector.setup import Setup

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

    from connector.rules import check_rules, explain_rules, load_rules, own_page
    from connector.rules.page import NO_PAGE, page_problems, seen_on_page

    with terminal.reported(as_json):
        webstore, own, look = "", NO_PAGE, None
        loaded = load_setup(setup, environ=UnresolvedSecrets()) if setup_path(str(setup)).exists() else None
        if loaded is not None:
            webstore, own = loaded.webstore_code, own_page(loaded)
            folder = folder or loaded.synchronization.mappings
        problems = check_rules(folder, webstore, own)
        if not problems:
            rules = load_rules(folder, webstore, own)
            if loaded is not None and own.custom:
                look = _look(loaded, setup, folder)
                problems = page_problems(rules.fields, look.page) if look.page else []
        if problems:
            raise SetupError(
                f"The field rules have {len(problems)} problem{'s' * (len(problems) != 1)}:",
                problems=problems,
                hint=look.words if look else "",
            )
        seen = seen_on_page(rules.fields, look.page if look else None)
        rows = [{**row, "there": seen[row["field"]]} for row in explain_rules(rules)]
    columns = ["field", "webstore", "direction", "business_central", "there", "kind", "policies", "notes"]
    terminal.show_rows(rows, columns, as_json=as_json)
    if not as_json:
        terminal.say(f"rules {rules.digest[:12]}")
    if look:
        typer.echo(look.words, err=True)


def _look(loaded: Setup, setup: Path, folder: Path | None) -> Look:
    from connector.desk.page_look import look_at_page

    return look_at_page(loaded, lambda: load_setup(setup), folder)
