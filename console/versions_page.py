"""Versions of the mapping table: who changed what, when and why; comparing two; going back to one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from connector.desk.versions import compare_versions, list_versions, restore_version
from connector.errors import InputError, Overtaken
from connector.store import View
from console.guard import RequestRefused
from console.page import Page, action, shown_page
from console.people import Right

__all__ = ["ROUTES"]

_A_PAGE = 50
_COLUMNS = {
    "bc_number": "number", "webstore_id": "Webstore ID", "webstore_customer": "ticked", "name": "name",
    "username": "user name",
}  # fmt: skip
# what a difference means when the older version is made current again
_WORDS = {
    "added": ("row comes back", "rows come back"),
    "removed": ("row goes", "rows go"),
    "changed": ("row changes", "rows change"),
    "rejected": ("pair is rejected again", "pairs are rejected again"),
    "allowed": ("pair may be matched again", "pairs may be matched again"),
}


def _versions(page: Page) -> Response:
    offset = page.query.number("offset", 0)
    with page.webstore.view() as view:
        newest_first = list_versions(view)[::-1]
    return page.show(
        "versions.html", rows=newest_first[offset : offset + _A_PAGE], total=len(newest_first), offset=offset, limit=_A_PAGE,
        newest=newest_first[0]["number"] if newest_first else 0,
    )  # fmt: skip


def _one(page: Page) -> Response:
    """What a version changed."""
    text = page.request.path_params["number"]
    offset = page.query.number("offset", 0)
    with page.webstore.view() as view:
        found = next((one for one in list_versions(view) if str(one["number"]) == text), None)
        if found is None:
            raise RequestRefused(404, "There is no such version of the mapping table.")
        number, newest = found["number"], view.mapping.version()
        rows = compare_versions(view, number - 1, number)
    return page.show(
        "version.html", version=found, newest=newest, rows=[_shown(row) for row in rows[offset : offset + _A_PAGE]],
        total=len(rows), offset=offset, limit=_A_PAGE,
    )  # fmt: skip


def _compare(page: Page) -> Response:
    with page.webstore.view() as view:
        newest = view.mapping.version()
        older, newer = page.query.number("older", max(newest - 1, 0)), page.query.number("newer", newest)
        offset = page.query.number("offset", 0)
        rows = compare_versions(view, older, newer)
    return page.show(
        "versions_compared.html", older=older, newer=newer, newest=newest, total=len(rows), offset=offset, limit=_A_PAGE,
        rows=[_shown(row) for row in rows[offset : offset + _A_PAGE]],
    )  # fmt: skip


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A difference with only the columns in it that differ: name, before, after."""
    pairs = ((words, _text(row[f"{name}_before"]), _text(row[f"{name}_after"])) for name, words in _COLUMNS.items())
    return {**row, "values": [pair for pair in pairs if pair[1] != pair[2]]}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _restore(page: Page) -> Response:
    """Go back to a version: first what that would change, then, with `do`, as a new version."""
    if not page.form.text("number"):
        raise InputError("Which version? Nothing was changed.")
    number = page.form.number("number", 0)
    if not page.form.flag("do"):
        return _preview(page, number, ())
    with page.webstore.view() as view:
        before = view.mapping.version()
    expected = page.form.version
    if expected is None:
        raise InputError("The form does not say which version it was made from. Nothing was changed.")
    desk = replace(page.webstore.desk(page.person), expected_version=expected)
    try:
        made = restore_version(desk, number)["mapping_version"]
    except Overtaken as overtaken:
        return _preview(page, number, overtaken.problems)
    if made == before:
        return page.go(page.path("versions"), f"The mapping table is as it was in version {number} already.", "note")
    said = (
        f"The mapping table is as it was in version {number} again; that is version {made}. Neither system was touched."
    )
    return page.go(page.path("versions"), said, take_back=expected, made=made)


def _preview(page: Page, number: int, between: Any) -> Response:
    """What going back to a version would change now.

    Args:
        between: versions that somebody made meanwhile; then it was not done.
    """
    with page.webstore.view() as view:
        newest, rows = _changes(view, number)
    counts = Counter(row["change"] for row in rows)
    effects = [f"{counts[change]:,} {words[counts[change] != 1]}" for change, words in _WORDS.items() if counts[change]]
    return page.show(
        "version_restore.html", 409 if between else 200, number=number, newest=newest, total=len(rows),
        rows=[_shown(row) for row in rows[: _A_PAGE * 4]], effects=effects, between=between,
    )  # fmt: skip


def _changes(view: View, number: int) -> tuple[int, list[dict[str, Any]]]:
    newest = view.mapping.version()
    return newest, compare_versions(view, newest, number)


ROUTES = (
    shown_page("/{code}/versions", _versions),
    shown_page("/{code}/versions/compare", _compare),
    action("/{code}/versions/restore", _restore, Right.EDIT, lambda form: not form.flag("do")),
    shown_page("/{code}/versions/{number}", _one),
)
