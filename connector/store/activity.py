"""When each customer was last synchronised and last failed; and the end of what was remembered long enough."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.columns import now
from connector.store.directory import Directory
from connector.store.frames import Kind, frame
from connector.store.schema import BASE, HOLD, JOURNAL, PLAN, RUN

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Activity"]

_TIMES: dict[str, Kind] = {
    "key": "text",
    "last_synchronized_at": "time",
    "last_failed_at": "time",
    "last_error": "text",
    "failed_attempts": "number",
    "on_hold": "flag",
}

# a refused write of a customer who is on hold in its direction
_ON_HOLD = sa.and_(
    JOURNAL.c.outcome == "refused",
    sa.exists()
    .where(
        HOLD.c.webstore_code == JOURNAL.c.webstore_code,
        HOLD.c.direction == JOURNAL.c.direction,
        HOLD.c.on_hold.is_(True),
        sa.or_(
            HOLD.c.key == sa.literal("bc:").concat(JOURNAL.c.bc_id),
            HOLD.c.key == sa.literal("woo:").concat(sa.cast(JOURNAL.c.webstore_id, sa.Text)),
        ),
    )
    .correlate(JOURNAL),
)


class Activity:
    """The activity log of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def customers(self) -> pd.DataFrame:
        """When each customer was last synchronised, and last failed.

        Returns:
            One row per customer that was ever written, agreed on, or failed: `key` (connector.core.plan.customer_key),
            `last_synchronized_at`, `last_failed_at`, `last_error`, `failed_attempts` and `on_hold` of the direction that
            failed last.
        """
        bases = sa.select(BASE.c.bc_id, sa.func.max(BASE.c.updated_at)).where(BASE.c.webstore_code == self._code)
        agreed = {f"bc:{bc_id}": time for bc_id, time in self._connection.execute(bases.group_by(BASE.c.bc_id))}
        failed = {}
        columns = [HOLD.c[name] for name in _TIMES]
        statement = sa.select(*columns).where(HOLD.c.webstore_code == self._code)
        # the newest comes last and stays
        for row in self._connection.execute(statement.order_by(HOLD.c.last_failed_at)):
            failed[row.key] = row
        rows = []
        for key in sorted(agreed.keys() | failed.keys()):
            hold = failed.get(key)
            times = [time for time in (agreed.get(key), hold and hold.last_synchronized_at) if time is not None]
            rest = tuple(hold)[2:] if hold else (None, "", 0, False)
            rows.append((key, max(times, default=None), *rest))
        return frame(rows, _TIMES)

    def purge(self, older_than_days: float) -> dict[str, int]:
        """Forget settled writes, ended runs and plans that are older. Open intents, the mapping table and bases stay, and what
        was refused of customers who are on hold for it: only that tells when they have other values. The directory goes as a
        whole, when no run has read it anew for so long.

        Returns:
            `writes`, `runs` and `plans`, and `directory` (customers): how many there were.
        """
        limit = now() - timedelta(days=older_than_days)
        old = {
            "writes": (
                JOURNAL,
                sa.and_(JOURNAL.c.outcome.is_not(None), JOURNAL.c.settled_at < limit, sa.not_(_ON_HOLD)),
            ),
            "runs": (RUN, RUN.c.finished_at < limit),
            "plans": (PLAN, PLAN.c.created_at < limit),
        }
        purged = {
            what: self._connection.execute(
                sa.delete(table).where(table.c.webstore_code == self._code, condition)
            ).rowcount
            for what, (table, condition) in old.items()
        }
        directory = Directory(self._connection, self._code)
        read_at = directory.read_at
        return {**purged, "directory": directory.clear() if read_at is not None and read_at < limit else 0}
