"""What the newest run left for people: conflicts, quarantined customers and suggested matches.

Each run replaces what the one before left; what is still there keeps the time it first stood there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.errors import InputError
from connector.store.columns import now
from connector.store.frames import Kind, chunks, frame, rows_of
from connector.store.schema import CHANGE, CONFLICT, QUARANTINE, SUGGESTION
from connector.store.upserting import upsert

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ChangedValue",
    "Changes",
    "Conflicts",
    "Quarantine",
    "QuarantinedField",
    "StandingConflict",
    "StandingSuggestion",
    "Suggestions",
]


@dataclass(frozen=True)
class StandingConflict:
    """One field of a pair that both sides changed differently. `base` None = the two never agreed."""

    bc_id: str
    bc_number: str
    webstore_id: int
    field: str
    base: str | None
    webstore: str
    business_central: str
    run_id: str | None = None


@dataclass(frozen=True)
class QuarantinedField:
    """One field of one customer that keeps it out of the runs. `key` as in connector.core.plan.customer_key."""

    system: str
    key: str
    field: str
    reason: str
    run_id: str | None = None


@dataclass(frozen=True)
class StandingSuggestion:
    """A possible match that waits for a person: the rung that found it, how sure it is (0 to 1), and why."""

    bc_id: str
    webstore_id: int
    rung: str
    score: float = 1.0
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ChangedValue:
    """One value of one side (`system`) of a pair that differs from its base, and was left as it is."""

    bc_id: str
    webstore_id: int
    field: str
    system: str
    value: str
    run_id: str | None = None


class _HasFields(Protocol):
    __dict__: dict[str, Any]


Row = TypeVar("Row", bound=_HasFields)


class _Standing(Generic[Row]):
    """A table that runs replace."""

    table: sa.Table
    # what makes two rows the same one, beside the webstore
    keys: tuple[str, ...]
    # a row in which this has changed is another one, that stands there since now
    told_apart_by = ""
    # the column by which a selected run knows its customers
    customer: str
    columns: Mapping[str, Kind]

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._mine = self.table.c.webstore_code == webstore_code
        self._code = webstore_code

    def all(self) -> pd.DataFrame:
        """All rows, those that have stood longest first; columns as in `columns` of the class."""
        return frame(self._connection.execute(self._all()).all(), self.columns)

    def rows(self) -> list[dict[str, Any]]:
        """As `all`, as dictionaries."""
        return rows_of(self._connection, self._all())

    def count(self) -> int:
        """How many rows there are."""
        return self._connection.scalar(sa.select(sa.func.count()).select_from(self.table).where(self._mine)) or 0

    def rows_about(self, customers: Collection[str]) -> list[dict[str, Any]]:
        """As `rows`, of some customers: Business Central ids, or keys as in connector.core.plan.customer_key."""
        column = self.table.c[self.customer]
        found = (rows_of(self._connection, self._all().where(column.in_(chunk))) for chunk in chunks(customers))
        return [row for rows in found for row in rows]

    def _all(self) -> sa.Select[Any]:
        c = self.table.c
        statement = sa.select(*(c[name] for name in self.columns)).where(self._mine)
        return statement.order_by(c.since, *(c[name] for name in self.keys))

    def _replace(self, rows: Iterable[Mapping[str, Any]], only: Collection[str] | None) -> None:
        c = self.table.c
        told_apart = (*self.keys, *([self.told_apart_by] if self.told_apart_by else []))
        columns = [c[name] for name in told_apart]
        known = {tuple(row[:-1]): row[-1] for row in self._connection.execute(self._select(*columns, c.since))}
        time = now()
        wanted = {}
        for row in rows:
            since = known.get(tuple(row[name] for name in told_apart), time)
            wanted[tuple(row[name] for name in self.keys)] = {"webstore_code": self._code, **row, "since": since}
        if only is None:
            self._connection.execute(sa.delete(self.table).where(self._mine, self._replaceable()))
        else:
            for chunk in chunks({key.lower() for key in only}):
                selected = c[self.customer].in_(chunk)
                self._connection.execute(sa.delete(self.table).where(self._mine, self._replaceable(), selected))
        upsert(self._connection, self.table, ("webstore_code", *self.keys), list(wanted.values()))

    def _select(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        return sa.select(*columns).where(self._mine)

    def _replaceable(self) -> sa.ColumnElement[bool]:
        return sa.true()


class Conflicts(_Standing[StandingConflict]):
    """The standing conflicts of one webstore: one row per pair and field."""

    table = CONFLICT
    keys = ("bc_id", "webstore_id", "field")
    customer = "bc_id"
    columns: Mapping[str, Kind] = {
        "bc_id": "text",
        "bc_number": "text",
        "webstore_id": "number",
        "field": "text",
        "base": "text",
        "webstore": "text",
        "business_central": "text",
        "since": "time",
        "run_id": "text",
    }

    def replace(self, rows: Iterable[StandingConflict], *, only_bc_ids: Collection[str] | None = None) -> None:
        """Replace all conflicts, or only those of the customers that a selected run looked at."""
        self._replace(({**row.__dict__, "bc_id": row.bc_id.lower()} for row in rows), only_bc_ids)


class Changes(_Standing[ChangedValue]):
    """Values of one webstore's pairs that differ from their base; `since` says when a run first saw exactly this one."""

    table = CHANGE
    keys = ("bc_id", "webstore_id", "field", "system")
    told_apart_by = "value"
    customer = "bc_id"
    columns: Mapping[str, Kind] = {
        "bc_id": "text",
        "webstore_id": "number",
        "field": "text",
        "system": "text",
        "value": "text",
        "since": "time",
        "run_id": "text",
    }

    def replace(self, rows: Iterable[ChangedValue], *, only_bc_ids: Collection[str] | None = None) -> None:
        """Replace all, or only those of the customers that a selected run looked at."""
        self._replace(({**row.__dict__, "bc_id": row.bc_id.lower()} for row in rows), only_bc_ids)

    def settle(self, fields: Mapping[tuple[str, int], Collection[str]]) -> None:
        """Forget the values of some fields: both sides agree on them now.

        Args:
            fields: (Business Central id in lower case, Webstore ID) → names of fields.
        """
        c = self.table.c
        standing = sa.select(c.bc_id, c.webstore_id, c.field).where(self._mine)
        settled = [
            {"bc_id_": row.bc_id, "webstore_id_": row.webstore_id, "field_": row.field}
            for chunk in chunks({bc_id for bc_id, _ in fields})
            for row in self._connection.execute(standing.where(c.bc_id.in_(chunk)).distinct())
            if row.field in fields.get((row.bc_id, row.webstore_id), ())
        ]
        if settled:
            one = [c[name] == sa.bindparam(f"{name}_") for name in ("bc_id", "webstore_id", "field")]
            self._connection.execute(sa.delete(self.table).where(self._mine, *one), settled)

    def read(self, bc_ids: Iterable[str]) -> pd.DataFrame:
        """Those of some Business Central customers, columns as in `columns`."""
        c = self.table.c
        statement = sa.select(*(c[name] for name in self.columns)).where(self._mine)
        found = [
            tuple(row)
            for chunk in chunks(bc_id.lower() for bc_id in bc_ids)
            for row in self._connection.execute(statement.where(c.bc_id.in_(chunk)))
        ]
        return frame(found, self.columns)


