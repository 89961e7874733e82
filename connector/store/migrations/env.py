"""Run by alembic, with the engine that the caller put into the configuration's attributes."""

from __future__ import annotations

from alembic import context

from connector.store.schema import metadata

with context.config.attributes["engine"].begin() as connection:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
