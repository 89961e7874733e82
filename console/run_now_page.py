"""The run that is at work: how far it is, and where to look when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from console.guard import RequestRefused
from console.page import Page, action, shown_page
from console.people import Right
from console.run_words import kind_of
from console.runs import Going

__all__ = ["ROUTES", "running_elsewhere"]


def _now(page: Page) -> Response:
    going = page.webstore.runs.going
    elsewhere = None if going is not None and going.state == "running" else running_elsewhere(page)
    if elsewhere is not None:
        return page.show("run_now.html", going=None, elsewhere=elsewhere, kind=kind_of(elsewhere), follows=True)
    if going is None or going.state in {"running", "failed"} or going.skipped:
        follows = going is not None and going.state == "running"
        values = {
            "seconds": 0 if going is None else _seconds(going),
            "between": "" if going is None else _between(going),
            "known": going is not None and _known(page, going),
        }
        return page.show("run_now.html", going=going, elsewhere=None, follows=follows, **values)
    return page.go(_result(page, going))


def _result(page: Page, going: Going) -> str:
    """Where the outcome of a run that has ended is shown."""
    asked_for_plan = going.request.dry_run or going.state == "waiting"
    return page.path("plans", going.plan_hash) if asked_for_plan else page.path("runs", going.run_id)


def _between(going: Going) -> str:
    """What a run does while none of its numbers moves; "" while one does."""
    if not going.phases:
        return "Opening both systems"
    if any(done < total or not total for _, done, total in going.progress):
        return ""
    if going.run is None:
        return "Comparing both sides"
    is_reading = all(what.startswith("Reading") for what in going.phases)
    return "Getting ready to write" if is_reading and not going.request.dry_run else "Finishing"


def _known(page: Page, going: Going) -> bool:
    """Whether the run came so far that it has a page."""
    with page.webstore.view() as view:
        return view.runs.show(going.run_id) is not None


def running_elsewhere(page: Page) -> Mapping[str, Any] | None:
    """The run of another process that is at work on the webstore; None = there is none."""
    with page.webstore.view() as view:
        running = [row for row in view.runs.recent(20) if row["status"] == "running"]
    if not running:
        return None
    # one that was killed leaves its row as it was
    living = {
        lease.holder
        for lease in page.webstore.store.leases()
        if lease.name == page.webstore.code and lease.state in {"at work", "unknown"}
    }
    going = page.webstore.runs.going
    mine = going.run_id if going is not None else ""
    return next((row for row in running if f"run {row['run_id']}" in living and row["run_id"] != mine), None)


def _seconds(going: Going) -> int:
    return int(((going.finished_at or datetime.now(UTC)) - going.started_at).total_seconds())


def _cancel(page: Page) -> Response:
    going = page.webstore.runs.going
    if going is None or going.run_id != page.form.text("run") or going.state != "running":
        raise RequestRefused(409, "This run has ended already. Nothing was cancelled.")
    going.cancel()
    return page.go(page.path("runs", "now"), "The run ends as soon as what is being written is finished.", "note")


ROUTES = (
    shown_page("/{code}/runs/now", _now),
    action("/{code}/runs/now/cancel", _cancel, Right.APPROVE),
)
