"""What a run shows people: tables for the UI, masked where the setup wants it, and the whole of it as CSV and Parquet.

Nothing that was shown before is made again: a table's fingerprint stands in the run's summary, and the next run compares.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from connector.core.plan import Plan
from connector.load.news import numbers_of
from connector.private_files import private_file
from connector.report.table_files import write_table
from connector.run.decisions import decisions_of
from connector.run.run import Run
from connector.run.summary import RunSummary
from connector.setup import PersonalData, Setup
from connector.store import View

__all__ = [
    "TITLES",
    "Report",
    "ShownTable",
    "conflicts_shown",
    "holds_shown",
    "masked",
    "masked_rows",
    "purge_files",
    "report_of",
    "shown_table",
]

# in the order in which people want to see them: what replaces a value comes first
_INTENDED = ("delete", "update", "create", "link", "unlink", "keep", "held", "withheld", "kept")
# table → the action of its rows
_OF_ALL = {"ambiguous": "ambiguous", "orphans": "orphan", "quarantined": "quarantined"}
_TEXT = pa.string()
_COLUMNS = pa.schema(
    [("action", _TEXT), ("direction", _TEXT), ("bc_number", _TEXT), ("webstore_id", pa.int64()), ("field", _TEXT),
     ("base", _TEXT), ("before", _TEXT), ("after", _TEXT), ("other_side", _TEXT), ("reason", _TEXT)]
)  # fmt: skip
_ROWS_AT_ONCE = 50_000
# columns that hold what customers are called, where they live, how they are reached
_PERSONAL = frozenset(
    {
        "base",
        "before",
        "after",
        "other_side",
        "webstore",
        "business_central",
        "name",
        "bc_name",
        "webstore_name",
        "value",
        "because",
    }
)
TITLES = {
    "plan": "What is written, field by field: before → after, and why",
    "conflicts": "Fields that both sides changed differently; nothing is overwritten until somebody decides",
    "ambiguous": "Customers that may be the same and wait for a person",
    "orphans": "Mapped customers that are gone on one side",
    "quarantined": "Customers, or values of theirs, that are left out because of their data",
    "holds": "Customers that scheduled runs leave out after repeated failures",
    "suggestions": "Customers that may be the same; accept or reject them by what stands under pair",
    "mapping": "Which Business Central customer is which webstore customer",
    "connection": "What was tested",
}


@dataclass(frozen=True)
class ShownTable:
    """One table of the UI. `frame` holds at most the rows that are shown, `total` says how many there are."""

    name: str
    title: str
    frame: pd.DataFrame
    total: int
    fingerprint: str


@dataclass(frozen=True)
class Report:
    """The tables of a run, and which of them are news.

    Attributes:
        files: the whole plan as CSV and Parquet; empty when the plan is empty, or no folder is wanted.
        fingerprints: of all tables, for the next run; its `where` and `day` make everything news in another place or day.
    """

    tables: tuple[ShownTable, ...]
    files: tuple[Path, ...] = ()
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def news(self) -> tuple[ShownTable, ...]:
        """Tables that differ from what was shown last; an empty one only if it was not empty then."""
        same_place = all(self.known.get(name) == self.fingerprints[name] for name in ("where", "day"))
        return tuple(
            table
            for table in self.tables
            if (table.total or table.name in self.known)
            and not (same_place and self.known.get(table.name) == table.fingerprint)
        )


def report_of(run: Run, plan: Plan, *, selected: bool, where: str = "") -> Report:
    """The tables of a run, and its plan as files.

    Args:
        selected: a selected run shows its plan, and of what stands for all customers only conflicts and holds.
        where: the place that the tables are shown in.
    """
    whole = plan.table()
    with run.store.view(run.code) as view:
        frames = {"plan": _by_interest(whole[whole["action"].isin(_INTENDED)]), "conflicts": conflicts_shown(view)}
        if not selected:
            for name, action in _OF_ALL.items():
                frames[name] = whole.loc[whole["action"] == action, ["bc_number", "webstore_id", "field", "reason"]]
        frames["holds"] = holds_shown(view)
        earlier = [RunSummary.from_stored(row["summary"]) for row in view.runs.recent(5)]
    known: Mapping[str, str] = next((summary.shown for summary in earlier if summary.shown), {})
    how: list[object] = [run.setup.reports.personal_data]
    files: tuple[Path, ...] = ()
    totals: Mapping[str, int] = {}
    if plan.is_large:  # what is shown of it is its beginning, and it is gone through once
        files, totals = _write_files(run, plan.tables(_ROWS_AT_ONCE))
        how += [plan.hash, *totals.values()]
    tables = [
        shown_table(run.setup, name, f, total=totals.get(name), fingerprint=_fingerprint(f, *how))
        for name, f in frames.items()
    ]
    fingerprints = {table.name: table.fingerprint for table in tables if table.total}
    fingerprints |= {"where": where, "day": datetime.now(UTC).date().isoformat()}
    rest = {name: value for name, value in known.items() if selected and name not in frames}
    report = Report(tuple(tables), (), {**rest, **fingerprints}, known)
    news = {table.name for table in report.news} & {"plan", "ambiguous", "orphans", "quarantined"}
    if news and len(whole) and not plan.is_large:
        files, _ = _write_files(run, [whole])
    return Report(report.tables, files, report.fingerprints, known)


def shown_table(
    setup: Setup, name: str, frame: pd.DataFrame, *, title: str = "", total: int | None = None, fingerprint: str = ""
) -> ShownTable:
    """As much of a table as is shown, masked as the setup wants it.

    Args:
        title: where it is none of TITLES.
        total: how many rows there are; None = those of the frame.
    """
    shown = frame.head(setup.reports.rows)
    if setup.reports.personal_data is PersonalData.MASK:
        shown = masked(shown)
    return ShownTable(name, title or TITLES[name], shown, len(frame) if total is None else total, fingerprint)


def _by_interest(plan: pd.DataFrame) -> pd.DataFrame:
    return plan.sort_values("action", key=lambda action: action.map(_INTENDED.index), kind="stable")


def masked(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows with personal values shown as their first character and four asterisks; blank stays blank."""
    columns = [name for name in frame.columns if name in _PERSONAL]
    return frame.assign(**{name: frame[name].map(_mask).astype(object) for name in columns})


