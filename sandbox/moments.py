"""Moments of an emulator that can be gone back to, as an administrator does who restores a backup.

A moment is a copy of what the system's database held: what came after it is gone when it is restored, and whatever the
database counts by itself is counted from there again. What does not live in the database goes on: clocks, tokens, the
request log, faults, and what was sent to subscribers.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Rows = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Moment:
    """Names of columns and rows of every table that was copied."""

    tables: dict[str, tuple[tuple[str, ...], Rows]]


def copied(connection: sqlite3.Connection, tables: Iterable[str]) -> Moment:
    """What the tables hold now. To be called while nobody else writes."""
    content = {}
    for table in tables:
        cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names of our own tables
        columns = tuple(column[0] for column in cursor.description)
        content[table] = (columns, tuple(map(tuple, cursor.fetchall())))
    return Moment(content)


def put_back(connection: sqlite3.Connection, moment: Moment) -> None:
    """Let the tables of the moment hold what they held then. To be called inside a transaction."""
    for table, (columns, rows) in moment.tables.items():
        names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of our own tables
        connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)  # noqa: S608
