"""Erasing the personal data of one customer from everything that is remembered.

What stays is what the synchronisation needs to stay right, and what says that something was done: ids, numbers, operations,
outcomes and times.
"""

from __future__ import annotations

import re
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.errors import InputError
from connector.store.directory import Directory
from connector.store.journal import concerns
from connector.store.schema import (
    BASE,
    CHANGE,
    CONFLICT,
    DECISION,
    HOLD,
    JOURNAL,
    MAPPING_ROW,
    PLAN,
    QUARANTINE,
    REJECTION,
    RUN,
    SUGGESTION,
)

__all__ = ["forget_customer"]


def forget_customer(
    connection: Connection, webstore_code: str, *, bc_id: str | None = None, webstore_id: int | None = None
) -> dict[str, int]:
    """Erase names, values, payloads and messages of a customer; with it the account that it is linked to now.

    Returns:
        How many rows of each kind were erased or emptied: `mapping`, `journal`, `bases`, `holds`, `changes`, `conflicts`,
        `decisions`, `quarantine`, `suggestions`, `rejections`, `directory`, `plans`, `runs`.

    Raises:
        InputError: neither id was given, or a write about the customer has no outcome yet: without its data nobody could
            find out whether it happened.
    """
    if bc_id is None and webstore_id is None:
        raise InputError("Whom? Give a Business Central id, a webstore id, or both.")
    bc_id = bc_id.lower() if bc_id is not None else None
    bc_id, webstore_id = _linked(connection, webstore_code, bc_id, webstore_id)
    writes = sa.and_(JOURNAL.c.webstore_code == webstore_code, concerns(bc_id, webstore_id))
    if connection.scalar(sa.select(sa.func.count()).where(writes, JOURNAL.c.outcome.is_(None))):
        raise InputError(
            "Nothing was erased: a write about this customer was interrupted and has no outcome yet.",
            hint="Run a synchronisation first: it finds out what became of the write.",
            system="store",
        )
    counts = {"runs": _empty_summaries(connection, webstore_code, writes, webstore_id)}

    def mine(table: sa.Table) -> sa.ColumnElement[bool]:
        c = table.c
        ids = [c.bc_id == bc_id] if bc_id is not None else []
        ids += [c.webstore_id == webstore_id] if webstore_id is not None else []
        return sa.and_(c.webstore_code == webstore_code, sa.or_(*ids))

    keys = [f"bc:{bc_id}"] if bc_id is not None else []
    keys += [f"woo:{webstore_id}"] if webstore_id is not None else []
    nothing = {"payload": "{}", "before": "{}", "after": "{}", "natural_key": "", "message": ""}
    record = sa.case((JOURNAL.c.record.is_(None), None), else_="{}")
    of_keys = {
        table: sa.and_(table.c.webstore_code == webstore_code, table.c.key.in_(keys)) for table in (HOLD, QUARANTINE)
    }
    statements: dict[str, sa.Update | sa.Delete] = {
        "mapping": sa.update(MAPPING_ROW).where(mine(MAPPING_ROW)).values(name="", username=""),
        "rejections": sa.update(REJECTION).where(mine(REJECTION)).values(reason=""),
        "journal": sa.update(JOURNAL).where(writes).values({**nothing, "record": record}),
        "holds": sa.update(HOLD).where(of_keys[HOLD]).values(last_error=""),
        "quarantine": sa.delete(QUARANTINE).where(of_keys[QUARANTINE]),
        "bases": sa.delete(BASE).where(mine(BASE)),
        "changes": sa.delete(CHANGE).where(mine(CHANGE)),
        "conflicts": sa.delete(CONFLICT).where(mine(CONFLICT)),
        "decisions": sa.delete(DECISION).where(mine(DECISION)),
        "suggestions": sa.delete(SUGGESTION).where(mine(SUGGESTION)),
    }
    counts |= {what: connection.execute(statement).rowcount for what, statement in statements.items()}
    counts["directory"] = Directory(connection, webstore_code).remove(
        [bc_id] if bc_id is not None else [], [webstore_id] if webstore_id is not None else []
    )
    counts["plans"] = _remove_plans(connection, webstore_code, bc_id, webstore_id)
    return counts


def _linked(
    connection: Connection, webstore_code: str, bc_id: str | None, webstore_id: int | None
) -> tuple[str | None, int | None]:
    """Both ids of the pair, as it is linked now."""
    row = MAPPING_ROW.c
    current = sa.select(row.bc_id, row.webstore_id).where(row.webstore_code == webstore_code, row.v_to.is_(None))
    if bc_id is None:
        found = connection.execute(current.where(row.webstore_id == webstore_id)).one_or_none()
        return (found.bc_id, webstore_id) if found else (None, webstore_id)
    if webstore_id is None:
        found = connection.execute(current.where(row.bc_id == bc_id)).one_or_none()
        return (bc_id, found.webstore_id) if found else (bc_id, None)
    return bc_id, webstore_id


def _empty_summaries(
    connection: Connection, webstore_code: str, writes: sa.ColumnElement[bool], webstore_id: int | None
) -> int:
    """Empty what the summaries of the runs that wrote the customer say of it: refusals, and what was not written."""
    told = connection.execute(sa.select(JOURNAL.c.run_id, JOURNAL.c.bc_number).where(writes)).all()
    labels = {number for _, number in told if number} | ({f"woo:{webstore_id}"} if webstore_id is not None else set())
    emptied = 0
    for run_id in {run_id for run_id, _ in told}:
        mine = sa.and_(RUN.c.webstore_code == webstore_code, RUN.c.run_id == run_id)
        text = connection.scalar(sa.select(RUN.c.summary).where(mine))
        if text is None:
            continue
        summary = orjson.loads(text)
        errors = [error for error in summary.get("errors", []) if isinstance(error, dict)]
        about = [error for error in errors if error.get("customer") in labels and error.get("message")]
        for error in about:
            error["message"] = ""
        lost = [one for one in summary.get("dropped_customers", []) if isinstance(one, dict) and one.get("reason")]
        lost = [one for one in lost if {one.get("bc_number"), f"woo:{one.get('webstore_id')}"} & labels]
        for one in lost:
            one["reason"] = ""
        if about or lost:
            emptied += 1
            connection.execute(sa.update(RUN).where(mine).values(summary=orjson.dumps(summary).decode()))
    return emptied


def _remove_plans(connection: Connection, webstore_code: str, bc_id: str | None, webstore_id: int | None) -> int:
    """Remove the plans that name the customer, or that cannot be read. One plan too many does no harm: it is made again."""
    p = PLAN.c
    ids = [re.escape(bc_id)] if bc_id is not None else []
    ids += [rf"(?<![\w.-]){webstore_id}(?![\w.-])"] if webstore_id is not None else []
    named = re.compile("|".join(ids), re.IGNORECASE)
    removed = 0
    for plan_hash in connection.scalars(sa.select(p.hash).where(p.webstore_code == webstore_code)).all():
        mine = sa.and_(p.webstore_code == webstore_code, p.hash == plan_hash)
        if named.search(_text(connection.scalar(sa.select(p.document).where(mine)), bc_id, webstore_id)):
            removed += connection.execute(sa.delete(PLAN).where(mine)).rowcount
    return removed


def _text(document: Any, bc_id: str | None, webstore_id: int | None) -> str:
    try:
        return bytes(document).decode()
    except UnicodeDecodeError:  # not JSON: it may say anything of anybody
        return f"{bc_id} {webstore_id}"
