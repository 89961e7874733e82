"""The task that a run over partitions has many of: something done about one of them, wherever the task runner has a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from connector.extract.job import Job

__all__ = ["Work", "work_on_partition"]


class Work:
    """What is done about each partition. A plain object: neither Prefect nor Dask looks into it for futures."""

    def __init__(self, function: Callable[..., Any], job: Job, arguments: Sequence[Any]) -> None:
        self._function, self._job, self._arguments = function, job, tuple(arguments)

    def on(self, number: int) -> Any:
        """Do it about one."""
        return self._function(self._job, number, *self._arguments)


class Result:
    """What became of it, as plain."""

    def __init__(self, value: Any) -> None:
        self.value = value


@task(task_run_name="{what}, partition {number}", cache_policy=NO_CACHE)
def work_on_partition(what: str, number: int, work: Work) -> Result:
    """Do something about one partition, wherever the task runner has a place for it."""
    return Result(work.on(number))
