"""The task that puts the readiness report together. It writes nothing but its artifact."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from connector.load import readiness
from connector.load.job import Mapper
from connector.load.readiness_page import markdown_of
from connector.load.run import Run
from connector.run.reading import Read

__all__ = ["report_of_readiness"]


@task(task_run_name="report readiness", cache_policy=NO_CACHE)
def report_of_readiness(run: Run, read: Read, mapper: Mapper, reading_seconds: float) -> dict[str, Any]:
    """What is in the data, and what the first synchronisation would do; as a markdown artifact, too."""
    report = readiness.report_of_readiness(run, read, mapper, reading_seconds)
    create_markdown_artifact(key=f"readiness-{run.code.replace('_', '-')}", markdown=markdown_of(report))
    return report
