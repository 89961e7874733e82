"""Tasks that read. They may be retried whole: reading twice changes nothing."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from connector.core.customer import Side
from connector.load.deciding import table_from
from connector.load.extraction import (
    Extraction,
    Missing,
    Selected,
    read_all,
    read_company,
    read_company_countries,
    read_missing,
    read_selected,
)
from connector.load.run import Run

__all__ = ["confirm_missing", "extract_business_central", "extract_selected", "extract_webstore"]


@task(task_run_name="extract webstore customers", cache_policy=NO_CACHE)
def extract_webstore(run: Run) -> Extraction:
    """Read all webstore customers, ordered by id."""
    extraction = read_all(run, Side.WEBSTORE)
    _log_census("webstore", extraction)
    return extraction


@task(task_run_name="extract Business Central customers", cache_policy=NO_CACHE)
def extract_business_central(run: Run) -> Extraction:
    """Read all Business Central customers, ordered by number, the company's countries, and what the store knows of pairs."""
    extraction = read_company(run)
    _log_census("Business Central", extraction)
    return extraction


@task(task_run_name="extract selected customers", cache_policy=NO_CACHE)
def extract_selected(run: Run, customers: list[str]) -> Selected:
    """Read the selected customers and their counterparts; unknown ones are refused together."""
    selected = read_selected(run, customers)
    run.know_countries(read_company_countries(run))
    get_run_logger().info("%d customers selected", len(selected.keys))
    return selected


@task(task_run_name="confirm missing customers", cache_policy=NO_CACHE)
def confirm_missing(
    run: Run, webstore: Extraction, business_central: Extraction, selected: frozenset[str | int] | None = None
) -> Missing:
    """Ask by id for mapped customers that the extracts did not show (of a selected run: of the selected ones)."""
    missing = read_missing(run, table_from(webstore.frame), table_from(business_central.frame), selected)
    gone = len(missing.gone_webstore) + len(missing.gone_business_central)
    if gone:
        get_run_logger().warning("%d mapped customers are gone on one side", gone)
    return missing


def _log_census(system: str, extraction: Extraction) -> None:
    census = extraction.census
    get_run_logger().info(
        "%s: %d customers in %d pages, %d announced, %d re-reads",
        system,
        census.rows,
        census.pages,
        census.announced if census.announced is not None else census.rows,
        census.rereads,
    )
