"""`customer-sync store …`: the database of mappings, bases and logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.load import housekeeping
from flows import terminal
from flows.options import DEFAULT_SETUP, JsonOption, SetupOption

app = typer.Typer(help="The store: migrate, back up, check.", no_args_is_help=True)


@app.command()
def migrate(
    to: Annotated[str, typer.Option(help="A revision, or head.")] = "head",
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Bring the store to this version's tables (every command does so by itself), or back to older ones.

    Example: customer-sync store migrate
    """
    with terminal.reported(as_json):
        done = housekeeping.migrate_store(setup, to)
    if as_json:
        terminal.print_json(done)
    else:
        moved = done["before"] and done["before"] != done["revision"]
        backup = f" A copy of revision {done['before']} stands beside it." if moved else ""
        terminal.say(f"The store is at revision {done['revision'] or '(no tables)'}.{backup}")


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The file to write.")],
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Copy the store to a file while it is in use.

    Example: customer-sync store backup store-backup.sqlite
    """
    with terminal.reported(as_json):
        made = housekeeping.backup_store(setup, target)
    if as_json:
        terminal.print_json({"backup": str(made)})
    else:
        terminal.say(f"Backed up to {made}.")


@app.command()
def check(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Look whether the database is whole.

    Example: customer-sync store check
    """
    with terminal.reported(as_json):
        problems = housekeeping.check_store(setup)
    if as_json:
        terminal.print_json({"ok": not problems, "problems": problems})
    else:
        terminal.say("\n".join(problems) or "The store is sound.")
    if problems:
        raise typer.Exit(3)
