"""The task that puts the readiness report together. It writes nothing but its artifact."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from connector.load.extraction import Extraction
from connector.load.readiness import read_accounts, report_of_readiness
from connector.load.readiness_page import markdown_of
from connector.load.run import Run
from connector.load.validating import Validated

__all__ = ["report_readiness"]


@task(task_run_name="report readiness", cache_policy=NO_CACHE)
def report_readiness(
    run: Run, webstore: Extraction, business_central: Extraction, validated: Validated, reading_seconds: float
) -> dict[str, Any]:
    """What is in the data, and what the first synchronisation would do; as a markdown artifact, too."""
    accounts = read_accounts(run)
    report = report_of_readiness(run, webstore, business_central, validated, accounts, reading_seconds)
    create_markdown_artifact(key=f"readiness-{run.code.replace('_', '-')}", markdown=markdown_of(report))
    return report
