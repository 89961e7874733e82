"""`customer-sync setup …`: a setup as file and as Prefect block."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows import running, terminal
from flows.options import DEFAULT_SETUP, JsonOption, SetupOption

app = typer.Typer(help="Move the setup between a TOML file and a Prefect block.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Name of the ConnectorSetup block.")]


@app.command()
def push(name: NameArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Save the setup file as a block of the Prefect server, secrets encrypted or as the references that they are.

    Example: customer-sync setup push shop --setup setup.toml
    """
    running.prepare_prefect()
    from flows.setups import push_setup

    with terminal.reported(as_json):
        saved = push_setup(setup, name)
    if as_json:
        terminal.print_json({"saved": saved})
    else:
        terminal.say(f"Saved: {', '.join(saved)}.")


@app.command()
def pull(
    name: NameArgument,
    setup: SetupOption = DEFAULT_SETUP,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a block as a setup file. Secrets stay where they are; the file refers to environment variables.

    Example: customer-sync setup pull shop --setup shop.toml
    """
    running.prepare_prefect()
    from flows.setups import pull_setup

    with terminal.reported(as_json):
        needed = pull_setup(name, Path(setup), overwrite=overwrite)
    if as_json:
        terminal.print_json({"file": str(setup), "environment": needed})
        return
    terminal.say(f"Written: {setup}.")
    for variable, what in needed.items():
        terminal.say(f"  export {variable}=…   # {what}")
