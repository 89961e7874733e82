"""Kinds of columns that behave alike in SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["OrderedText", "PlainText", "UtcTime", "id_column", "now", "text_column", "webstore_code"]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class UtcTime(TypeDecorator[datetime]):
    """A timezone-aware datetime, kept and returned in UTC."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """timestamptz where there is such a thing."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """A naive datetime is refused (astimezone would take it for local time)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times in the store need a timezone")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        """PostgreSQL answers in the session's timezone."""
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text for people. NUL and halves of surrogate pairs, which databases cannot keep, become U+FFFD."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """One customer's odd character must not fail the commit of a whole batch."""
        if value is None or value.isascii():
            return value if value is None or "\0" not in value else value.replace("\0", "\ufffd")
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class OrderedText(PlainText):
    """Text that is sorted by its characters' numbers wherever it is kept, as Python sorts it."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL would sort by the rules of the database's language."""
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(sa.Text(collation=collation))


def id_column() -> sa.Column[int]:
    """A number that the database gives."""
    # SQLite numbers rows by itself only when the type is exactly INTEGER
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True)


def text_column(name: str) -> sa.Column[str]:
    """Text that is "" when there is none."""
    return sa.Column(name, PlainText, nullable=False, server_default="")


def webstore_code(*, primary_key: bool = False) -> sa.Column[str]:
    """Whose row it is."""
    return sa.Column("webstore_code", sa.Text, nullable=False, primary_key=primary_key)
