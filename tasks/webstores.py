"""The task that starts the run of one webstore among several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from prefect import task
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment

__all__ = ["start_webstore"]


@task(task_run_name="synchronize {setup}")
def start_webstore(
    setup: str, deployment: str, *, dry_run: bool, overrides: Mapping[str, Any], tags: Sequence[str], wait: bool
) -> tuple[bool, str]:
    """Start a run of a deployment; gives whether it is well so far, and its state in words."""
    run = cast(
        FlowRun,
        run_deployment(
            deployment,
            parameters={"setup": setup, "dry_run": dry_run, "overrides": dict(overrides)},
            timeout=None if wait else 0,
            tags=list(tags),
            # a run of its own: a part of this one could not be suspended for an approval
            as_subflow=False,
        ),
    )
    state = run.state
    if state is None or not wait:
        return True, f"started as {run.name}"
    return state.is_completed() or state.is_paused(), f"{state.name} {state.message or ''}".strip()
