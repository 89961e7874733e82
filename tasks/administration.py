"""Tasks around the setup, the mapping table and the store. Setups come quoted, so that Prefect does not take them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from connector.clients import CheckResult
from connector.desk import activity, inbox, suggesting
from connector.desk.connection_check import check_connections
from connector.desk.desk import at_desk
from connector.desk.mapping_list import list_mapping
from connector.report.run_tables import ShownTable, masked
from connector.run.run import progress_sink
from connector.run.setup_source import opened_view
from connector.setup import PersonalData, Setup
from tasks.progress import ProgressArtifacts
from tasks.report import publish_table

__all__ = ["publish_conflicts", "publish_mapping", "publish_rows", "purge_log", "suggest_pairs", "test_systems"]


_MAPPING_COLUMNS = ("bc_number", "bc_name", "webstore_id", "webstore_name", "webstore_customer", "states", "last_error")


@task(task_run_name="test the systems of {webstore_code}", cache_policy=NO_CACHE)
def test_systems(webstore_code: str, setup: Setup) -> list[CheckResult]:
    """Test everything that a run needs, and show it as a table."""
    findings = check_connections(setup)
    rows = [{"result": f.mark, "system": f.system, "finding": f.what, "what to do": f.remedy} for f in findings]
    publish_rows(setup, "connection", "What was tested", rows)
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
    rows = [
        {name: row[name] for name in _MAPPING_COLUMNS} | {"states": ", ".join(row["states"])}
        for row in listed
        if not wanted or row["bc_number"] in wanted
    ]
    publish_rows(setup, "mapping", "Which Business Central customer is which webstore customer", rows)
    return len(rows)


@task(task_run_name="publish the conflicts", cache_policy=NO_CACHE)
def publish_conflicts(setup: Setup) -> int:
    """The conflicts that wait, and what was decided, as an artifact."""
    with opened_view(setup) as view:
        rows = [{k: v for k, v in row.items() if k != "bc_id"} for row in inbox.list_conflicts(view)]
    publish_rows(setup, "conflicts", "Fields that both sides changed differently", rows)
    return len(rows)


@task(task_run_name="suggest the customer mapping of {webstore_code}", cache_policy=NO_CACHE)
def suggest_pairs(
    webstore_code: str, setup: Setup, rungs: Sequence[str], likely: bool, actor: str
) -> list[dict[str, Any]]:
    """Read both systems and suggest pairs of unmapped customers, shown as a table."""
    progress = progress_sink.get() or ProgressArtifacts(webstore_code)
    with at_desk(setup, actor=actor) as desk:
        rows = suggesting.suggest(desk, rungs=rungs, likely=likely, progress=progress)
    shown = [{name: _plain(value) for name, value in row.items() if name != "bc_id"} for row in rows]
    publish_rows(setup, "suggestions", "Customers that may be the same; accept or reject by the column `pair`", shown)
    get_run_logger().info("%d pairs suggested", len(rows))
    return rows


def _plain(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


def publish_rows(setup: Setup, name: str, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Any rows as a table artifact, masked as the setup wants it."""
    frame = pd.DataFrame(list(rows[: setup.reports.rows]))
    if setup.reports.personal_data is PersonalData.MASK:
        frame = masked(frame)
    publish_table(setup.webstore_code, ShownTable(name, title, frame, len(rows), ""))
