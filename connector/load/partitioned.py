"""Deciding a run partition by partition, so that memory holds a part of the customers at a time, on one machine or several.

The functions that take a job and a number are what is done about one partition; they need nothing but their arguments, the
partitions' folder and the store, and may run in any process that reaches both. `decide_partitions` strings them together. The
plan is the one that `deciding.decide_run` makes of the same customers.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.base_comparison import suspects
from connector.core.comparison import conclude
from connector.core.customer import Side
from connector.core.expectations import Expectation, Finding
from connector.core.extracts import Extract, Known, extract_of
from connector.core.leftovers import (
    MAPPED,
    Leftover,
    Sought,
    gathered,
    leftover_of,
    renumbered_rows,
    sharing,
    sought_by,
    with_rows,
)
from connector.core.pairing import pair
from connector.core.pairs import Part, decide_pairs
from connector.core.partitioning import Numbers, Placement, part_of_ids
from connector.core.plan import Plan
from connector.core.planning import Decisions
from connector.core.stamps import stamps_of
from connector.core.terms import Terms
from connector.errors import PremiseBroken
from connector.load.deciding import usernames_of, young_pairs
from connector.load.extraction import Asked, Missing, read_again
from connector.load.judging import judged, takes_all
from connector.load.knowing import replaced_by_writes
from connector.load.partitions import Partitions
from connector.load.run import Run
from connector.load.validating import apart, reasons_of
from connector.quality import validate
from connector.store import open_store

__all__ = [
    "Decided",
    "Job",
    "Mapper",
    "confirm_partitions",
    "decide_partitions",
    "in_threads",
    "job_of",
    "land_known",
    "places",
    "validate_partitions",
]

T = TypeVar("T")
# how a run gives a function to all partitions: (function, job, further arguments) → results in the order they come
Mapper = Callable[..., Iterator[Any]]
MAPPING, BASES = "mapping", "bases"
_MAPPING = pa.schema(
    [
        ("bc_id", pa.large_string()),
        ("bc_number", pa.large_string()),
        ("webstore_id", pa.int64()),
        ("webstore_customer", pa.bool_()),
        ("name", pa.large_string()),
        ("username", pa.large_string()),
    ]
)
_BASES = pa.schema(
    [
        ("bc_id", pa.large_string()),
        ("webstore_id", pa.int64()),
        ("webstore_hash", pa.large_string()),
        ("business_central_hash", pa.large_string()),
        ("webstore_seen", pa.int64()),
        ("business_central_seen", pa.int64()),
        ("webstore_stamp", pa.int64()),
        ("business_central_stamp", pa.int64()),
        ("account_mark", pa.int64()),
    ]
)
_IDS = {Side.WEBSTORE: "webstore_id", Side.BUSINESS_CENTRAL: "bc_id"}


@dataclass(frozen=True)
class Job:
    """What deciding about a partition needs besides its number; it travels to other processes.

    Attributes:
        store_url: where bases are read; the same store for all processes.
        suites: the expectations of one record at a time, by suite.
        findings: what was found in the data already; whoever is quarantined for it is set apart.
        rejected, tombstones, gone_back, kept_out: as in Known.
    """

    partitions: Partitions
    store_url: str
    code: str
    terms: Terms
    suites: Mapping[str, Sequence[Expectation]]
    findings: tuple[Finding, ...] = ()
    rejected: frozenset[tuple[str, int]] = frozenset()
    tombstones: frozenset[str | int] = frozenset()
    gone_back: frozenset[Side] = frozenset()
    kept_out: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Decided:
    """What became of a partition: decisions about its pairs, what is left, and what was found in its data."""

    part: Part
    leftover: Leftover
    findings: tuple[Finding, ...]


def missing_in(job: Job, number: int) -> tuple[int, Asked]:
    """The mapped customers of a partition that the extracts do not show, or show older than before; with its number."""
    w = job.partitions.read(str(Side.WEBSTORE), number, ["webstore_id", "modified"])
    c = job.partitions.read(str(Side.BUSINESS_CENTRAL), number, ["bc_id", "number", "lastModifiedDateTime"])
    found = pair(_frame(job, MAPPING, number), w, c)
    old = suspects(
        found.pairs, _frame(job, BASES, number), stamps_of(w["modified"]), stamps_of(c["lastModifiedDateTime"])
    )
    missing_w, missing_c = found.missing_webstore["webstore_id"], found.missing_business_central["bc_id"]
    return number, Asked(missing_w.to_pylist(), missing_c.to_pylist(), *old)


def decide_in(job: Job, number: int) -> Decided:
    """Validate the customers of a partition and decide about its pairs."""
    findings = _validated(job, number)
    if any(job.suites.values()):
        gc.collect()  # Great Expectations leaves its batches in cycles: a whole partition each
    webstore, business_central, mapping = _read(job, number, findings)
    known = _known(job, number, mapping)
    pairing = pair(mapping, webstore.raw, business_central.raw)
    part = decide_pairs(pairing, webstore, business_central, known, job.terms)
    left = leftover_of(pairing, webstore, business_central, known, job.terms)
    return Decided(part, left, tuple(findings))


def sharing_in(job: Job, number: int, sought: Sought) -> tuple[pa.Table, pa.Table]:
    """The customers of a partition who are sought."""
    webstore, business_central, mapping = _read(job, number)
    return sharing(pair(mapping, webstore.raw, business_central.raw), webstore, business_central, sought, job.terms)


def in_threads(workers: int = 2) -> Mapper:
    """Partitions side by side in this process."""

    def mapped(function: Callable[..., Any], job: Job, *arguments: Any) -> Iterator[Any]:
        with ThreadPoolExecutor(workers, "partition") as pool:
            for future in as_completed(
                [pool.submit(function, job, number, *arguments) for number in range(job.partitions.count)]
            ):
                yield future.result()

    return mapped


def land_known(run: Run, partitions: Partitions) -> Placement:
    """Land the mapping table and the fingerprints of the bases.

    Returns:
        Where each webstore customer goes.

    Raises:
        PremiseBroken: a Webstore ID stands twice; the store itself does not allow that.
    """
    count = partitions.count

    def by_bc_id(table: pa.Table) -> Numbers:
        return part_of_ids(table["bc_id"], count)

    ids, parts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    with run.store.view(run.code) as view:
        with partitions.landing(MAPPING, _MAPPING, by_bc_id) as landing:
            for table in view.mapping.stream():
                landing.add(table)
                linked = table.filter(table["webstore_id"].is_valid())
                ids.append(linked["webstore_id"].to_numpy())
                parts.append(by_bc_id(linked))
        with partitions.landing(BASES, _BASES, by_bc_id) as landing:
            for table in view.bases.stream_hashes():
                landing.add(table)
    known = np.concatenate(ids)
    if len(np.unique(known)) != len(known):
        raise PremiseBroken(
            "A Webstore ID stands twice in the mapping table.",
            hint="Run `customer-sync mapping export`, look for the id, and unlink the wrong row.",
        )
    return Placement(count, known, np.concatenate(parts))


def job_of(run: Run, partitions: Partitions) -> Job:
    """The job of a run."""
    with run.store.view(run.code) as view:
        rejected, stones = view.mapping.rejections(), view.tombstones.all()
    return Job(
        partitions=partitions,
        store_url=run.setup.store.url,
        code=run.code,
        terms=run.terms,
        suites={name: [e for e in suite if not takes_all(e)] for name, suite in run.rules.suites.items()},
        rejected=frozenset(rejected),
        tombstones=frozenset(stones["bc_id"].dropna()) | frozenset(stones["webstore_id"].dropna().astype(int)),
    )


def confirm_partitions(run: Run, job: Job, placement: Placement, mapper: Mapper) -> Missing:
    """Ask by id for the mapped customers that no partition shows, or that are older there than before; those who are there
    after all are landed, in the place of their old copies."""
    found: dict[int, Asked] = dict(mapper(missing_in, job))
    missing = read_again(
        run,
        Asked(
            [key for asked in found.values() for key in asked.missing_webstore],
            [key for asked in found.values() for key in asked.missing_business_central],
            {key: stamp for asked in found.values() for key, stamp in asked.old_webstore.items()},
            {key: stamp for asked in found.values() for key, stamp in asked.old_business_central.items()},
        ),
    )
    for number, asked in found.items():
        job.partitions.drop(str(Side.WEBSTORE), number, "webstore_id", asked.old_webstore)
        job.partitions.drop(str(Side.BUSINESS_CENTRAL), number, "bc_id", asked.old_business_central)
    for side, table in ((Side.WEBSTORE, missing.webstore), (Side.BUSINESS_CENTRAL, missing.business_central)):
        if table.num_rows:
            with job.partitions.landing(str(side), table.schema, places(side, placement), "late") as landing:
                landing.add(table)
    return missing


def validate_partitions(run: Run, job: Job) -> tuple[Job, list[Finding]]:
    """What is expected of all records together, looked at column by column; whoever fails is set apart by the job."""
    keys = {str(side): key for side, key in _IDS.items()} | {MAPPING: "bc_id"}
    findings = [
        finding
        for suite, key in keys.items()
        for expectation in run.rules.suites.get(suite, ())
        if takes_all(expectation)
        for finding in judged(job.partitions, suite, key, expectation)
    ]
    return replace(job, findings=tuple(findings)), findings


def decide_partitions(
    run: Run, job: Job, missing: Missing, mapper: Mapper, progress: Callable[[int, int], None] = lambda _d, _t: None
) -> tuple[Plan, list[Finding]]:
    """The plan of a run over all partitions, and what was found in their records.

    What a partition has settled is remembered at once, so that it need not be kept.
    """
    done, leftovers, findings = Part(), [], []
    job = replace(job, gone_back=missing.gone_back, kept_out=missing.kept_out)
    for ready, decided in enumerate(mapper(decide_in, job), start=1):
        with run.store.work(run.code) as work:
            work.bases.saw(decided.part.settled)
            work.bases.sight(decided.part.sighted)
        done = _added(done, decided.part)
        leftovers.append(decided.leftover)
        findings += decided.findings
        progress(ready, job.partitions.count)
    job = replace(job, findings=(*job.findings, *findings))
    left = gathered(leftovers)
    for first in (True, False):
        sought = sought_by(left, _extracts(left, job.terms), job.terms, first=first)
        if sought.nobody:
            break
        left = with_rows(left, list(mapper(sharing_in, job, sought)))
    webstore, business_central = _extracts(left, job.terms)
    with run.store.view(run.code) as view:
        young = young_pairs(run, view, missing)
    known = Known(
        mapping=_mapping_of_none(),
        base_hashes=_BASES.empty_table().to_pandas(),
        read_bases=_reader(job, lambda view, ids: view.bases.read(ids)),
        rejected=job.rejected,
        gone_webstore=missing.gone_webstore,
        gone_business_central=missing.gone_business_central,
        tombstones=job.tombstones,
        orphan_policy=str(run.setup.synchronization.policies.orphan),
        usernames=left.usernames,
        read_made=_reader(job, lambda view, ids, names: view.journal.made(ids, names)),
        young=young,
    )
    pairing = renumbered_rows(left)
    plan = conclude(done, pairing, webstore, business_central, known, job.terms)
    return replace(plan, settled=None, sighted=None), merged(findings)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """The findings of all partitions as one per expectation."""
    found: dict[tuple[str, int], Finding] = {}
    for finding in findings:
        place = (finding.suite, finding.expectation.line)
        before = found.get(place)
        found[place] = (
            replace(finding, count=before.count + finding.count, keys=(*before.keys, *finding.keys))
            if before
            else finding
        )
    return [found[place] for place in sorted(found)]


def _added(done: Part, more: Part) -> Part:
    decisions = Decisions()
    for part in (done, more):
        decisions.extend(part.decisions)
    return Part(decisions, done.pairs + more.pairs, (*done.spent, *more.spent))


def _extracts(left: Leftover, terms: Terms) -> tuple[Extract, Extract]:
    return (
        Extract(Side.WEBSTORE, left.webstore.drop_columns(MAPPED), left.malformed_webstore, terms),
        Extract(
            Side.BUSINESS_CENTRAL, left.business_central.drop_columns(MAPPED), left.malformed_business_central, terms
        ),
    )


def _validated(job: Job, number: int) -> list[Finding]:
    """What is not as expected of single records of a partition."""
    findings: list[Finding] = []
    for side in Side:
        table = job.partitions.read(str(side), number)
        records = table.filter(pc.equal(table["malformed"], "")).combine_chunks()
        keys = records[_IDS[side]].combine_chunks()
        findings += validate(str(side), job.suites.get(str(side), ()), records.append_column("id", keys), keys)
    rows = job.partitions.read(MAPPING, number)
    return findings + validate(MAPPING, job.suites.get(MAPPING, ()), rows, rows["bc_id"].combine_chunks())


def _read(job: Job, number: int, findings: Sequence[Finding] = ()) -> tuple[Extract, Extract, pd.DataFrame]:
    """Both extracts of a partition without whoever is set apart, and its mapping rows."""
    mapping = _frame(job, MAPPING, number)
    reasons = reasons_of((*job.findings, *findings), mapping)
    webstore, business_central = (
        extract_of(side, apart(job.partitions.read(str(side), number), _IDS[side], why), job.terms)
        for side, why in zip(Side, reasons, strict=True)
    )
    return webstore, business_central, mapping


def _known(job: Job, number: int, mapping: pd.DataFrame) -> Known:
    return Known(
        mapping=mapping,
        base_hashes=_frame(job, BASES, number),
        read_bases=_reader(job, lambda view, ids: view.bases.read(ids)),
        rejected=job.rejected,
        tombstones=job.tombstones,
        gone_back=job.gone_back,
        read_replaced=_reader(job, replaced_by_writes),
        read_changes=_reader(job, lambda view, ids: view.changes.read(ids)),
        kept_out=job.kept_out,
        usernames=usernames_of(mapping),
    )


def _reader(job: Job, what: Callable[..., T]) -> Callable[..., T]:
    """A function that reads something of some customers in the store, wherever it is called."""

    def read(*of: Any) -> T:
        store = open_store(job.store_url, migrate=False)
        try:
            with store.view(job.code) as view:
                return what(view, *of)
        finally:
            store.close()

    return read


def _frame(job: Job, name: str, number: int) -> pd.DataFrame:
    frame: pd.DataFrame = job.partitions.read(name, number).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _mapping_of_none() -> pd.DataFrame:
    frame: pd.DataFrame = _MAPPING.empty_table().to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def places(side: Side, placement: Placement) -> Callable[[pa.Table], Numbers]:
    """The partition of each row of a side's extract."""
    if side is Side.WEBSTORE:
        return lambda table: placement.of(table["webstore_id"])
    return lambda table: part_of_ids(table["bc_id"], placement.count)
