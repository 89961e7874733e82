"""Whether the webstore can be reached, read and written; without changing anything."""

from __future__ import annotations

from connector.clients.answers import described
from connector.clients.cache_check import cache_findings
from connector.clients.clocks import clock_finding
from connector.clients.results import CheckResult
from connector.clients.way import way_finding
from connector.clients.woocommerce.api import WebstoreApi, announced_total
from connector.clients.woocommerce.refusals import SYSTEM
from connector.errors import CustomerSyncError

__all__ = ["check_webstore"]


def check_webstore(api: WebstoreApi) -> list[CheckResult]:
    """Findings in the order of what stands on what; after the first that fails the rest cannot be known."""
    role = api.connection.customer_role_filter
    findings: list[CheckResult] = []
    try:
        answer = api.get("customers", {"per_page": 1, "role": role, "_fields": "id"})
        findings += way_finding(api.transport.way, api.root.shown, is_usual=api.root.prefix == "wp-json")
        findings += clock_finding(SYSTEM, api.transport.name, answer.headers)
        total = announced_total(answer)
        if not isinstance(answer.body, list):
            what = f"The address answers, but with {described(answer.body)} instead of a list of customers."
            return [
                *findings,
                CheckResult(SYSTEM, False, what, "Check that a plugin does not change the REST API's answers."),
            ]
        if total is None:
            what = "The webstore does not say how many customers there are (no X-WP-Total header)."
            remedy = "Let your host or cache pass the header; without it a shrunken list cannot be noticed."
            findings.append(CheckResult(SYSTEM, False, what, remedy))
        else:
            accounts = "accounts of every role" if role == "all" else f"customers of role {role}"
            findings.append(CheckResult(SYSTEM, True, f"reads: {total} {accounts}"))
        # a batch of nothing: refused to keys that may not write, and nothing to do for those that may
        api.write("POST", "customers/batch", {}, changes_nothing=True)
        findings.append(CheckResult(SYSTEM, True, "writes: the key may create and change customers"))
        listed: dict[str, str | int] = {"per_page": 1, "role": role, "orderby": "id", "_fields": "id"}
        findings += cache_findings(
            SYSTEM,
            api.transport.name,
            plainly=lambda: api.get_plainly("customers", listed),
            past=lambda: api.get("customers", listed),
            place=f"/{api.root.prefix}/",
            without_key=lambda past: api.get_without_key("customers", listed, past_caches=past),
        )
    except CustomerSyncError as error:
        findings.append(CheckResult(SYSTEM, False, error.message, error.hint))
    return findings
