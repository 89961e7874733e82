"""Runs, watermarks, and how long they are remembered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import Connection, select

from connector.store.schema import journal, run, watermark

__all__ = ["Activity", "Runs", "Watermarks"]


class Runs:
    """The runs of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def start(self, run_id: str, mode: str, trigger: str, actor: str, *, dry_run: bool = False) -> None:
        """Remember that a run began."""
        self._connection.execute(
            run.insert().values(
                webstore_code=self._code,
                run_id=run_id,
                mode=mode,
                trigger=trigger,
                actor=actor,
                dry_run=dry_run,
                started_at=datetime.now(UTC).isoformat(),
                status="running",
            )
        )

    def finish(self, run_id: str, status: str, summary: Mapping[str, Any], plan_hash: str, rules_hash: str) -> None:
        """Remember how a run ended: completed, stopped, refused or failed."""
        self._connection.execute(
            run.update()
            .where(run.c.webstore_code == self._code, run.c.run_id == run_id)
            .values(
                ended_at=datetime.now(UTC).isoformat(),
                status=status,
                summary=orjson.dumps(dict(summary)).decode(),
                plan_hash=plan_hash,
                rules_hash=rules_hash,
            )
        )

    def list(self, limit: int = 20) -> pd.DataFrame:
        """The newest runs first; one row each, without the summary."""
        names = [column.name for column in run.c if column.name not in {"webstore_code", "summary"}]
        query = select(*[run.c[name] for name in names]).where(run.c.webstore_code == self._code)
        rows = self._connection.execute(query.order_by(run.c.started_at.desc()).limit(limit))
        return pd.DataFrame([tuple(row) for row in rows], columns=names)

    def show(self, run_id: str) -> dict[str, Any] | None:
        """One run with its summary; None if there is no such run."""
        query = select(run).where(run.c.webstore_code == self._code, run.c.run_id == run_id)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else {**row, "summary": orjson.loads(row["summary"])}


class Watermarks:
    """How far incremental reads have come, per system."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def get(self, system: str) -> str | None:
        """The watermark of a system; None before the first complete read."""
        query = select(watermark.c.value).where(watermark.c.webstore_code == self._code, watermark.c.system == system)
        return self._connection.execute(query).scalar()

    def set(self, system: str, value: str) -> None:
        """Move a watermark."""
        where = (watermark.c.webstore_code == self._code, watermark.c.system == system)
        self._connection.execute(watermark.delete().where(*where))
        self._connection.execute(watermark.insert().values(webstore_code=self._code, system=system, value=value))


class Activity:
    """What runs leave behind, and its removal after a while."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def purge(self, older_than_days: int) -> dict[str, int]:
        """Remove settled journal rows and ended runs that are older; open intents stay. Gives the counts."""
        limit = (datetime.now(UTC) - timedelta(days=older_than_days)).isoformat()
        writes = self._connection.execute(
            journal.delete().where(
                journal.c.webstore_code == self._code, journal.c.outcome.is_not(None), journal.c.settled_at < limit
            )
        )
        runs = self._connection.execute(run.delete().where(run.c.webstore_code == self._code, run.c.ended_at < limit))
        return {"writes": writes.rowcount, "runs": runs.rowcount}
