"""The readiness report: what is in both systems' data before the first synchronisation, and what that would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from connector.core.customer import Side
from connector.core.expectations import Finding
from connector.core.extracts import extract_of
from connector.core.forecast import Forecast, forecast_of
from connector.core.plan import Plan
from connector.core.readiness import Account, Check, checks_of
from connector.load.breaking import stop_on_plan
from connector.load.deciding import decide_run, table_from
from connector.load.extraction import Extraction
from connector.load.run import Run
from connector.load.validating import Validated, validate_plan
from connector.setup import PullWebstoreCustomers, PushWebstoreCustomers

__all__ = ["read_accounts", "report_of_readiness"]

_FIELDS = ("id", "role", "email")


def read_accounts(run: Run) -> list[Account]:
    """All accounts of the webstore, of any role, in pages of three fields."""
    accounts: list[Account] = []

    def keep(records: Iterable[dict[str, Any]]) -> None:
        accounts.extend(
            Account(record["id"], str(record.get("role") or ""), str(record.get("email") or "")) for record in records
        )

    run.webstore.read_customers(keep, role="all", fields=_FIELDS)
    return accounts


def report_of_readiness(
    run: Run,
    webstore: Extraction,
    business_central: Extraction,
    validated: Validated,
    accounts: list[Account],
    reading_seconds: float,
) -> dict[str, Any]:
    """The whole report.

    Args:
        webstore, business_central: as they were read; `validated`: without those who fail an expectation.

    Returns:
        `webstore_code`; `checks`: one row per topic and system (`topic`, `system`, `count`, `finding`, `examples`, `remedy`);
        `expectations`: what is not as mappings/quality/ says; `forecast`: the first run with the setup as it is, and
        `with_everything_on`: with Push = Mapped Only and Pull = All; `warnings`: breakers that the first run would trip.
    """
    terms = run.terms
    checks = checks_of(
        extract_of(Side.WEBSTORE, table_from(webstore.frame), terms),
        extract_of(Side.BUSINESS_CENTRAL, table_from(business_central.frame), terms),
        terms,
        accounts=accounts,
        role=run.setup.webstore.customer_role_filter,
    )
    extracted = {"webstore": len(webstore.frame), "business_central": len(business_central.frame)}
    calls = run.webstore.requests_made + run.business_central.requests_made
    forecasts: list[Forecast] = []
    for everything_on in (False, True):
        plan = _plan(run, validated, everything_on=everything_on)
        if not everything_on:
            stop_on_plan(run, plan, extracted, selected=False, approved=True)
        forecasts.append(
            forecast_of(plan, reading_calls=calls, reading_seconds=reading_seconds, accounts=len(accounts))
        )
    flags = run.setup.synchronization
    return {
        "webstore_code": run.code,
        "push": str(flags.push_webstore_customers),
        "pull": str(flags.pull_webstore_customers),
        "extracted": extracted,
        "accounts": len(accounts),
        "checks": [_row(check) for check in checks],
        "expectations": [_expected(finding) for finding in validated.findings],
        "forecast": asdict(forecasts[0]),
        "with_everything_on": asdict(forecasts[1]),
        "warnings": [warning for warning in run.warnings if warning.startswith("breaker: ")],
    }


def _plan(run: Run, validated: Validated, *, everything_on: bool) -> Plan:
    """The plan of a first run, with the setup's flags or with both switched on."""
    own = run.setup
    if everything_on:
        flags = {
            "push_webstore_customers": PushWebstoreCustomers.MAPPED_ONLY,
            "pull_webstore_customers": PullWebstoreCustomers.ALL,
        }
        run.setup = own.model_copy(update={"synchronization": own.synchronization.model_copy(update=flags)})
    warnings = list(run.warnings)
    try:
        plan = decide_run(run, validated.webstore.frame, validated.business_central.frame, validated.missing)
        return validate_plan(run, plan, selected=False)[0]
    finally:
        run.setup, run.warnings = own, warnings


def _row(check: Check) -> dict[str, Any]:
    return asdict(check) | {"examples": list(check.examples)}


def _expected(finding: Finding) -> dict[str, Any]:
    one = finding.expectation
    return {
        "data": finding.suite,
        "severity": str(one.severity),
        "expected": one.text,
        "count": finding.count,
        "examples": list(finding.keys[:5]),
        "reason": one.reason,
    }
