"""Starting runs from a page: plans in this process, what writes on the Prefect server, where one is configured."""

from __future__ import annotations

from starlette.responses import Response

from connector.run.request import RunRequest
from console.page import Page

__all__ = ["start_run"]


def start_run(
    page: Page, title: str, customers: tuple[str, ...] | None = None, *, plan_first: bool = False
) -> Response:
    """Synchronise all customers, or some, or make the plan for it; and go to where it is seen.

    Args:
        customers: names; None = all.

    Raises:
        InputError: a run is at work in this process, or what was asked for cannot be done.
        SetupError, RemoteTrouble: it cannot be started.
    """
    prefect = page.console.prefect
    if prefect is None or plan_first:
        page.webstore.runs.start(
            title, page.person.name, lambda setup: RunRequest(setup, customers, dry_run=plan_first)
        )
        return page.go(page.path("runs", "now"))
    seen_at = prefect.start(
        page.webstore.name,
        customers=None if customers is None else list(customers),
        dry_run=False,
        approved_plan=None,
        leave_out=[],
        actor=page.person.name,
    )
    return page.go(page.path("runs"), f"{title}: the run was handed to Prefect, {seen_at}")
