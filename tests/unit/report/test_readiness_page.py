"""The readiness report as a page and as markdown."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from connector.core.forecast import forecast_of
from connector.core.plan import Plan
from connector.errors import InputError
from connector.report.readiness_page import forecast_table, markdown_of, nothing_found, rows_found, write_page


def report(**more: Any) -> dict[str, Any]:
    forecast = asdict(forecast_of(Plan(), reading_calls=12, reading_seconds=60, accounts=5))
    checks = [
        {"topic": "unknown country", "system": "webstore", "count": 1234, "finding": "countries: <b>|", "examples": ["woo:1"],
         "remedy": "Add it."},
        {"topic": "same name", "system": "webstore", "count": 0, "finding": "", "examples": [], "remedy": ""},
    ]  # fmt: skip
    expectation = {
        "data": "business_central", "severity": "warn", "expected": "email is filled", "count": 2, "examples": ["x"],
        "reason": "Why.",
    }  # fmt: skip
    return {
        "webstore_code": "shop", "push": "Mapped Only", "pull": "None", "extracted": {"webstore": 2000, "business_central": 3},
        "accounts": 2100, "checks": checks, "expectations": [expectation], "forecast": forecast,
        "with_everything_on": {**forecast, "linked": 9}, "warnings": ["breaker: too many"], **more,
    }  # fmt: skip


def test_the_page_needs_no_network_and_runs_nothing(tmp_path: Path) -> None:
    write_page(report(), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=|https?://|<script|<b>", page)
    assert "&lt;b&gt;|" in page
    assert "1,234" in page
    assert "breaker: too many" in page
    assert (tmp_path / "page.html").stat().st_mode & 0o077 == 0


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_page(report(), tmp_path / "nowhere" / "page.html")


def test_what_was_not_found_is_said_in_one_line_and_what_was_found_in_rows() -> None:
    assert nothing_found(report()) == "same name"
    assert [row[:3] for row in rows_found(report())] == [
        ["webstore", "unknown country", "1,234"],
        ["Business Central", "expectation (warn)", "2"],
    ]


def test_the_forecast_with_everything_on_stands_beside_the_setups_own() -> None:
    columns, rows = forecast_table(report())
    assert columns[1:] == ["Push Mapped Only, Pull None", "Push Mapped Only, Pull All"]
    assert rows[0] == ["customers linked", "0", "9"]
    assert forecast_table(report(pull="All"))[0] == ["the first synchronisation", "Push Mapped Only, Pull All"]


def test_a_value_is_no_markup_in_the_markdown() -> None:
    assert "countries: &lt;b&gt;|" in markdown_of(report())
