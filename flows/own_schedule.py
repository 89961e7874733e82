"""A webstore's own schedule: it begins after a first run by hand, unless somebody has used its switch before; and a run that it
makes is about this webstore and no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger

from connector.core.counting import counted
from connector.errors import SetupError
from connector.run.setup_source import opened_store
from connector.setup import Setup
from flows.blocks import ConnectorSetup
from flows.flow_run import this_run

__all__ = ["SYNCHRONIZE", "begin_schedule", "change_schedule", "check_own_schedule", "in_words"]

# a deployment has the name of its flow
SYNCHRONIZE = "synchronize-customers/synchronize-customers"
# the server writes both times of a new row within this
_MADE_WITHIN = timedelta(milliseconds=10)


def begin_schedule(webstore_code: str) -> str:
    """Switch a webstore's schedule on after a first manual run, if nobody ever switched it or changed it.

    Returns:
        What was done, in words; "" = nothing.
    """
    try:
        return _begun(webstore_code)
    except ObjectNotFound:  # nothing is deployed
        return ""
    except httpx.HTTPError as error:  # the run has written, and must not fail for this
        get_run_logger().warning("its schedule could not be looked at: %s", error)
        return ""


def _begun(webstore_code: str) -> str:
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(SYNCHRONIZE)
        for schedule in client.read_deployment_schedules(deployment.id):
            if schedule.slug == webstore_code and not schedule.active and _untouched(schedule):
                change_schedule(client, deployment.id, schedule, active=True)
                return f"From now on it {in_words(schedule.schedule)}; its deployment has the switch."
    return ""


def change_schedule(client: SyncPrefectClient, deployment_id: UUID, found: DeploymentSchedule, **changes: Any) -> None:
    """Change a schedule, and leave the rest of it as it is: Prefect's server takes parameters that are not sent for none
    (3.8.8, update_deployment_schedule)."""
    kept = {"active": found.active, "parameters": found.parameters}
    client.update_deployment_schedule(deployment_id, found.id, **{**kept, **changes})


def check_own_schedule(setup: Setup) -> None:
    """Refuse a run that the schedule of another webstore has made: it has lost its parameters, and the form's setup stepped in.

    The switch of Prefect's second UI and `prefect deployment schedule resume` take them away. Where the other webstore's setup
    is a block, its schedule gets it back.

    Raises:
        SetupError: so it is.
    """
    run = this_run()
    maker = run.created_by
    code = maker.display_value if maker is not None and maker.type == "SCHEDULE" else None
    if not code or code == setup.webstore_code:
        return
    blocks = _blocks_of(code)
    if not blocks and not _has_runs(code, setup):  # people may name their schedules as they like
        return
    hint = (
        f"customer-sync deploy --setup NAME, with the setup of {code}, gives it back; or edit the schedule in the UI."
    )
    if len(blocks) == 1 and run.deployment_id is not None:
        with get_client(sync_client=True) as client:
            for found in client.read_deployment_schedules(run.deployment_id):
                if maker is not None and found.id == maker.id and not found.parameters.get("setup"):
                    parameters = {**found.parameters, "setup": blocks[0]}
                    change_schedule(client, run.deployment_id, found, parameters=parameters)
        hint = f"It has it again (block {blocks[0]}), so that the next run is right."
    raise SetupError(
        f"The schedule of webstore {code} had lost its setup; this run would have synchronised {setup.webstore_code} in its "
        "place, so it did nothing.",
        hint=hint,
    )


def _blocks_of(code: str) -> list[str]:
    """The setup blocks of a webstore."""
    slug = ConnectorSetup.get_block_type_slug()
    with get_client(sync_client=True) as client:
        documents = client.read_block_documents_by_type(slug, include_secrets=False)
    return sorted(str(document.name) for document in documents if document.data.get("webstore_code") == code)


def _has_runs(code: str, setup: Setup) -> bool:
    """Whether the store knows runs of a webstore."""
    with opened_store(setup) as (_, store), store.view(code) as view:
        return bool(view.runs.recent(1))


def _untouched(schedule: DeploymentSchedule) -> bool:
    """Whether a schedule is as it was made: every change leaves a later time."""
    made, changed = schedule.created, schedule.updated
    return made is not None and changed is not None and changed - made < _MADE_WITHIN


def in_words(schedule: Any) -> str:
    """When a schedule runs."""
    if isinstance(schedule, IntervalSchedule):
        minutes, seconds = divmod(int(schedule.interval.total_seconds()), 60)
        return f"runs every {counted(minutes, 'minute') if not seconds else counted(60 * minutes + seconds, 'second')}"
    if isinstance(schedule, CronSchedule):
        return f"runs at {schedule.cron!r} ({schedule.timezone or 'UTC'})"
    return "runs by a rule of its own"
