"""The HTML report of a run, made of what the store remembers: at the end of the run, or whenever somebody asks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow.parquet as pq

from connector.errors import InputError
from connector.private_files import write_private
from connector.report import LastRun, PlanRow, RunFigures, fair_share, render_report
from connector.report.run_tables import masked_rows
from connector.run.names_given import find_run
from connector.run.summary import RunSummary
from connector.setup import HtmlReports, PersonalData, Setup
from connector.store import View, records

__all__ = ["ROWS", "leave_report", "report_of_run", "report_wanted"]

ROWS = 2_000
_CHARTED = 30
_DROPPED = 200
# a plan of more rows is shown as far as the store keeps it
_MOST_ROWS = 1_000_000
_WRITTEN = ("create", "update", "delete")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”")
_WHOLE = "customer-sync runs report … --rows N"


def report_of_run(
    view: View, setup: Setup, run_id: str | None = None, *, masked: bool | None = None, rows: int = ROWS
) -> str:
    """The report of a run as one HTML document.

    Args:
        run_id: the id or its beginning; None = the newest run.
        masked: whether values of customers are masked; None = as the setup says.
        rows: rows of the plan that are shown at most.

    Raises:
        InputError: no run, or several, are meant.
    """
    if run_id is not None:
        found = find_run(view, run_id)
    else:
        newest = view.runs.recent(1)
        if not newest:
            raise InputError("There was no run yet.", hint="See customer-sync sync.")
        found = str(newest[0]["run_id"])
    is_masked = setup.reports.personal_data is PersonalData.MASK if masked is None else masked
    return render_report(_figures(setup, view, found, is_masked, rows), datetime.now(UTC))


def report_wanted(setup: Setup) -> bool:
    """Whether the setup wants reports of any runs at all: for others no store needs to be opened."""
    return setup.reports.folder is not None and setup.reports.html is not HtmlReports.NEVER


def leave_report(view: View, setup: Setup, run_id: str) -> Path | None:
    """Write the report that the setup wants of a run that has ended; None if it wants none.

    Raises:
        InputError: the file cannot be written.
        StoreError: the store cannot be used.
    """
    folder = setup.reports.folder
    if folder is None or not report_wanted(setup):
        return None
    run = view.runs.show(run_id)
    if run is None or (setup.reports.html is HtmlReports.CHANGES and not _has_news(run, view)):
        return None
    target = folder / setup.webstore_code / f"report-{run['started_at']:%Y%m%d-%H%M%S}-{run_id[:8]}.html"
    text = report_of_run(view, setup, run_id)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(target, text, overwrite=True)
    return target


def _has_news(run: Mapping[str, Any], view: View) -> bool:
    """Whether a run did, refused or found something that the run before had not."""
    summary = _summary(run)
    if run["status"] != "completed" or not summary.counted or summary.errors or summary.linked:
        return True
    if any(way.created or way.updated or way.failed or way.dropped for way in (summary.push, summary.pull)):
        return True
    earlier = [r for r in view.runs.recent(5, until=run["started_at"]) if r["run_id"] != run["run_id"]]
    before = next((told for told in map(_summary, earlier) if told.shown), RunSummary())
    ignored = {"where", "day"}
    now, then = ({k: v for k, v in told.shown.items() if k not in ignored} for told in (summary, before))
    return now != then


def _summary(run: Mapping[str, Any]) -> RunSummary:
    return RunSummary.from_stored(run["summary"])


def _figures(setup: Setup, view: View, run_id: str, masked: bool, most: int) -> RunFigures:
    run = view.runs.show(run_id)
    assert run is not None  # noqa: S101 - its id was just found
    plan, remarks, files = _plan(setup, view, run)
    totals = Counter(str(row["action"]) for row in plan)
    chosen = _chosen(plan, fair_share(totals, most))
    outcomes = _outcomes(records(view.journal.of_run(run_id)))
    summary = _summary(run)
    if masked:
        summary = replace(summary, errors=tuple(replace(error, message=error.code) for error in summary.errors))
        remarks.append("What the systems said about refused writes is left out, too; its codes are shown.")
    dropped = summary.dropped_lines
    remarks += [f"Dropped, approved or planned and not written: {line}" for line in dropped[:_DROPPED]]
    remarks += [f"… and {len(dropped) - _DROPPED} more were dropped."] if len(dropped) > _DROPPED else []
    earlier = [r for r in view.runs.recent(_CHARTED * 4, until=run["started_at"]) if not r["dry_run"]]
    charted = [r for r in earlier if r["run_id"] != run_id][: _CHARTED - 1]
    return RunFigures(
        webstore_code=setup.webstore_code,
        run_id=run_id,
        mode=run["mode"],
        trigger=run["trigger"],
        actor=run["actor"],
        status=run["status"],
        dry_run=bool(run["dry_run"]),
        started_at=run["started_at"],
        finished_at=run["finished_at"],
        plan_hash=run["plan_hash"] or "",
        summary=summary,
        rows=[_row(row, outcomes, masked) for row in chosen],
        total_rows=len(plan),
        totals=dict(totals.most_common()),
        last_runs=[LastRun(r["run_id"], r["started_at"], r["status"], _summary(r)) for r in [*charted[::-1], run]],
        files=files or ([_WHOLE] if len(chosen) < len(plan) else []),
        remarks=remarks,
        masked=masked,
    )


def _plan(setup: Setup, view: View, run: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """The rows of a run's plan, what must be said about them, and the files that hold them whole."""
    folder = setup.reports.folder
    found = sorted((folder / setup.webstore_code).glob(f"plan-*-{run['run_id'][:8]}.*")) if folder is not None else []
    parquet = [path for path in found if path.suffix == ".parquet"]
    if parquet and pq.read_metadata(parquet[-1]).num_rows <= _MOST_ROWS:
        return records(pd.read_parquet(parquet[-1])), [], [str(path) for path in found if path.stem == parquet[-1].stem]
    stored = view.plans.get(run["plan_hash"]) if run["plan_hash"] else None
    if stored is None:
        return [], ["The plan of this run is not kept (any more)."] if run["plan_hash"] else [], []
    rows: list[dict[str, Any]] = orjson.loads(stored.document).get("rows", [])
    if parquet:
        return rows, ["The plan is too large to be shown: this is its beginning."], list(map(str, found))
    if stored.run_id in {None, run["run_id"]}:
        return rows, [], []
    return rows, [f"The plan is shown as run {stored.run_id} had it, which intended exactly the same writes."], []


