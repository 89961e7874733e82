"""Holds: failed attempts per customer and direction, and who is left out by scheduled runs."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.core.holds import CLEAR, HoldCount, after_failure
from connector.store.columns import now
from connector.store.frames import Kind, chunks, frame, rows_of
from connector.store.schema import HOLD
from connector.store.upserting import upsert

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Holds"]

_H = HOLD.c
_READ: dict[str, Kind] = {
    "key": "text",
    "direction": "text",
    "failed_attempts": "number",
    "on_hold": "flag",
    "signature": "text",
    "last_error": "text",
    "last_failed_at": "time",
    "last_synchronized_at": "time",
}


class Holds:
    """The holds of one webstore inside one transaction. Keys as in connector.core.plan.customer_key."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def read(self) -> pd.DataFrame:
        """Everybody who ever failed.

        Returns:
            One row per customer and direction: `key`, `direction`, `failed_attempts`, `on_hold`, `signature` and `last_error`
            ("" = none since the last success), `last_failed_at`, `last_synchronized_at` (missing = not since it failed).
        """
        return frame(self._connection.execute(self._all()).all(), _READ)

    def rows(self) -> list[dict[str, Any]]:
        """As `read`, as dictionaries."""
        return rows_of(self._connection, self._all())

    def _all(self) -> sa.Select[Any]:
        statement = sa.select(*(_H[name] for name in _READ)).where(_H.webstore_code == self._code)
        return statement.order_by(_H.key, _H.direction)

    def count(self) -> int:
        """How many customers are on hold, counted in each direction."""
        mine = sa.and_(_H.webstore_code == self._code, _H.on_hold.is_(True))
        return self._connection.scalar(sa.select(sa.func.count()).where(mine)) or 0

    def failed(
        self, key: str, direction: str, *, signature: str, message: str, scheduled: bool, max_attempts: int
    ) -> None:
        """Count a failed write by the rules of core/holds.py."""
        columns = (_H.failed_attempts, _H.on_hold, _H.signature, _H.last_error)
        row = self._connection.execute(sa.select(*columns).where(self._one(key, direction))).one_or_none()
        before = HoldCount(*row) if row is not None else CLEAR
        after = after_failure(
            before, signature=signature, message=message, scheduled=scheduled, max_attempts=max_attempts
        )
        values = {"webstore_code": self._code, "key": key, "direction": direction, **after.__dict__}
        upsert(self._connection, HOLD, ("webstore_code", "key", "direction"), [values | {"last_failed_at": now()}])

    def succeeded(self, keys: Collection[str], direction: str) -> None:
        """Clear counter, hold and error of customers that failed before; others get no row."""
        clear = {**CLEAR.__dict__, "last_synchronized_at": now()}
        mine = sa.and_(_H.webstore_code == self._code, _H.direction == direction)
        for chunk in chunks(keys):
            self._connection.execute(sa.update(HOLD).where(mine, _H.key.in_(chunk)).values(clear))

    def release(self, key: str | None = None, direction: str | None = None) -> int:
        """Take customers off hold and clear what was counted and remembered of their failures, so that the next run tries them.

        Args:
            key, direction: None = all.

        Returns:
            How many were on hold, or had failed since the last success.
        """
        where = [_H.webstore_code == self._code, sa.or_(_H.on_hold.is_(True), _H.last_error != "")]
        where += [_H.key == key] if key is not None else []
        where += [_H.direction == direction] if direction is not None else []
        return self._connection.execute(sa.update(HOLD).where(*where).values(CLEAR.__dict__)).rowcount

    def _one(self, key: str, direction: str) -> sa.ColumnElement[bool]:
        return sa.and_(_H.webstore_code == self._code, _H.key == key, _H.direction == direction)
