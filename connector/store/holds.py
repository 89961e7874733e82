"""Holds: failed attempts per customer and direction, and who is left out by scheduled runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import Connection, select

from connector.core.holds import Hold, after_failure
from connector.store.schema import hold

__all__ = ["Holds"]


class Holds:
    """The holds of one webstore inside one transaction. Keys as in connector.core.plan.customer_key."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def read(self) -> pd.DataFrame:
        """One row per customer and direction that has ever failed: key, direction, counters, texts and times."""
        names = [column.name for column in hold.c if column.name != "webstore_code"]
        rows = self._connection.execute(
            select(*[hold.c[name] for name in names]).where(hold.c.webstore_code == self._code)
        )
        return pd.DataFrame([tuple(row) for row in rows], columns=names)

    def failed(
        self, key: str, direction: str, *, signature: str, message: str, scheduled: bool, max_attempts: int
    ) -> None:
        """Count a failed write by the rules of core/holds.py."""
        where = (hold.c.webstore_code == self._code, hold.c.key == key, hold.c.direction == direction)
        row = self._connection.execute(select(hold).where(*where)).one_or_none()
        before = Hold() if row is None else Hold(row.failed_attempts, row.on_hold, row.signature, row.last_error)
        after = after_failure(
            before, signature=signature, message=message, scheduled=scheduled, max_attempts=max_attempts
        )
        values = {
            "failed_attempts": after.failed_attempts,
            "on_hold": after.on_hold,
            "signature": after.signature,
            "last_error": after.last_error,
            "last_failed_at": datetime.now(UTC).isoformat(),
        }
        if row is None:
            self._connection.execute(
                hold.insert().values(webstore_code=self._code, key=key, direction=direction, **values)
            )
        else:
            self._connection.execute(hold.update().where(*where).values(**values))

    def succeeded(self, key: str, direction: str) -> None:
        """Clear counter, hold and error of a customer that failed before."""
        self._connection.execute(
            hold.update()
            .where(hold.c.webstore_code == self._code, hold.c.key == key, hold.c.direction == direction)
            .values(
                failed_attempts=0,
                on_hold=False,
                signature="",
                last_error="",
                last_synchronized_at=datetime.now(UTC).isoformat(),
            )
        )

    def release(self, key: str | None = None, direction: str | None = None) -> int:
        """Take customers off hold and reset their counters; gives how many rows were on hold."""
        where = [hold.c.webstore_code == self._code, hold.c.on_hold.is_(True)]
        where += [hold.c.key == key] if key is not None else []
        where += [hold.c.direction == direction] if direction is not None else []
        done = self._connection.execute(
            hold.update().where(*where).values(on_hold=False, failed_attempts=0, signature="")
        )
        return done.rowcount
