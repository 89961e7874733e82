"""What was counted outlasts the rows that were counted. It begins with the runs and writes that are still remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

from connector.store.columns import UtcTime

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

_RUN = sa.table(
    "run",
    *(sa.column(name, sa.Text) for name in ("webstore_code", "mode", "status")),
    sa.column("dry_run", sa.Boolean),
    sa.column("finished_at", UtcTime),
)
_JOURNAL = sa.table(
    "journal",
    *(sa.column(name, sa.Text) for name in ("webstore_code", "direction", "operation", "outcome")),
    sa.column("settled_at", UtcTime),
)


def upgrade() -> None:
    """Add the table, and count what is there."""
    tally = op.create_table(
        "tally",
        sa.Column("webstore_code", sa.Text, primary_key=True),
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("labels", sa.Text, primary_key=True),
        sa.Column("total", sa.Double, nullable=False),
        sa.Column("last_at", UtcTime, nullable=False),
    )
    found = [
        (code, "runs", {"dry_run": str(bool(dry)).lower(), "mode": mode, "outcome": status}, count, last)
        for code, mode, status, dry, count, last in _counted(_RUN.c.finished_at, _RUN.c.status != "waiting")
    ] + [
        (code, "writes", {"action": operation, "direction": direction, "outcome": outcome}, count, last)
        for code, direction, operation, outcome, count, last in _counted(_JOURNAL.c.settled_at, sa.true())
    ]
    rows = [
        {"webstore_code": code, "what": what, "labels": orjson.dumps(labels).decode(), "total": count, "last_at": last}
        for code, what, labels, count, last in found
    ]
    if rows:
        op.bulk_insert(tally, rows)


def _counted(ended: sa.ColumnClause[Any], condition: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
    """How many rows of each kind have ended, and when the last one did."""
    assert ended.table is not None  # noqa: S101 - it is a column of one of the tables above
    kinds = [column for column in ended.table.c if column is not ended]
    statement = sa.select(*kinds, sa.func.count(), sa.func.max(ended, type_=UtcTime)).group_by(*kinds)
    return op.get_bind().execute(statement.where(ended.is_not(None), condition)).all()


def downgrade() -> None:
    """Forget it."""
    op.drop_table("tally")
