"""The first store: mapping versions, bases, journal, holds, runs, lease."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Integer, String, Text, text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "mapping_version",
        Column("webstore_code", String(30), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("created_at", String(40), nullable=False),
        Column("actor", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("run_id", String(80)),
    )
    op.create_table(
        "mapping_row",
        Column("row_id", Integer().with_variant(BigInteger, "postgresql"), primary_key=True, autoincrement=True),
        Column("webstore_code", String(30), nullable=False),
        Column("bc_id", String(36), nullable=False),
        Column("bc_number", String(20), nullable=False),
        Column("webstore_id", BigInteger),
        Column("webstore_customer", Boolean, nullable=False),
        Column("name", Text, nullable=False, server_default=""),
        Column("v_from", Integer, nullable=False),
        Column("v_to", Integer),
        ForeignKeyConstraint(["webstore_code", "v_from"], ["mapping_version.webstore_code", "mapping_version.number"]),
    )
    op.create_index(
        "one_current_row_per_business_central_customer",
        "mapping_row",
        ["webstore_code", "bc_id"],
        unique=True,
        sqlite_where=text("v_to IS NULL"),
        postgresql_where=text("v_to IS NULL"),
    )
    op.create_index(
        "one_current_row_per_webstore_customer",
        "mapping_row",
        ["webstore_code", "webstore_id"],
        unique=True,
        sqlite_where=text("v_to IS NULL"),
        postgresql_where=text("v_to IS NULL"),
    )
    op.create_index("mapping_row_begins", "mapping_row", ["webstore_code", "v_from"])
    op.create_index("mapping_row_ends", "mapping_row", ["webstore_code", "v_to"])
    op.create_table(
        "rejection",
        Column("webstore_code", String(30), primary_key=True),
        Column("bc_id", String(36), primary_key=True),
        Column("webstore_id", BigInteger, primary_key=True, autoincrement=False),
        Column("rejected_at", String(40), nullable=False),
        Column("reason", Text, nullable=False),
    )
    op.create_table(
        "base",
        Column("webstore_code", String(30), primary_key=True),
        Column("bc_id", String(36), primary_key=True),
        Column("webstore_id", BigInteger, primary_key=True, autoincrement=False),
        Column("webstore", Text, nullable=False),
        Column("business_central", Text, nullable=False),
        Column("webstore_hash", String(16), nullable=False),
        Column("business_central_hash", String(16), nullable=False),
        Column("run_id", String(80)),
        Column("updated_at", String(40), nullable=False),
    )
    op.create_table(
        "journal",
        Column("intent_id", Integer().with_variant(BigInteger, "postgresql"), primary_key=True, autoincrement=True),
        Column("webstore_code", String(30), nullable=False),
        Column("run_id", String(80), nullable=False),
        Column("direction", String(4), nullable=False),
        Column("system", String(20), nullable=False),
        Column("operation", String(10), nullable=False),
        Column("bc_id", String(36)),
        Column("bc_number", String(20)),
        Column("webstore_id", BigInteger),
        Column("natural_key", Text, nullable=False),
        Column("payload", Text, nullable=False),
        Column("before", Text, nullable=False),
        Column("after", Text, nullable=False),
        Column("rule", Text, nullable=False),
        Column("token", Text, nullable=False),
        Column("intended_at", String(40), nullable=False),
        Column("outcome", String(20)),
        Column("record", Text),
        Column("remote_id", String(80)),
        Column("code", Text, nullable=False, server_default=""),
        Column("message", Text, nullable=False, server_default=""),
        Column("settled_at", String(40)),
    )
    op.create_index(
        "open_intents",
        "journal",
        ["webstore_code", "intent_id"],
        sqlite_where=text("outcome IS NULL"),
        postgresql_where=text("outcome IS NULL"),
    )
    op.create_index("journal_of_run", "journal", ["webstore_code", "run_id"])
    op.create_index("journal_of_business_central_customer", "journal", ["webstore_code", "bc_id"])
    op.create_index("journal_of_webstore_customer", "journal", ["webstore_code", "webstore_id"])
    op.create_table(
        "hold",
        Column("webstore_code", String(30), primary_key=True),
        Column("key", String(80), primary_key=True),
        Column("direction", String(4), primary_key=True),
        Column("failed_attempts", Integer, nullable=False),
        Column("on_hold", Boolean, nullable=False),
        Column("signature", Text, nullable=False),
        Column("last_error", Text, nullable=False),
        Column("last_failed_at", String(40)),
        Column("last_synchronized_at", String(40)),
    )
    op.create_table(
        "run",
        Column("webstore_code", String(30), primary_key=True),
        Column("run_id", String(80), primary_key=True),
        Column("mode", String(20), nullable=False),
        Column("trigger", String(20), nullable=False),
        Column("actor", Text, nullable=False),
        Column("dry_run", Boolean, nullable=False),
        Column("started_at", String(40), nullable=False),
        Column("ended_at", String(40)),
        Column("status", String(20), nullable=False),
        Column("plan_hash", String(64), nullable=False, server_default=""),
        Column("rules_hash", String(64), nullable=False, server_default=""),
        Column("summary", Text, nullable=False, server_default="{}"),
    )
    op.create_index("runs_by_time", "run", ["webstore_code", "started_at"])
    op.create_table(
        "watermark",
        Column("webstore_code", String(30), primary_key=True),
        Column("system", String(20), primary_key=True),
        Column("value", Text, nullable=False),
    )
    op.create_table(
        "lease",
        Column("webstore_code", String(30), primary_key=True),
        Column("token", String(40), nullable=False),
        Column("holder", Text, nullable=False),
        Column("host", Text, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("acquired_at", String(40), nullable=False),
        Column("expires_at", String(40), nullable=False),
    )


def downgrade() -> None:
    """Drop all tables."""
    for table in (
        "lease",
        "watermark",
        "run",
        "hold",
        "journal",
        "base",
        "rejection",
        "mapping_row",
        "mapping_version",
    ):
        op.drop_table(table)
