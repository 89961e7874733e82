"""The expectations of mappings/quality/ on what a run is about to write, and what the journal says against it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pyarrow as pa

from connector.core.expectations import Finding, Severity
from connector.core.plan import Plan
from connector.core.quarantining import Objection, without
from connector.planning.objections import objections_of
from connector.quality import validate
from connector.run.run import Run

__all__ = ["plan_table", "validate_plan"]


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
