"""`check`: both connections and the store, with what is wrong and how to mend it. Writes nothing."""

from __future__ import annotations

from connector.clients import BusinessCentralClient, CheckResult, WooCommerceClient
from connector.errors import CustomerSyncError
from connector.rules import load_rules
from connector.run.setup_source import SetupSource, setup_of
from connector.store import open_store

__all__ = ["check_connections"]


def check_connections(path: SetupSource) -> list[CheckResult]:
    """Test rules, store, webstore and Business Central.

    Raises:
        SetupError: the setup or the rules themselves are wrong.
    """
    setup = setup_of(path)
    rules = load_rules(setup.synchronization.mappings, setup.webstore_code)
    findings = [
        CheckResult("setup", True, f"webstore {setup.webstore_code}: {len(rules.fields.rules)} fields are mapped")
    ]
    try:
        store = open_store(setup.store.url)
        try:
            problems = store.check()
        finally:
            store.close()
        findings += [CheckResult("store", False, problem) for problem in problems]
        findings += [] if problems else [CheckResult("store", True, "the database of mappings is sound")]
    except CustomerSyncError as error:
        findings.append(CheckResult("store", False, error.message, error.hint))
    with WooCommerceClient(setup.webstore) as webstore:
        findings += webstore.check()
    with BusinessCentralClient(setup.business_central) as business_central:
        findings += business_central.check()
    return findings
