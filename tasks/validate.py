"""The tasks that judge what was read and what is about to be written. They write nothing."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from prefect.utilities.annotations import quote

from connector.core.expectations import Finding, Severity
from connector.core.plan import Plan
from connector.load.breaking import stop_on_extracts
from connector.load.extraction import Extraction, Missing
from connector.load.run import Run
from connector.load.validating import Validated, stops_of, validate_customers, validate_plan

__all__ = ["check_extracts", "check_plan", "tell_findings", "validate_extracts"]

ROWS = 500


@task(task_run_name="check the extracts as wholes", cache_policy=NO_CACHE)
def check_extracts(run: Run, webstore: Extraction, business_central: Extraction, approved: bool) -> None:
    """Stop when an extract is incomplete, shrank, or is suddenly empty."""
    stop_on_extracts(run, webstore.census, business_central.census, approved=approved)


@task(task_run_name="validate customers", cache_policy=NO_CACHE)
def validate_extracts(
    run: Run, webstore: Extraction, business_central: Extraction, missing: Missing, selected: bool
) -> Validated:
    """Set apart the records that are not as expected; stop when the data as a whole are not."""
    validated = validate_customers(run, webstore, business_central, missing, selected=selected)
    _publish(run, "extracts", validated.findings)
    stops_of(validated.findings)
    return validated


@task(task_run_name="validate the plan", cache_policy=NO_CACHE)
def check_plan(run: Run, plan: Plan, selected: bool) -> quote:
    """The plan without writes that are not as expected, are known to be refused, or go back and forth."""
    checked, findings = validate_plan(run, plan, selected=selected)
    _publish(run, "plan", findings)
    stops_of(findings)
    return quote(checked)


@task(task_run_name="show what was found", cache_policy=NO_CACHE)
def tell_findings(run: Run, findings: Sequence[Finding]) -> None:
    """Show what is not as expected of customers in partitions; stop when the data as a whole are not."""
    _publish(run, "extracts", findings)
    run.warnings += [f.words for f in findings if f.expectation.severity is Severity.WARN]
    stops_of(findings)


def _publish(run: Run, what: str, findings: Sequence[Finding]) -> None:
    """What was found as a table, by key and without values; nothing when all is as expected."""
    if not findings:
        return
    get_run_logger().warning("%d expectations are not met: %s", len(findings), "; ".join(f.words for f in findings))
    rows = [
        {"data": f.suite, "severity": str(f.expectation.severity), "expected": f.expectation.text,
         "records": f.count, "customer": key, "reason": f.expectation.reason}
        for f in findings
        for key in f.keys or ("",)
    ]  # fmt: skip
    create_table_artifact(
        key=f"quality-{what}-{run.code.replace('_', '-')}",
        table=rows[:ROWS],
        description=f"{len(findings)} expectations of {what} are not met"
        + (f"; {len(rows)} rows, the first {ROWS} shown" if len(rows) > ROWS else ""),
    )