def masked_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As `masked`, of rows as dictionaries."""
    return [{name: _mask(value) if name in _PERSONAL else value for name, value in row.items()} for row in rows]


def _mask(value: Any) -> Any:
    return f"{value[0]}****" if isinstance(value, str) and value else value


def conflicts_shown(view: View) -> pd.DataFrame:
    """The conflicts that stand, those that nobody has decided first."""
    decided, found = decisions_of(view), view.conflicts.all().drop(columns=["run_id"])
    takes = [
        decided[key].take if key in decided else ""
        for key in zip(found["bc_id"], map(int, found["webstore_id"]), found["field"], strict=True)
    ]
    found = found.assign(decided=pd.Series(takes, index=found.index, dtype=object), is_decided=[bool(t) for t in takes])
    return found.sort_values(["is_decided", "bc_number", "field"]).drop(columns=["bc_id", "is_decided"])


def holds_shown(view: View) -> pd.DataFrame:
    """Who is on hold, and why."""
    holds = view.holds.read()
    held = holds[holds["on_hold"].astype(bool)]
    numbers = numbers_of(view, held["key"])
    columns = ["bc_number", "key", "direction", "failed_attempts", "last_error", "last_failed_at"]
    return held.assign(bc_number=held["key"].map(lambda key: numbers.get(key, "")).astype(object))[columns]


def _fingerprint(frame: pd.DataFrame, *more: object) -> str:
    if not len(frame):
        return ""
    text = frame.to_csv(index=False) + "\n".join(str(item) for item in more)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write_files(run: Run, tables: Iterable[pd.DataFrame]) -> tuple[tuple[Path, ...], Mapping[str, int]]:
    """plan-<time>-<run>.csv and .parquet in the webstore's folder; readable by their owner only, they hold customers.

    Returns:
        The files, if a folder is wanted, and how many rows the tables have that are made of the plan, by name.
    """
    actions: Counter[str] = Counter()
    if run.setup.reports.folder is None:
        for table in tables:
            actions.update(table["action"])
        return (), _totals(actions)
    folder = run.setup.reports.folder / run.code
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem = f"plan-{datetime.now(UTC):%Y%m%d-%H%M%S}-{run.run_id[:8]}"
    as_csv, as_parquet = folder / f"{stem}.csv", folder / f"{stem}.parquet"
    # a run that was approved shows its plan again, maybe in the same second
    with private_file(as_parquet, overwrite=True) as part, pq.ParquetWriter(part, _COLUMNS) as writer:

        def rows() -> Iterator[list[str]]:
            for table in tables:
                actions.update(table["action"])
                writer.write_table(pa.Table.from_pandas(table, _COLUMNS, preserve_index=False))
                yield from table.astype(object).where(table.notna(), "").astype(str).to_numpy().tolist()

        write_table(as_csv, _COLUMNS.names, rows(), overwrite=True)
    return (as_csv, as_parquet), _totals(actions)


def _totals(actions: Mapping[str, int]) -> Mapping[str, int]:
    return {
        "plan": sum(actions.get(action, 0) for action in _INTENDED),
        **{name: actions.get(action, 0) for name, action in _OF_ALL.items()},
    }


def purge_files(setup: Setup, days: float) -> int:
    """Remove files of plans and reports that are older; returns how many there were."""
    folder = setup.reports.folder
    if folder is None or not (folder / setup.webstore_code).is_dir():
        return 0
    limit = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    mine = folder / setup.webstore_code
    files = [path for kind in ("plan-*-*.*", "report-*-*.html") for path in mine.glob(kind)]
    old = [path for path in files if path.stat().st_mtime < limit]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
