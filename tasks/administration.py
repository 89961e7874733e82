"""Tasks around the setup, the mapping table and the store. Setups come quoted, so that Prefect does not take them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from connector.clients import CheckResult
from connector.core.counting import counted
from connector.desk import activity, suggesting
from connector.desk.connection_check import check_connections
from connector.desk.desk import at_desk
from connector.desk.mapping_list import list_mapping
from connector.report.run_tables import conflicts_shown, holds_shown, shown_table
from connector.run.run import progress_sink
from connector.run.setup_source import opened_view
from connector.setup import Setup
from tasks.progress import ProgressArtifacts
from tasks.report import publish_table

__all__ = [
    "publish_conflicts",
    "publish_holds",
    "publish_mapping",
    "publish_rows",
    "purge_log",
    "suggest_pairs",
    "test_systems",
]


@task(task_run_name="test the systems of {webstore_code}", cache_policy=NO_CACHE)
def test_systems(webstore_code: str, setup: Setup) -> list[CheckResult]:
    """Test everything that a run needs, and show it as a table."""
    findings = check_connections(setup)
    rows = [{"result": f.mark, "system": f.system, "finding": f.what, "remedy": f.remedy} for f in findings]
    publish_rows(setup, "connection", rows)
    for finding in findings:
        if not finding.ok:
            get_run_logger().error("%s: %s. %s", finding.system, finding.what, finding.remedy)
        elif finding.warning:
            get_run_logger().warning("%s: %s %s", finding.system, finding.what, finding.remedy)
    return findings


@task(task_run_name="purge the activity log of {webstore_code}", cache_policy=NO_CACHE)
def purge_log(webstore_code: str, setup: Setup, days: int | None, actor: str) -> dict[str, int]:
    """Forget what is older than the retention."""
    with at_desk(setup, actor=actor) as desk:
        purged = activity.purge(desk, days)
    get_run_logger().info("removed: %s", purged)
    return purged


@task(task_run_name="publish the mapping table of {webstore_code}", cache_policy=NO_CACHE)
def publish_mapping(webstore_code: str, setup: Setup, customers: Sequence[str] = ()) -> int:
    """The mapping table as an artifact; of some customers (numbers) only, when they are given."""
    with opened_view(setup) as view:
        listed = list_mapping(view, setup)
    wanted = set(customers)
    rows = [row for row in listed if not wanted or row["bc_number"] in wanted]
    publish_rows(setup, "mapping", rows)
    return len(rows)


@task(task_run_name="publish the conflicts", cache_policy=NO_CACHE)
def publish_conflicts(setup: Setup) -> int:
    """The conflicts that wait, and what was decided, as an artifact."""
    with opened_view(setup) as view:
        table = shown_table(setup, "conflicts", conflicts_shown(view))
    publish_table(setup.webstore_code, table)
    return table.total


@task(task_run_name="publish who is on hold", cache_policy=NO_CACHE)
def publish_holds(setup: Setup) -> int:
    """Who is on hold, as an artifact."""
    with opened_view(setup) as view:
        table = shown_table(setup, "holds", holds_shown(view))
    publish_table(setup.webstore_code, table)
    return table.total


@task(task_run_name="suggest the customer mapping of {webstore_code}", cache_policy=NO_CACHE)
def suggest_pairs(
    webstore_code: str, setup: Setup, rungs: Sequence[str], likely: bool, actor: str
) -> list[dict[str, Any]]:
    """Read both systems and suggest pairs of unmapped customers, shown as a table."""
    progress = progress_sink.get() or ProgressArtifacts(webstore_code)
    with at_desk(setup, actor=actor) as desk:
        rows = suggesting.suggest(desk, rungs=rungs, likely=likely, progress=progress)
    publish_rows(setup, "suggestions", rows)
    get_run_logger().info("%s suggested", counted(len(rows), "pair"))
    return rows


def publish_rows(setup: Setup, name: str, rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """Any rows as a table artifact, masked as the setup wants it; `title` where the kind of table has none of its own."""
    frame = pd.DataFrame(list(rows[: setup.reports.rows]))
    publish_table(setup.webstore_code, shown_table(setup, name, frame, title=title, total=len(rows)))
