"""Bringing a store to this version's tables, and back. All of a migration happens in one transaction, or nothing of it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from connector.errors import InputError, StoreError
from connector.store.schema import METADATA, REVISION_TABLE
from connector.store.troubles import place

__all__ = ["SCRIPTS", "current_revision", "migrate", "refuse_foreign", "resolve", "revisions"]

SCRIPTS = Path(__file__).parent / "migrations"


def current_revision(connection: Connection) -> str:
    """The revision that the store's tables have; "" = no tables yet."""
    if not sa.inspect(connection).has_table(REVISION_TABLE):
        return ""
    return connection.scalar(sa.select(sa.text("version_num")).select_from(sa.table(REVISION_TABLE))) or ""


def revisions() -> list[str]:
    """All revisions that this version knows, oldest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - half a second that most commands need not pay

    return [script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()][::-1]


def refuse_foreign(connection: Connection, url: URL) -> None:
    """Raise StoreError if a database without revision has tables with our names: they belong to something else."""
    clash = sorted(set(METADATA.tables) & set(sa.inspect(connection).get_table_names()))
    if clash:
        raise StoreError(
            f"The store {place(url)} cannot be used: it has tables of something else ({', '.join(clash)}).",
            hint="Give customer-sync a file, a database or a schema of its own.",
            system="store",
        )


def resolve(connection: Connection, url: URL, to: str) -> str:
    """The revision that "head", "base" or a revision means; "" = no tables.

    Raises:
        InputError: there is no such revision.
        StoreError: the store was made by a newer version.
    """
    known = ["", *revisions()]
    current = current_revision(connection)
    if current not in known:
        raise StoreError(
            f"The store {place(url)} cannot be used: a newer version of customer-sync made it (revision {current}).",
            hint=f"Install that version; this one knows revisions up to {known[-1]}.",
            system="store",
        )
    target = {"head": known[-1], "base": ""}.get(to, to)
    if target not in known:
        raise InputError(f"There is no revision {to} of the store; there are {', '.join(known[1:])}.")
    return target


def migrate(connection: Connection, url: URL, target: str) -> None:
    """Upgrade or downgrade to a revision.

    Args:
        connection: in a transaction that writes; the caller commits.
        target: a revision, from `resolve`; "" = no tables.

    Raises:
        StoreError: something else keeps its tables there.
    """
    from alembic import command  # noqa: PLC0415 - half a second that most commands need not pay
    from alembic.config import Config  # noqa: PLC0415 - see above

    known = ["", *revisions()]
    current = current_revision(connection)
    if not current:
        refuse_foreign(connection, url)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if known.index(target) > known.index(current):
        command.upgrade(config, target)
    elif target != current:
        command.downgrade(config, target or "base")
