"""The readiness report as one HTML page that needs no network, and as markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from connector.private_files import write_private
from connector.report.literal import lines_as_they_are, table_as_it_is

__all__ = ["COLUMNS", "forecast_table", "markdown_of", "nothing_found", "rows_found", "write_page"]

# what of a forecast people read, in order
_FORECAST: Mapping[str, str] = {
    "linked": "customers linked",
    "created_in_business_central": "created in Business Central",
    "created_in_webstore": "accounts created in the webstore",
    "account_mails": "people sent the shop's new-account mail",
    "updated_in_business_central": "changed in Business Central",
    "updated_in_webstore": "changed in the webstore",
    "asked": "questions for a person (ambiguous customers, conflicts)",
    "quarantined": "quarantined because of their data",
    "withheld": "withheld by a flag",
    "calls": "requests to both systems",
    "minutes": "minutes, about",
}
_SYSTEMS = {"webstore": "webstore", "business_central": "Business Central"}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #d0d7de; vertical-align: top; }
th { background: #f3f5f7; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
.fine { color: #57606a; } .stop { color: #a40e26; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  body { background: #14171a; color: #e6e9ec; } th { background: #22272d; } th, td { border-color: #3a414a; }
}
@media print { body { max-width: none; } }
"""


def rows_found(report: Mapping[str, Any]) -> list[list[str]]:
    """What was found: system, topic, customers, finding, examples, what it means."""
    rows = [
        [
            _SYSTEMS[check["system"]],
            check["topic"],
            f"{check['count']:,}",
            check["finding"],
            ", ".join(check["examples"]),
            check["remedy"],
        ]
        for check in report["checks"]
        if check["count"]
    ]
    return rows + [
        [
            _SYSTEMS.get(found["data"], found["data"]),
            f"expectation ({found['severity']})",
            f"{found['count']:,}",
            f"not “{found['expected']}”",
            ", ".join(found["examples"]),
            found["reason"],
        ]
        for found in report["expectations"]
    ]


def nothing_found(report: Mapping[str, Any]) -> str:
    """The topics that were looked for in both systems and not found in either."""
    topics = dict.fromkeys(check["topic"] for check in report["checks"])
    found = {check["topic"] for check in report["checks"] if check["count"]}
    return ", ".join(topic for topic in topics if topic not in found)


def forecast_table(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of what the first synchronisation would do; with everything on only where that differs."""
    flags = {f"Push {report['push']}, Pull {report['pull']}": report["forecast"]}
    flags.setdefault("Push Mapped Only, Pull All", report["with_everything_on"])
    rows = [[words, *(f"{one[name]:,}" for one in flags.values())] for name, words in _FORECAST.items()]
    return ["the first synchronisation", *flags], rows


# of what was found
COLUMNS = ["system", "topic", "customers", "finding", "for example", "what it means"]


def markdown_of(report: Mapping[str, Any]) -> str:
    """The report for the Prefect UI."""
    read = report["extracted"]
    lines = [
        f"### Readiness of {report['webstore_code']}",
        f"\n{read['webstore']:,} webstore and {read['business_central']:,} Business Central customers were read. "
        "Nothing was written.\n",
        *([lines_as_they_are(report["warnings"]), ""] if report["warnings"] else []),
        table_as_it_is(*forecast_table(report), numbers={1, 2}),
        "",
        table_as_it_is(COLUMNS, rows_found(report), numbers={2}),
        f"\nLooked for and not found: {nothing_found(report)}.",
    ]
    return "\n".join(lines)


def write_page(report: Mapping[str, Any], path: Path, *, overwrite: bool = False) -> None:
    """Write the report as one HTML file, readable by its owner only.

    Raises:
        InputError: the file exists, or cannot be written.
    """
    read = report["extracted"]
    title = f"Readiness of {report['webstore_code']}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{read['webstore']:,} webstore customers (of {report['accounts']:,} accounts) and {read['business_central']:,} "
        "Business Central customers were read. Nothing was written.</p>",
        *(f"<p class=stop>{escape(warning)}</p>" for warning in report["warnings"]),
        "<h2>What the first synchronisation would do</h2>",
        _html_table(*forecast_table(report), numbers={1, 2}),
        "<h2>What people should look at</h2>",
        _html_table(COLUMNS, rows_found(report), numbers={2}),
        f"<p class=fine>Looked for and not found: {escape(nothing_found(report))}.</p>",
    ]
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )
    write_private(path, page, overwrite=overwrite)


def _html_table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: set[int]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    lines = [
        "".join(
            f"<td{' class=number' if place in numbers else ''}>{escape(cell)}</td>" for place, cell in enumerate(row)
        )
        for row in rows
    ]
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
