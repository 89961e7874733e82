"""Reading the mapping table: which Business Central customer is which webstore customer, now and in every version.

A row is true from version `v_from` until before `v_to`; as of a version is a condition, and nothing is ever copied.
Business Central ids are kept in lower case: one GUID written in two ways must not become two customers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.errors import InputError
from connector.store.frames import Kind, chunks, frame, read_columns, rows_of, stream_columns
from connector.store.schema import MAPPING_ROW, MAPPING_VERSION, REJECTION

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["MappingReader", "MappingRow", "MappingVersion", "StoredRow", "Touched", "true_in"]

_COLUMNS: dict[str, Kind] = {
    "bc_id": "text",
    "bc_number": "text",
    "webstore_id": "number",
    "webstore_customer": "flag",
    "name": "text",
    "username": "text",
}
_COMPARED = ("bc_number", "webstore_id", "webstore_customer", "name", "username")
_ROW = MAPPING_ROW.c
_REJECTED = REJECTION.c


@dataclass(frozen=True)
class MappingRow:
    """One row of the mapping table.

    Attributes:
        webstore_id: None = not linked (yet).
        webstore_customer: the tick: this Business Central customer belongs in the webstore.
        username: the user name of an account that is to be created for it; "" = the setup's rule says.
    """

    bc_id: str
    bc_number: str
    webstore_id: int | None
    webstore_customer: bool
    name: str = ""
    username: str = ""


@dataclass(frozen=True)
class MappingVersion:
    """One version: who made it, why, in which run, and how many rows it added, removed and changed.

    `rejections` counts the pairs that it rejected, or allowed again.
    """

    number: int
    created_at: datetime
    actor: str
    reason: str
    run_id: str | None
    added: int
    removed: int
    changed: int
    rejections: int = 0


@dataclass(frozen=True)
class StoredRow:
    """A mapping row with its place in the database: true from version `v_from` until before `v_to` (None = it still is)."""

    id: int
    v_from: int
    v_to: int | None
    row: MappingRow


@dataclass(frozen=True)
class Touched:
    """What happened to one customer's row between two versions, and the newest version that touched it."""

    before: MappingRow | None
    after: MappingRow | None
    version: int


