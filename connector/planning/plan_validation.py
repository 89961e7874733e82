"""The expectations of mappings/quality/ on what a run is about to write, and what the journal says against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from connector.core.expectations import Finding, Severity
from connector.core.many import in_pieces
from connector.core.plan import Change, Plan, Write
from connector.core.quarantining import Objection, without
from connector.planning.objections import objections_of
from connector.quality import validate_pieces
from connector.run.run import Run

__all__ = ["plan_tables", "validate_plan"]

_ROWS_AT_ONCE = 100_000
_TEXTS = ("key", "action", "direction", "bc_number", "field", "base", "before", "after", "reason")
_SCHEMA = pa.schema([("webstore_id", pa.int64()), *((name, pa.large_string()) for name in _TEXTS)])


def validate_plan(run: Run, plan: Plan, selected: bool) -> tuple[Plan, tuple[Finding, ...]]:
    """Check what is about to be written, and take out what is known to be refused or goes back and forth.

    Returns:
        The plan without the writes that fail; they are quarantined rows now.
    """
    plan = without(plan, objections_of(run, plan, selected=selected))
    suite = run.rules.suites.get("plan", ())
    if not plan.writes or not suite:
        return plan, ()
    findings = validate_pieces("plan", suite, lambda: plan_tables(plan))
    run.warnings += [f.words for f in findings if f.expectation.severity is Severity.WARN]
    asked = {int(row) for f in findings for row in f.keys}
    rows = dict(one for one in enumerate(_changes(plan)) if one[0] in asked) if asked else {}
    objections = [
        Objection(rows[int(row)][0].key, rows[int(row)][0].direction, rows[int(row)][1].field, f.expectation.reason)
        for f in findings
        if f.expectation.severity is Severity.QUARANTINE
        for row in f.keys
    ]
    named = tuple(replace(f, keys=tuple(rows[int(row)][0].key for row in f.keys)) for f in findings)
    return without(plan, objections), named


def plan_tables(plan: Plan, rows: int = _ROWS_AT_ONCE) -> Iterator[pa.Table]:
    """One row per change of every write, so many rows at a time; without any write one empty table."""
    for some in in_pieces(_changes(plan), rows) if any(write.changes for write in plan.writes) else ([],):
        found = [
            {
                "key": write.key,
                "action": write.operation,
                "direction": str(write.direction),
                "bc_number": write.bc_number or "",
                "webstore_id": write.webstore_id,
                "field": change.field,
                "base": change.base,
                "before": change.before,
                "after": change.after,
                "reason": change.reason,
            }
            for write, change in some
        ]
        yield pa.Table.from_pylist(found, schema=_SCHEMA)


def _changes(plan: Plan) -> Iterator[tuple[Write, Change]]:
    return ((write, change) for write in plan.writes for change in write.changes)
