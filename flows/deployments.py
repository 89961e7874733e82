"""The deployments: what the two ways of making them have in common, prefect.yaml for workers and flows/serve.py.

One deployment serves all webstores: each of them has a schedule of its own, as its setup says, with the setup's name as a
parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate
from prefect.deployments.schedules import create_deployment_schedule_create
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.schedules import Cron, Interval, Schedule

from connector.errors import InputError
from flows.blocks import BLOCKS
from flows.connection import connection
from flows.edit_customer_mapping import edit_customer_mapping, release_holds
from flows.exchange_customer_mapping import export_customer_mapping, import_customer_mapping
from flows.look_up import look_up
from flows.plan_what_if import plan_what_if
from flows.purge_activity_log import purge_activity_log
from flows.readiness import readiness
from flows.review_conflicts import review_conflicts
from flows.setup_paths import full_name
from flows.setups import resolve_setup
from flows.suggest_customer_mapping import suggest_customer_mapping
from flows.synchronize_all_webstores import synchronize_all_webstores
from flows.synchronize_customers import synchronize_customers, synchronize_selected_customers
from flows.undo_run import undo_run

__all__ = ["FLOWS", "SYNCHRONIZE", "TAGS", "Planned", "apply_schedules", "planned_schedules", "prepare_server"]

FLOWS: tuple[Flow[..., Any], ...] = (
    synchronize_customers,
    synchronize_selected_customers,
    synchronize_all_webstores,
    suggest_customer_mapping,
    review_conflicts,
    edit_customer_mapping,
    release_holds,
    import_customer_mapping,
    export_customer_mapping,
    look_up,
    plan_what_if,
    undo_run,
    connection,
    readiness,
    purge_activity_log,
)
TAGS = ["customer-sync"]
# a deployment has the name of its flow
SYNCHRONIZE = "synchronize-customers/synchronize-customers"
PURGE = "purge-activity-log/purge-activity-log"
POOL = "customer-sync"


@dataclass(frozen=True)
class Planned:
    """When one webstore is synchronised, and when its log is purged."""

    setup: str
    webstore_code: str
    synchronize: Schedule
    purge: Schedule


def planned_schedules(setups: Iterable[str]) -> list[Planned]:
    """The schedules of some setups; files become absolute, so that they are found from everywhere.

    Raises:
        SetupError: one of them is not there, or cannot work.
        InputError: two of them are about the same webstore.
    """
    planned: list[Planned] = []
    for name in setups:
        made = resolve_setup(name, with_secrets=False)
        setup = full_name(name)
        flags = made.synchronization
        if made.webstore_code in {one.webstore_code for one in planned}:
            raise InputError(f"Two setups are about webstore {made.webstore_code}.")
        common: dict[str, Any] = {"slug": made.webstore_code, "parameters": {"setup": setup}, "active": flags.enabled}
        every = Interval(timedelta(minutes=flags.minutes_between_runs), timezone=flags.timezone, **common)
        nightly = Cron("30 3 * * *", timezone=flags.timezone, **{**common, "active": True})
        planned.append(Planned(setup, made.webstore_code, every, nightly))
    return planned


def prepare_server(pool: str = POOL) -> None:
    """Make what deployments need on the server: the forms of the blocks, and the work pool."""
    for block in BLOCKS:
        block.register_type_and_schema()
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        except ObjectAlreadyExists:
            return


def apply_schedules(planned: Sequence[Planned]) -> None:
    """Give the deployments that are on the server exactly these schedules, and fill in their forms with the first setup.

    Raises:
        InputError: they are not deployed.
    """
    schedules = {
        SYNCHRONIZE: [create_deployment_schedule_create(one.synchronize) for one in planned],
        PURGE: [create_deployment_schedule_create(one.purge) for one in planned],
    }
    with get_client(sync_client=True) as client:
        for flow in FLOWS:
            name = f"{flow.name}/{flow.name}"
            try:
                deployment = client.read_deployment_by_name(name)
            except ObjectNotFound:
                raise InputError(f"There is no deployment {name}.", hint="Deploy with customer-sync deploy.") from None
            if "setup" in flow.parameters.properties:
                filled = {**(deployment.parameters or {}), "setup": planned[0].setup}
                client.update_deployment(deployment.id, DeploymentUpdate(parameters=filled))
            for schedule in client.read_deployment_schedules(deployment.id) if name in schedules else ():
                client.delete_deployment_schedule(deployment.id, schedule.id)
            if name in schedules:
                client.create_deployment_schedules(deployment.id, schedules[name])
