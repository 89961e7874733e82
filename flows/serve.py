"""All deployments from one process: `python -m flows.serve [SETUP …]`. Needs a Prefect server (`prefect server start`).

Each SETUP is a file or the name of a block; without any it is CUSTOMER_SYNC_SETUP, or setup.toml.
"""

from __future__ import annotations

import os
import sys
from typing import Any, cast

from prefect import serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound

from connector.errors import CustomerSyncError
from flows.deployments import FLOWS, TAGS, planned_schedules
from flows.purge_activity_log import purge_activity_log
from flows.running import server_needed
from flows.synchronize_customers import synchronize_customers

__all__ = ["deployments_of", "main", "take_over"]


def deployments_of(setups: list[str]) -> list[RunnerDeployment]:
    """The deployments, scheduled as the setups say; forms are filled in with the first setup.

    Raises:
        SetupError: a setup is not there, or cannot work.
    """
    planned = planned_schedules(setups)
    schedules = {
        synchronize_customers.name: [one.synchronize for one in planned],
        purge_activity_log.name: [one.purge for one in planned],
    }
    made = []
    for flow in FLOWS:
        takes_setup = "setup" in flow.parameters.properties
        more: dict[str, Any] = {"parameters": {"setup": planned[0].setup}} if takes_setup else {}
        if flow.name in schedules:
            more["schedules"] = schedules[flow.name]
        made.append(cast(RunnerDeployment, flow.to_deployment(name=flow.name, tags=TAGS, **more)))
    return made


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


def main() -> None:
    """Serve until the process is ended."""
    named = sys.argv[1:] or [os.environ.get("CUSTOMER_SYNC_SETUP", "setup.toml")]
    try:
        deployments = deployments_of(named)
        with server_needed():
            take_over()
    except CustomerSyncError as error:
        sys.exit(f"{error}")
    serve(*deployments)


if __name__ == "__main__":
    main()