def _chosen(plan: Sequence[dict[str, Any]], shares: dict[str, int]) -> list[dict[str, Any]]:
    left, chosen = dict(shares), []
    for row in plan:
        if left.get(str(row["action"]), 0) > 0:
            left[str(row["action"])] -= 1
            chosen.append(row)
    return chosen


def _outcomes(writes: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, Any], Mapping[str, Any]]:
    """What became of each write, under what its plan row has even if the customer was only created by it."""
    return {(w["direction"], w["operation"], _known_side(w)): w for w in writes}


def _known_side(row: Mapping[str, Any]) -> Any:
    return row["bc_number"] if row["direction"] == "push" else row["webstore_id"]


def _other_side(row: Mapping[str, Any]) -> str | None:
    value = row.get("other_side")  # plans of earlier versions do not have it
    return None if value is None or pd.isna(value) else str(value)


def _row(row: Mapping[str, Any], outcomes: Mapping[tuple[str, str, Any], Mapping[str, Any]], masked: bool) -> PlanRow:
    write = outcomes.get((row["direction"], row["action"], _known_side(row))) if row["action"] in _WRITTEN else None
    said = "" if write is None or write["outcome"] in {"confirmed", "adopted"} else str(write["message"] or "")
    values = masked_rows([row])[0] if masked else row
    return PlanRow(
        action=str(row["action"]),
        direction=str(row["direction"] or ""),
        bc_number=str(row["bc_number"] or ""),
        webstore_id=None if row["webstore_id"] is None else int(row["webstore_id"]),
        field=str(row["field"] or ""),
        before=str(values["before"] or ""),
        after=str(values["after"] or ""),
        reason=_QUOTED.sub("…", str(row["reason"])) if masked else str(row["reason"] or ""),
        base=str(values["base"] or ""),
        other_side=_other_side(values),
        outcome="" if write is None else str(write["outcome"] or "no answer"),
        message=str(write["code"] or "") if masked and write is not None and said else said,
        masked=masked,
        is_changed=row["before"] != row["after"],
    )
