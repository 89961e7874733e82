"""Tasks that read. They may be retried whole: reading twice changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from prefect.utilities.annotations import quote

from connector.core.partitioning import Placement
from connector.extract import directory, extraction, missing, selected
from connector.extract.extraction import Extraction
from connector.extract.job import Job, Mapper
from connector.extract.partitions import Partitions
from connector.run.run import Run

__all__ = [
    "confirm_missing",
    "divide_mapping",
    "extract_business_central",
    "extract_selected",
    "extract_webstore",
    "leave_directory",
]


@task(task_run_name="divide the mapping table", cache_policy=NO_CACHE)
def divide_mapping(run: Run, partitions: Partitions) -> quote:
    """Land mapping table and bases; gives where each webstore customer goes."""
    return quote(extraction.divide_mapping(run, partitions))


@task(task_run_name="extract webstore customers", cache_policy=NO_CACHE)
def extract_webstore(run: Run, partitions: Partitions, placement: Placement) -> Extraction:
    """Read all webstore customers, ordered by id."""
    read = extraction.extract_webstore(run, partitions, placement)
    _log_census("webstore", read)
    return read


@task(task_run_name="extract Business Central customers", cache_policy=NO_CACHE)
def extract_business_central(run: Run, partitions: Partitions, placement: Placement) -> Extraction:
    """Read all Business Central customers, ordered by number, and the company's countries."""
    read = extraction.extract_business_central(run, partitions, placement)
    _log_census("Business Central", read)
    return read


@task(task_run_name="extract selected customers", cache_policy=NO_CACHE)
def extract_selected(
    run: Run, partitions: Partitions, placement: Placement, customers: Sequence[str], seen: bool
) -> quote:
    """Read the selected customers and their counterparts; unknown ones are refused together."""
    read = selected.extract_selected(run, partitions, placement, customers, seen)
    get_run_logger().info("%d customers selected", len(read.keys))
    return quote(read)


@task(task_run_name="confirm missing customers", cache_policy=NO_CACHE)
def confirm_missing(run: Run, job: Job, placement: Placement, mapper: Mapper) -> quote:
    """Ask by id for mapped customers that the extracts did not show (of a selected run: of the selected ones)."""
    found = missing.confirm_missing(run, job, placement, mapper)
    gone = len(found.gone_webstore) + len(found.gone_business_central)
    if gone:
        get_run_logger().warning("%d mapped customers are gone on one side", gone)
    return quote(found)


@task(task_run_name="leave the directory of all customers", cache_policy=NO_CACHE)
def leave_directory(run: Run, job: Job) -> None:
    """Keep what was read of all customers in the few words by which people look for somebody."""
    directory.leave_directory(run, job)


def _log_census(system: str, read: Extraction) -> None:
    census = read.census
    get_run_logger().info(
        "%s: %d customers in %d pages, %d announced, %d re-reads",
        system,
        census.rows,
        census.pages,
        census.announced if census.announced is not None else census.rows,
        census.rereads,
    )
