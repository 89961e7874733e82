"""Tasks of a run whose customers are divided into partitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from prefect.utilities.annotations import quote

from connector.core.customer import Side
from connector.core.partitioning import Placement
from connector.load.extraction import Extraction, read_all, read_company_countries
from connector.load.partitioned import Job, land_known, places
from connector.load.partitions import Partitions
from connector.load.run import Run

__all__ = ["Work", "land_business_central", "land_mapping", "land_webstore", "work_on_partition"]


@task(task_run_name="divide the mapping table", cache_policy=NO_CACHE)
def land_mapping(run: Run, partitions: Partitions) -> quote:
    """Land mapping table and bases; gives where each webstore customer goes."""
    return quote(land_known(run, partitions))


@task(task_run_name="extract webstore customers", cache_policy=NO_CACHE)
def land_webstore(run: Run, partitions: Partitions, placement: Placement) -> Extraction:
    """Read all webstore customers into partitions."""
    return _landed(run, Side.WEBSTORE, partitions, placement)


@task(task_run_name="extract Business Central customers", cache_policy=NO_CACHE)
def land_business_central(run: Run, partitions: Partitions, placement: Placement) -> Extraction:
    """Read all Business Central customers into partitions, and the company's countries."""
    extraction = _landed(run, Side.BUSINESS_CENTRAL, partitions, placement)
    run.know_countries(read_company_countries(run))
    return extraction


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


def _landed(run: Run, side: Side, partitions: Partitions, placement: Placement) -> Extraction:
    extraction = read_all(run, side, partitions, places(side, placement))
    get_run_logger().info("%s: %d customers in %d partitions", side, extraction.rows, partitions.count)
    return extraction
