"""The write journal: what was about to be written (intent, committed before sending), and what became of it (outcome)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.errors import InternalError
from connector.store.columns import now
from connector.store.frames import Kind as Column
from connector.store.frames import chunks, frame
from connector.store.schema import JOURNAL
from connector.store.tallies import WRITES, Kind, Tallies, kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Intent", "Journal", "OpenIntent", "Settlement", "Update", "concerns"]

_J = JOURNAL.c
_JSON = ("payload", "before", "after")
_KINDS: dict[str, Column] = {"id": "number", "webstore_id": "number", "intended_at": "time", "settled_at": "time"}


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One write that is about to be sent.

    Attributes:
        bc_id, webstore_id: who; None on the side where the customer is to be created.
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
    payload: Mapping[str, Any]
    before: Mapping[str, str]
    after: Mapping[str, str]
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
        remote_id: the written customer's id in the written system; a created customer is found by it from now on.
    """

    intent_id: int
    outcome: str
    record: Mapping[str, str] | None = None
    remote_id: str | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True)
class Update:
    """An update that happened. `before`, `after`: canonical field → value of the written side."""

    bc_id: str
    webstore_id: int
    direction: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    rule: str


_HAPPENED = _J.outcome.in_(("confirmed", "adopted"))
_SETTLE = (
    sa.update(JOURNAL)
    .where(_J.id == sa.bindparam("which"), _J.webstore_code == sa.bindparam("code_"))
    .values(
        outcome=sa.bindparam("outcome_"),
        record=sa.bindparam("record_"),
        remote_id=sa.bindparam("remote_id_"),
        code=sa.bindparam("error_"),
        message=sa.bindparam("message_"),
        settled_at=sa.bindparam("time_"),
        bc_id=sa.func.coalesce(_J.bc_id, sa.bindparam("bc_id_", type_=sa.Text)),
        webstore_id=sa.func.coalesce(_J.webstore_id, sa.bindparam("webstore_id_", type_=sa.BigInteger)),
    )
)


