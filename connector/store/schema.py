"""The tables of the store, as this version reads and writes them.

Rules that hold for all of them:
- Everything belongs to a webstore (`webstore_code`): several webstores share one database without touching each other.
- Times are UTC. SQLite keeps them as ISO text of one fixed form, so that text order is time order; PostgreSQL as timestamptz.
- JSON is kept as text: PostgreSQL's jsonb would change it (key order, NUL), and a base must come back as it went in.
- Indexes begin with the column that tells most: PostgreSQL took those that begin with the webstore's code for a good way to
  find one customer in a table that was just filled.
- The migrations create the tables; a test compares both.
"""

from __future__ import annotations

import sqlalchemy as sa

from connector.store.columns import OrderedText, PlainText, UtcTime, id_column, text_column, webstore_code

__all__ = [
    "BASE",
    "BASE_VALUES",
    "CHANGE",
    "CONFLICT",
    "DECISION",
    "DIRECTORY",
    "HEAD",
    "HOLD",
    "JOURNAL",
    "LEASE",
    "MAPPING_ROW",
    "MAPPING_VERSION",
    "METADATA",
    "PLAN",
    "QUARANTINE",
    "REJECTION",
    "REVISION_TABLE",
    "RUN",
    "SIDE",
    "SUGGESTION",
    "TALLY",
    "TOMBSTONE",
    "WATERMARK",
    "WEBHOOK_CHANGE",
    "WEBHOOK_COUNTER",
    "WEBHOOK_SEEN",
]

# the newest revision in migrations/versions; reading it from there would import alembic for every command
HEAD = "0005"
REVISION_TABLE = "customer_sync_revision"
METADATA = sa.MetaData()


