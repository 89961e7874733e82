"""Tasks that show: plan, what waits for people, and the run in numbers, as artifacts in the Prefect UI.

The keys are `plan-<webstore>`, `conflicts-<webstore>` and so on: the artifact page of a key shows its newest table and all
earlier ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from connector.core.characters import shown
from connector.core.expectations import Finding
from connector.report.run_tables import Report, ShownTable
from connector.run.summary import RunSummary

__all__ = [
    "artifact_key",
    "publish_findings",
    "publish_link",
    "publish_report",
    "publish_summary",
    "publish_table",
    "summary_text",
]

_TRENDED = 10
_BARS = "▁▂▃▄▅▆▇█"
_ERRORS = 50
_FINDINGS = 500


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
    """One table artifact. Every list of artifacts carries the whole tables, so that rows are few."""
    # a column that is blank in every row takes the room of one that is not
    blank = [name for name in table.frame if name == "base" and not table.frame[name].astype(bool).any()]
    frame = table.frame.drop(columns=blank)
    shown = frame.astype(object).where(frame.notna(), None)
    count = f"{table.total} row{'s' * (table.total != 1)}"
    lines = [f"**{table.title}**: {count if table.total else 'none'}"]
    if table.total > len(shown):
        lines.append(f"The first {len(shown)} are shown.")
    if files and table.name != "conflicts":
        lines.append("The whole plan, in the folder of reports: " + ", ".join(f"`{path}`" for path in files))
    create_table_artifact(
        key=artifact_key(table.name, webstore_code),
        table=[{str(name): _cell(value) for name, value in row.items()} for row in shown.to_dict(orient="records")],
        description="\n\n".join(lines),
    )


def _cell(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, str):
        return shown(value)
    return value if value is None or isinstance(value, (bool, float)) else int(value)


def publish_findings(webstore_code: str, what: str, findings: Sequence[Finding]) -> None:
    """What is not as expected of the data, by key and without values."""
    rows = [
        {"data": f.suite, "severity": str(f.expectation.severity), "expected": f.expectation.text,
         "records": f.count, "customer": key, "reason": f.expectation.reason}
        for f in findings
        for key in f.keys or ("",)
    ]  # fmt: skip
    more = f"; {len(rows)} rows, the first {_FINDINGS} shown" if len(rows) > _FINDINGS else ""
    create_table_artifact(
        key=artifact_key(f"quality-{what}", webstore_code),
        table=rows[:_FINDINGS],
        description=f"{len(findings)} expectations of {what} are not met{more}",
    )


def publish_link(webstore_code: str, target: Path) -> None:
    """A link to the HTML report of a run. It leads to a file of the machine that carried out the run."""
    create_link_artifact(
        link=target.resolve().as_uri(),
        link_text=target.name,
        key=artifact_key("report", webstore_code),
        description=f"HTML report: `{target}` on the machine of this run. Browsers open it there only: copy the path if the "
        "link does nothing, or make the report anywhere with `customer-sync runs report`.",
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
    text += [f"**Stopped**: {reason}\n" for reason in summary.stopped]
    counters = [f"| {name} | {push[name]} | {pull[name]} |" for name in push]
    text += ["| | push (→ webstore) | pull (→ Business Central) |", "|---|---|---|", *counters, ""]
    others = {**summary.counters, "mapping version": summary.mapping_version}
    text += [" · ".join(f"{name} {count}" for name, count in others.items()), ""]
    text += [f"- {warning}" for warning in summary.warnings]
    dropped = summary.dropped_lines
    if dropped:
        text += ["", f"**Dropped** ({len(dropped)}): approved or planned, and not written", ""]
        text += [f"- {line}" for line in dropped[:_ERRORS]]
        text += [f"- … and {len(dropped) - _ERRORS} more: customer-sync runs show"] if len(dropped) > _ERRORS else []
    errors = summary.errors
    if errors:
        text += ["", f"**Not written** ({summary.not_written})", ""]
        text += [f"- {e.customer} ({e.system}): {e.message}" for e in errors[:_ERRORS]]
        text += [f"- … and {len(errors) - _ERRORS} more: customer-sync log --failed"] if len(errors) > _ERRORS else []
    return "\n".join([*text, *_trend(summary, before)])


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
