"""The first store: versioned mapping, bases, journal, holds, runs, what waits for people, plans and lease."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def required(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    """A column that is never NULL."""
    return sa.Column(name, kind, nullable=False)


def blank(name: str) -> sa.Column[Any]:
    """A text that is "" when there is none."""
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def upgrade() -> None:
    """Create everything."""
    _mapping()
    _bases()
    _journal()
    _runs()
    _left_for_people()
    _webhooks()


def _mapping() -> None:
    op.create_table(
        "mapping_version",
        required("webstore_code"),
        required("number", sa.Integer),
        required("created_at", TIME),
        required("actor"),
        required("reason"),
        sa.Column("run_id", sa.Text),
        required("added", sa.Integer),
        required("removed", sa.Integer),
        required("changed", sa.Integer),
        required("rejections", sa.Integer),
        sa.PrimaryKeyConstraint("webstore_code", "number"),
    )
    op.create_table(
        "mapping_row",
        sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
        required("webstore_code"),
        required("bc_id"),
        blank("bc_number"),
        sa.Column("webstore_id", sa.BigInteger),
        required("webstore_customer", sa.Boolean),
        blank("name"),
        blank("username"),
        required("v_from", sa.Integer),
        sa.Column("v_to", sa.Integer),
    )
    _partial_index("mapping_row_one_bc_id", ["bc_id", "webstore_code"], "v_to IS NULL", unique=True)
    _partial_index(
        "mapping_row_one_webstore_id",
        ["webstore_id", "webstore_code"],
        "v_to IS NULL AND webstore_id IS NOT NULL",
        unique=True,
    )
    op.create_index("mapping_row_from", "mapping_row", ["v_from", "webstore_code"])
    _partial_index("mapping_row_to", ["v_to", "webstore_code", "bc_id"], "v_to IS NOT NULL", unique=False)
    op.create_table(
        "rejection",
        sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
        required("webstore_code"),
        required("bc_id"),
        required("webstore_id", sa.BigInteger),
        blank("reason"),
        required("created_at", TIME),
        required("v_from", sa.Integer),
        sa.Column("v_to", sa.Integer),
    )
    pair = ["bc_id", "webstore_id", "webstore_code"]
    _partial_index("rejection_one_per_pair", pair, "v_to IS NULL", unique=True, table="rejection")
    op.create_index("rejection_from", "rejection", ["webstore_code", "v_from"])


def _partial_index(name: str, columns: list[str], where: str, *, unique: bool, table: str = "mapping_row") -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _bases() -> None:
    op.create_table(
        "base",
        sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
        required("webstore_code"),
        required("bc_id"),
        required("webstore_id", sa.BigInteger),
        required("webstore_hash"),
        required("business_central_hash"),
        sa.Column("run_id", sa.Text),
        required("updated_at", TIME),
        sa.UniqueConstraint("bc_id", "webstore_id", "webstore_code", name="base_one_per_pair"),
    )
    op.create_table(
        "base_values",
        sa.Column(
            "base_id",
            BIG_ID,
            sa.ForeignKey("base.id", ondelete="CASCADE", name="base_values_of_base"),
            primary_key=True,
            autoincrement=False,
        ),
        required("webstore"),
        required("business_central"),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
        required("webstore_code"),
        required("run_id"),
        required("direction"),
        required("system"),
        required("operation"),
        sa.Column("bc_id", sa.Text),
        sa.Column("bc_number", sa.Text),
        sa.Column("webstore_id", sa.BigInteger),
        blank("natural_key"),
        required("payload"),
        required("before"),
        required("after"),
        blank("rule"),
        blank("token"),
        required("intended_at", TIME),
        sa.Column("outcome", sa.Text),
        sa.Column("record", sa.Text),
        sa.Column("remote_id", sa.Text),
        blank("code"),
        blank("message"),
        sa.Column("settled_at", TIME),
        sqlite_autoincrement=True,
    )
    _partial_index("journal_open", ["webstore_code", "id"], "outcome IS NULL", unique=False, table="journal")
    op.create_index("journal_run", "journal", ["run_id", "webstore_code"])
    op.create_index("journal_bc_id", "journal", ["bc_id", "webstore_code"])
    op.create_index("journal_webstore_id", "journal", ["webstore_id", "webstore_code"])


def _runs() -> None:
    op.create_table(
        "hold",
        required("webstore_code"),
        required("key"),
        required("direction"),
        required("failed_attempts", sa.Integer),
        required("on_hold", sa.Boolean),
        blank("last_error"),
        blank("signature"),
        sa.Column("last_failed_at", TIME),
        sa.Column("last_synchronized_at", TIME),
        sa.PrimaryKeyConstraint("webstore_code", "key", "direction"),
    )
    op.create_table(
        "run",
        required("webstore_code"),
        required("run_id"),
        required("mode"),
        required("trigger"),
        required("actor"),
        required("dry_run", sa.Boolean),
        required("started_at", TIME),
        sa.Column("finished_at", TIME),
        required("status"),
        sa.Column("plan_hash", sa.Text),
        sa.Column("rules_hash", sa.Text),
        required("summary"),
        sa.PrimaryKeyConstraint("webstore_code", "run_id"),
    )
    op.create_index("run_started", "run", ["webstore_code", "started_at"])
    op.create_table(
        "watermark",
        required("webstore_code"),
        required("system"),
        required("value"),
        required("updated_at", TIME),
        sa.PrimaryKeyConstraint("webstore_code", "system"),
    )
    op.create_table(
        "lease",
        required("webstore_code"),
        required("token"),
        required("holder"),
        required("host"),
        required("pid", sa.Integer),
        required("machine"),
        required("acquired_at", TIME),
        required("expires_at", TIME),
        sa.PrimaryKeyConstraint("webstore_code"),
    )


def _left_for_people() -> None:
    def pair() -> list[sa.Column[Any]]:
        return [required("webstore_code"), required("bc_id"), required("webstore_id", sa.BigInteger)]

    op.create_table(
        "conflict",
        *pair(),
        required("field"),
        blank("bc_number"),
        sa.Column("base", sa.Text),
        blank("webstore"),
        blank("business_central"),
        required("since", TIME),
        sa.Column("run_id", sa.Text),
        sa.PrimaryKeyConstraint("webstore_code", "bc_id", "webstore_id", "field"),
    )
    op.create_table(
        "quarantine",
        required("webstore_code"),
        required("system"),
        required("key"),
        required("field"),
        blank("reason"),
        required("since", TIME),
        sa.Column("run_id", sa.Text),
        sa.PrimaryKeyConstraint("webstore_code", "system", "key", "field"),
    )
    op.create_table(
        "suggestion",
        *pair(),
        required("rung"),
        required("score", sa.Float),
        required("evidence"),
        required("state"),
        required("since", TIME),
        sa.PrimaryKeyConstraint("webstore_code", "bc_id", "webstore_id"),
    )
    op.create_table(
        "decision",
        *pair(),
        required("field"),
        required("take"),
        blank("value"),
        blank("webstore_seen"),
        blank("business_central_seen"),
        required("decided_at", TIME),
        required("actor"),
        sa.PrimaryKeyConstraint("webstore_code", "bc_id", "webstore_id", "field"),
    )
    op.create_table(
        "tombstone",
        sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
        required("webstore_code"),
        sa.Column("bc_id", sa.Text),
        sa.Column("webstore_id", sa.BigInteger),
        blank("reason"),
        required("created_at", TIME),
    )
    op.create_index("tombstone_webstore", "tombstone", ["webstore_code"])
    op.create_table(
        "plan",
        required("webstore_code"),
        required("hash"),
        required("created_at", TIME),
        sa.Column("run_id", sa.Text),
        required("document", sa.LargeBinary),
        required("summary"),
        sa.PrimaryKeyConstraint("webstore_code", "hash"),
    )


def _webhooks() -> None:
    op.create_table(
        "webhook_change",
        required("webstore_code"),
        required("key"),
        required("first_at", TIME),
        required("last_at", TIME),
        required("deliveries", sa.Integer),
        sa.PrimaryKeyConstraint("webstore_code", "key"),
    )
    op.create_table(
        "webhook_seen",
        required("webstore_code"),
        required("fingerprint"),
        required("seen_at", TIME),
        sa.PrimaryKeyConstraint("webstore_code", "fingerprint"),
    )
    op.create_table(
        "webhook_counter",
        required("webstore_code"),
        required("name"),
        required("count", sa.BigInteger),
        required("last_at", TIME),
        sa.PrimaryKeyConstraint("webstore_code", "name"),
    )


def downgrade() -> None:
    """Drop everything."""
    for table in (
        "webhook_counter",
        "webhook_seen",
        "webhook_change",
        "plan",
        "tombstone",
        "decision",
        "suggestion",
        "quarantine",
        "conflict",
        "lease",
        "watermark",
        "run",
        "hold",
        "journal",
        "base_values",
        "base",
        "rejection",
        "mapping_row",
        "mapping_version",
    ):
        op.drop_table(table)
