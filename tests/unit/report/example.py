"""An invented run with everything that a report can show, and people who type what nobody should."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.report import LastRun, PlanRow, RunFigures
from connector.run.result import Failure
from connector.run.summary import DirectionSummary, RunSummary, SideCounts

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
THIS = "7c1f0a52-0000-4000-8000-000000000030"
HOSTILE = '<script>document.title="owned"</script>'
HOSTILE_ATTRIBUTE = '"><img src=x onerror="document.title=\'owned\'">'
OVERRIDE = "Anna \u202egnp.exe"

ROWS = (
    PlanRow("create", "push", "C00077", None, "name", "", "Grønn Energi AS", "ticked, not in the webstore"),
    PlanRow("create", "push", "C00077", None, "email", "", "post@gronn.example", "ticked, not in the webstore"),
    PlanRow(
        "update", "push", "C00010", 117, "phone", "+47 22 11 22 33", "+47 22 11 22 39", "only Business Central changed",
        outcome="confirmed",
    ),
    PlanRow(
        "update", "push", "C00012", 119, "address_1", "Storgata 5", "Storgata 15 B", "only Business Central changed",
        outcome="confirmed",
    ),
    PlanRow(
        "update", "pull", "C00020", 118, "email", "anne@old.example", "anne.o@old.example", "only the webstore changed",
        outcome="refused", message="The e-mail is in use by another contact.",
    ),
    PlanRow("update", "pull", "C00021", 121, "name", "Zoë Müller", "Zoé Müller-Lund", "only the webstore changed"),
    PlanRow("link", "", "C00031", 131, "", "", "", "same email"),
    PlanRow("conflict", "", "C00040", 140, "city", "Bergen", "Oslo", "both sides changed, differently", base="Trondheim"),
    PlanRow("withheld", "pull", "C00041", 141, "postcode", "0150", "0151", "only the webstore changed; pull is None"),
    PlanRow("quarantined", "", "", 150, "country", "", "", "'XX' is no ISO country code"),
)  # fmt: skip


def summary(step: int) -> RunSummary:
    """The numbers of one run; `step` makes them differ."""
    return RunSummary(
        push=DirectionSummary(step % 4, (step * 7) % 23, 2_100, failed=int(step % 11 == 3)),
        pull=DirectionSummary(step % 3, (step * 5) % 11, 2_100, withheld=step % 5),
        linked=1, conflicts=step % 4, ambiguous=2, quarantined=1, mapping_version=step,
        extracted=SideCounts(2_123, 2_240), seconds=round(3.5 + (step * 13 % 17) / 3, 2),
    )  # fmt: skip


def figures(*rows: PlanRow, **changes: Any) -> RunFigures:
    """A run with these rows (none given = all of ROWS)."""
    shown = rows or ROWS
    runs = [
        LastRun(f"{THIS[:-2]}{n:02d}", NOW - timedelta(minutes=15 * (30 - n)), "completed", summary(n))
        for n in range(1, 31)
    ]
    runs[11] = LastRun(runs[11].run_id, runs[11].started_at, "interrupted", RunSummary.from_stored({}))
    totals: dict[str, int] = {}
    for row in shown:
        totals[row.action] = totals.get(row.action, 0) + 1
    error = Failure("C00020", "business_central", "x", "The e-mail is in use.")
    values: dict[str, Any] = {
        "webstore_code": "shop", "run_id": THIS, "mode": "full", "trigger": "manual", "actor": "anne",
        "status": "completed", "dry_run": False, "started_at": NOW, "finished_at": NOW + timedelta(seconds=4),
        "plan_hash": "ab12cd34" * 8, "summary": replace(summary(30), errors=(error,)), "rows": shown,
        "total_rows": len(shown), "totals": totals, "last_runs": runs,
        "files": ["reports/shop/plan-20261124-120000-7c1f0a52.csv"],
    }  # fmt: skip
    return RunFigures(**{**values, **changes})
