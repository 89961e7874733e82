"""The expectations of mappings/quality/ on what a run has read and on what it is about to write.

A record that fails is set apart in its extract with the reason, as one that is not shaped like a customer is: it becomes a
quarantined row, takes no part, and is still there, so that nobody takes it for gone or creates it anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.customer import Side
from connector.core.expectations import WHOLE, Expectation, Finding, Severity
from connector.core.plan import Plan
from connector.core.quarantining import Objection, without
from connector.errors import PremiseBroken
from connector.load.deciding import with_late
from connector.load.extraction import Extraction, Missing
from connector.load.knowing import objections_of
from connector.load.revalidating import last_validated, validate_once
from connector.load.run import Run
from connector.quality import validate

__all__ = ["Validated", "apart", "plan_table", "reasons_of", "stops_of", "validate_customers", "validate_plan"]

_IDS = {Side.WEBSTORE: "webstore_id", Side.BUSINESS_CENTRAL: "bc_id"}
Reasons = Mapping[Any, str]


@dataclass(frozen=True)
class Validated:
    """The extracts with those set apart who fail an expectation, and everything that was found."""

    webstore: Extraction
    business_central: Extraction
    missing: Missing
    findings: tuple[Finding, ...]


def validate_customers(
    run: Run, webstore: Extraction, business_central: Extraction, missing: Missing, *, selected: bool
) -> Validated:
    """Check both extracts and the mapping table.

    Args:
        selected: the extracts hold a few customers only; what is said of all records together is left out.

    Returns:
        Whoever is quarantined has the reason in `malformed`. Findings of severity "stop" are among the findings: give them
        to `stops_of`.
    """
    findings: list[Finding] = []
    known = {} if selected else last_validated(run)
    sides = {
        Side.WEBSTORE: _well_shaped(with_late(webstore.frame, missing.webstore, missing.old_webstore)),
        Side.BUSINESS_CENTRAL: _well_shaped(
            with_late(business_central.frame, missing.business_central, missing.old_business_central)
        ),
    }
    for side, records in sides.items():
        suite = [e for e in _suite(run, str(side)) if not (selected and e.words in WHOLE)]
        keys = records[_IDS[side]].combine_chunks()
        findings += validate_once(run, known, str(side), suite, records.append_column("id", keys), keys)
    findings += validate_once(run, known, "mapping", _suite(run, "mapping"), *_mapping_table(run.mapping))
    if selected:  # what was found among a few says nothing of all
        run.validated.clear()
    w, c = reasons_of(findings, run.mapping)
    run.warnings += [f.words for f in findings if f.expectation.severity is Severity.WARN]
    return Validated(
        replace(webstore, frame=_setapart(webstore.frame, "webstore_id", w)),
        replace(business_central, frame=_setapart(business_central.frame, "bc_id", c)),
        replace(
            missing,
            webstore=apart(missing.webstore, "webstore_id", w),
            business_central=apart(missing.business_central, "bc_id", c),
        ),
        tuple(findings),
    )


def validate_plan(run: Run, plan: Plan, *, selected: bool) -> tuple[Plan, tuple[Finding, ...]]:
    """Check what is about to be written, and take out what is known to be refused or goes back and forth.

    Returns:
        The plan without the writes that fail; they are quarantined rows now.
    """
    plan = without(plan, objections_of(run, plan, selected=selected))
    suite = _suite(run, "plan")
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


def stops_of(findings: Iterable[Finding]) -> None:
    """Raise PremiseBroken if an expectation of severity "stop" is not met."""
    broken = [finding for finding in findings if finding.expectation.severity is Severity.STOP]
    if broken:
        raise PremiseBroken(
            "The data are not what every run relies on: " + " ".join(finding.words for finding in broken),
            hint="Nothing was written. The expectations stand in mappings/quality/.",
        )


def _suite(run: Run, name: str) -> Sequence[Expectation]:
    return run.rules.suites.get(name, ())


def _well_shaped(records: pa.Table) -> pa.Table:
    """Without those that are not shaped like a customer; nothing is copied when all are."""
    fine = pc.equal(records["malformed"], "")
    return records if pc.all(fine, min_count=0).as_py() else records.filter(fine)


def _mapping_table(mapping: pd.DataFrame) -> tuple[pa.Table, pa.Array]:
    columns = {name: pa.array(mapping[name], type=pa.large_string()) for name in ("bc_id", "bc_number", "name")}
    columns["webstore_id"] = pa.array(mapping["webstore_id"], type=pa.int64(), from_pandas=True)
    return pa.table(columns), columns["bc_id"]


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


def reasons_of(findings: Sequence[Finding], mapping: pd.DataFrame) -> tuple[Reasons, Reasons]:
    """Webstore id → why it is set apart, and the same for Business Central ids. A bad mapping row sets both apart."""
    w: dict[Any, list[str]] = defaultdict(list)
    c: dict[Any, list[str]] = defaultdict(list)
    for finding in findings:
        if finding.expectation.severity is not Severity.QUARANTINE:
            continue
        reason = f"{finding.expectation.field}: {finding.expectation.reason}"
        if finding.suite == "webstore":
            for key in finding.keys:
                w[int(key)].append(reason)
            continue
        for bc_id in finding.keys:
            c[bc_id].append(reason)
        if finding.suite == "mapping":
            for webstore_id in mapping.loc[mapping["bc_id"].isin(finding.keys), "webstore_id"].dropna():
                w[int(webstore_id)].append(reason)
    return _joined(w), _joined(c)


def _joined(reasons: Mapping[Any, Sequence[str]]) -> Reasons:
    return {key: " ".join(dict.fromkeys(texts)) for key, texts in reasons.items()}


def _setapart(frame: pd.DataFrame, key: str, reasons: Reasons) -> pd.DataFrame:
    if not reasons:
        return frame
    found = frame[key].map(reasons)
    return frame.assign(malformed=frame["malformed"].where(found.isna() | (frame["malformed"] != ""), found))


def apart(table: pa.Table, key: str, reasons: Reasons) -> pa.Table:
    """The same rows; whoever there is a reason for has it in `malformed`."""
    if not reasons or not table.num_rows:
        return table
    texts = [
        said or reasons.get(one, "")
        for one, said in zip(table[key].to_pylist(), table["malformed"].to_pylist(), strict=True)
    ]
    return table.set_column(table.column_names.index("malformed"), "malformed", pa.array(texts, type=pa.large_string()))
