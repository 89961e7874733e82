"""The deployments: what the two ways of making them have in common, prefect.yaml for workers and flows/serve.py.

One deployment serves all webstores: each of them has a schedule of its own, as its setup says, with the setup's name as a
parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists
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

__all__ = ["FLOWS", "POOL", "PURGE", "TAGS", "WHEN", "Planned", "planned_schedules", "prepare_server"]

# in the order of a day's work; the description of each says when one needs it. prefect.yaml has the same (a test compares them)
WHEN: Mapping[Flow[..., Any], str] = {
    connection: "First, and whenever a run could not reach a system: tests rules, store and both systems, and says what to do. "
    "Writes nothing.",
    readiness: "Before the first synchronisation: what it would meet and do. Writes nothing.",
    suggest_customer_mapping: "Before the first synchronisation, and when customers wait as ambiguous: which unmapped customers "
    "are the same; accept and reject them.",
    edit_customer_mapping: "To look at the mapping table, or to tick, link, unlink and restore in it. The next run acts on it.",
    synchronize_customers: "The synchronisation of all customers of a webstore: by hand the first time (dry_run shows the plan), "
    "then by its schedule.",
    synchronize_selected_customers: "Somebody waits for one customer, or you want to try a few first: only the named customers.",
    review_conflicts: "When a run has counted conflicts: decide fields that both sides changed differently.",
    release_holds: "After the reason is mended: customers that scheduled runs skip take part again.",
    import_customer_mapping: "A table of who is who, from a spreadsheet or another product: shows what would change, and waits "
    "for a yes.",
    export_customer_mapping: "The mapping table as a file or as text, to look through it in a spreadsheet or to keep it.",
    look_up: "Whenever you ask who, when or why: runs and what they wrote, versions, a customer's history, who is left out. Only "
    "looks.",
    plan_what_if: "Before you change rules or settings: what the plan would be under other ones, beside today's. Writes nothing.",
    undo_run: "When a run wrote what it should not have: puts back what it changed, except what was changed since.",
    synchronize_all_webstores: "Several webstores at once, such as after an outage: starts a run for each of them.",
    purge_activity_log: "By itself every night: forgets what is older than the retention.",
}
FLOWS: tuple[Flow[..., Any], ...] = tuple(WHEN)
TAGS = ["customer-sync"]
PURGE = "purge-activity-log/purge-activity-log"
POOL = "customer-sync"


@dataclass(frozen=True)
class Planned:
    """When one webstore is synchronised, and when its log is purged. `enabled` is its setup's."""

    setup: str
    webstore_code: str
    synchronize: Schedule
    purge: Schedule
    enabled: bool = True


def planned_schedules(setups: Iterable[str]) -> list[Planned]:
    """The schedules of some setups; files become absolute, so that they are found from everywhere.

    Those of synchronisations are not active: a person says when they begin (`flows.schedules`).

    Raises:
        SetupError: one of them is not there, or cannot work.
        InputError: two of them are about the same webstore.
    """
    planned: dict[str, Planned] = {}
    for name in setups:
        made = resolve_setup(name, with_secrets=False)
        setup, code, flags = full_name(name), made.webstore_code, made.synchronization
        if code in planned:
            raise InputError(
                f"Two setups are about webstore {code}: {planned[code].setup} and {setup}.",
                hint="Name one of them; a webstore has one schedule.",
            )
        common: dict[str, Any] = {"slug": code, "parameters": {"setup": setup}, "timezone": flags.timezone}
        every = Interval(timedelta(minutes=flags.minutes_between_runs), active=False, **common)
        nightly = Cron("30 3 * * *", active=True, **common)
        planned[code] = Planned(setup, code, every, nightly, enabled=flags.enabled)
    return list(planned.values())


def prepare_server(pool: str = POOL) -> None:
    """Make what deployments need on the server: the forms of the blocks, and the work pool."""
    for block in BLOCKS:
        block.register_type_and_schema()
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        except ObjectAlreadyExists:
            return
