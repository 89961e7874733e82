"""Opening a run inside a Prefect flow: who started it and why, the lease, and the interrupted writes of its predecessors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect.context import FlowRunContext
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from connector.core.plan import Plan
from connector.load.opening import Opened, open_run
from connector.load.run import Starter, progress_sink, started_by
from connector.setup import load_setup
from tasks.load import recover_open_writes

__all__ = ["THREADS", "opened_run", "whole"]

# both extractions side by side, then push and pull
THREADS: Any = ThreadPoolTaskRunner(max_workers=4)


def whole(plan: Plan) -> Any:
    """A plan as a task's argument: given bare, Prefect would walk through every write of it, looking for futures."""
    return quote(plan)


@contextmanager
def opened_run(setup_path: str, dry_run: bool, mode: str) -> Iterator[Opened]:
    """An open run, its interrupted predecessors settled."""
    setup = load_setup(Path(setup_path))
    context = FlowRunContext.get()
    flow_run = context.flow_run if context else None
    if flow_run is None:
        raise RuntimeError("the flow is not being run by Prefect")
    starter = started_by.get() or Starter()
    trigger = "scheduled" if flow_run.auto_scheduled or starter.scheduled else "manual"
    creator = flow_run.created_by.display_value if flow_run.created_by else None
    with open_run(
        setup,
        run_id=str(flow_run.id),
        mode=mode,
        trigger=trigger,
        actor=starter.actor or creator or trigger,
        dry_run=dry_run,
        progress=progress_sink.get(),
    ) as opened:
        if not dry_run:
            recover_open_writes(opened.run)
        yield opened
