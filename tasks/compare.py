"""The task that decides. It writes nothing."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from prefect.utilities.annotations import quote

from connector.core.customer import Direction
from connector.load.deciding import decide_run
from connector.load.extraction import Extraction, Missing
from connector.load.run import Run

__all__ = ["compare_customers"]


@task(task_run_name="compare customers", cache_policy=NO_CACHE)
def compare_customers(
    run: Run,
    webstore: Extraction,
    business_central: Extraction,
    missing: Missing,
    selected: frozenset[str | int] | None = None,
) -> quote:
    """Join, match and merge; the result is the plan, quoted so that Prefect does not walk through it."""
    plan = decide_run(run, webstore.frame, business_central.frame, missing, selected)
    run.forget_pairs()
    get_run_logger().info(
        "plan %s: %d pushes, %d pulls, %d links, %d conflicts, %d quarantined, %d ambiguous",
        plan.hash[:12],
        len(plan.of(Direction.PUSH)),
        len(plan.of(Direction.PULL)),
        len(plan.links),
        len(plan.conflicts),
        len(plan.quarantined),
        len(plan.ambiguous),
    )
    return quote(plan)