class Quarantine(_Standing[QuarantinedField]):
    """The customers of one webstore that runs leave out because of their data: one row per customer and field."""

    table = QUARANTINE
    keys = ("system", "key", "field")
    customer = "key"
    columns: Mapping[str, Kind] = {
        "system": "text",
        "key": "text",
        "field": "text",
        "reason": "text",
        "since": "time",
        "run_id": "text",
    }

    def customers(self) -> int:
        """How many customers are quarantined, each with however many fields."""
        counted = sa.func.count(sa.distinct(self.table.c.key))
        return self._connection.scalar(sa.select(counted).where(self._mine)) or 0

    def replace(self, rows: Iterable[QuarantinedField], *, only_keys: Collection[str] | None = None) -> None:
        """Replace the whole quarantine, or only that of the customers that a selected run looked at."""
        self._replace((row.__dict__ for row in rows), only_keys)


class Suggestions(_Standing[StandingSuggestion]):
    """Possible matches of one webstore: one row per pair; `evidence` is JSON, `state` open, accepted or rejected."""

    table = SUGGESTION
    keys = ("bc_id", "webstore_id")
    customer = "bc_id"
    columns: Mapping[str, Kind] = {
        "bc_id": "text",
        "webstore_id": "number",
        "rung": "text",
        "score": "real",
        "evidence": "text",
        "state": "text",
        "since": "time",
    }

    def replace(self, rows: Sequence[StandingSuggestion], *, only_bc_ids: Collection[str] | None = None) -> None:
        """Replace the open suggestions, or only those of a selected run's customers.

        Pairs that a person has accepted or rejected stay as they are.
        """
        c = self.table.c
        answered = {tuple(row) for row in self._connection.execute(self._select(c.bc_id, c.webstore_id, c.state))}
        closed = {(bc_id, webstore_id) for bc_id, webstore_id, state in answered if state != "open"}
        self._replace(
            (
                {
                    **row.__dict__,
                    "bc_id": row.bc_id.lower(),
                    "evidence": orjson.dumps(dict(row.evidence)).decode(),
                    "state": "open",
                }
                for row in rows
                if (row.bc_id.lower(), row.webstore_id) not in closed
            ),
            only_bc_ids,
        )

    def unanswered(self) -> int:
        """How many of them nobody has answered."""
        mine = sa.and_(self._mine, self.table.c.state == "open")
        return self._connection.scalar(sa.select(sa.func.count()).select_from(self.table).where(mine)) or 0

    def answer(self, bc_id: str, webstore_id: int, state: str) -> None:
        """Remember what a person said of a suggestion; linking or rejecting the pair is the mapping table's.

        Args:
            state: "accepted", "rejected", or "open" to ask again.

        Raises:
            InputError: there is no such suggestion.
        """
        c = self.table.c
        pair = sa.and_(self._mine, c.bc_id == bc_id.lower(), c.webstore_id == webstore_id)
        if not self._connection.execute(sa.update(self.table).where(pair).values(state=state)).rowcount:
            raise InputError(f"No match of {bc_id} with woo:{webstore_id} was suggested.", system="store")

    def _replaceable(self) -> sa.ColumnElement[bool]:
        return self.table.c.state == "open"
