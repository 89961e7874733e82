"""Tasks that show: plan, what waits for people, and the run in numbers, as artifacts in the Prefect UI.

Tables are Markdown artifacts: in Prefect's own table artifacts, what customers typed becomes links and images
(connector/report/literal.py).

The keys are `plan-<webstore>`, `conflicts-<webstore>` and so on: the artifact page of a key shows its newest table and all
earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from connector.core.counting import counted
from connector.core.expectations import Finding
from connector.report.literal import lines_as_they_are, table_as_it_is, title_as_it_is
from connector.report.panel import readable
from connector.report.run_tables import Report, ShownTable
from connector.run.summary import RunSummary
from tasks.pressing import pressed

__all__ = [
    "artifact_key",
    "publish_findings",
    "publish_place",
    "publish_report",
    "publish_summary",
    "publish_table",
    "summary_text",
]

_TRENDED = 10
_BARS = "▁▂▃▄▅▆▇█"
_ERRORS = 50
_FINDINGS = 500
# columns in which errors and warnings advise what to do
_ADVISING = frozenset({"reason", "last error", "finding", "what to do"})


def artifact_key(name: str, webstore_code: str) -> str:
    """The key of a webstore's artifact; Prefect allows small letters, digits and dashes."""
    return f"{name}-{webstore_code.replace('_', '-')}"


@task(task_run_name="publish what is planned and what waits for people", cache_policy=NO_CACHE)
def publish_report(webstore_code: str, report: Report) -> list[str]:
    """Make artifacts of the tables that differ from what was shown last; gives their names."""
    for table in report.news:
        publish_table(webstore_code, table, [f"{path.parent.name}/{path.name}" for path in report.files])
    return [table.name for table in report.news]


def publish_table(webstore_code: str, table: ShownTable, files: Sequence[str] = ()) -> None:
    """One table as an artifact. Every list of artifacts carries the whole tables, so that rows are few."""
    columns, rows = readable(table.name.partition("-")[0], table.frame)
    lines = [title_as_it_is(table.title, f": {counted(table.total, 'row') if table.total else 'none'}")]
    if table.total > len(rows):
        lines.append(f"The first {counted(len(rows), 'row is', 'rows are')} shown.")
    if files and table.name != "conflicts":
        lines.append("The whole plan, in the folder of reports: " + ", ".join(f"`{path}`" for path in files))
    if rows:
        advising = {place for place, heading in enumerate(columns) if heading in _ADVISING}
        told = [[pressed(cell) if place in advising else cell for place, cell in enumerate(row)] for row in rows]
        lines.append(table_as_it_is(columns, told))
    create_markdown_artifact(key=artifact_key(table.name, webstore_code), markdown="\n\n".join(lines))


def publish_findings(webstore_code: str, what: str, findings: Sequence[Finding]) -> None:
    """What is not as expected of the data, by key and without values."""
    rows = [
        {"key": key, "data": f.suite, "expected": f.expectation.text, "reason": f.expectation.reason,
         "records": f.count, "severity": str(f.expectation.severity)}
        for f in findings
        for key in f.keys or ("",)
    ]  # fmt: skip
    title = f"{counted(len(findings), 'expectation')} of {what} {'is' if len(findings) == 1 else 'are'} not met"
    table = ShownTable(f"quality-{what}", title, pd.DataFrame(rows[:_FINDINGS]), len(rows), "")
    publish_table(webstore_code, table)


def publish_place(webstore_code: str, target: Path) -> None:
    """Where the HTML report of a run is. No link: no browser follows one from a page to a file."""
    told = f"**{target.name}**, on the machine of this run:\n\n```\n{target.resolve()}\n```\n\n"
    create_markdown_artifact(
        key=artifact_key("report", webstore_code),
        markdown=told + "The console shows the report of any run: webstore, *Runs and activity*, the run, *Report*.",
    )


@task(task_run_name="publish summary", cache_policy=NO_CACHE)
def publish_summary(summary: RunSummary, before: Sequence[Mapping[str, Any]] = ()) -> None:
    """The run in numbers, and how the last runs went, as a markdown artifact."""
    create_markdown_artifact(key=artifact_key("summary", summary.webstore_code), markdown=summary_text(summary, before))


def summary_text(summary: RunSummary, before: Sequence[Mapping[str, Any]] = ()) -> str:
    """Markdown of a run.

    Args:
        before: rows of earlier runs (connector.store.runs.Runs.recent), the newest first.
    """
    push, pull = summary.push.counters, summary.pull.counters
    kind = "dry run, nothing was written" if summary.dry_run else f"{summary.mode} run"
    text = [f"### {summary.webstore_code}: {kind}", ""]
    approved = summary.approval
    if approved is not None and approved.approved_by:
        text += [_advised([f"Approved by {approved.approved_by}"]), ""]
    if summary.stopped:
        text += ["**Stopped**", "", _advised(summary.stopped), ""]
    counters = [f"| {name} | {push[name]} | {pull[name]} |" for name in push]
    text += ["| | push (→ webstore) | pull (→ Business Central) |", "|---|---|---|", *counters, ""]
    others = {**summary.counters, "mapping version": summary.mapping_version}
    text += [" · ".join(f"{name} {count}" for name, count in others.items()), ""]
    if summary.warnings:
        text += [_advised(summary.warnings), ""]
    dropped = summary.dropped_lines
    if dropped:
        more = [f"… and {len(dropped) - _ERRORS} more"] if len(dropped) > _ERRORS else []
        text += [f"**Dropped** ({len(dropped)}): approved or planned, and not written", ""]
        text += [_advised([*dropped[:_ERRORS], *more]), ""]
    errors = summary.errors
    if errors:
        more = [f"… and {len(errors) - _ERRORS} more"] if len(errors) > _ERRORS else []
        told = [f"{e.customer} ({e.system}): {e.message}" for e in errors[:_ERRORS]]
        text += [f"**Not written** ({summary.not_written})", "", _advised([*told, *more]), ""]
    return "\n".join([*text, *_trend(summary, before)])


def _advised(lines: Iterable[str]) -> str:
    """Lines as they are, but for advice: it is told as the UI has it."""
    return lines_as_they_are(map(pressed, lines))


def _trend(summary: RunSummary, before: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line per run, the newest first, and bars over all of them, the oldest first."""
    written = [(row, RunSummary.from_stored(row["summary"])) for row in before if not row["dry_run"]]
    earlier = [(f"{row['started_at']:%m-%d %H:%M}", told) for row, told in written if told.counted][: _TRENDED - 1]
    if not earlier:
        return []
    runs = [("this run", summary), *earlier]
    lines: list[list[Any]] = [[when, *_figures(told)] for when, told in runs]
    columns = ["created", "updated", "failed", "conflicts", "seconds"]
    bars = [_bars([float(line[1 + i]) for line in reversed(lines)]) for i in range(len(columns))]
    return [
        "",
        f"**The last {len(runs)} runs**",
        "",
        f"| | {' | '.join(columns)} |",
        "|---" * (len(columns) + 1) + "|",
        *(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines),
        f"| oldest → newest | {' | '.join(bars)} |",
    ]


def _figures(summary: RunSummary) -> list[float]:
    push, pull = summary.push.counters, summary.pull.counters
    counted = [push[name] + pull[name] for name in ("created", "updated", "failed")]
    return [*counted, summary.conflicts, summary.seconds]


def _bars(values: Sequence[float]) -> str:
    top = max(values)
    return "".join(_BARS[round(value / top * (len(_BARS) - 1))] if top else _BARS[0] for value in values)
