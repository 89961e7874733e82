"""A directory of all customers of both sides, so that people can look for anybody without reading two systems."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connector.store.columns import OrderedText, PlainText, id_column

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

_TEXTS = ("number", "name", "place", "email", "username", "name_order", "search")
_ORDERED = ("number", "name_order")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, OrderedText if name in _ORDERED else PlainText, nullable=False, server_default="")


def upgrade() -> None:
    """Add the table; the next full run fills it."""
    op.create_table(
        "directory",
        id_column(),
        sa.Column("webstore_code", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        *(_text(name) for name in _TEXTS),
        sa.Column("fingerprint", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("key", "system", "webstore_code", name="directory_one_per_customer"),
    )
    op.create_index("directory_by_number", "directory", ["system", "webstore_code", "number", "key"])
    op.create_index("directory_by_name", "directory", ["system", "webstore_code", "name_order", "key"])
    current = sa.text("v_to IS NULL")
    names = ["bc_id", "webstore_code", "webstore_id", "webstore_customer", "v_from", "v_to"]
    op.create_index("mapping_row_now", "mapping_row", names, sqlite_where=current, postgresql_where=current)


def downgrade() -> None:
    """Forget it."""
    op.drop_index("mapping_row_now", "mapping_row")
    op.drop_table("directory")
