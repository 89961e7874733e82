"""The expectations of mappings/quality/ on what a run has read and on what it is about to write.

A record that fails is set apart in its extract with the reason, as one that is not shaped like a customer is: it becomes a
quarantined row, takes no part, and is still there, so that nobody takes it for gone or creates it anew.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.expectations import Finding, Severity
from connector.core.plan import Plan
from connector.core.quarantining import Objection, without
from connector.load.extraction import IDS, MAPPING
from connector.load.findings import merged
from connector.load.job import Job, Mapper
from connector.load.judging import judged, takes_all
from connector.load.knowing import objections_of
from connector.load.revalidating import Validation, last_validated, validate_once
from connector.load.run import Run
from connector.quality import validate

__all__ = ["plan_table", "validate_customers", "validate_in", "validate_plan"]

_KEYS = {str(side): key for side, key in IDS.items()} | {MAPPING: "bc_id"}


def validate_customers(run: Run, job: Job, mapper: Mapper) -> tuple[Job, list[Finding]]:
    """Check both extracts and the mapping table.

    Returns:
        The job, which sets apart whoever is quarantined; and the findings, one per expectation that is not met.
    """
    selected = job.selected is not None
    validations: list[Validation] = list(mapper(validate_in, job, {} if selected else last_validated(run)))
    findings = [finding for validation in validations for finding in validation.findings]
    if not job.alone and not selected:
        findings += [
            finding
            for suite, key in _KEYS.items()
            for expectation in run.rules.suites.get(suite, ())
            if takes_all(expectation)
            for finding in judged(job.partitions, suite, key, expectation)
        ]
    if not selected:  # what was found among a few says nothing of all
        run.validated = {name: what for one in validations for name, what in one.remembered.items()}
    found = merged(findings)
    run.warnings += [f.words for f in found if f.expectation.severity is Severity.WARN]
    return replace(job, findings=tuple(found)), found


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
        rows = job.partitions.read(suite, number)
        if "malformed" in rows.column_names:
            rows = _well_shaped(rows)
        keys = rows[key].combine_chunks()
        rows = rows if suite == MAPPING else rows.append_column("id", keys)
        validate_once(validation, known, f"{suite}{piece}", suite, expectations, rows, keys)
    if not job.alone and validation.anew:
        gc.collect()  # Great Expectations leaves its batches in cycles: a whole partition each
    return validation


def validate_plan(run: Run, plan: Plan, selected: bool) -> tuple[Plan, tuple[Finding, ...]]:
    """Check what is about to be written, and take out what is known to be refused or goes back and forth.

    Returns:
        The plan without the writes that fail; they are quarantined rows now.
    """
    plan = without(plan, objections_of(run, plan, selected=selected))
    suite = run.rules.suites.get("plan", ())
    if not plan.writes or not suite:
        return plan, ()
    table, keys = plan_table(plan)
    findings = validate("plan", suite, table, keys)
    run.warnings += [f.words for f in findings if f.expectation.severity is Severity.WARN]
    changes = [(write, change) for write in plan.writes for change in write.changes]
    objections = [
        Objection(
            changes[int(row)][0].key, changes[int(row)][0].direction, changes[int(row)][1].field, f.expectation.reason
        )
        for f in findings
        if f.expectation.severity is Severity.QUARANTINE
        for row in f.keys
    ]
    named = tuple(replace(f, keys=tuple(changes[int(row)][0].key for row in f.keys)) for f in findings)
    return without(plan, objections), named


def _well_shaped(records: pa.Table) -> pa.Table:
    """Without those that are not shaped like a customer; nothing is copied when all are."""
    fine = pc.equal(records["malformed"], "")
    return records if pc.all(fine, min_count=0).as_py() else records.filter(fine)


def plan_table(plan: Plan) -> tuple[pa.Table, pa.Array]:
    """One row per change of every write; keys are row numbers."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for write in plan.writes:
        for change in write.changes:
            rows["key"].append(write.key)
            rows["action"].append(write.operation)
            rows["direction"].append(str(write.direction))
            rows["bc_number"].append(write.bc_number or "")
            rows["webstore_id"].append(write.webstore_id)
            rows["field"].append(change.field)
            rows["base"].append(change.base)
            rows["before"].append(change.before)
            rows["after"].append(change.after)
            rows["reason"].append(change.reason)
    kinds = {name: pa.int64() if name == "webstore_id" else pa.large_string() for name in rows}
    table = pa.table(rows, schema=pa.schema(list(kinds.items())))
    return table, pa.array(range(table.num_rows))
