"""`customer-sync deploy`: everything that a Prefect server needs, in one command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from connector.errors import InputError, RemoteTrouble
from flows import running, terminal
from flows.options import JsonOption, YesOption
from flows.setup_paths import possible_path

__all__ = ["deploy"]


def deploy(
    setup: Annotated[
        list[str] | None,
        typer.Option(
            help="A setup file or block that gets a schedule. Repeatable; default: setup.toml, if it is there."
        ),
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where prefect.yaml is; workers run the flows from there.")] = Path(),
    activate: Annotated[
        bool,
        typer.Option(
            "--activate", help="Switch the schedules on. A new one is off until a first run by hand, or its switch."
        ),
    ] = False,
    reset: Annotated[
        bool,
        typer.Option(
            "--reset", help="Undo what was changed in the UI (times, tags, parameters …); shows it and asks first."
        ),
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Deploy all flows to the Prefect server: forms of the blocks, work pool, deployments, one schedule for each webstore.

    What was changed in the UI stays, and so does whether a schedule is on; what differs from the setups is told.

    Examples: customer-sync deploy; customer-sync deploy --setup shop --setup outlet --activate
    """
    with terminal.reported(as_json):
        running.prepare_prefect()
        names = setup or (["setup.toml"] if Path("setup.toml").is_file() else [])
        folder = possible_path(folder, "folder").resolve()
        if not (folder / "prefect.yaml").is_file():
            raise InputError(f"There is no prefect.yaml in {folder}.", hint="Name the project with --folder.")
        if activate and not names:
            raise InputError(
                "Which schedules? No setup was named.", hint="customer-sync deploy --setup NAME --activate"
            )
        with running.server_needed():
            from prefect.settings import PREFECT_API_URL

            from flows.automations import NOTIFY, make_automations
            from flows.deployed import fill_in, put_back, what_stands
            from flows.deployments import FLOWS, planned_schedules, prepare_server
            from flows.schedules import keep_schedules

            if not PREFECT_API_URL.value():
                raise InputError(
                    "No Prefect server is configured.",
                    hint="prefect server start, and export PREFECT_API_URL=http://…/api",
                )
            planned = planned_schedules(names)
            before = what_stands()
            if reset:
                undone = [*before.words, *keep_schedules(planned, folder=folder, reset=True, dry_run=True)]
                _show(undone, as_json)
                if undone:
                    terminal.confirmed("Undo this?", yes=yes, as_json=as_json)
            prepare_server()
            command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
            if not reset:
                put_back(before)  # also where it failed half way: what people had changed is known here alone
            if done.returncode:
                raise RemoteTrouble(
                    "The deployments could not be made.", hint=(done.stdout + done.stderr).strip()[-2000:]
                )
            told = []
            if not reset:
                told += [f"kept: {line}" for line in before.words]
            if planned:
                told += fill_in(planned[0].setup, folder)
            told += keep_schedules(planned, folder=folder, activate=activate, reset=reset)
            told += [f"made, switched off: the automation {NOTIFY!r}"] if make_automations() else []
    if as_json:
        rows = [{"webstore_code": one.webstore_code, "setup": one.setup} for one in planned]
        deployments = [f"{flow.name}/{flow.name}" for flow in FLOWS]
        terminal.print_json({"deployments": deployments, "schedules": rows, "told": told})
        return
    terminal.say(f"{len(FLOWS)} deployments are on the server; a worker serves them:")
    terminal.say("  prefect worker start --pool customer-sync --type process")
    if not planned:
        terminal.say("No setup was named, so that no schedule was made: customer-sync deploy --setup NAME")
    _show(told, as_json)


def _show(lines: list[str], as_json: bool) -> None:
    for line in [] if as_json else lines:
        terminal.say(f"- {line}")
