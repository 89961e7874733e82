"""Whether Business Central can be reached, logged in to, read and written; without changing anything."""

from __future__ import annotations

from connector.clients.business_central.api import BusinessCentralApi
from connector.clients.business_central.odata import SYSTEM, query, refusal
from connector.clients.cache_check import cache_findings
from connector.clients.clocks import clock_finding
from connector.clients.results import CheckResult
from connector.clients.way import way_finding
from connector.errors import CredentialsRefused, CustomerSyncError

__all__ = ["check_company"]

# no record has this id, and no record has this tag: two reasons why the probe cannot change anything
_NOBODY = "00000000-0000-0000-0000-000000000000"
_NO_TAG = 'W/"bm8gcmVjb3JkIGhhcyB0aGlzIHRhZw=="'


def check_company(api: BusinessCentralApi) -> list[CheckResult]:
    """Findings in the order of what stands on what; after the first that fails the rest cannot be known."""
    findings: list[CheckResult] = []
    try:
        api.login.header()
        findings.append(CheckResult(SYSTEM, True, f"login: {api.connection.auth} accepted"))
        findings += api.login.findings()
        companies = api.companies()
        assert api.company_path  # noqa: S101 - raises where there is no such company
        findings.append(CheckResult(SYSTEM, True, f"company: {api.connection.company} is one of {len(companies)}"))
        options = {"$top": "1", "$orderby": "number", "$select": "number", "$count": "true"}
        answer = api.send("GET", api.customers(api.page.plain_path() + query(options)))
        if answer.status >= 400:
            raise refusal(answer.status, answer.body, answer.text)
        shown = api.of_tenant(api.root)
        findings += way_finding(api.transport.way, shown, is_usual=shown == api.root)
        findings += clock_finding(SYSTEM, api.transport.name, answer.headers)
        total = answer.body.get("@odata.count", "?") if isinstance(answer.body, dict) else "?"
        findings.append(CheckResult(SYSTEM, True, f"reads: {total} customers"))
        nobody = api.customers(api.page.plain_path(_NOBODY))
        probe = api.send("PATCH", nobody, headers={"If-Match": _NO_TAG}, body={})
        denied = refusal(probe.status, probe.body, probe.text) if probe.status in {401, 403} else None
        if isinstance(denied, CredentialsRefused):
            raise denied
        if probe.status == 405 and not api.page.is_standard:
            findings.append(_not_editable(api))
        else:
            findings.append(CheckResult(SYSTEM, True, "writes: changes of customers are not refused to this login"))
        listed = api.customers(api.page.plain_path() + query({"$top": "1", "$orderby": "number", "$select": "number"}))
        findings += cache_findings(SYSTEM, api.transport.name, plainly=lambda: api.send("GET", listed))
    except CustomerSyncError as error:
        findings.append(CheckResult(SYSTEM, False, error.message, error.hint))
    return findings


def _not_editable(api: BusinessCentralApi) -> CheckResult:
    return CheckResult(
        SYSTEM,
        False,
        f"writes: the page {api.page.name} does not let customers be changed",
        "Have ModifyAllowed and InsertAllowed set there (docs/custom-api.md); a push alone does not need them.",
    )
