"""What a run reads, whether its data are as expected, and the directory of it: steps 4 to 7 of the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass

from connector.core.customer import Side
from connector.core.partitioning import IN_ONE, Placement
from connector.extract.directory import leave_directory
from connector.extract.extraction import MAPPING, Extraction, divide_mapping, extract_business_central, extract_webstore
from connector.extract.findings import stop_on_findings
from connector.extract.job import Job, Mapper, job_of
from connector.extract.keeping import keep_extracts
from connector.extract.missing import Missing, confirm_missing
from connector.extract.partitions import Partitions
from connector.extract.revalidation import last_validated
from connector.extract.selected import extract_selected
from connector.extract.validation import is_new, validate_customers
from connector.quality import prepare
from connector.run.breakers import stop_on_extracts
from connector.run.run import Run
from connector.runtime import Runtime, Started

__all__ = ["Read", "read_and_validate"]


@dataclass(frozen=True)
class Read:
    """What a run has read: both sides in partitions, who is missing, and the job that knows who is set apart."""

    webstore: Extraction
    business_central: Extraction
    missing: Missing
    job: Job

    @property
    def extracted(self) -> dict[str, int]:
        """How many customers each side has."""
        return {"webstore": self.webstore.rows, "business_central": self.business_central.rows}


def read_and_validate(
    run: Run,
    runtime: Runtime,
    partitions: Partitions,
    mappers: Callable[[str], Mapper],
    customers: Sequence[str] | None = None,
    *,
    approved: bool,
    seen: bool = False,
) -> Read:
    """Read both systems and look whether their data are as expected.

    Args:
        mappers: what deals with partitions; called with what is done about them.
        customers: names of the customers that the run is about; None = all.
        approved: a person has approved the plan; see `stop_on_extracts`.
        seen: of customers that nobody has named; see `extract_selected`.

    Raises:
        InputError: a customer is unknown.
        PremiseBroken: an extract is incomplete, shrank or is empty, or the data as a whole are not as expected.
    """
    # where there is one partition nobody needs to know who goes where, and reading need not wait for the mapping table
    reading = _begun(run, runtime, partitions, IN_ONE) if customers is None and partitions.count == 1 else []
    placement = runtime.call(divide_mapping, run, partitions)
    # reading hides the import of Great Expectations where it is known beforehand that something is to be validated
    known = last_validated(run) if customers is None else {}
    judged = any(run.rules.suites.get(suite) for suite in (*Side, MAPPING))
    surely_new = is_new(run, partitions, MAPPING, known) if customers is None else bool(customers) and judged
    if surely_new:
        prepare()
    if customers is None:
        reading = reading or _begun(run, runtime, partitions, placement)
        business_central = reading[1].result()
        if not surely_new and is_new(run, partitions, Side.BUSINESS_CENTRAL, known):
            prepare()
        webstore = reading[0].result()
        selected = None
        runtime.call(stop_on_extracts, run, webstore.census, business_central.census, approved)
    else:
        chosen = runtime.call(extract_selected, run, partitions, placement, customers, seen)
        webstore, business_central, selected = chosen.webstore, chosen.business_central, chosen.keys
    run.know_metadata(webstore.metadata_shown)
    job = job_of(run, partitions, selected)
    missing = runtime.call(confirm_missing, run, job, placement, mappers("look who is missing"))
    with ThreadPoolExecutor(1, "keep") as beside:  # files are written while others compute
        kept = beside.submit(copy_context().run, keep_extracts, run, job, missing, webstore, business_central)
        job, findings = runtime.call(validate_customers, run, job, mappers("validate customers"), known)
        runtime.findings_made(run, "extracts", findings)
        stop_on_findings(findings)
        runtime.call(leave_directory, run, job)
        kept.result()
    return Read(webstore, business_central, missing, job)


def _begun(run: Run, runtime: Runtime, partitions: Partitions, placement: Placement) -> list[Started]:
    return [runtime.start(step, run, partitions, placement) for step in (extract_webstore, extract_business_central)]
