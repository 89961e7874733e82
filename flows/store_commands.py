"""`customer-sync store …`: the database of mappings, bases and logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.run.setup_source import opened_store
from flows import terminal
from flows.options import DEFAULT_SETUP, JsonOption, SetupOption, YesOption

app = typer.Typer(help="The store: migrate, back up, check, free.", no_args_is_help=True)


@app.command()
def migrate(
    to: Annotated[str, typer.Option(help="A revision, or head.")] = "head",
    no_backup: Annotated[
        bool, typer.Option("--no-backup", help="Make no copy first, since you made one yourself (pg_dump).")
    ] = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Bring the store to this version's tables (every command does so by itself), or back to older ones.

    Example: customer-sync store migrate
    """

    from connector.desk.store_care import migrate_store

    with terminal.reported(as_json), opened_store(setup, migrate=False) as (_, store):
        done = migrate_store(store, to, backup=not no_backup)
    if as_json:
        terminal.print_json(done)
    else:
        moved = not no_backup and done["before"] and done["before"] != done["revision"]
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
    with terminal.reported(as_json), opened_store(setup) as (_, store):
        made = store.backup(target)
    if as_json:
        terminal.print_json({"backup": str(made)})
    else:
        terminal.say(f"Backed up to {made}.")


@app.command()
def check(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Look whether the database is whole.

    Example: customer-sync store check
    """
    with terminal.reported(as_json), opened_store(setup) as (_, store):
        problems = store.check()
    if as_json:
        terminal.print_json({"ok": not problems, "problems": problems})
    else:
        terminal.say("\n".join(problems) or "The store is sound.")
    if problems:
        raise typer.Exit(3)


@app.command("free-lease")
def free_lease(
    name: Annotated[str, typer.Argument(help="Of a lease that is shown; left out = the webstore's own.")] = "",
    force: Annotated[
        bool,
        typer.Option("--force", help="Also if its process lives on this machine: that run then writes nothing more."),
    ] = False,
    yes: YesOption = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Take the lease of a webstore away from a run that will not come back: shows who holds what, then asks.

    A killed run frees its webstore by itself. This is for a lease whose end lies far ahead because a clock was wrong.

    Examples: customer-sync store free-lease; customer-sync store free-lease --yes --json
    """

    from connector.desk import store_care

    with terminal.reported(as_json), opened_store(setup) as (made, store):
        leases = store_care.list_leases(store)
        if not as_json:
            columns = ["name", "holder", "host", "pid", "since", "until", "state"]
            terminal.show_rows(leases, columns, as_json=False, empty="Nobody holds a lease.")
        if not leases and not name:
            if as_json:
                terminal.print_json({"freed": None})
            return
        terminal.confirmed(
            f"Free the lease of {name or 'the webstore'}? Only if that run is over.", yes=yes, as_json=as_json
        )
        freed = store_care.free_lease(store, name or made.webstore_code, force=force)
    if as_json:
        terminal.print_json({"freed": freed})
    else:
        terminal.say(f"Freed: {freed['name']}, which {freed['holder']} held.")
