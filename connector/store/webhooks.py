"""What webhooks said: changed customers that wait for a run, deliveries that were seen, and how many there were of each kind.

Only ids stand here, no values of customers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from connector.store.columns import now
from connector.store.frames import chunks
from connector.store.schema import LEASE, WEBHOOK_CHANGE, WEBHOOK_COUNTER, WEBHOOK_SEEN

__all__ = ["EVERYTHING", "LEFT_TO_THE_SCHEDULE", "RUNS_OVER_ALL", "NotedChange", "Waiting", "Webhooks", "right_to_look"]

# begins the key of all that Business Central changed since a moment; without one nobody knows since when
EVERYTHING = "since:"
# begins the key of a change that was handed to a run, until a run that reads less, or everybody, has looked at it
_HANDED = "handed:"
# counters after which a run that reads less would miss somebody
LEFT_TO_THE_SCHEDULE, RUNS_OVER_ALL = "left to the schedule", "runs over all"

# Business Central sends half a minute after a change
LATEST_DELIVERY = timedelta(minutes=1)

_C, _S, _N = WEBHOOK_CHANGE.c, WEBHOOK_SEEN.c, WEBHOOK_COUNTER.c


@dataclass(frozen=True)
class NotedChange:
    """A customer that somebody changed: `woo:<id>`, `bc:<id>`, or `since:<moment>` for all that Business Central changed since.

    `deliveries` says how often it was told; more of them later mean that it changed again.
    """

    key: str
    deliveries: int


@dataclass(frozen=True)
class Waiting:
    """How many changes wait, and since when: the times of the oldest and of the newest delivery."""

    count: int
    first_at: datetime
    last_at: datetime


def right_to_look(webstore_code: str) -> str:
    """The lease of whoever looks at what waits: of several receivers one."""
    return f"{webstore_code} (webhooks)"


class Webhooks:
    """The inbox of one webstore's webhooks inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def seen(self, fingerprints: Collection[str]) -> set[str]:
        """Those of the fingerprints that are remembered."""
        found: set[str] = set()
        for chunk in chunks(fingerprints):
            known = sa.select(_S.fingerprint).where(_S.webstore_code == self._code, _S.fingerprint.in_(chunk))
            found |= set(self._connection.scalars(known))
        return found

    def remember(self, fingerprints: Collection[str]) -> None:
        """Remember deliveries; one that is remembered already keeps its time."""
        time = now()
        rows = [{"webstore_code": self._code, "fingerprint": one, "seen_at": time} for one in sorted(fingerprints)]
        if rows:
            self._connection.execute(self._insert(WEBHOOK_SEEN).on_conflict_do_nothing(), rows)

    def forget_seen(self, older_than_hours: float) -> int:
        """Forget deliveries that are older; returns how many."""
        old = sa.and_(_S.webstore_code == self._code, _S.seen_at < now() - timedelta(hours=older_than_hours))
        return self._connection.execute(sa.delete(WEBHOOK_SEEN).where(old)).rowcount

    def note(self, keys: Iterable[str], since: Mapping[str, datetime] | None = None) -> None:
        """Let changed customers wait for a run; one that waits already is one change still.

        Args:
            since: when some of them were changed, as their system says: so long ago they began to wait, but for a minute at most,
                whatever its clock says.
        """
        time, told = now(), since or {}
        rows = [
            {
                "webstore_code": self._code,
                "key": key,
                "first_at": min(max(told.get(key, time), time - LATEST_DELIVERY), time),
                "last_at": time,
                "deliveries": 1,
            }
            for key in sorted(set(keys))
        ]
        if rows:
            statement = self._insert(WEBHOOK_CHANGE)
            again = {"last_at": time, "deliveries": _C.deliveries + 1}
            self._connection.execute(
                statement.on_conflict_do_update(index_elements=["webstore_code", "key"], set_=again), rows
            )

    def waiting(self) -> Waiting | None:
        """What waits; None if nothing does."""
        statement = sa.select(sa.func.count(), sa.func.min(_C.first_at), sa.func.max(_C.last_at))
        count, first_at, last_at = self._connection.execute(statement.where(self._waits())).one()
        return Waiting(count, first_at, last_at) if count else None

    def being_looked_at(self) -> bool:
        """Whether somebody has the right to look at what waits (`right_to_look`), or had it and was killed."""
        mine = LEASE.c.webstore_code == right_to_look(self._code)
        return self._connection.scalar(sa.select(sa.exists().where(mine))) or False

    def changes(self) -> Sequence[NotedChange]:
        """Everything that waits, the oldest first."""
        statement = sa.select(_C.key, _C.deliveries).where(self._waits())
        return [NotedChange(*row) for row in self._connection.execute(statement.order_by(_C.first_at, _C.key))]

    def handed(self) -> Sequence[NotedChange]:
        """What runs were started for since a run looked at all that may have changed: a run that was started may never begin, or
        be rejected."""
        mine = sa.and_(_C.webstore_code == self._code, _C.key.startswith(_HANDED, autoescape=True))
        rows = self._connection.execute(sa.select(_C.key, _C.deliveries).where(mine).order_by(_C.key))
        return [NotedChange(key.removeprefix(_HANDED), deliveries) for key, deliveries in rows]

    def looked_at(self, changes: Iterable[NotedChange]) -> None:
        """Forget what was handed over, unless it was again meanwhile."""
        self._remove([NotedChange(f"{_HANDED}{change.key}", change.deliveries) for change in changes])

    def done(self, changes: Sequence[NotedChange], *, looked_at_later: bool = False) -> None:
        """Changes for which a run was started need none any more, unless they were told again meanwhile.

        Args:
            looked_at_later: keep them for `handed`.
        """
        if looked_at_later:
            self.note(f"{_HANDED}{change.key}" for change in changes)
        self._remove(changes)

    def _waits(self) -> sa.ColumnElement[bool]:
        return sa.and_(_C.webstore_code == self._code, sa.not_(_C.key.startswith(_HANDED, autoescape=True)))

    def _remove(self, changes: Iterable[NotedChange]) -> None:
        rows = [{"key_": change.key, "deliveries_": change.deliveries} for change in changes]
        if rows:
            settled = sa.and_(
                _C.webstore_code == self._code,
                _C.key == sa.bindparam("key_"),
                _C.deliveries == sa.bindparam("deliveries_"),
            )
            self._connection.execute(sa.delete(WEBHOOK_CHANGE).where(settled), rows)

    def count(self, counts: Mapping[str, int]) -> None:
        """Add to counters."""
        time = now()
        rows = [
            {"webstore_code": self._code, "name": name, "count": number, "last_at": time}
            for name, number in sorted(counts.items())
            if number
        ]
        if rows:
            statement = self._insert(WEBHOOK_COUNTER)
            more = {"last_at": time, "count": _N.count + statement.excluded["count"]}
            self._connection.execute(
                statement.on_conflict_do_update(index_elements=["webstore_code", "name"], set_=more), rows
            )

    def counters(self) -> dict[str, tuple[int, datetime]]:
        """How often what happened, and when last."""
        statement = sa.select(_N.name, _N["count"], _N.last_at).where(_N.webstore_code == self._code)
        return {
            name: (count, last_at) for name, count, last_at in self._connection.execute(statement.order_by(_N.name))
        }

    def _insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        return postgresql.insert(table) if self._connection.dialect.name == "postgresql" else sqlite.insert(table)
