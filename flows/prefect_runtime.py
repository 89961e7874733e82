"""A run as a flow run of a Prefect server: every step is a task, and what people see of it are artifacts and events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect.futures import as_completed
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_UI_URL
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from connector.core.expectations import Finding
from connector.core.plan import Plan
from connector.errors import SetupError
from connector.extract import directory, extraction, missing, selected, validation
from connector.extract.job import Job, Mapper, in_threads
from connector.load import directions, recording
from connector.planning import comparison, plan_validation, readiness_report
from connector.planning.approvals import PlanShown
from connector.report.run_tables import Report
from connector.run import breakers
from connector.run.request import Answer
from connector.run.run import Run, progress_sink, started_by
from connector.run.summary import RunSummary
from connector.runtime import Runtime, Started
from connector.setup import PartitionSettings, Runner, Setup, WhenBusy
from connector.store import StandingConflict
from flows.approving import ask_for_approval, waits_elsewhere
from flows.events import tell_conflicts, tell_held, tell_waiting
from flows.flow_run import actor_of_run, this_run, trigger_of_run, where_shown, whole
from tasks import compare, extract, load, report, validate
from tasks.administration import publish_rows
from tasks.overview import publish_overview
from tasks.partitions import Work, work_on_partition
from tasks.progress import ProgressArtifacts
from tasks.readiness import report_of_readiness

__all__ = ["PrefectRuntime", "runner_of"]

_RUNS = 20
# step of the pipeline → the task that it is
TASKS: Mapping[Callable[..., Any], Any] = {
    directions.recover_open_writes: load.recover_open_writes,
    extraction.divide_mapping: extract.divide_mapping,
    extraction.extract_webstore: extract.extract_webstore,
    extraction.extract_business_central: extract.extract_business_central,
    selected.extract_selected: extract.extract_selected,
    breakers.stop_on_extracts: validate.check_extracts,
    missing.confirm_missing: extract.confirm_missing,
    validation.validate_customers: validate.validate_customers,
    directory.leave_directory: extract.leave_directory,
    comparison.compare_customers: compare.compare_customers,
    plan_validation.validate_plan: validate.validate_plan,
    breakers.stop_on_plan: validate.check_breakers,
    recording.record_links: load.record_agreements,
    directions.push_customers: load.push_customers,
    directions.pull_customers: load.pull_customers,
    readiness_report.report_of_readiness: report_of_readiness,
}
# of several partitions each is a task of its own, and the flow deals them out
_OVER_PARTITIONS = frozenset(
    {
        missing.confirm_missing,
        validation.validate_customers,
        comparison.compare_customers,
        readiness_report.report_of_readiness,
    }
)


class PrefectRuntime(Runtime):
    """The flow run that this process carries out."""

    def __init__(self, setup: Setup) -> None:
        flow_run = this_run()
        super().__init__(
            run_id=str(flow_run.id), actor=actor_of_run(), scheduled=trigger_of_run() == "scheduled",
            progress=progress_sink.get() or ProgressArtifacts(setup.webstore_code),
        )  # fmt: skip
        self.enqueue = flow_run.deployment_id is not None and setup.synchronization.when_busy is WhenBusy.ENQUEUE
        self.where = where_shown()
        self._divided = False

    @property
    def seen_at(self) -> str:
        """The flow run's page."""
        return f"{(PREFECT_UI_URL.value() or '').rstrip('/')}/runs/flow-run/{self.run_id}"

    def call(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Carry out a step as a task."""
        if step not in TASKS or (self._divided and step in _OVER_PARTITIONS):
            return step(*arguments)
        return _bare(TASKS[step](*map(whole, arguments)))

    def start(self, step: Callable[..., Any], *arguments: Any) -> Started:
        """Submit a step as a task."""
        return _Submitted(TASKS[step].submit(*map(whole, arguments)))

    @contextmanager
    def over_partitions(self, settings: PartitionSettings) -> Iterator[Callable[[str], Mapper]]:
        """Each partition is a task, on threads or Dask workers; a single one is dealt with by the task that asks for it."""
        if not settings.count:
            yield lambda _what: in_threads()
            return
        self._divided = True
        with runner_of(settings) as runner:
            yield lambda what: _mapper(runner, what)

    def findings_made(self, run: Run, what: str, findings: Sequence[Finding]) -> None:
        """As a table."""
        if findings:
            words = "; ".join(finding.words for finding in findings)
            get_run_logger().warning("%d expectations are not met: %s", len(findings), words)
            report.publish_findings(run.code, what, findings)

    def plan_made(self, run: Run, shown: Report) -> None:
        """As tables, where there is something new to see: every artifact costs a request."""
        if shown.news:
            report.publish_report(run.code, whole(shown))

    def creates_undone(self, run: Run, customers: Sequence[Mapping[str, Any]]) -> None:
        """As a table."""
        publish_rows(
            run.setup, "undone", customers, "Customers that the undone run had created, and what becomes of them"
        )

    def conflicts_found(self, run: Run, conflicts: Sequence[StandingConflict]) -> None:
        """As events."""
        tell_conflicts(run.code, conflicts)

    def customers_held(self, run: Run, customers: Sequence[Mapping[str, Any]]) -> None:
        """As events."""
        tell_held(run.code, customers)

    def run_ended(self, run: Run, summary: RunSummary) -> None:
        """The run in numbers, with the trend over the last runs."""
        with run.store.view(run.code) as view:
            before = [row for row in view.runs.recent(_RUNS) if row["run_id"] != run.run_id]
        report.publish_summary(whole(summary), whole(before))

    def page_written(self, setup: Setup, target: Path) -> None:
        """As an artifact."""
        report.publish_place(setup.webstore_code, target)

    def page_failed(self, setup: Setup, reason: str) -> None:
        """In the log."""
        get_run_logger().warning("There is no HTML report of this run: %s", reason)

    @property
    def can_ask(self) -> bool:
        """A deployment's run asks by a form; the command line needs a terminal."""
        starter = started_by.get()
        return starter is None or starter.ask is not None

    def waits_elsewhere(self, setup: Setup, plan: Plan) -> str:
        """See `flows.approving`."""
        return waits_elsewhere(setup, plan.hash)

    def plan_waits(self, setup: Setup, plan_hash: str, reason: str) -> None:
        """As an event, and in what waits for people."""
        tell_waiting(setup.webstore_code, plan_hash, reason)
        publish_overview(setup)

    def ask(self, setup: Setup, plan: PlanShown) -> Answer:
        """By a form, or on the terminal."""
        answer = ask_for_approval(setup, plan)
        if answer.by and self.actor == self.trigger:  # nobody was known who acts
            self.actor = answer.by
        return answer


class _Submitted:
    def __init__(self, future: Any) -> None:
        self._future = future

    def result(self) -> Any:
        return _bare(self._future.result())

    def wait(self, timeout: float) -> None:
        self._future.wait(timeout)


def _bare(value: Any) -> Any:
    return value.unquote() if isinstance(value, quote) else value


def runner_of(settings: PartitionSettings) -> TaskRunner[Any]:
    """What deals with the partitions; to be used as a context.

    Raises:
        SetupError: its package is not installed.
    """
    if settings.runner is Runner.THREADS:
        return ThreadPoolTaskRunner(max_workers=settings.workers)
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise SetupError(
            f"partitions.runner = {settings.runner} needs prefect_dask, which is not installed.",
            hint="pip install -c constraints.txt '.[dask]'",
        ) from error
    local = {"n_workers": settings.workers, "threads_per_worker": 1, "dashboard_address": None}
    start: dict[str, Any] = {"address": settings.address} if settings.address else {"cluster_kwargs": local}
    return DaskTaskRunner(**start)


def _mapper(runner: TaskRunner[Any], what: str) -> Mapper:
    def mapped(function: Callable[..., Any], job: Job, *arguments: Any) -> Iterator[Any]:
        work = Work(function, job, arguments)
        futures = [
            runner.submit(work_on_partition, {"what": what, "number": number, "work": work})
            for number in range(job.partitions.count)
        ]
        for future in as_completed(futures):
            yield future.result().value

    return mapped
