"""All deployments from one process: `python -m flows.serve [SETUP …]`. Needs a Prefect server (`prefect server start`).

Each SETUP is a file or the name of a block; without any it is CUSTOMER_SYNC_SETUP, or setup.toml.
"""

from __future__ import annotations

import os
import sys
from typing import Any, cast

from prefect import serve
from prefect.deployments.runner import RunnerDeployment

from connector.errors import CustomerSyncError
from flows.deployments import FLOWS, TAGS, planned_schedules
from flows.purge_activity_log import purge_activity_log
from flows.synchronize_customers import synchronize_customers

__all__ = ["deployments_of", "main"]


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


def main() -> None:
    """Serve until the process is ended."""
    named = sys.argv[1:] or [os.environ.get("CUSTOMER_SYNC_SETUP", "setup.toml")]
    try:
        deployments = deployments_of(named)
    except CustomerSyncError as error:
        sys.exit(f"{error}")
    serve(*deployments)


if __name__ == "__main__":
    main()
