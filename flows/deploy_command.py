"""`customer-sync deploy`: everything that a Prefect server needs, in one command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from connector.errors import InputError, RemoteTrouble
from flows import running, terminal
from flows.options import JsonOption
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
    as_json: JsonOption = False,
) -> None:
    """Deploy all flows to the Prefect server: forms of the blocks, work pool, deployments, one schedule for each webstore.

    Examples: customer-sync deploy; customer-sync deploy --setup shop --setup outlet
    """
    with terminal.reported(as_json):
        running.prepare_prefect()
        names = setup or (["setup.toml"] if Path("setup.toml").is_file() else [])
        if not (possible_path(folder, "folder") / "prefect.yaml").is_file():
            raise InputError(f"There is no prefect.yaml in {folder.resolve()}.", hint="Name the project with --folder.")
        with running.server_needed():
            from prefect.settings import PREFECT_API_URL

            from flows.deployments import FLOWS, apply_schedules, planned_schedules, prepare_server

            if not PREFECT_API_URL.value():
                raise InputError(
                    "No Prefect server is configured.",
                    hint="prefect server start, and export PREFECT_API_URL=http://…/api",
                )
            planned = planned_schedules(names)
            prepare_server()
            command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
            if done.returncode:
                raise RemoteTrouble(
                    "The deployments could not be made.", hint=(done.stdout + done.stderr).strip()[-2000:]
                )
            if planned:
                apply_schedules(planned)
    rows = [
        {"webstore_code": one.webstore_code, "setup": one.setup, "active": one.synchronize.active} for one in planned
    ]
    if as_json:
        terminal.print_json({"deployments": [f"{flow.name}/{flow.name}" for flow in FLOWS], "schedules": rows})
        return
    terminal.say(f"{len(FLOWS)} deployments are on the server; a worker serves them:")
    terminal.say("  prefect worker start --pool customer-sync --type process")
    terminal.show_rows(rows, ["webstore_code", "setup", "active"], as_json=False, empty="No setup has a schedule.")
