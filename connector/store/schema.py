"""The tables. One database holds any number of webstores; `webstore_code` is the first column of every key.

Mapping rows are versioned by intervals: a row is part of version n when `v_from <= n` and (`v_to` is null or `n < v_to`).
`v_to` null marks current rows; among them each Business Central customer and each webstore customer occurs at most once per
webstore, which partial unique indexes enforce on both databases. Times are UTC texts, `2026-11-23T20:15:00.123456+00:00`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

__all__ = [
    "base",
    "hold",
    "journal",
    "lease",
    "mapping_row",
    "mapping_version",
    "metadata",
    "rejection",
    "run",
    "watermark",
]

metadata = MetaData()

mapping_version = Table(
    "mapping_version",
    metadata,
    Column("webstore_code", String(30), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("created_at", String(40), nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("run_id", String(80)),
)

mapping_row = Table(
    "mapping_row",
    metadata,
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
    Index(
        "one_current_row_per_business_central_customer",
        "webstore_code",
        "bc_id",
        unique=True,
        sqlite_where=text("v_to IS NULL"),
        postgresql_where=text("v_to IS NULL"),
    ),
    Index(
        "one_current_row_per_webstore_customer",
        "webstore_code",
        "webstore_id",
        unique=True,
        sqlite_where=text("v_to IS NULL"),
        postgresql_where=text("v_to IS NULL"),
    ),
    Index("mapping_row_begins", "webstore_code", "v_from"),
    Index("mapping_row_ends", "webstore_code", "v_to"),
)

rejection = Table(
    "rejection",
    metadata,
    Column("webstore_code", String(30), primary_key=True),
    Column("bc_id", String(36), primary_key=True),
    Column("webstore_id", BigInteger, primary_key=True, autoincrement=False),
    Column("rejected_at", String(40), nullable=False),
    Column("reason", Text, nullable=False),
)

base = Table(
    "base",
    metadata,
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

journal = Table(
    "journal",
    metadata,
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
    Index(
        "open_intents",
        "webstore_code",
        "intent_id",
        sqlite_where=text("outcome IS NULL"),
        postgresql_where=text("outcome IS NULL"),
    ),
    Index("journal_of_run", "webstore_code", "run_id"),
    Index("journal_of_business_central_customer", "webstore_code", "bc_id"),
    Index("journal_of_webstore_customer", "webstore_code", "webstore_id"),
)

hold = Table(
    "hold",
    metadata,
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

run = Table(
    "run",
    metadata,
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
    Index("runs_by_time", "webstore_code", "started_at"),
)

watermark = Table(
    "watermark",
    metadata,
    Column("webstore_code", String(30), primary_key=True),
    Column("system", String(20), primary_key=True),
    Column("value", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("webstore_code", String(30), primary_key=True),
    Column("token", String(40), nullable=False),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("acquired_at", String(40), nullable=False),
    Column("expires_at", String(40), nullable=False),
)
