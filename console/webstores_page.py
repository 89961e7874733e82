"""Webstores: of each one what happened last, what comes next, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from connector.desk.connection_check import check_connections
from connector.errors import CustomerSyncError
from console.page import Page, action, shown_page
from console.pairs_kept import listed_pairs
from console.people import Right
from console.starting import start_run
from console.webstores import Webstore

__all__ = ["ROUTES"]


@dataclass(frozen=True)
class _Card:
    """What stands about a webstore. `trouble` = why nothing else does."""

    webstore: Webstore
    last: dict[str, Any] | None = None
    next_run: datetime | None = None
    read_at: datetime | None = None
    waits: tuple[tuple[str, int, str], ...] = ()
    trouble: str = ""


def _overview(page: Page) -> Response:
    cards = [_card(page, webstore) for webstore in page.console.webstores.values()]
    return page.show("webstores.html", cards=cards)


def _card(page: Page, webstore: Webstore) -> _Card:
    try:
        with webstore.view() as view:
            last = view.runs.last()
            waiting = len(view.runs.waiting())
            read_at = getattr(getattr(view, "directory", None), "read_at", None)
            waits = (
                ("conflicts to decide", view.conflicts.count(), "conflicts"),
                ("suggested pairs", listed_pairs(webstore, view).waiting, "suggestions"),
                (
                    "customers quarantined",
                    len({row["key"] for row in view.quarantine.rows()}),
                    "mapping?filter=quarantined",
                ),
                ("customers on hold", sum(bool(row["on_hold"]) for row in view.holds.rows()), "mapping?filter=on+hold"),
                ("plans to approve", waiting, "runs"),
            )
        due = page.console.prefect.next_run(webstore.name) if page.console.prefect else None
        return _Card(webstore, last, due, read_at, tuple(one for one in waits if one[1]))
    except CustomerSyncError as error:
        return _Card(webstore, trouble=str(error))


def _synchronize(page: Page) -> Response:
    """Synchronise all customers, or make the plan first."""
    plan_first = page.form.flag("plan")
    title = "Plan for all customers" if plan_first else "Synchronise all customers"
    return start_run(page, title, plan_first=plan_first)


def _test(page: Page) -> Response:
    findings = check_connections(page.webstore.setup_with_secrets())
    return page.show("connection_test.html", findings=findings)


ROUTES = (
    shown_page("/", _overview),
    action("/{code}/synchronize", _synchronize, Right.APPROVE),
    action("/{code}/test", _test, Right.LOOK),
)
