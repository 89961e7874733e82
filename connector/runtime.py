"""Where a run takes place: who started it and why, who carries out its steps, and where people see it.

A `Runtime` is this process: steps are plain calls, two of them at a time. A flow run of a Prefect server is another one
(flows/prefect_runtime.py): there every step is a task, and what a run shows are artifacts and events.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any, Protocol

from connector.actor import actor_here
from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core.expectations import Finding
from connector.core.plan import Plan
from connector.errors import SetupError
from connector.extract.job import Mapper, in_threads
from connector.planning.approvals import PlanShown
from connector.report.run_tables import Report
from connector.run.close_run import close_run
from connector.run.request import Answer
from connector.run.run import Progress, Run
from connector.run.seen_lately import SeenLately
from connector.run.summary import RunSummary
from connector.setup import PartitionSettings, Runner, Setup
from connector.store import StandingConflict

__all__ = ["Runtime", "Started"]


class Started(Protocol):
    """A step that is at work."""

    def result(self) -> Any:
        """What it gave back; raises what it raised."""

    def wait(self, timeout: float) -> None:
        """Wait until it has ended, for so many seconds at most."""


class _InThread:
    def __init__(self, future: Future[Any]) -> None:
        self._future = future

    def result(self) -> Any:
        return self._future.result()

    def wait(self, timeout: float) -> None:
        wait([self._future], timeout)


def _silent(_what: str, _done: int, _total: int) -> None:
    return


class Runtime:
    """A run of this process.

    Attributes:
        run_id: unique.
        trigger: "scheduled" or "manual"; holds, and the setup's `enabled`, bind scheduled runs only.
        actor: who is written into versions and logs.
        enqueue: wait for the run that is at work on the webstore.
        progress: is told how far a phase is.
        lately: what this process has seen of both systems a moment ago, for runs that follow each other in it.
        where: the place that shows what runs leave for people: another one has shown nothing yet.
    """

    enqueue = False
    where = "here"

    def __init__(
        self,
        *,
        run_id: str = "",
        actor: str = "",
        scheduled: bool = False,
        ask: Callable[[Setup, PlanShown], Answer] | None = None,
        lately: SeenLately | None = None,
        progress: Progress = _silent,
    ) -> None:
        """`ask` shows a person the plan that needs an approval, and gives the answer; None = nobody can be asked."""
        self.run_id = run_id or str(uuid.uuid4())
        self.trigger = "scheduled" if scheduled else "manual"
        self.actor = actor or actor_here()
        self.progress = progress
        self.lately = lately
        self._ask = ask
        self._threads = ThreadPoolExecutor(2, "step")

    @property
    def seen_at(self) -> str:
        """Where people find the run again: a command, or an address."""
        return f"customer-sync runs show {self.run_id[:8]}"

    # who carries out the steps

    def call(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Carry out a step."""
        return step(*arguments)

    def start(self, step: Callable[..., Any], *arguments: Any) -> Started:
        """Begin a step, beside others."""
        return _InThread(self._threads.submit(copy_context().run, step, *arguments))

    @contextmanager
    def over_partitions(self, settings: PartitionSettings) -> Iterator[Callable[[str], Mapper]]:
        """What deals with partitions; called with what is done about them, in words.

        Raises:
            SetupError: the setup wants Dask, which Prefect starts.
        """
        if settings.count and settings.runner is not Runner.THREADS:
            raise SetupError(
                f"partitions.runner = {settings.runner} works in runs on Prefect only.",
                hint="Leave out --here, or set partitions.runner to threads.",
            )
        yield lambda _what: in_threads(settings.workers)

    def clients(self, setup: Setup) -> tuple[WooCommerceClient, BusinessCentralClient]:
        """What speaks with the two systems."""
        return WooCommerceClient(setup.webstore), BusinessCentralClient(setup.business_central)

    # what people see of the run: nothing but its end, in this process

    def findings_made(self, run: Run, what: str, findings: Sequence[Finding]) -> None:
        """Something in the data ("extracts", "plan") is not as expected."""

    def plan_made(self, run: Run, report: Report) -> None:
        """The plan stands, and what waits for people."""

    def creates_undone(self, run: Run, customers: Sequence[Mapping[str, Any]]) -> None:
        """What becomes, or has become, of the customers that an undone run had created (connector.load.undo)."""

    def conflicts_found(self, run: Run, conflicts: Sequence[StandingConflict]) -> None:
        """There are conflicts that were not there before."""

    def customers_held(self, run: Run, customers: Sequence[Mapping[str, Any]]) -> None:
        """Customers went on hold in this run."""

    def run_ended(self, run: Run, summary: RunSummary) -> None:
        """The run is done."""

    def page_written(self, setup: Setup, target: Path) -> None:
        """There is an HTML report of the run."""

    def page_failed(self, setup: Setup, reason: str) -> None:
        """There is none, because it could not be written."""

    # approvals

    @property
    def can_ask(self) -> bool:
        """Whether a person can be asked."""
        return self._ask is not None

    def waits_elsewhere(self, setup: Setup, plan: Plan) -> str:
        """The id of another run that waits for an answer to the same plan; "" if there is none."""
        return ""

    def plan_waits(self, setup: Setup, plan_hash: str, reason: str) -> None:
        """A plan waits for a person's approval."""

    def ask(self, setup: Setup, plan: PlanShown) -> Answer:
        """Show a plan and wait for the answer. Without one (Ctrl-C) the run is over, and waits no longer."""
        if self._ask is None:
            raise RuntimeError("nobody can be asked")  # the pass before has refused it
        try:
            return self._ask(setup, plan)
        except BaseException:
            close_run(setup, self.run_id, "cancelled")
            raise

    def close(self) -> None:
        """End the threads, when their steps have ended."""
        self._threads.shutdown()
