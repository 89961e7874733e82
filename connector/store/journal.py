"""The write journal: what was about to be written (intent, committed before sending), and what became of it (outcome)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import Connection, Select, bindparam, or_, select

from connector.store.schema import journal

__all__ = ["Intent", "Journal", "OpenIntent", "Settlement"]

_JSON = ("payload", "before", "after")


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One write that is about to be sent.

    Attributes:
        natural_key: what finds the customer again if the answer is lost, e.g. its e-mail; "" = nothing does.
        before, after: canonical field → value of the written side.
        token: the ETag that the write carries; "" = none.
    """

    run_id: str
    direction: str
    system: str
    operation: str
    bc_id: str | None
    bc_number: str | None
    webstore_id: int | None
    natural_key: str
    payload: dict[str, Any]
    before: dict[str, str]
    after: dict[str, str]
    rule: str = ""
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class OpenIntent(Intent):
    """An intent without an outcome: the write may or may not have happened."""

    intent_id: int
    intended_at: datetime


@dataclass(frozen=True)
class Settlement:
    """What became of an intent.

    Attributes:
        outcome: confirmed (the server answered), refused (it said no), not-happened (looked up: it is not there), adopted
            (looked up: it is there), held (looked up: a person must say), dropped (not sent: the customer had changed).
        record: canonical values of the written customer afterwards.
    """

    intent_id: int
    outcome: str
    record: dict[str, str] | None = None
    remote_id: str | None = None
    code: str = ""
    message: str = ""


class Journal:
    """The journal of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def intend(self, intents: Sequence[Intent]) -> list[int]:
        """Add intents; gives their ids in order."""
        if not intents:
            return []
        now = datetime.now(UTC).isoformat()
        rows = []
        for intent in intents:
            row = {f.name: getattr(intent, f.name) for f in fields(Intent)}
            rows.append(
                row
                | {name: orjson.dumps(row[name]).decode() for name in _JSON}
                | {"webstore_code": self._code, "intended_at": now}
            )
        added = self._connection.execute(
            journal.insert().returning(journal.c.intent_id, sort_by_parameter_order=True), rows
        )
        return [int(row.intent_id) for row in added]

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Add outcomes."""
        if not settlements:
            return
        now = datetime.now(UTC).isoformat()
        self._connection.execute(
            journal.update()
            .where(journal.c.webstore_code == self._code, journal.c.intent_id == bindparam("which"))
            .values(
                outcome=bindparam("new_outcome"),
                record=bindparam("new_record"),
                remote_id=bindparam("new_remote_id"),
                code=bindparam("new_code"),
                message=bindparam("new_message"),
                settled_at=now,
            ),
            [
                {
                    "which": s.intent_id,
                    "new_outcome": s.outcome,
                    "new_record": None if s.record is None else orjson.dumps(s.record).decode(),
                    "new_remote_id": s.remote_id,
                    "new_code": s.code,
                    "new_message": s.message,
                }
                for s in settlements
            ],
        )

    def open(self) -> list[OpenIntent]:
        """Intents without an outcome, oldest first."""
        query = select(journal).where(journal.c.webstore_code == self._code, journal.c.outcome.is_(None))
        found = []
        for row in self._connection.execute(query.order_by(journal.c.intent_id)).mappings():
            values = {f.name: row[f.name] for f in fields(Intent)} | {name: orjson.loads(row[name]) for name in _JSON}
            found.append(
                OpenIntent(**values, intent_id=row["intent_id"], intended_at=datetime.fromisoformat(row["intended_at"]))
            )
        return found

    def of_run(self, run_id: str) -> pd.DataFrame:
        """All writes of a run, in order, one row each; JSON columns as texts."""
        return self._frame(select(journal).where(journal.c.run_id == run_id))

    def of_customer(self, bc_id: str | None = None, webstore_id: int | None = None) -> pd.DataFrame:
        """All writes that concern a customer, in order."""
        return self._frame(
            select(journal).where(
                or_(
                    journal.c.bc_id == bc_id,
                    journal.c.webstore_id == webstore_id,
                    journal.c.remote_id.in_([str(key) for key in (bc_id, webstore_id) if key is not None]),
                )
            )
        )

    def _frame(self, query: Select[Any]) -> pd.DataFrame:
        query = query.where(journal.c.webstore_code == self._code).order_by(journal.c.intent_id)
        result = self._connection.execute(query)
        return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))
