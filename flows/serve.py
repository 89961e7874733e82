"""All deployments from one process: `python -m flows.serve [SETUP …]`. Needs a Prefect server (`prefect server start`).

Each SETUP is a file or the name of a block; without any it is CUSTOMER_SYNC_SETUP, or setup.toml.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import cast

from prefect import serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound

from connector.errors import CustomerSyncError
from flows.automations import NOTIFY, make_automations
from flows.deployed import fill_in, put_back, what_stands
from flows.deployments import FLOWS, TAGS, WHEN, planned_schedules
from flows.running import server_needed
from flows.schedules import keep_schedules

__all__ = ["deployments_of", "main", "prepared", "take_over"]


def deployments_of() -> list[RunnerDeployment]:
    """The deployments, as prefect.yaml has them for workers. Their schedules are kept on the server, not here."""
    return [
        cast(RunnerDeployment, flow.to_deployment(name=flow.name, tags=TAGS, description=words))
        for flow, words in WHEN.items()
    ]


def take_over() -> None:
    """Let deployments that were made for workers be found in this folder: registering them again leaves their path as it was."""
    with get_client(sync_client=True) as client:
        for flow in FLOWS:
            try:
                deployment = client.read_deployment_by_name(f"{flow.name}/{flow.name}")
            except ObjectNotFound:
                continue
            if deployment.path is None:
                client.update_deployment(deployment.id, DeploymentUpdate(path="."))


def prepared(setups: list[str]) -> tuple[list[RunnerDeployment], list[str]]:
    """Register the deployments and their schedules, and keep what was changed of them in the UI.

    Returns:
        The deployments as they stand on the server, so that serving them changes nothing; and what was made and kept, in words.

    Raises:
        SetupError: a setup is not there, or cannot work; nothing was registered.
        RemoteTrouble: the server does not answer.
    """
    planned, deployments, folder = planned_schedules(setups), deployments_of(), Path.cwd()
    with server_needed():
        before = what_stands()
        take_over()
        for deployment in deployments:
            deployment.apply()
        put_back(before)
        told = [f"kept: {line}" for line in before.words]
        told += [*fill_in(planned[0].setup, folder), *keep_schedules(planned, folder=folder)]
        told += [f"made, switched off: the automation {NOTIFY!r}"] if make_automations() else []
        for deployment in deployments:
            _as_it_stands(deployment)
    return deployments, told


def main() -> None:
    """Serve until the process is ended."""
    named = sys.argv[1:] or [os.environ.get("CUSTOMER_SYNC_SETUP", "setup.toml")]
    try:
        deployments, told = prepared(named)
    except CustomerSyncError as error:
        sys.exit(f"{error}")
    for line in told:
        sys.stdout.write(f"- {line}\n")
    serve(*deployments)


def _as_it_stands(deployment: RunnerDeployment) -> None:
    """Take over what the server has now, so that registering it again changes nothing."""
    with get_client(sync_client=True) as client:
        found = client.read_deployment_by_name(deployment.full_name)
    limit = found.global_concurrency_limit
    deployment.parameters, deployment.tags, deployment.description = found.parameters, found.tags, found.description
    deployment.concurrency_limit = limit.limit if limit else None
    deployment.concurrency_options = found.concurrency_options
    deployment.enforce_parameter_schema = found.enforce_parameter_schema


if __name__ == "__main__":
    main()
