"""The flow run that this process carries out: who started it and why, and where it is shown."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.settings import PREFECT_API_URL
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from connector.core.characters import shown
from connector.run.run import Starter, started_by

__all__ = [
    "BY",
    "SCHEDULED",
    "THREADS",
    "actor_of_run",
    "flow_name",
    "name_given",
    "this_run",
    "trigger_of_run",
    "where_shown",
    "whole",
]

# both extractions side by side, then push and pull
THREADS: Any = ThreadPoolTaskRunner(max_workers=4)
# tag of runs that count as scheduled though no schedule of theirs made them
SCHEDULED = "scheduled"
# begins the tag that names who started a run where Prefect cannot know it
BY = "by:"
_LONGEST_NAME = 60


def whole(value: object) -> Any:
    """A task's argument as it is: given bare, Prefect would walk through every write of a plan, looking for futures."""
    return quote(value)


def this_run() -> FlowRun:
    """The flow run that this process carries out."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("the flow is not being run by Prefect")
    return context.flow_run


def flow_name() -> str:
    """What the flow is called that this process carries out."""
    context = FlowRunContext.get()
    return context.flow.name if context is not None and context.flow is not None else ""


def name_given(typed: object) -> str:
    """A person's name as it was typed into a form, on one line and of a length that can be shown; "" = none was given."""
    return " ".join(shown(str(typed or "")).split())[:_LONGEST_NAME].strip()


def trigger_of_run() -> str:
    """Whether the run is "scheduled" or "manual": holds, and the setup's `enabled`, bind scheduled runs only."""
    run, starter = this_run(), started_by.get() or Starter()
    return "scheduled" if run.auto_scheduled or SCHEDULED in run.tags or starter.scheduled else "manual"


def actor_of_run() -> str:
    """Who is written into versions and logs: the person at the command line or the console, whoever has given a name in a
    form, whoever Prefect knows, or, where nobody is known, the trigger."""
    run, starter = this_run(), started_by.get() or Starter()
    creator = run.created_by.display_value if run.created_by else None
    tagged = next((tag.removeprefix(BY) for tag in run.tags if tag.startswith(BY)), "")
    given = name_given((run.parameters or {}).get("your_name"))
    return starter.actor or tagged or given or creator or trigger_of_run()


def where_shown() -> str:
    """The server whose UI shows this run's artifacts."""
    return str(PREFECT_API_URL.value() or "here")
