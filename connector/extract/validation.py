"""The expectations of mappings/quality/ on what a run has read.

A record that fails is set apart in its extract with the reason, as one that is not shaped like a customer is: it becomes a
quarantined row, takes no part, and is still there, so that nobody takes it for gone or creates it anew.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.expectations import WHOLE, Finding, Severity
from connector.extract.extraction import IDS, MAPPING
from connector.extract.findings import merged
from connector.extract.job import Job, Mapper
from connector.extract.partitions import Partitions
from connector.extract.revalidation import Validation, is_known, last_validated, validate_once
from connector.extract.whole_data import judged, takes_all
from connector.run.run import Run

__all__ = ["is_new", "validate_customers", "validate_in"]

_KEYS = {str(side): key for side, key in IDS.items()} | {MAPPING: "bc_id"}


def validate_customers(
    run: Run, job: Job, mapper: Mapper, known: Mapping[str, Any] | None = None
) -> tuple[Job, list[Finding]]:
    """Check both extracts and the mapping table.

    Args:
        known: what was found in the same data already, as `Run.validated`; None = by the last runs, as the store knows it.

    Returns:
        The job, which sets apart whoever is quarantined; and the findings, one per expectation that is not met.
    """
    selected = job.selected is not None
    if known is None:
        known = {} if selected else last_validated(run)
    validations: list[Validation] = list(mapper(validate_in, job, known))
    findings = [finding for validation in validations for finding in validation.findings]
    if not job.alone:
        findings += [
            finding
            for suite, key in _KEYS.items()
            for expectation in run.rules.suites.get(suite, ())
            if takes_all(expectation) and not (selected and expectation.words in WHOLE)
            for finding in judged(job.partitions, suite, key, expectation)
        ]
    if not selected:  # what was found among a few says nothing of all
        run.validated = {name: what for one in validations for name, what in one.remembered.items()}
    found = merged(findings)
    run.warnings += [f.words for f in found if f.expectation.severity is Severity.WARN]
    return replace(job, findings=tuple(found)), found


def is_new(run: Run, partitions: Partitions, suite: str, known: Mapping[str, Any]) -> bool:
    """Whether what was just read of a side, or of the mapping table, will be validated: a hint, to prepare for it.

    Args:
        known: as in `validate_customers`.

    Returns:
        Of several partitions only whether nothing is known at all: they are as many processes' business.
    """
    expectations = run.rules.suites.get(suite, ())
    if not expectations:
        return False
    if partitions.count > 1 or not known:
        return not known
    return not is_known(known, suite, expectations, _judged(partitions, suite, 0))


def validate_in(job: Job, number: int, known: Mapping[str, Any]) -> Validation:
    """What is not as expected of the customers of a partition.

    Args:
        known: as in `validate_once`.
    """
    validation = Validation()
    piece = "" if job.alone else f" {number} of {job.partitions.count}"
    for suite, key in _KEYS.items():
        expectations = job.suites.get(suite, ())
        if not expectations:
            continue
        rows = _judged(job.partitions, suite, number)
        validate_once(validation, known, f"{suite}{piece}", suite, expectations, rows, rows[key].combine_chunks())
    if not job.alone and validation.anew:
        gc.collect()  # Great Expectations leaves its batches in cycles: a whole partition each
    return validation


def _judged(partitions: Partitions, suite: str, number: int) -> pa.Table:
    """The rows of a partition that are judged, under the names that expectations have for their columns."""
    rows = partitions.read(suite, number)
    if "malformed" in rows.column_names:
        rows = _well_shaped(rows)
    return rows if suite == MAPPING else rows.append_column("id", rows[_KEYS[suite]].combine_chunks())


def _well_shaped(records: pa.Table) -> pa.Table:
    """Without those that are not shaped like a customer; nothing is copied when all are."""
    fine = pc.equal(records["malformed"], "")
    return records if pc.all(fine, min_count=0).as_py() else records.filter(fine)