class Journal:
    """The journal of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def intend(self, intents: Sequence[Intent]) -> list[int]:
        """Add intents; gives their ids in order."""
        if not intents:
            return []
        time = now()
        rows = [
            {f.name: getattr(intent, f.name) for f in fields(Intent)}
            | {name: orjson.dumps(dict(getattr(intent, name))).decode() for name in _JSON}
            | {"webstore_code": self._code, "intended_at": time}
            for intent in intents
        ]
        customers = [(intent.bc_id, intent.webstore_id) for intent in intents]
        if len(set(customers)) < len(customers):
            in_order = sa.insert(JOURNAL).returning(_J.id, sort_by_parameter_order=True)
            return [int(number) for number in self._connection.scalars(in_order, rows)]
        # where ids must come back in order, SQLite is given one row at a time; the customers tell them apart, too
        statement = sa.insert(JOURNAL).returning(_J.bc_id, _J.webstore_id, _J.id)
        ids = {(bc_id, webstore_id): int(i) for bc_id, webstore_id, i in self._connection.execute(statement, rows)}
        return [ids[customer] for customer in customers]

    def settle(self, settlements: Sequence[Settlement], *, again: bool = False) -> None:
        """Add outcomes.

        Args:
            again: these were settled as not-happened, and have happened after all.

        Raises:
            InternalError: an intent has an outcome already (`again`: another one), or is not of this webstore.
        """
        if not settlements:
            return
        time = now()
        rows = []
        for settled in settlements:
            remote = settled.remote_id or ""
            rows.append(
                {
                    "which": settled.intent_id,
                    "code_": self._code,
                    "outcome_": settled.outcome,
                    "record_": None if settled.record is None else orjson.dumps(dict(settled.record)).decode(),
                    "remote_id_": settled.remote_id,
                    "error_": settled.code,
                    "message_": settled.message,
                    "time_": time,
                    "bc_id_": remote.lower() if remote and not remote.isdecimal() else None,
                    "webstore_id_": int(remote) if remote.isdecimal() else None,
                }
            )
        open_ = _J.outcome == "not-happened" if again else _J.outcome.is_(None)
        done = self._connection.execute(_SETTLE.where(open_), rows).rowcount
        if done != len(rows):
            raise InternalError(f"{len(rows) - done} of {len(rows)} writes to be settled have an outcome already")
        self._tally([settled.intent_id for settled in settlements])

    def _tally(self, ids: Sequence[int]) -> None:
        keys = (_J.direction, _J.operation, _J.outcome)
        amounts: Counter[Kind] = Counter()
        for some in chunks(ids):
            statement = sa.select(*keys, sa.func.count()).where(_J.id.in_(some)).group_by(*keys)
            for direction, operation, outcome, count in self._connection.execute(statement):
                amounts[kind(WRITES, direction=direction, action=operation, outcome=outcome)] += count
        Tallies(self._connection, self._code).add(amounts)

    def open(self) -> list[OpenIntent]:
        """Intents without an outcome, oldest first."""
        return self._intents(_J.outcome.is_(None))

    def not_happened(self, code: str, since: datetime) -> list[OpenIntent]:
        """Intents that were settled since then as not-happened with this code, oldest first."""
        return self._intents(sa.and_(_J.outcome == "not-happened", _J.code == code, _J.settled_at >= since))

    def _intents(self, condition: sa.ColumnElement[bool]) -> list[OpenIntent]:
        names = [f.name for f in fields(Intent)]
        statement = sa.select(_J.id, _J.intended_at, *(_J[name] for name in names))
        statement = statement.where(_J.webstore_code == self._code, condition).order_by(_J.id)
        found = []
        for row in self._connection.execute(statement).mappings():
            values = {name: row[name] for name in names} | {name: orjson.loads(row[name]) for name in _JSON}
            found.append(OpenIntent(**values, intent_id=row["id"], intended_at=row["intended_at"]))
        return found

    def of_run(self, run_id: str) -> pd.DataFrame:
        """All writes of a run, in order.

        Returns:
            One row per write, all columns of the journal; `payload`, `before`, `after` and `record` are JSON texts, a missing
            `outcome` = not settled.
        """
        return self._frame(_J.run_id == run_id)

    def of_customer(self, bc_id: str | None = None, webstore_id: int | None = None) -> pd.DataFrame:
        """All writes that concern a customer, by either id or both, in order; columns as in `of_run`."""
        return self._frame(concerns(bc_id, webstore_id))

    def updates_of_run(self, run_id: str) -> list[Update]:
        """The updates of a run that happened, in order."""
        return self._updates(_J.run_id == run_id)

    def updates_of_customers(self, bc_ids: Iterable[str]) -> list[Update]:
        """The updates of some Business Central customers and of their accounts that happened, each customer's in order."""
        found: list[Update] = []
        for some in chunks(bc_id.lower() for bc_id in bc_ids):
            found += self._updates(_J.bc_id.in_(some))
        return found

    def _updates(self, condition: sa.ColumnElement[bool]) -> list[Update]:
        happened = sa.and_(_J.webstore_code == self._code, _HAPPENED, _J.operation == "update", condition)
        columns = (_J.bc_id, _J.webstore_id, _J.direction, _J.before, _J.after, _J.rule)
        found = self._connection.execute(sa.select(*columns).where(happened).order_by(_J.id))
        return [
            Update(bc_id, webstore_id, direction, orjson.loads(before), orjson.loads(after), rule)
            for bc_id, webstore_id, direction, before, after, rule in found
        ]

    def made(self, bc_ids: Iterable[str], names: Collection[str]) -> frozenset[str]:
        """Which of some Business Central customers a run has created, or has created an account of, or has given, on either side,
        one of some fields."""
        happened = sa.and_(_J.webstore_code == self._code, _HAPPENED)
        found: set[str] = set()
        for some in chunks(bc_id.lower() for bc_id in bc_ids):
            statement = sa.select(_J.bc_id, _J.operation, _J.after).where(happened, _J.bc_id.in_(some))
            for bc_id, operation, after in self._connection.execute(statement):
                if operation == "create" or not orjson.loads(after).keys().isdisjoint(names):
                    found.add(bc_id)
        return frozenset(found)

    def newest(self, limit: int, *, failed_only: bool = False) -> pd.DataFrame:
        """The newest writes first, columns as in `of_run`.

        Args:
            failed_only: only those that were refused, are held, or have no outcome yet.
        """
        condition = sa.or_(_J.outcome.is_(None), _J.outcome.in_(("refused", "held"))) if failed_only else sa.true()
        ids = sa.select(_J.id).where(_J.webstore_code == self._code, condition).order_by(_J.id.desc()).limit(limit)
        frame = self._frame(_J.id.in_(ids))
        return frame.iloc[::-1].reset_index(drop=True)

    def counts(self, run_id: str | None = None) -> pd.DataFrame:
        """How many writes there were, of one run or all.

        Returns:
            One row per `run_id`, `direction`, `operation` and `outcome` ("" = not settled): `writes`.
        """
        keys = (_J.run_id, _J.direction, _J.operation, sa.func.coalesce(_J.outcome, ""))
        statement = sa.select(*keys, sa.func.count()).where(_J.webstore_code == self._code).group_by(*keys)
        if run_id is not None:
            statement = statement.where(_J.run_id == run_id)
        columns: dict[str, Column] = {"run_id": "text", "direction": "text", "operation": "text", "outcome": "text"}
        return frame(self._connection.execute(statement.order_by(*keys)).all(), columns | {"writes": "number"})

    def _frame(self, condition: sa.ColumnElement[bool]) -> pd.DataFrame:
        columns: dict[str, Column] = {c.name: _KINDS.get(c.name, "text") for c in _J if c.name != "webstore_code"}
        statement = sa.select(*(_J[name] for name in columns)).where(_J.webstore_code == self._code, condition)
        found = frame(self._connection.execute(statement.order_by(_J.id)).all(), columns)
        return found.rename(columns={"id": "intent_id"})


def concerns(bc_id: str | None, webstore_id: int | None) -> sa.ColumnElement[bool]:
    """The condition that a journal row is about a customer."""
    ids = [_J.bc_id == bc_id.lower()] if bc_id is not None else []
    return sa.or_(sa.false(), *ids, *([_J.webstore_id == webstore_id] if webstore_id is not None else []))
