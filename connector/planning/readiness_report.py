"""The readiness report: what is in both systems' data before the first synchronisation, and what that would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from connector.core.customer import Side
from connector.core.expectations import Finding
from connector.core.extracts import extract_of
from connector.core.forecast import Forecast, forecast_of
from connector.core.normalize import email_key
from connector.core.plan import Plan
from connector.core.readiness_checks import Account, Check, Tally, checks_of, is_telling, tally_of
from connector.extract.job import Job, Mapper
from connector.extract.missing import Missing
from connector.planning.comparison import compare_customers
from connector.planning.plan_validation import validate_plan
from connector.run.breakers import stop_on_plan
from connector.run.run import Run
from connector.setup import PullWebstoreCustomers, PushWebstoreCustomers

__all__ = ["report_of_readiness"]

_FIELDS = ("id", "role", "email")


def _read_accounts(run: Run) -> tuple[list[Account], int]:
    """The accounts that are looked at by themselves, of any role, and how many there are; in pages of three fields."""
    takes = run.setup.webstore.takes
    telling: list[Account] = []
    total = 0

    def keep(records: Iterable[dict[str, Any]]) -> None:
        nonlocal total
        for record in records:
            total += 1
            account = Account(record["id"], str(record.get("role") or ""), str(record.get("email") or ""))
            if is_telling(account, takes):
                telling.append(account)

    run.webstore.read_customers(keep, role="all", fields=_FIELDS)
    return telling, total


def tallies_in(job: Job, number: int, wanted: frozenset[str]) -> list[Tally]:
    """What is found among the customers of a partition, side by side; of `wanted` e-mails whether they are there."""
    extracts = (extract_of(side, job.partitions.read(str(side), number), job.terms) for side in Side)
    return [tally_of(extract, job.terms, wanted) for extract in extracts]


def report_of_readiness(
    run: Run,
    job: Job,
    missing: Missing,
    extracted: dict[str, int],
    mapper: Mapper,
    reading_seconds: float,
) -> dict[str, Any]:
    """The whole report; reads all accounts of any role besides.

    Args:
        job, missing, extracted: both systems as they were read and validated (connector/reading.py).
        reading_seconds: what that took.

    Returns:
        `webstore_code`; `checks`: one row per topic and system (`topic`, `system`, `count`, `finding`, `examples`, `remedy`);
        `expectations`: what is not as mappings/quality/ says; `forecast`: the first run with the setup as it is, and
        `with_everything_on`: with Push = Mapped Only and Pull = All; `warnings`: breakers that the first run would trip.
    """
    accounts, total = _read_accounts(run)
    wanted = frozenset(email_key(account.email) for account in accounts) - {""}
    tallies = [tally for tallies in mapper(tallies_in, job, wanted) for tally in tallies]
    checks = checks_of(tallies, run.terms, accounts=accounts, takes=run.setup.webstore.takes)
    calls = run.webstore.requests_made + run.business_central.requests_made
    forecasts: list[Forecast] = []
    for everything_on in (False, True):
        plan = _plan(run, job, missing, mapper, everything_on=everything_on)
        if not everything_on:
            stop_on_plan(run, plan, extracted, selected=False, approved=True)
        forecasts.append(forecast_of(plan, reading_calls=calls, reading_seconds=reading_seconds, accounts=total))
    flags = run.setup.synchronization
    return {
        "webstore_code": run.code,
        "push": str(flags.push_webstore_customers),
        "pull": str(flags.pull_webstore_customers),
        "extracted": extracted,
        "accounts": total,
        "checks": [_row(check) for check in checks],
        "expectations": [_expected(finding) for finding in job.findings],
        "forecast": asdict(forecasts[0]),
        "with_everything_on": asdict(forecasts[1]),
        "warnings": [warning for warning in run.warnings if warning.startswith("breaker: ")],
    }


def _plan(run: Run, job: Job, missing: Missing, mapper: Mapper, *, everything_on: bool) -> Plan:
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
        plan = compare_customers(run, replace(job, terms=run.terms), missing, mapper)
        return validate_plan(run, plan, selected=False)[0]
    finally:
        run.setup, run.warnings = own, warnings


def _row(check: Check) -> dict[str, Any]:
    return {
        "topic": check.topic,
        "system": check.system,
        "count": check.count,
        "finding": check.words,
        "examples": list(check.examples),
        "remedy": check.remedy,
    }


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
