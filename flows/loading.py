"""The write phase of a run: links first, then push and pull side by side."""

from __future__ import annotations

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.load.opening import Opened
from connector.load.run import LoadResult
from flows.opening import whole
from tasks.load import pull_customers, push_customers, record_agreements

__all__ = ["load", "load_directions"]

# longer than the largest batch of creates takes a shop
_LAST_BATCH_SECONDS = 25.0


def load(opened: Opened, plan: Plan) -> dict[Direction, LoadResult]:
    """Record links and agreements, then write; a direction is skipped when its flag is None or nothing is to be written."""
    flags = opened.run.setup.synchronization
    if plan.links or plan.agreements or plan.renumbered or plan.orphans:
        record_agreements(opened.run, whole(plan))
    wanted = {
        Direction.PUSH: str(flags.push_webstore_customers) != "None",
        Direction.PULL: str(flags.pull_webstore_customers) != "None",
    }
    return load_directions(opened, plan, [direction for direction, on in wanted.items() if on and plan.of(direction)])


def load_directions(opened: Opened, plan: Plan, directions: list[Direction]) -> dict[Direction, LoadResult]:
    """Write some directions side by side.

    When one fails, or the run is cancelled, the other finishes the batch that it is writing and records its outcome before
    the run is closed: no write is left whose answer nobody heard.
    """
    tasks = {Direction.PUSH: push_customers, Direction.PULL: pull_customers}
    futures = {direction: tasks[direction].submit(opened.run, whole(plan)) for direction in directions}
    try:
        return {direction: future.result() for direction, future in futures.items()}
    except BaseException:
        opened.run.ending.set()
        for future in futures.values():
            future.wait(_LAST_BATCH_SECONDS)
        raise
