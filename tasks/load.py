"""Tasks that write. They are never retried by Prefect: the journal decides what may be sent again, and when."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from connector.core.plan import Plan
from connector.load import directions, recording
from connector.load.recovery import Recovery
from connector.run.result import LoadResult
from connector.run.run import Run

__all__ = ["pull_customers", "push_customers", "record_agreements", "recover_open_writes"]


@task(task_run_name="settle interrupted writes", cache_policy=NO_CACHE)
def recover_open_writes(run: Run) -> Recovery:
    """Look what became of writes that an earlier run left open, or that happened after they had been looked for."""
    recovery = directions.recover_open_writes(run)
    if recovery.total:
        get_run_logger().warning(
            "%d interrupted writes: %d had happened, %d had not, %d wait for a person",
            recovery.total,
            len(recovery.adopted),
            len(recovery.not_happened),
            len(recovery.held),
        )
    return recovery


@task(task_run_name="record links and agreements", cache_policy=NO_CACHE)
def record_agreements(run: Run, plan: Plan) -> int:
    """Commit new links and the bases of fields that agree already."""
    return recording.record_links(run, plan)


@task(task_run_name="push customers", cache_policy=NO_CACHE)
def push_customers(run: Run, plan: Plan) -> LoadResult:
    """Business Central → webstore."""
    result = directions.push_customers(run, plan)
    _log("pushed", result)
    return result


@task(task_run_name="pull customers", cache_policy=NO_CACHE)
def pull_customers(run: Run, plan: Plan) -> LoadResult:
    """Webstore → Business Central."""
    result = directions.pull_customers(run, plan)
    _log("pulled", result)
    return result


def _log(verb: str, result: LoadResult) -> None:
    get_run_logger().info(
        "%s: %d created, %d updated, %d failed, %d left to the next run",
        verb,
        result.created,
        result.updated,
        result.failed,
        result.dropped,
    )
    if result.stopped:
        get_run_logger().error("%s only in part: %s", verb, result.stopped)
