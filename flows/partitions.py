"""A run over partitions: what is one task each for all customers is one for each partition here, on threads, Dask or Ray."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from prefect.futures import as_completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from connector.core.partitioning import Placement
from connector.core.plan import Plan
from connector.errors import SetupError
from connector.load.extraction import Extraction
from connector.load.partitioned import (
    Job,
    Mapper,
    confirm_partitions,
    decide_partitions,
    job_of,
    validate_partitions,
)
from connector.load.partitions import Partitions, partitions_at
from connector.load.run import Run
from connector.setup import PartitionSettings, Runner
from flows.opening import whole
from tasks.partitions import Work, land_business_central, land_mapping, land_webstore, work_on_partition
from tasks.validate import tell_findings

__all__ = ["Divided", "partitions_of_run", "runner_of"]

_PACKAGES = {Runner.DASK: "prefect_dask", Runner.RAY: "prefect_ray"}


class Divided:
    """Both extracts of a run over all customers, in partitions."""

    selected = None

    def __init__(self, run: Run, partitions: Partitions) -> None:
        self._run = run
        placement: Placement = land_mapping(run, partitions).unquote()
        webstore = land_webstore.submit(run, partitions, whole(placement))
        business_central = land_business_central.submit(run, partitions, whole(placement))
        self.webstore: Extraction = webstore.result()
        self.business_central: Extraction = business_central.result()
        self._partitions, self._placement = partitions, placement

    def plan(self) -> Plan:
        """Confirm who is missing, validate, and decide."""
        run = self._run
        run.know_metadata(self.webstore.metadata_shown)
        job = job_of(run, self._partitions)
        with runner_of(run.setup.partitions) as runner:
            missing = confirm_partitions(run, job, self._placement, _mapper(runner, "look who is missing"))
            job, of_all = validate_partitions(run, job)
            tell_findings(run, of_all)
            plan, findings = decide_partitions(
                run, job, missing, _mapper(runner, "compare customers"), _progress_of(run)
            )
        tell_findings(run, findings)
        return plan


def partitions_of_run(run: Run) -> AbstractContextManager[Partitions | None]:
    """The partitions of a run over all customers, if the setup wants any."""
    settings = run.setup.partitions
    if not settings.count:
        return nullcontext()
    return partitions_at(f"{settings.folder.rstrip('/')}/{run.code}", settings.count)


def runner_of(settings: PartitionSettings) -> TaskRunner[Any]:
    """What deals with the partitions; to be used as a context.

    Raises:
        SetupError: its package is not installed.
    """
    if settings.runner is Runner.THREADS:
        return ThreadPoolTaskRunner(max_workers=settings.workers)
    package = _PACKAGES[settings.runner]
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        raise SetupError(
            f"partitions.runner = {settings.runner} needs {package}, which is not installed.",
            hint=f"pip install -c constraints.txt '.[{settings.runner}]'",
        ) from error
    if settings.runner is Runner.RAY:
        start: dict[str, Any] = {"init_kwargs": {"num_cpus": settings.workers}}
        if settings.address:
            start = {"address": settings.address}
        return module.RayTaskRunner(**start)  # type: ignore[no-any-return]
    local = {"n_workers": settings.workers, "threads_per_worker": 1, "dashboard_address": None}
    start = {"address": settings.address} if settings.address else {"cluster_kwargs": local}
    return module.DaskTaskRunner(**start)  # type: ignore[no-any-return]


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


def _progress_of(run: Run) -> Callable[[int, int], None]:
    return lambda done, total: run.progress("Comparing partitions", done, total)
