"""The history of one customer, field by field: every write from the journal, every edit of its mapping row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.frames import Kind, frame
from connector.store.journal import concerns
from connector.store.schema import JOURNAL, MAPPING_ROW, MAPPING_VERSION, RUN

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["history_of"]

_COLUMNS: dict[str, Kind] = {
    "at": "time",
    "run_id": "text",
    "actor": "text",
    "direction": "text",
    "field": "text",
    "before": "text",
    "after": "text",
    "outcome": "text",
    "reason": "text",
}
_MAPPED = ("bc_number", "webstore_id", "webstore_customer", "username")


def history_of(
    connection: Connection, webstore_code: str, *, bc_id: str | None = None, webstore_id: int | None = None
) -> pd.DataFrame:
    """What happened to a customer, in order of time.

    Returns:
        One row per field and event: `at`, `run_id`, `actor`, `direction` (push, pull, mapping), `field`, `before`, `after` (as
        the written system stored it, once it has answered), `outcome` (as in the journal, "open" = not known yet,
        "recorded" = an edit of the mapping table), `reason`. A create has a row per field that is not blank.
    """
    rows = [
        *_writes(connection, webstore_code, concerns(bc_id, webstore_id)),
        *_edits(connection, webstore_code, bc_id.lower() if bc_id is not None else None, webstore_id),
    ]
    rows.sort(key=lambda row: row[0])
    return frame(rows, _COLUMNS)


def _writes(
    connection: Connection, webstore_code: str, condition: sa.ColumnElement[bool]
) -> Iterator[tuple[datetime, *tuple[Any, ...]]]:
    join = sa.and_(RUN.c.webstore_code == JOURNAL.c.webstore_code, RUN.c.run_id == JOURNAL.c.run_id)
    statement = (
        sa.select(JOURNAL, RUN.c.actor)
        .join_from(JOURNAL, RUN, join, isouter=True)
        .where(JOURNAL.c.webstore_code == webstore_code, condition)
        .order_by(JOURNAL.c.id)
    )
    for row in connection.execute(statement).mappings():
        before, after = orjson.loads(row["before"]), orjson.loads(row["after"])
        stored = orjson.loads(row["record"]) if row["record"] is not None else {}
        done = row["outcome"] in {"confirmed", "adopted"}
        head = (row["settled_at"] or row["intended_at"], row["run_id"], row["actor"], row["direction"])
        tail = (row["outcome"] or "open", "; ".join(part for part in (row["rule"], row["message"]) if part))
        for field, value in after.items():
            old, new = before.get(field, ""), stored.get(field, value) if done else value
            if old or new:
                yield (*head, field, old, new, *tail)


def _edits(
    connection: Connection, webstore_code: str, bc_id: str | None, webstore_id: int | None
) -> Iterator[tuple[datetime, *tuple[Any, ...]]]:
    row, version = MAPPING_ROW.c, MAPPING_VERSION.c
    mine = row.webstore_code == webstore_code
    ids = {bc_id} if bc_id is not None else set()
    if webstore_id is not None:
        ids |= set(connection.scalars(sa.select(row.bc_id).where(mine, row.webstore_id == webstore_id)))
    columns = (row.bc_id, row.v_from, row.v_to, *(row[name] for name in _MAPPED))
    found = connection.execute(sa.select(*columns).where(mine, row.bc_id.in_(ids)).order_by(row.bc_id, row.v_from))
    begun: dict[tuple[str, int], tuple[str, ...]] = {}
    ended: dict[tuple[str, int], tuple[str, ...]] = {}
    for stored in found:
        shown = tuple(_shown(stored._mapping[name]) for name in _MAPPED)
        begun[stored.bc_id, stored.v_from] = shown
        if stored.v_to is not None:
            ended[stored.bc_id, stored.v_to] = shown
    numbers = {number for _, number in begun.keys() | ended.keys()}
    by = {
        v.number: v
        for v in connection.execute(
            sa.select(MAPPING_VERSION).where(version.webstore_code == webstore_code, version.number.in_(numbers))
        )
    }
    blank = ("",) * len(_MAPPED)
    for owner, number in sorted(begun.keys() | ended.keys()):
        old, new = ended.get((owner, number), blank), begun.get((owner, number), blank)
        # of another owner's row only the time when this account belonged to it matters
        if owner != bc_id and str(webstore_id) not in {old[1], new[1]}:
            continue
        v = by[number]
        for field, before, after in zip(_MAPPED, old, new, strict=True):
            if before != after:
                yield (v.created_at, v.run_id, v.actor, "mapping", field, before, after, "recorded", v.reason)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
