"""Bases remember the fingerprints of the records that were last found to hold them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

COLUMNS = ("webstore_seen", "business_central_seen")


def upgrade() -> None:
    """Add the columns; null = not seen yet."""
    for name in COLUMNS:
        op.add_column("base", sa.Column(name, sa.BigInteger))


def downgrade() -> None:
    """Forget them: every record is read once more."""
    for name in COLUMNS:
        op.drop_column("base", name)
