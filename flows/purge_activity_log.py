"""The flow that forgets what was remembered long enough."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from flows.flow_run import actor_of_run, whole
from flows.naming import run_name
from flows.outcomes import EXPLAINED, Told, concluded
from flows.own_schedule import check_own_schedule
from flows.run_tags import setup_of_run
from flows.setup_choice import SetupChoice
from tasks.administration import purge_log

__all__ = ["purge_activity_log"]


@flow(name="purge-activity-log", flow_run_name=run_name("purge the activity log of {setup}"), **EXPLAINED)
def purge_activity_log(
    setup: SetupChoice = "setup.toml", days: Annotated[int | None, Field(ge=0, le=3650)] = None
) -> Told:
    """Remove runs, writes, plans and their files that are older than the retention. Mappings and open writes stay.

    Args:
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        days: Keep so many days; left out = as the setup says (retention_days).
    """

    def body() -> Any:
        made = setup_of_run(setup, with_secrets=False)
        check_own_schedule(made)
        purged = purge_log(made.webstore_code, whole(made), days, actor_of_run())
        return Told(f"Removed {', '.join(f'{count} {what}' for what, count in purged.items())}.", purged)

    return concluded(setup, body)  # type: ignore[no-any-return]
