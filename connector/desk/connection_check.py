"""`check`: both connections and the store, with what is wrong and how to mend it. Writes nothing."""

from __future__ import annotations

from connector.clients import BusinessCentralClient, CheckResult, WooCommerceClient
from connector.errors import CustomerSyncError
from connector.rules import rules_of
from connector.run.setup_source import opened_store
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
    with WooCommerceClient(setup.webstore) as webstore:
        findings += webstore.check()
    with BusinessCentralClient(setup.business_central) as business_central:
        findings += business_central.check()
    return findings
