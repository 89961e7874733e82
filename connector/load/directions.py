"""Writing one direction; when an answer was lost, the other system is looked at before anything else is sent."""

from __future__ import annotations

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.load.late_writes import find_late_writes
from connector.load.pull import pull
from connector.load.push import push
from connector.load.recovery import Recovery, recover
from connector.run.result import LoadResult
from connector.run.run import Run

__all__ = ["directions_wanted", "pull_customers", "push_customers", "recover_open_writes"]


def recover_open_writes(run: Run) -> Recovery:
    """Look what became of writes that an earlier run left open, or that happened after they had been looked for."""
    recovery = recover(run)
    find_late_writes(run)
    return recovery


def push_customers(run: Run, plan: Plan) -> LoadResult:
    """Business Central → webstore."""
    return push(run, plan, _look)


def pull_customers(run: Run, plan: Plan) -> LoadResult:
    """Webstore → Business Central."""
    return pull(run, plan, _look)


def directions_wanted(run: Run, plan: Plan) -> list[Direction]:
    """The directions in which the flags let something of the plan be written."""
    flags = run.setup.synchronization
    on = {
        Direction.PUSH: str(flags.push_webstore_customers) != "None",
        Direction.PULL: str(flags.pull_webstore_customers) != "None",
    }
    return [direction for direction, wanted in on.items() if wanted and plan.of(direction)]


def _look(run: Run, direction: Direction) -> frozenset[str]:
    return recover(run, direction).happened
