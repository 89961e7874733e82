"""The task that puts the readiness report together. It writes nothing but its artifact."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from connector.extract.job import Job, Mapper
from connector.extract.missing import Missing
from connector.planning import readiness_report
from connector.report.readiness_page import markdown_of
from connector.run.run import Run

__all__ = ["report_of_readiness"]


@task(task_run_name="report readiness", cache_policy=NO_CACHE)
def report_of_readiness(
    run: Run,
    job: Job,
    missing: Missing,
    extracted: dict[str, int],
    mapper: Mapper,
    reading_seconds: float,
) -> dict[str, Any]:
    """What is in the data, and what the first synchronisation would do; as a markdown artifact, too."""
    report = readiness_report.report_of_readiness(run, job, missing, extracted, mapper, reading_seconds)
    create_markdown_artifact(key=f"readiness-{run.code.replace('_', '-')}", markdown=markdown_of(report))
    return report
