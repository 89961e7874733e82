"""Runs revisions on the connection that migrating.py hands over, inside its transaction: all of an upgrade or nothing."""

from __future__ import annotations

from alembic import context

from connector.store.schema import METADATA, REVISION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=REVISION_TABLE,
    # SQLite undoes table changes as well, once transactions begin with BEGIN (engine.py sees to that)
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
