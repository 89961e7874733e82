"""What a run shows in the UI: made only when there is something new to see, since every artifact costs a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.logging import get_run_logger

from connector.core.plan import Plan
from connector.errors import CustomerSyncError
from connector.load.html_report import leave_report
from connector.load.reports import report_of
from connector.load.run import Run
from connector.setup import Setup
from flows.opening import this_run, where_shown, whole
from tasks.report import publish_link, publish_report, publish_summary

__all__ = ["show_html", "show_plan", "show_summary"]

_RUNS = 20


def show_plan(run: Run, plan: Plan, *, selected: bool) -> Mapping[str, str]:
    """Artifacts and files of the plan and of what waits for people; gives fingerprints for the run's summary."""
    report = report_of(run, plan, selected=selected, where=where_shown())
    if report.news:
        publish_report(run.code, whole(report))
    return report.fingerprints


def show_summary(run: Run, summary: Mapping[str, Any]) -> None:
    """The run in numbers, with the trend over the last runs."""
    with run.store.view(run.code) as view:
        before = [row for row in view.runs.recent(_RUNS) if row["run_id"] != run.run_id]
    publish_summary(whole(summary), whole(before))


def show_html(setup: Setup) -> None:
    """The HTML report of the run that has just ended, where the setup wants one. A report that cannot be written fails no run."""
    try:
        target = leave_report(setup, str(this_run().id))
    except CustomerSyncError as error:
        get_run_logger().warning("There is no HTML report of this run: %s", error)
        return
    if target is not None:
        publish_link(setup.webstore_code, target)
