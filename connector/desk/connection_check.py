"""`check`: both connections and the store, with what is wrong and how to mend it. Writes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from connector.clients import BusinessCentralClient, CheckResult, WooCommerceClient
from connector.errors import CustomerSyncError, SetupError
from connector.rules import Rules, rules_of
from connector.rules.page import page_problems
from connector.run.setup_source import opened_store
from connector.run.templates import templates_of
from connector.setup import Setup

__all__ = ["check_connections"]


def check_connections(setup: Setup) -> list[CheckResult]:
    """Test rules, store, webstore and Business Central. The store is opened here: whether it opens is what is tested.

    Raises:
        SetupError: the rules themselves are wrong.
    """
    rules = rules_of(setup)
    findings = [
        CheckResult("setup", True, f"webstore {setup.webstore_code}: {len(rules.fields.rules)} fields are mapped")
    ]
    try:
        with opened_store(setup) as (_, store):
            problems = store.check()
        findings += [CheckResult("store", False, problem) for problem in problems]
        findings += [] if problems else [CheckResult("store", True, "the database of mappings is sound")]
    except CustomerSyncError as error:
        findings.append(CheckResult("store", False, error.message, error.hint))
    findings += _token_of_metrics(setup)
    # each waits a second or two between two questions, to tell a cache from a server
    with ThreadPoolExecutor(2, "check") as pool:
        for found in pool.map(lambda check: check(setup, rules), (_webstore, _company)):
            findings += found
    return findings


def _token_of_metrics(setup: Setup) -> list[CheckResult]:
    """Whether /metrics would be there; runs need none of it, so that it only warns."""
    try:
        return [CheckResult("setup", True, "metrics: their token is there")] if setup.metrics.resolved_token() else []
    except SetupError as error:
        return [
            CheckResult("setup", True, error.message, error.hint or "Without it nobody reads /metrics.", warning=True)
        ]


def _webstore(setup: Setup, _rules: Rules) -> list[CheckResult]:
    with WooCommerceClient(setup.webstore) as webstore:
        return webstore.check()


def _company(setup: Setup, rules: Rules) -> list[CheckResult]:
    with BusinessCentralClient(setup.business_central) as business_central:
        findings = business_central.check()
        if not all(finding.ok for finding in findings):
            return findings
        if setup.business_central.has_custom_page:
            findings += _of_the_page(business_central, rules)
        if setup.templates or rules.templates:
            findings += _templates(setup, rules, business_central)
    return findings


def _templates(setup: Setup, rules: Rules, company: BusinessCentralClient) -> list[CheckResult]:
    try:
        count = len(
            templates_of(setup, rules, company, company.page() if setup.business_central.has_custom_page else None)
        )
    except SetupError as error:
        return [CheckResult("setup", False, problem, error.hint) for problem in error.problems or (error.message,)]
    except CustomerSyncError as error:
        return [CheckResult("business_central", False, error.message, error.hint)]
    return [CheckResult("setup", True, f"templates: the company has every code of {count}")]


def _of_the_page(business_central: BusinessCentralClient, rules: Rules) -> list[CheckResult]:
    """Whether the page of customers has what the fields are mapped to."""
    try:
        page = business_central.page()
    except CustomerSyncError as error:
        return [CheckResult("business_central", False, error.message, error.hint)]
    problems = page_problems(rules.fields, page)
    if problems:
        remedy = (
            "Correct fields.csv, or have the page put right (docs/custom-api.md); customer-sync rules check tells more."
        )
        return [CheckResult("business_central", False, problem, remedy) for problem in problems]
    what = f"page: {page.name} has {len(page.properties)} properties, and all that the fields are mapped to"
    return [CheckResult("business_central", True, what)]
