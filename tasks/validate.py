"""The tasks that judge what was read and what is about to be written. They write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.utilities.annotations import quote

from connector.clients import Census
from connector.core.plan import Plan
from connector.extract import validation
from connector.extract.job import Job, Mapper
from connector.planning import plan_validation
from connector.run import breakers
from connector.run.run import Run

__all__ = ["check_breakers", "check_extracts", "validate_customers", "validate_plan"]


@task(task_run_name="check the extracts as wholes", cache_policy=NO_CACHE)
def check_extracts(run: Run, webstore: Census, business_central: Census, approved: bool) -> None:
    """Stop when an extract is incomplete, shrank, or is suddenly empty."""
    breakers.stop_on_extracts(run, webstore, business_central, approved)


@task(task_run_name="validate customers", cache_policy=NO_CACHE)
def validate_customers(run: Run, job: Job, mapper: Mapper, known: Mapping[str, Any]) -> quote:
    """Set apart the records that are not as expected."""
    return quote(validation.validate_customers(run, job, mapper, known))


@task(task_run_name="validate the plan", cache_policy=NO_CACHE)
def validate_plan(run: Run, plan: Plan, selected: bool) -> quote:
    """The plan without writes that are not as expected, are known to be refused, or go back and forth."""
    return quote(plan_validation.validate_plan(run, plan, selected))


@task(task_run_name="check the plan as a whole", cache_policy=NO_CACHE)
def check_breakers(
    run: Run, plan: Plan, extracted: dict[str, int], selected: bool, approved: bool, command: str
) -> None:
    """Stop when the plan does more than may be done unasked."""
    breakers.stop_on_plan(run, plan, extracted, selected, approved, command)
