"""All deployments from one process: `python -m flows.serve [SETUP]`. Needs a Prefect server (`prefect server start`)."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import cast

from prefect import serve
from prefect.deployments.runner import RunnerDeployment

from connector.setup import load_setup
from flows.synchronize_customers import synchronize_customers, synchronize_selected_customers

__all__ = ["main"]


def main() -> None:
    """Serve the deployments of one setup, scheduled as it says, until the process is ended."""
    named = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CUSTOMER_SYNC_SETUP", "setup.toml")
    path = Path(named).resolve()
    flags = load_setup(path).synchronization
    parameters = {"setup": str(path), "dry_run": False}
    everybody = cast(
        RunnerDeployment,
        synchronize_customers.to_deployment(
            name="all",
            interval=timedelta(minutes=flags.minutes_between_runs),
            paused=not flags.enabled,
            parameters=parameters,
            concurrency_limit=1,
            tags=["customer-sync"],
        ),
    )
    selected = cast(
        RunnerDeployment,
        synchronize_selected_customers.to_deployment(
            name="selected", parameters=parameters, concurrency_limit=1, tags=["customer-sync"]
        ),
    )
    serve(everybody, selected)


if __name__ == "__main__":
    main()
