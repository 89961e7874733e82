"""The leases that stand in a store, for people: who holds what, whether that process lives, and taking one away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.lease import clock_of, ends_at
from connector.store.processes import is_alive, is_dead
from connector.store.schema import LEASE

__all__ = ["HeldLease", "free_lease", "held_leases"]

_L = LEASE.c


@dataclass(frozen=True)
class HeldLease:
    """A lease as it stands in the store.

    Attributes:
        name: the webstore's code, or what else is leased.
        holder: the run; `pid` and `host` say where it runs, or ran.
        since, until: when it was taken, and when it ends unless it is prolonged (UTC).
        state: "at work" (its process lives on this machine, and the lease has not run out), "dead" (that process is dead),
            "ran out", or "unknown" (another machine or container: nobody can tell from here).
        token: of this very lease; the next one has another.
    """

    name: str
    holder: str
    host: str
    pid: int
    since: datetime
    until: datetime
    state: str
    token: str


def held_leases(connection: Connection) -> list[HeldLease]:
    """All leases of the store, by name."""
    time_there = clock_of(connection)
    return [_shown(row, time_there) for row in connection.execute(sa.select(LEASE).order_by(_L.webstore_code))]


def free_lease(connection: Connection, lease: HeldLease) -> bool:
    """Take a lease away; False if it is not there any more, or another holder has it by now."""
    this = sa.and_(_L.webstore_code == lease.name, _L.token == lease.token)
    return bool(connection.execute(sa.delete(LEASE).where(this)).rowcount)


def _shown(row: sa.Row[tuple[object, ...]], time_there: datetime) -> HeldLease:
    until = ends_at(row, time_there)
    if is_dead(row.pid, row.machine):
        state = "dead"
    elif until < time_there:
        state = "ran out"
    else:
        state = "at work" if is_alive(row.pid, row.machine) else "unknown"
    return HeldLease(row.webstore_code, row.holder, row.host, row.pid, row.acquired_at, until, state, row.token)
