"""Records remember when they were touched, accounts whose they are, sides which shop and company they are; values since when
they differ; leases end by the machine's own clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connector.store.columns import PlainText, UtcTime

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

_BASE = ("webstore_stamp", "business_central_stamp", "account_mark")


def upgrade() -> None:
    """Add the columns and tables; what is not known yet is taken as it is found the next time."""
    for name in _BASE:
        op.add_column("base", sa.Column(name, sa.BigInteger))
    op.add_column("base", sa.Column("marks", PlainText, nullable=False, server_default=""))
    op.add_column("lease", sa.Column("boot", PlainText, nullable=False, server_default=""))
    op.add_column("lease", sa.Column("expires_boot", sa.Float))
    op.create_table(
        "change",
        sa.Column("webstore_code", sa.Text, primary_key=True),
        sa.Column("bc_id", sa.Text, primary_key=True),
        sa.Column("webstore_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("system", sa.Text, primary_key=True),
        sa.Column("value", PlainText, nullable=False, server_default=""),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("run_id", sa.Text),
    )
    op.create_table(
        "side",
        sa.Column("webstore_code", sa.Text, primary_key=True),
        sa.Column("system", sa.Text, primary_key=True),
        sa.Column("marks", PlainText, nullable=False),
        sa.Column("since", UtcTime, nullable=False),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("side")
    op.drop_table("change")
    for name in ("expires_boot", "boot"):
        op.drop_column("lease", name)
    op.drop_column("base", "marks")
    for name in reversed(_BASE):
        op.drop_column("base", name)