MAPPING_VERSION = sa.Table(
    "mapping_version",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("actor", PlainText, nullable=False),
    sa.Column("reason", PlainText, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("added", sa.Integer, nullable=False),
    sa.Column("removed", sa.Integer, nullable=False),
    sa.Column("changed", sa.Integer, nullable=False),
    sa.Column("rejections", sa.Integer, nullable=False),
)

# a row is true from version v_from until before version v_to; NULL = it still is
MAPPING_ROW = sa.Table(
    "mapping_row",
    METADATA,
    id_column(),
    webstore_code(),
    sa.Column("bc_id", sa.Text, nullable=False),
    text_column("bc_number"),
    sa.Column("webstore_id", sa.BigInteger),
    sa.Column("webstore_customer", sa.Boolean, nullable=False),
    text_column("name"),
    text_column("username"),
    sa.Column("v_from", sa.Integer, nullable=False),
    sa.Column("v_to", sa.Integer),
)
_current = MAPPING_ROW.c.v_to.is_(None)
_linked = sa.and_(_current, MAPPING_ROW.c.webstore_id.is_not(None))
_ended = MAPPING_ROW.c.v_to.is_not(None)
sa.Index(
    "mapping_row_one_bc_id",
    MAPPING_ROW.c.bc_id,
    MAPPING_ROW.c.webstore_code,
    unique=True,
    sqlite_where=_current,
    postgresql_where=_current,
)
sa.Index(
    "mapping_row_one_webstore_id",
    MAPPING_ROW.c.webstore_id,
    MAPPING_ROW.c.webstore_code,
    unique=True,
    sqlite_where=_linked,
    postgresql_where=_linked,
)
# all that lists ask of a current row, so that they need not read the row itself (SQLite wants the condition's column, too)
sa.Index(
    "mapping_row_now",
    MAPPING_ROW.c.bc_id,
    MAPPING_ROW.c.webstore_code,
    MAPPING_ROW.c.webstore_id,
    MAPPING_ROW.c.webstore_customer,
    MAPPING_ROW.c.v_from,
    MAPPING_ROW.c.v_to,
    sqlite_where=_current,
    postgresql_where=_current,
)
sa.Index("mapping_row_from", MAPPING_ROW.c.v_from, MAPPING_ROW.c.webstore_code)
sa.Index(
    "mapping_row_to",
    MAPPING_ROW.c.v_to,
    MAPPING_ROW.c.webstore_code,
    MAPPING_ROW.c.bc_id,
    sqlite_where=_ended,
    postgresql_where=_ended,
)

# pairs that a person said are not the same customer; versioned like the rows
REJECTION = sa.Table(
    "rejection",
    METADATA,
    id_column(),
    webstore_code(),
    sa.Column("bc_id", sa.Text, nullable=False),
    sa.Column("webstore_id", sa.BigInteger, nullable=False),
    text_column("reason"),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("v_from", sa.Integer, nullable=False),
    sa.Column("v_to", sa.Integer),
)
_standing = REJECTION.c.v_to.is_(None)
sa.Index(
    "rejection_one_per_pair",
    REJECTION.c.bc_id,
    REJECTION.c.webstore_id,
    REJECTION.c.webstore_code,
    unique=True,
    sqlite_where=_standing,
    postgresql_where=_standing,
)
sa.Index("rejection_from", REJECTION.c.webstore_code, REJECTION.c.v_from)

# fingerprints stand apart from the values: every run reads all fingerprints, and only the values of what moved
BASE = sa.Table(
    "base",
    METADATA,
    id_column(),
    webstore_code(),
    sa.Column("bc_id", sa.Text, nullable=False),
    sa.Column("webstore_id", sa.BigInteger, nullable=False),
    sa.Column("webstore_hash", sa.Text, nullable=False),
    sa.Column("business_central_hash", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("updated_at", UtcTime, nullable=False),
    # fingerprints (core/fingerprints.py) of the records that were last found to hold this base; null = none yet
    sa.Column("webstore_seen", sa.BigInteger),
    sa.Column("business_central_seen", sa.BigInteger),
    # when each record was touched at the latest that this pipeline has seen or written (core/history.py); null = unknown
    sa.Column("webstore_stamp", sa.BigInteger),
    sa.Column("business_central_stamp", sa.BigInteger),
    # whose account it was when it was linked (core/identity.py); null = not looked at yet
    sa.Column("account_mark", sa.BigInteger),
    # the marks behind it as people read them: user name and moment of registration, a line each
    text_column("marks"),
    sa.UniqueConstraint("bc_id", "webstore_id", "webstore_code", name="base_one_per_pair"),
)
BASE_VALUES = sa.Table(
    "base_values",
    METADATA,
    sa.Column(
        "base_id",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        sa.ForeignKey("base.id", ondelete="CASCADE", name="base_values_of_base"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("webstore", sa.Text, nullable=False),
    sa.Column("business_central", sa.Text, nullable=False),
)

# one row per write: the intent is committed before anything is sent, the outcome when the answer is known
JOURNAL = sa.Table(
    "journal",
    METADATA,
    id_column(),
    webstore_code(),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("bc_id", sa.Text),
    sa.Column("bc_number", sa.Text),
    sa.Column("webstore_id", sa.BigInteger),
    text_column("natural_key"),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    text_column("rule"),
    text_column("token"),
    sa.Column("intended_at", UtcTime, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("record", sa.Text),
    sa.Column("remote_id", sa.Text),
    text_column("code"),
    text_column("message"),
    sa.Column("settled_at", UtcTime),
    sqlite_autoincrement=True,  # the number of a purged row is never given to another write
)
_open = JOURNAL.c.outcome.is_(None)
sa.Index("journal_open", JOURNAL.c.webstore_code, JOURNAL.c.id, sqlite_where=_open, postgresql_where=_open)
sa.Index("journal_run", JOURNAL.c.run_id, JOURNAL.c.webstore_code)
sa.Index("journal_bc_id", JOURNAL.c.bc_id, JOURNAL.c.webstore_code)
sa.Index("journal_webstore_id", JOURNAL.c.webstore_id, JOURNAL.c.webstore_code)

HOLD = sa.Table(
    "hold",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("direction", sa.Text, primary_key=True),
    sa.Column("failed_attempts", sa.Integer, nullable=False),
    sa.Column("on_hold", sa.Boolean, nullable=False),
    text_column("last_error"),
    text_column("signature"),
    sa.Column("last_failed_at", UtcTime),
    sa.Column("last_synchronized_at", UtcTime),
)

RUN = sa.Table(
    "run",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("actor", PlainText, nullable=False),
    sa.Column("dry_run", sa.Boolean, nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("finished_at", UtcTime),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("plan_hash", sa.Text),
    sa.Column("rules_hash", sa.Text),
    sa.Column("summary", sa.Text, nullable=False),
)
sa.Index("run_started", RUN.c.webstore_code, RUN.c.started_at)

WATERMARK = sa.Table(
    "watermark",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
)

LEASE = sa.Table(
    "lease",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("machine", sa.Text, nullable=False),
    sa.Column("acquired_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    # the same end by the clock of the machine's own boot, which no correction of the time of day moves; null = unknown
    text_column("boot"),
    sa.Column("expires_boot", sa.Float),
)

# what the newest run left for people; each row keeps the time it first stood there
CONFLICT = sa.Table(
    "conflict",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("bc_id", sa.Text, primary_key=True),
    sa.Column("webstore_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("field", sa.Text, primary_key=True),
    text_column("bc_number"),
    sa.Column("base", PlainText),
    text_column("webstore"),
    text_column("business_central"),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("run_id", sa.Text),
)
QUARANTINE = sa.Table(
    "quarantine",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("field", sa.Text, primary_key=True),
    text_column("reason"),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("run_id", sa.Text),
)
SUGGESTION = sa.Table(
    "suggestion",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("bc_id", sa.Text, primary_key=True),
    sa.Column("webstore_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("rung", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
)

# values of the last run that differ from their base, and when each was first seen: only that tells which edit is newer
CHANGE = sa.Table(
    "change",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("bc_id", sa.Text, primary_key=True),
    sa.Column("webstore_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("system", sa.Text, primary_key=True),
    text_column("value"),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("run_id", sa.Text),
)

# which shop and which company the mapping table belongs to, as they told it themselves
SIDE = sa.Table(
    "side",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("marks", PlainText, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
)

# what people said; the values that a decision was made on say whether it still applies
DECISION = sa.Table(
    "decision",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("bc_id", sa.Text, primary_key=True),
    sa.Column("webstore_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("take", sa.Text, nullable=False),
    text_column("value"),
    text_column("webstore_seen"),
    text_column("business_central_seen"),
    sa.Column("decided_at", UtcTime, nullable=False),
    sa.Column("actor", PlainText, nullable=False),
)
TOMBSTONE = sa.Table(
    "tombstone",
    METADATA,
    id_column(),
    webstore_code(),
    sa.Column("bc_id", sa.Text),
    sa.Column("webstore_id", sa.BigInteger),
    text_column("reason"),
    sa.Column("created_at", UtcTime, nullable=False),
)
sa.Index("tombstone_webstore", TOMBSTONE.c.webstore_code)

PLAN = sa.Table(
    "plan",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
)

# customers that webhooks said were changed and no run has looked at since; `deliveries` tells whether more came meanwhile
WEBHOOK_CHANGE = sa.Table(
    "webhook_change",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("first_at", UtcTime, nullable=False),
    sa.Column("last_at", UtcTime, nullable=False),
    sa.Column("deliveries", sa.Integer, nullable=False),
)
WEBHOOK_SEEN = sa.Table(
    "webhook_seen",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("seen_at", UtcTime, nullable=False),
)
WEBHOOK_COUNTER = sa.Table(
    "webhook_counter",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("last_at", UtcTime, nullable=False),
)

# how often what happened since the store was made; what it counts may be purged
TALLY = sa.Table(
    "tally",
    METADATA,
    webstore_code(primary_key=True),
    sa.Column("what", sa.Text, primary_key=True),
    sa.Column("labels", sa.Text, primary_key=True),
    sa.Column("total", sa.Double, nullable=False),
    sa.Column("last_at", UtcTime, nullable=False),
)

# all customers of both sides, as the newest full run read them, for people who look for somebody (store/directory.py)
DIRECTORY = sa.Table(
    "directory",
    METADATA,
    id_column(),
    webstore_code(),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("number", OrderedText, nullable=False, server_default=""),
    text_column("name"),
    text_column("place"),
    text_column("email"),
    text_column("username"),
    # folded (core/folding.py): the beginning of the name, by which is sorted; and all texts, in which is searched
    sa.Column("name_order", OrderedText, nullable=False, server_default=""),
    text_column("search"),
    sa.Column("fingerprint", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("key", "system", "webstore_code", name="directory_one_per_customer"),
)
sa.Index("directory_by_number", DIRECTORY.c.system, DIRECTORY.c.webstore_code, DIRECTORY.c.number, DIRECTORY.c.key)
sa.Index("directory_by_name", DIRECTORY.c.system, DIRECTORY.c.webstore_code, DIRECTORY.c.name_order, DIRECTORY.c.key)
