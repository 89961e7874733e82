"""Runs: all of them in words, each one with what it did, its report, and its undo; and the newest writes of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse, Response

from connector.desk.customer_list import lines_of
from connector.errors import InputError
from connector.report import report_policy
from connector.report.run_page import report_of_run
from connector.run.names_given import find_run
from connector.run.request import RunRequest
from connector.setup import Setup
from connector.store import View
from console import run_now_page
from console.guard import RequestRefused
from console.page import Page, action, shown_page
from console.people import Right
from console.run_words import OUTCOMES, counts_of, dropped_of, duration_of, kind_of, where_written

__all__ = ["ROUTES"]

_A_PAGE = 50
# rows of the plan in a report that is looked at here; customer-sync runs report writes the whole
_REPORT_ROWS = 300
_NAMED = 200


def _runs(page: Page) -> Response:
    offset = page.query.number("offset", 0)
    with page.webstore.view() as view:
        total, rows = view.runs.count(), view.runs.recent(_A_PAGE, offset=offset)
        waiting = view.runs.waiting()
    return page.show(
        "runs.html", rows=rows, total=total, offset=offset, limit=_A_PAGE, waiting=waiting, kind_of=kind_of,
        counts_of=counts_of, duration_of=duration_of,
    )  # fmt: skip


def _run(page: Page) -> Response:
    offset, failed = page.query.number("offset", 0), page.query.flag("failed")
    with page.webstore.view() as view:
        run = _found(view, page)
        run_id = run["run_id"]
        counts = {
            name: view.activity.count_writes(run_id=run_id, failed_only=name == "failed") for name in ("all", "failed")
        }
        writes = view.activity.writes(limit=_A_PAGE, offset=offset, run_id=run_id, failed_only=failed)
        has_plan = bool(run["plan_hash"]) and view.plans.kept(run["plan_hash"]) is not None
        names = _names(view, page.webstore.setup, writes)
    going = page.webstore.runs.going
    return page.show(
        "run.html", run=run, kind=kind_of(run), counts=counts_of(run), dropped=dropped_of(run)[:_NAMED],
        duration=duration_of(run), writes=writes, total=counts["failed" if failed else "all"], writes_counts=counts,
        failed=failed, offset=offset, limit=_A_PAGE, has_plan=has_plan, outcomes=OUTCOMES, where=where_written,
        names=names, key_of=_key_of, can_undo=_can_undo(run, counts), is_going=going is not None and going.run_id == run_id
        and going.state == "running",
    )  # fmt: skip


def _can_undo(run: Mapping[str, Any], counts: Mapping[str, int]) -> bool:
    return not run["dry_run"] and run["status"] not in {"running", "waiting", "rejected"} and counts["all"] > 0


def _found(view: View, page: Page) -> dict[str, Any]:
    try:
        run = view.runs.show(find_run(view, page.request.path_params["id"]))
    except InputError as error:
        raise RequestRefused(404, error.message) from None
    assert run is not None  # noqa: S101 - its id was just found
    return run


def _names(view: View, setup: Setup, writes: list[dict[str, Any]]) -> dict[str, str]:
    """Customer's key → name, as the directory or the mapping table has it."""
    return {
        line.key: line.bc_name or line.webstore_name for line in lines_of(view, setup, [_key_of(row) for row in writes])
    }


def _key_of(row: Mapping[str, Any]) -> str:
    return str(row["bc_id"] or f"woo:{row['webstore_id']}")


def _report(page: Page) -> Response:
    setup = page.webstore.setup
    with page.webstore.view() as view:
        run = _found(view, page)
        text = report_of_run(view, setup, run["run_id"], rows=_REPORT_ROWS)
    # the report brings its own style and script; its policy lets exactly them work
    policy = f"{report_policy()}; frame-ancestors 'none'"
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})


def _undo(page: Page) -> Response:
    """Make the plan of an undo; nothing is written before somebody has approved it."""
    with page.webstore.view() as view:
        run_id = str(_found(view, page)["run_id"])
    delete, its_flags = page.form.flag("delete_accounts"), page.form.flag("its_flags")

    def request(setup: Setup) -> RunRequest:
        return RunRequest(setup, undone_run=run_id, delete_accounts=delete, its_flags=its_flags, dry_run=True)

    page.webstore.runs.start(f"Preview of the undo of run {run_id[:8]}", page.person.name, request)
    return page.go(page.path("runs", "now"))


def _activity(page: Page) -> Response:
    offset, failed = page.query.number("offset", 0), page.query.flag("failed")
    with page.webstore.view() as view:
        counts = {name: view.activity.count_writes(failed_only=name == "failed") for name in ("all", "failed")}
        writes = view.activity.writes(limit=_A_PAGE, offset=offset, failed_only=failed)
        names = _names(view, page.webstore.setup, writes)
    return page.show(
        "activity.html", writes=writes, total=counts["failed" if failed else "all"], writes_counts=counts, failed=failed,
        offset=offset, limit=_A_PAGE, outcomes=OUTCOMES, where=where_written, names=names, key_of=_key_of,
    )  # fmt: skip


ROUTES = (
    *run_now_page.ROUTES,
    shown_page("/{code}/runs/activity", _activity),
    shown_page("/{code}/runs", _runs),
    shown_page("/{code}/runs/{id}", _run),
    shown_page("/{code}/runs/{id}/report", _report),
    action("/{code}/runs/{id}/undo", _undo, Right.APPROVE),
)
