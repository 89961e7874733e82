"""Runs and watermarks: when was what synchronised, how it ended, and how far the reading has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.columns import now
from connector.store.frames import Kind, frame
from connector.store.schema import JOURNAL, RUN, WATERMARK
from connector.store.tallies import RUNS, Tallies, kind
from connector.store.upserting import upsert

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHANGED", "FULL", "Runs", "Watermarks"]

# modes of runs: over all customers, and over those of them who may have changed
FULL, CHANGED = "all", "changed"
# a summary with counts; what a breaker stops has none. No text in it can look so, since its quotes are escaped
_COUNTED = '"extracted":'

_R = RUN.c
_GOING_ON = {"running", "waiting"}
_COUNTED_BY = (_R.mode, _R.dry_run, _R.status)
_LISTED: dict[str, Kind] = {
    "run_id": "text",
    "mode": "text",
    "trigger": "text",
    "actor": "text",
    "dry_run": "flag",
    "started_at": "time",
    "finished_at": "time",
    "status": "text",
    "plan_hash": "text",
    "rules_hash": "text",
}


class Runs:
    """The runs of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def start(self, run_id: str, mode: str, trigger: str, actor: str, *, dry_run: bool = False) -> None:
        """Remember that a run began, or goes on after an approval: then it keeps the time it began at."""
        if self.show(run_id) is None:
            values = {"run_id": run_id, "mode": mode, "trigger": trigger, "actor": actor, "dry_run": dry_run}
            values |= {"webstore_code": self._code, "started_at": now(), "status": "running", "summary": "{}"}
            self._connection.execute(sa.insert(RUN).values(values))
        else:
            going_on = {"status": "running", "finished_at": None}
            self._connection.execute(sa.update(RUN).where(self._one(run_id)).values(going_on))

    def finish(
        self, run_id: str, status: str, summary: Mapping[str, Any], plan_hash: str | None, rules_hash: str | None
    ) -> None:
        """Remember how a run ended: completed, stopped, refused, failed or waiting."""
        values = {
            "finished_at": now(),
            "status": status,
            "summary": orjson.dumps(dict(summary), default=str).decode(),
            "plan_hash": plan_hash,
            "rules_hash": rules_hash,
        }
        before = self._connection.execute(sa.select(*_COUNTED_BY).where(self._one(run_id))).one_or_none()
        self._connection.execute(sa.update(RUN).where(self._one(run_id)).values(values))
        # a run that ends a second time, as when Prefect says why it was interrupted, has been counted
        if before is not None and before.status in _GOING_ON and status != "waiting":
            outcome = "not-all-written" if status == "completed" and summary.get("errors") else status
            self._tally(before, outcome)

    def _tally(self, run: Any, outcome: str) -> None:
        ended = kind(RUNS, mode=run.mode, outcome=outcome, dry_run=str(bool(run.dry_run)).lower())
        Tallies(self._connection, self._code).add({ended: 1})

    def close_interrupted(self, besides: str) -> int:
        """Mark runs that were killed as "interrupted". Only the holder of the lease can know that they do not run any more.

        Args:
            besides: the run that is going on.

        Returns:
            How many there were.
        """
        killed = sa.and_(_R.webstore_code == self._code, _R.status == "running", _R.run_id != besides)
        for run in self._connection.execute(sa.select(*_COUNTED_BY).where(killed)).all():
            self._tally(run, "interrupted")
        values = {"status": "interrupted", "finished_at": now()}
        return self._connection.execute(sa.update(RUN).where(killed).values(values)).rowcount

    def list(self, limit: int = 20) -> pd.DataFrame:
        """The newest runs first.

        Returns:
            One row per run: `run_id`, `mode`, `trigger`, `actor`, `dry_run`, `started_at`, `finished_at` (missing = it runs),
            `status`, `plan_hash`, `rules_hash`.
        """
        statement = sa.select(*(_R[name] for name in _LISTED)).where(_R.webstore_code == self._code)
        return frame(self._connection.execute(statement.order_by(_R.started_at.desc()).limit(limit)).all(), _LISTED)

    def show(self, run_id: str) -> dict[str, Any] | None:
        """One run, its columns as in `list`, and `summary` as a dictionary; None if there is no such run."""
        row = self._connection.execute(sa.select(RUN).where(self._one(run_id))).mappings().one_or_none()
        return None if row is None else {**row, "summary": orjson.loads(row["summary"])}

    def recent(self, limit: int, until: datetime | None = None, offset: int = 0) -> Sequence[dict[str, Any]]:
        """The newest runs first, their columns as in `list`, and `summary` as a dictionary.

        Args:
            until: only those that began then or before.
            offset: how many of the newest are passed over.
        """
        statement = sa.select(RUN).where(_R.webstore_code == self._code)
        if until is not None:
            statement = statement.where(_R.started_at <= until)
        statement = statement.order_by(_R.started_at.desc(), _R.run_id).limit(limit).offset(offset)
        return self._whole(statement)

    def reads_less(self, run_id: str) -> None:
        """Remember that a run looks at those who may have changed, and not at all customers."""
        self._connection.execute(sa.update(RUN).where(self._one(run_id)).values(mode=CHANGED))

    def left_somebody(self, since: datetime, besides: str) -> bool:
        """Whether a run that began then or later was not done with all of its customers: it came to no end, or a write was
        refused or dropped. Dry runs do not count, nor plans that wait or were rejected.

        Args:
            besides: a run that does not count: the one that asks.
        """
        mine = sa.and_(_R.webstore_code == self._code, _R.dry_run.is_(False), _R.run_id != besides)
        # no text in a summary can look so, since its quotes are escaped
        left = [_R.summary.contains(f'"{name}":[{{', autoescape=True) for name in ("errors", "dropped_customers")]
        unfinished = _R.status.not_in(("completed", "waiting", "rejected"))
        found = sa.select(_R.run_id).where(mine, _R.started_at >= since, sa.or_(unfinished, *left)).limit(1)
        return self._connection.scalar(found) is not None

    def count(self) -> int:
        """How many runs are remembered."""
        mine = sa.select(sa.func.count()).select_from(RUN).where(_R.webstore_code == self._code)
        return self._connection.scalar(mine) or 0

    def of_plan(self, plan_hash: str) -> Sequence[dict[str, Any]]:
        """The runs that made a plan, or were started to write it, the newest first, as in `recent`.

        Args:
            plan_hash: the whole hash.
        """
        # no other text in a summary can look so, since its quotes are escaped
        told = _R.summary.contains(f'"approved_plan":"{plan_hash}"', autoescape=True)
        mine = sa.and_(_R.webstore_code == self._code, sa.or_(_R.plan_hash == plan_hash, told))
        return self._whole(sa.select(RUN).where(mine).order_by(_R.started_at.desc()))

    def _whole(self, statement: sa.Select[Any]) -> Sequence[dict[str, Any]]:
        rows = self._connection.execute(statement).mappings()
        return [{**row, "summary": orjson.loads(row["summary"])} for row in rows]

    def last_full(self, besides: str = "") -> dict[str, Any] | None:
        """The newest run over all customers that was no dry run and got as far as writing, as in `show`; however many other
        runs there were since.

        Args:
            besides: a run that does not count: the one that asks.
        """
        ended = sa.and_(self._full(besides), _R.status.in_(("completed", "stopped")), self._counted())
        run_id = self._connection.scalar(sa.select(_R.run_id).where(ended).order_by(_R.started_at.desc()).limit(1))
        return None if run_id is None else self.show(run_id)

    def full_that_wrote(self, limit: int, besides: str = "") -> Sequence[str]:
        """Ids of the newest runs over all customers that wrote something or could have, the newest first. Neither a dry run
        counts nor one that was stopped, refused or killed before its first write.
        """
        wrote = sa.exists().where(JOURNAL.c.webstore_code == self._code, JOURNAL.c.run_id == _R.run_id)
        mine = sa.and_(self._full(besides), sa.or_(self._counted(), wrote), _R.status.not_in(("waiting", "rejected")))
        return self._connection.scalars(
            sa.select(_R.run_id).where(mine).order_by(_R.started_at.desc()).limit(limit)
        ).all()

    def going_on(self) -> dict[str, int]:
        """How many runs have not ended: `running`, and `waiting` for a person."""
        mine = sa.and_(_R.webstore_code == self._code, _R.status.in_(_GOING_ON))
        rows = self._connection.execute(sa.select(_R.status, sa.func.count()).where(mine).group_by(_R.status))
        counts = {row.status: int(row[1]) for row in rows}
        return {status: counts.get(status, 0) for status in sorted(_GOING_ON)}

    def waiting(self) -> Sequence[dict[str, Any]]:
        """All runs whose plan waits for a person, the newest first, as in `recent`."""
        mine = sa.and_(_R.webstore_code == self._code, _R.status == "waiting")
        return self._whole(sa.select(RUN).where(mine).order_by(_R.started_at.desc()))

    def beginning(self, text: str) -> Sequence[str]:
        """Ids of runs that are meant by a text: the run with this id, or those whose ids begin so (the first few)."""
        mine = _R.webstore_code == self._code
        exact = self._connection.scalars(sa.select(_R.run_id).where(mine, _R.run_id == text)).all()
        begin = sa.select(_R.run_id).where(mine, _R.run_id.startswith(text, autoescape=True))
        return exact or (self._connection.scalars(begin.order_by(_R.run_id).limit(5)).all() if text else [])

    def last(self, *statuses: str) -> dict[str, Any] | None:
        """The newest run that was no dry run and ended in one of these ways (none given = in any), as in `show`."""
        statement = sa.select(_R.run_id).where(_R.webstore_code == self._code, _R.dry_run.is_(False))
        if statuses:
            statement = statement.where(_R.status.in_(statuses))
        run_id = self._connection.scalar(statement.order_by(_R.started_at.desc()).limit(1))
        return None if run_id is None else self.show(run_id)

    def _full(self, besides: str) -> sa.ColumnElement[bool]:
        return sa.and_(_R.webstore_code == self._code, _R.mode == FULL, _R.dry_run.is_(False), _R.run_id != besides)

    def _counted(self) -> sa.ColumnElement[bool]:
        return _R.summary.contains(_COUNTED, autoescape=True)

    def _one(self, run_id: str) -> sa.ColumnElement[bool]:
        return sa.and_(_R.webstore_code == self._code, _R.run_id == run_id)


class Watermarks:
    """How far incremental reads have come, per system."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def get(self, system: str) -> str | None:
        """The watermark of a system; None before the first complete read."""
        mine = sa.and_(WATERMARK.c.webstore_code == self._code, WATERMARK.c.system == system)
        return self._connection.scalar(sa.select(WATERMARK.c.value).where(mine))

    def set(self, system: str, value: str) -> None:
        """Move a watermark."""
        row = {"webstore_code": self._code, "system": system, "value": value, "updated_at": now()}
        upsert(self._connection, WATERMARK, ("webstore_code", "system"), [row])

    def remove(self, system: str) -> None:
        """Forget a watermark."""
        mine = sa.and_(WATERMARK.c.webstore_code == self._code, WATERMARK.c.system == system)
        self._connection.execute(sa.delete(WATERMARK).where(mine))
