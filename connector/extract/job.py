"""What is done about each partition of a run: a function, and a job that says everything it needs to know.

The functions need nothing but the job, the partition's number and the store, and may run in any process that reaches both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from connector.core.customer import Side
from connector.core.expectations import WHOLE, Expectation, Finding
from connector.core.extracts import Extract, extract_of
from connector.core.terms import Terms
from connector.extract.extraction import BASES, IDS, MAPPING
from connector.extract.findings import apart, reasons_of
from connector.extract.partitions import Partitions
from connector.extract.whole_data import takes_all
from connector.run.run import Run
from connector.store import View, open_store

__all__ = [
    "Columns",
    "Job",
    "Mapper",
    "erased_in",
    "extracts_in",
    "frame_in",
    "in_threads",
    "job_of",
    "reader",
    "tables_in",
]

T = TypeVar("T")
# how a run gives a function to all partitions: (function, job, further arguments) → results in the order they come
Mapper = Callable[..., Iterator[Any]]
Columns = Mapping[Side, Sequence[str]]


@dataclass(frozen=True)
class Job:
    """What dealing with a partition needs besides its number; it travels to other processes.

    Attributes:
        store_url: where bases are read; the same store for all processes.
        suites: the expectations that a partition can judge by itself, by suite.
        findings: what was found in the data already; whoever is quarantined for it is set apart.
        rejected, tombstones, selected, gone_back, kept_out: as in Known.
    """

    partitions: Partitions
    store_url: str
    code: str
    terms: Terms
    suites: Mapping[str, Sequence[Expectation]]
    findings: tuple[Finding, ...] = ()
    rejected: frozenset[tuple[str, int]] = frozenset()
    tombstones: frozenset[str | int] = frozenset()
    selected: frozenset[str | int] | None = None
    gone_back: frozenset[Side] = frozenset()
    kept_out: frozenset[int] = frozenset()

    @property
    def alone(self) -> bool:
        """There is one partition, and it knows everybody."""
        return self.partitions.count == 1


def job_of(run: Run, partitions: Partitions, selected: frozenset[str | int] | None = None) -> Job:
    """The job of a run, when both systems have been read.

    Args:
        selected: of a selected run: whom it is about; what is said of all records together is not judged.
    """
    with run.store.view(run.code) as view:
        rejected, erased = view.mapping.rejections(), erased_in(view)
    alone = partitions.count == 1
    return Job(
        partitions=partitions,
        store_url=run.setup.store.url,
        code=run.code,
        terms=run.terms,
        suites={
            name: [e for e in suite if (alone or not takes_all(e)) and not (selected is not None and e.words in WHOLE)]
            for name, suite in run.rules.suites.items()
        },
        rejected=frozenset(rejected),
        tombstones=erased,
        selected=selected,
    )


def erased_in(view: View) -> frozenset[str | int]:
    """Business Central ids and webstore ids of erased customers."""
    stones = view.tombstones.all()
    return frozenset(stones["bc_id"].dropna()) | frozenset(stones["webstore_id"].dropna().astype(int))


def in_threads(workers: int = 2) -> Mapper:
    """Partitions side by side in this process; a single one is dealt with at once."""

    def mapped(function: Callable[..., Any], job: Job, *arguments: Any) -> Iterator[Any]:
        if job.alone:
            yield function(job, 0, *arguments)
            return
        numbers = iter(range(job.partitions.count))
        with ThreadPoolExecutor(workers, "partition") as pool:
            at_work = {pool.submit(function, job, number, *arguments) for number in islice(numbers, workers)}
            while (
                at_work
            ):  # what is not asked for yet is not done yet: results of all partitions may be more than memory holds
                ended, at_work = wait(at_work, return_when=FIRST_COMPLETED)
                while ended:  # whoever takes a result is at work on it meanwhile, in place of a thread
                    yield ended.pop().result()
                    at_work |= {pool.submit(function, job, number, *arguments) for number in islice(numbers, 1)}

    return mapped


def frame_in(job: Job, name: str, number: int) -> pd.DataFrame:
    """What was landed of the mapping table or the bases in a partition, with pyarrow-backed columns."""
    frame: pd.DataFrame = job.partitions.read(name, number).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def extracts_in(job: Job, number: int, columns: Columns | None = None) -> tuple[Extract, Extract, pd.DataFrame]:
    """Both extracts of a partition without whoever is set apart, and its mapping rows.

    Args:
        columns: what is read of each side, `malformed` among it; None = all.
    """
    mapping = frame_in(job, MAPPING, number)
    tables = _tables(job, number, mapping, columns)
    webstore, business_central = (extract_of(side, table, job.terms) for side, table in zip(Side, tables, strict=True))
    return webstore, business_central, mapping


def tables_in(job: Job, number: int) -> tuple[pa.Table, pa.Table, pd.DataFrame]:
    """Both sides' rows of a partition, with the reason in `malformed` for whoever is set apart, and its mapping rows."""
    mapping = frame_in(job, MAPPING, number)
    webstore, business_central = _tables(job, number, mapping)
    return webstore, business_central, mapping


def _tables(job: Job, number: int, mapping: pd.DataFrame, columns: Columns | None = None) -> Iterator[pa.Table]:
    """One side is read when the other one has been dealt with."""
    for side, why in zip(Side, reasons_of(job.findings, mapping), strict=True):
        yield apart(job.partitions.read(str(side), number, list(columns[side]) if columns else None), IDS[side], why)


def bases_in(job: Job, number: int) -> pd.DataFrame:
    """The fingerprints of a partition's bases."""
    return frame_in(job, BASES, number)


def reader(job: Job, what: Callable[..., T]) -> Callable[..., T]:
    """A function that reads something of some customers in the store, wherever it is called."""

    def read(*of: Any) -> T:
        store = open_store(job.store_url, migrate=False)
        try:
            with store.view(job.code) as view:
                return what(view, *of)
        finally:
            store.close()

    return read
