"""Writing many rows, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

__all__ = ["insert_of", "learn", "upsert"]

_MANY = 1000


def insert_of(connection: Connection) -> Any:
    """The INSERT of this database that knows ON CONFLICT."""
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def upsert(connection: Connection, table: sa.Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; a row whose keys are there already takes the new values.

    Args:
        keys: the columns of a unique constraint.
        rows: column → value, all with the same columns.
    """
    if not rows:
        return
    statement = insert_of(connection)(table)
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=values), [dict(r) for r in rows])


def learn(connection: Connection, table: sa.Table, added: int) -> None:
    """Let PostgreSQL look at a table that has grown much: before its own next look it searches for one row by reading all.

    Args:
        added: how many rows were just added.
    """
    if connection.dialect.name != "postgresql" or added < _MANY:
        return
    known = sa.text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")
    if added > (connection.scalar(known, {"name": table.name}) or 0) / 2:
        connection.exec_driver_sql(f"ANALYZE {table.name}")
