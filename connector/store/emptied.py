"""Whether a store that holds nothing once held something: a new one is no news, an emptied one must be told."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.belonging import MADE_ANEW
from connector.store.schema import JOURNAL, MAPPING_ROW, MAPPING_VERSION, RUN

__all__ = ["was_emptied"]

_TELLING = (MAPPING_VERSION, JOURNAL)
# numbers that a database never gives twice, so that they tell of rows that have gone
_NUMBERED = (JOURNAL, MAPPING_ROW)
_DONE = RUN.c.dry_run.is_(False) & (RUN.c.status == "completed")


def was_emptied(connection: Connection) -> bool:
    """Whether nobody is mapped, nothing was written and no run has come to an end, though that once was different (rows were
    numbered), or the file was found empty."""
    for table in _TELLING:
        if connection.scalar(sa.select(sa.exists(sa.select(1).select_from(table)))):
            return False
    if connection.scalar(sa.select(sa.exists(sa.select(1).select_from(RUN).where(_DONE)))):
        return False
    if connection.dialect.name == "sqlite":
        if connection.exec_driver_sql("PRAGMA user_version").scalar() == MADE_ANEW:
            return True
        return bool(connection.exec_driver_sql("SELECT count(*) FROM sqlite_sequence WHERE seq > 0").scalar())
    return any(_was_numbered(connection, table) for table in _NUMBERED)


def _was_numbered(connection: Connection, table: sa.Table) -> bool:
    """PostgreSQL: whether the sequence of a table has ever given a number."""
    sequence = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, "id")))
    return bool(sequence and connection.exec_driver_sql(f"SELECT is_called FROM {sequence}").scalar())  # noqa: S608
