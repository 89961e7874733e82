"""`customer-sync setup …`: a setup as file and as Prefect block."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows import running, terminal
from flows.options import DEFAULT_SETUP, JsonOption, OverwriteOption, SetupOption, YesOption

app = typer.Typer(
    help="The setup as file and as Prefect block, and a shop or company that moved.", no_args_is_help=True
)

NameArgument = Annotated[str, typer.Argument(help="Name of the ConnectorSetup block.")]


@app.command()
def push(name: NameArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Save the setup file as a block of the Prefect server, secrets encrypted or as the references that they are.

    Example: customer-sync setup push shop --setup setup.toml
    """
    with terminal.reported(as_json), running.server_needed():
        running.prepare_prefect()
        from flows.setups import push_setup

        saved, whole = push_setup(setup, name)
    if as_json:
        terminal.print_json({"saved": saved, "paths": {place: str(path) for place, path in whole.items()}})
        return
    terminal.say(f"Saved: {', '.join(saved)}.")
    terminal.say("Its paths count from no folder; whoever carries runs out needs these:")
    for place, path in whole.items():
        terminal.say(f"  {place}: {path}")


@app.command()
def moved(
    side: Annotated[str, typer.Argument(metavar="SIDE", help="webstore or business-central.")],
    yes: YesOption = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Say that a side is still the same shop or company, though it has another address, name or id now. Shows both first.

    Say so only when its customers kept their ids: after a move of the host, not for a copy, a test shop or a new company.

    Example: customer-sync setup moved webstore
    """

    from connector.run.sides import say_moved

    with terminal.reported(as_json), terminal.desk(setup, with_secrets=True) as desk:
        told = say_moved(desk.store, desk.setup, side, dry_run=True)
        if not as_json:
            rows = [[name, told["before"].get(name, ""), told["now"][name]] for name in told["now"]]
            terminal.print_table(["", "before", "now"], rows)
        terminal.confirmed("Is it the same one, with the same customers under the same ids?", yes=yes, as_json=as_json)
        told = say_moved(desk.store, desk.setup, side)
    if as_json:
        terminal.print_json(told)
    else:
        terminal.say("Kept. Runs go on.")


@app.command()
def pull(
    name: NameArgument,
    setup: SetupOption = DEFAULT_SETUP,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a block as a setup file. Secrets stay where they are; the file refers to environment variables.

    Example: customer-sync setup pull shop --setup shop.toml
    """
    with terminal.reported(as_json), running.server_needed():
        running.prepare_prefect()
        from flows.setups import pull_setup

        needed = pull_setup(name, Path(setup), overwrite=overwrite)
    if as_json:
        terminal.print_json({"file": str(setup), "environment": needed})
        return
    terminal.say(f"Written: {setup}.")
    for variable, what in needed.items():
        terminal.say(f"  export {variable}=…   # {what}")
