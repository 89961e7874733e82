"""`check`: both connections and the store, with what is wrong and how to mend it. Writes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from connector.clients import BusinessCentralClient, CheckResult, WooCommerceClient
from connector.errors import CustomerSyncError
from connector.rules import load_rules
from connector.run.setup_source import opened_store
from connector.setup import Setup

__all__ = ["check_connections"]


def check_connections(setup: Setup) -> list[CheckResult]:
    """Test rules, store, webstore and Business Central. The store is opened here: whether it opens is what is tested.

    Raises:
        SetupError: the rules themselves are wrong.
    """
    rules = load_rules(setup.synchronization.mappings, setup.webstore_code)
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
    # each waits a second or two between two questions, to tell a cache from a server
    with ThreadPoolExecutor(2, "check") as pool:
        for found in pool.map(lambda check: check(setup), (_webstore, _company)):
            findings += found
    return findings


def _webstore(setup: Setup) -> list[CheckResult]:
    with WooCommerceClient(setup.webstore) as webstore:
        return webstore.check()


def _company(setup: Setup) -> list[CheckResult]:
    with BusinessCentralClient(setup.business_central) as business_central:
        return business_central.check()