class MappingReader:
    """The mapping table of one webstore, for reading."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def current(self) -> pd.DataFrame:
        """The mapping table as it is.

        Returns:
            One row per mapping row: `bc_id`, `bc_number`, `webstore_id` (missing = not linked), `webstore_customer`, `name`,
            `username`.
        """
        return self._frame(_ROW.v_to.is_(None))

    def rows(self) -> list[dict[str, Any]]:
        """As `current`, as dictionaries in order of number; None = not linked."""
        statement = sa.select(*(_ROW[name] for name in _COLUMNS)).where(self._mine(_ROW.v_to.is_(None)))
        return rows_of(self._connection, statement.order_by(_ROW.bc_number, _ROW.bc_id))

    def linked(self) -> int:
        """How many rows have a Webstore ID now."""
        mine = sa.and_(_ROW.webstore_code == self._code, _ROW.v_to.is_(None), _ROW.webstore_id.is_not(None))
        return self._connection.scalar(sa.select(sa.func.count()).select_from(MAPPING_ROW).where(mine)) or 0

    def stream(self) -> Iterator[pa.Table]:
        """As `current`, in pieces."""
        return stream_columns(self._connection, MAPPING_ROW, _COLUMNS, self._mine(_ROW.v_to.is_(None)))

    def as_of(self, number: int) -> pd.DataFrame:
        """The mapping table as it was in a version, columns as in `current`; version 0 is empty.

        Raises:
            InputError: there is no such version.
        """
        self._known(number)
        return self._frame(true_in(number))

    def row(self, bc_id: str | None = None, webstore_id: int | None = None) -> MappingRow | None:
        """The current row of one customer, by either id."""
        condition = _ROW.webstore_id == webstore_id if bc_id is None else _ROW.bc_id == bc_id.lower()
        found = self._rows(sa.and_(_ROW.v_to.is_(None), condition))
        return found[0].row if found else None

    def rows_by_bc_id(self, bc_ids: Iterable[str]) -> dict[str, MappingRow]:
        """The current rows of many Business Central customers, by id (lower case); who has none is left out."""
        found = self._rows_of({bc_id.lower() for bc_id in bc_ids}, _ROW.v_to.is_(None))
        return {bc_id: stored.row for bc_id, stored in found.items()}

    def rows_by_webstore_id(self, webstore_ids: Iterable[int]) -> dict[int, MappingRow]:
        """The current rows of many webstore customers, by Webstore ID; who has none is left out."""
        found: dict[int, MappingRow] = {}
        for chunk in chunks(set(webstore_ids)):
            for stored in self._rows(sa.and_(_ROW.v_to.is_(None), _ROW.webstore_id.in_(chunk))):
                found[stored.row.webstore_id or 0] = stored.row
        return found

    def version(self) -> int:
        """The newest version; 0 = none yet."""
        table = MAPPING_VERSION.c
        return (
            self._connection.scalar(sa.select(sa.func.max(table.number)).where(table.webstore_code == self._code)) or 0
        )

    def versions(self) -> list[MappingVersion]:
        """All versions, oldest first."""
        table = MAPPING_VERSION
        columns = [table.c[name] for name in MappingVersion.__dataclass_fields__]
        statement = sa.select(*columns).where(table.c.webstore_code == self._code).order_by(table.c.number)
        return [MappingVersion(*row) for row in self._connection.execute(statement)]

    def diff(self, a: int, b: int) -> pd.DataFrame:
        """What turns version `a` into version `b` (either may be the older one).

        Returns:
            One row per mapping row that differs and per pair that was rejected or allowed again, in order of number:
            `change` (added, removed, changed, rejected, allowed), `bc_id`, `bc_number`, then `<column>_before` and
            `<column>_after` of `bc_number`, `webstore_id`, `webstore_customer` ("yes", "no", "" = no row), `name` and
            `username`; and of the newest version that touched it: `version`, `actor`, `reason`, `run_id`.

        Raises:
            InputError: there is no such version.
        """
        touched = self._between(a, b)
        versions = {version.number: version for version in self.versions()}
        rows = [
            _diff_row(bc_id, found, versions[found.version])
            for bc_id, found in touched.items()
            if found.before != found.after
        ]
        rows += self._rejection_rows(a, b, versions)
        rows.sort(key=lambda row: (row[2], row[1], row[0] in {"rejected", "allowed"}))
        columns: dict[str, Kind] = {"change": "text", "bc_id": "text", "bc_number": "text"}
        for name in _COMPARED:
            kind: Kind = "number" if name == "webstore_id" else "text"
            columns |= {f"{name}_before": kind, f"{name}_after": kind}
        return frame(rows, columns | {"version": "number", "actor": "text", "reason": "text", "run_id": "text"})

    def rejections(self) -> set[tuple[str, int]]:
        """Pairs (Business Central id, webstore id) that a person said are not the same customer."""
        statement = sa.select(_REJECTED.bc_id, _REJECTED.webstore_id).where(
            _REJECTED.webstore_code == self._code, _REJECTED.v_to.is_(None)
        )
        return {(bc_id, webstore_id) for bc_id, webstore_id in self._connection.execute(statement)}

    def rejected(self) -> pd.DataFrame:
        """The rejected pairs with their story: `bc_id`, `webstore_id`, `reason`, `created_at`, `actor`, `version`."""
        version = MAPPING_VERSION.c
        join = sa.and_(version.webstore_code == _REJECTED.webstore_code, version.number == _REJECTED.v_from)
        statement = (
            sa.select(
                _REJECTED.bc_id,
                _REJECTED.webstore_id,
                _REJECTED.reason,
                _REJECTED.created_at,
                version.actor,
                version.number,
            )
            .join_from(REJECTION, MAPPING_VERSION, join)
            .where(_REJECTED.webstore_code == self._code, _REJECTED.v_to.is_(None))
            .order_by(_REJECTED.created_at, _REJECTED.id)
        )
        columns: dict[str, Kind] = {"bc_id": "text", "webstore_id": "number", "reason": "text"}
        columns |= {"created_at": "time", "actor": "text", "version": "number"}
        return frame(self._connection.execute(statement).all(), columns)

    def _between(self, a: int, b: int) -> dict[str, Touched]:
        """The customers whose row was touched between two versions; before and after may be alike."""
        self._known(a)
        self._known(b)
        low, high = min(a, b), max(a, b)
        begun = self._rows(sa.and_(_ROW.v_from > low, _ROW.v_from <= high))
        ended = self._rows(sa.and_(_ROW.v_to > low, _ROW.v_to <= high))
        newest: dict[str, int] = {}
        for bc_id, number in [(s.row.bc_id, s.v_from) for s in begun] + [(s.row.bc_id, s.v_to or 0) for s in ended]:
            newest[bc_id] = max(number, newest.get(bc_id, 0))
        then = {s.row.bc_id: s.row for s in ended if s.v_from <= low}
        now = {s.row.bc_id: s.row for s in begun if s.v_to is None or s.v_to > high}
        if a > b:
            then, now = now, then
        return {bc_id: Touched(then.get(bc_id), now.get(bc_id), number) for bc_id, number in newest.items()}

    def _rejections_between(self, low: int, high: int) -> tuple[list[Any], list[Any]]:
        """Pairs that stand in `high` but not in `low`, and the other way round."""
        columns = (_REJECTED.bc_id, _REJECTED.webstore_id, _REJECTED.reason, _REJECTED.v_from, _REJECTED.v_to)
        mine = sa.select(*columns).where(_REJECTED.webstore_code == self._code)
        in_low, in_high = true_in(low, REJECTION), true_in(high, REJECTION)
        begun = self._connection.execute(mine.where(in_high, sa.not_(in_low))).all()
        ended = self._connection.execute(mine.where(in_low, _REJECTED.v_to <= high)).all()
        standing, gone = {(r.bc_id, r.webstore_id) for r in begun}, {(r.bc_id, r.webstore_id) for r in ended}
        return (
            [row for row in begun if (row.bc_id, row.webstore_id) not in gone],
            [row for row in ended if (row.bc_id, row.webstore_id) not in standing],
        )

    def _rejection_rows(self, a: int, b: int, versions: dict[int, MappingVersion]) -> list[tuple[Any, ...]]:
        begun, ended = self._rejections_between(min(a, b), max(a, b))
        found = [(row, a < b, versions[row.v_from]) for row in begun]
        found += [(row, a > b, versions[row.v_to]) for row in ended]
        rows = []
        for row, rejected, by in found:
            ids = (None, row.webstore_id) if rejected else (row.webstore_id, None)
            values = [ids if name == "webstore_id" else ("", "") for name in _COMPARED]
            head = ("rejected" if rejected else "allowed", row.bc_id, self._last_number(row.bc_id))
            why = row.reason if rejected and row.reason else by.reason
            rows.append((*head, *(v for pair in values for v in pair), by.number, by.actor, why, by.run_id))
        return rows

    def _last_number(self, bc_id: str) -> str:
        """The newest number of a customer whose row may be gone; "" = it never had one."""
        mine = sa.and_(_ROW.webstore_code == self._code, _ROW.bc_id == bc_id)
        newest = sa.select(_ROW.bc_number).where(mine).order_by(_ROW.v_from.desc()).limit(1)
        return self._connection.scalar(newest) or ""

    def _known(self, number: int) -> None:
        newest = self.version()
        if not 0 <= number <= newest:
            raise InputError(
                f"There is no version {number} of the mapping table; the newest is {newest}.", system="store"
            )

    def _frame(self, condition: sa.ColumnElement[bool]) -> pd.DataFrame:
        return read_columns(self._connection, MAPPING_ROW, _COLUMNS, self._mine(condition))

    def _mine(self, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        # the plus keeps SQLite from taking an index: most rows are wanted, and reading them in order of id is faster
        plus = "+" if self._connection.dialect.name == "sqlite" else ""
        code = sa.literal_column(f"{plus}mapping_row.webstore_code", sa.Text) == self._code
        return sa.and_(code, condition)

    def _rows(self, condition: sa.ColumnElement[bool]) -> list[StoredRow]:
        columns = (_ROW.id, _ROW.v_from, _ROW.v_to, *(_ROW[name] for name in _COLUMNS))
        statement = sa.select(*columns).where(_ROW.webstore_code == self._code, condition)
        return [StoredRow(row[0], row[1], row[2], MappingRow(*row[3:])) for row in self._connection.execute(statement)]

    def _rows_of(self, bc_ids: Iterable[str], condition: sa.ColumnElement[bool]) -> dict[str, StoredRow]:
        found: dict[str, StoredRow] = {}
        for chunk in chunks(bc_ids):
            found |= {stored.row.bc_id: stored for stored in self._rows(sa.and_(condition, _ROW.bc_id.in_(chunk)))}
        return found


def true_in(number: int, table: sa.Table = MAPPING_ROW) -> sa.ColumnElement[bool]:
    """The condition that a versioned row was true in a version."""
    return sa.and_(table.c.v_from <= number, sa.or_(table.c.v_to.is_(None), table.c.v_to > number))


def _diff_row(bc_id: str, found: Touched, by: MappingVersion) -> tuple[Any, ...]:
    change = "added" if found.before is None else "removed" if found.after is None else "changed"
    row = found.after or found.before
    values = [value for name in _COMPARED for value in (_shown(found.before, name), _shown(found.after, name))]
    return (change, bc_id, row.bc_number if row else "", *values, by.number, by.actor, by.reason, by.run_id)


def _shown(row: MappingRow | None, name: str) -> Any:
    if row is None:
        return None if name == "webstore_id" else ""
    value = getattr(row, name)
    return ("yes" if value else "no") if name == "webstore_customer" else value
