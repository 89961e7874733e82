"""What was counted since the store was made: runs, writes and requests, by what became of them.

A tally outlasts the rows that were counted: monitoring takes a number that falls, as it would after each purge, for one that
began anew, and would count everything a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.columns import now
from connector.store.schema import TALLY
from connector.store.upserting import insert_of

__all__ = ["REQUESTS", "REQUEST_SECONDS", "RUNS", "RUN_SECONDS", "WRITES", "Kind", "Tallies", "Tally", "kind"]

RUNS, WRITES, REQUESTS = "runs", "writes", "requests"
RUN_SECONDS, REQUEST_SECONDS = "run seconds", "request seconds"

_T = TALLY.c
# what is counted, and its labels as JSON
Kind = tuple[str, str]


def kind(what: str, **labels: str) -> Kind:
    """A kind of thing that is counted. A label has few values, none of which comes from a customer or a server."""
    return what, orjson.dumps(labels, option=orjson.OPT_SORT_KEYS).decode()


@dataclass(frozen=True)
class Tally:
    """How much of one kind there was, and when last."""

    what: str
    labels: Mapping[str, str]
    total: float
    last_at: datetime


class Tallies:
    """The tallies of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def add(self, amounts: Mapping[Kind, float]) -> None:
        """Add to tallies."""
        time = now()
        rows = [
            {"webstore_code": self._code, "what": what, "labels": labels, "total": float(amount), "last_at": time}
            for (what, labels), amount in sorted(amounts.items())
            if amount
        ]
        if rows:
            statement = insert_of(self._connection)(TALLY)
            more = {"total": _T.total + statement.excluded.total, "last_at": time}
            self._connection.execute(
                statement.on_conflict_do_update(index_elements=["webstore_code", "what", "labels"], set_=more), rows
            )

    def all(self) -> Sequence[Tally]:
        """Everything that was counted, in a fixed order."""
        statement = sa.select(_T.what, _T.labels, _T.total, _T.last_at).where(_T.webstore_code == self._code)
        rows = self._connection.execute(statement.order_by(_T.what, _T.labels))
        return [Tally(what, orjson.loads(labels), total, last_at) for what, labels, total, last_at in rows]
