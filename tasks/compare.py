"""The task that decides. It writes nothing."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from prefect.utilities.annotations import quote

from connector.core.customer import Direction
from connector.extract.job import Job, Mapper
from connector.extract.missing import Missing
from connector.planning import comparison
from connector.run.run import Run

__all__ = ["compare_customers"]


@task(task_run_name="compare customers", cache_policy=NO_CACHE)
def compare_customers(run: Run, job: Job, missing: Missing, mapper: Mapper) -> quote:
    """Join, match and merge; the result is the plan, quoted so that Prefect does not walk through it."""
    plan = comparison.compare_customers(run, job, missing, mapper)
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
