"""What people decided: answers to conflicts, and customers that were erased and must never come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.errors import InputError
from connector.store.columns import now
from connector.store.frames import Kind, frame, rows_of
from connector.store.schema import DECISION, TOMBSTONE
from connector.store.upserting import upsert

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Decisions", "StoredDecision", "Tombstones"]

_D, _T = DECISION.c, TOMBSTONE.c
_PAIR_FIELD = ("webstore_code", "bc_id", "webstore_id", "field")


@dataclass(frozen=True)
class StoredDecision:
    """A person's answer to the conflict of one field of a pair.

    Attributes:
        take: whose value both sides get: "webstore", "business-central", or "value" = `value`; "same" = the pair is still the
            same customer (core/identity.py).
        webstore_seen, business_central_seen: the values it was decided on; when they have changed it no longer applies.
    """

    bc_id: str
    webstore_id: int
    field: str
    take: Literal["webstore", "business-central", "value", "same"]
    webstore_seen: str
    business_central_seen: str
    actor: str
    value: str = ""


class Decisions:
    """The open decisions of one webstore inside one transaction: at most one per pair and field."""

    columns: Mapping[str, Kind] = {
        "bc_id": "text",
        "webstore_id": "number",
        "field": "text",
        "take": "text",
        "value": "text",
        "webstore_seen": "text",
        "business_central_seen": "text",
        "decided_at": "time",
        "actor": "text",
    }

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def all(self) -> pd.DataFrame:
        """One row per decision: the attributes of StoredDecision and `decided_at`, oldest first."""
        return frame(self._connection.execute(self._all()).all(), self.columns)

    def rows(self) -> list[dict[str, Any]]:
        """As `all`, as dictionaries."""
        return rows_of(self._connection, self._all())

    def _all(self) -> sa.Select[Any]:
        statement = sa.select(*(_D[name] for name in self.columns)).where(_D.webstore_code == self._code)
        return statement.order_by(_D.decided_at, _D.bc_id, _D.webstore_id, _D.field)

    def put(self, decision: StoredDecision) -> None:
        """Remember a decision; it replaces an earlier one for the same pair and field."""
        values = {**decision.__dict__, "bc_id": decision.bc_id.lower()}
        upsert(
            self._connection,
            DECISION,
            _PAIR_FIELD,
            [{**values, "webstore_code": self._code, "decided_at": now()}],
        )

    def remove(self, bc_id: str, webstore_id: int, field: str | None = None) -> int:
        """Forget the decision for a field (None = all fields) of a pair, because it was carried out or taken back.

        Returns:
            How many there were.
        """
        pair = [_D.webstore_code == self._code, _D.bc_id == bc_id.lower(), _D.webstore_id == webstore_id]
        pair += [_D.field == field] if field is not None else []
        return self._connection.execute(sa.delete(DECISION).where(*pair)).rowcount


class Tombstones:
    """Customers of one webstore that were erased on request: they are never created again, nor filled again."""

    columns: Mapping[str, Kind] = {"bc_id": "text", "webstore_id": "number", "reason": "text", "created_at": "time"}

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def all(self) -> pd.DataFrame:
        """One row per erased customer: `bc_id`, `webstore_id` (missing = none), `reason`, `created_at`, oldest first."""
        statement = sa.select(*(_T[name] for name in self.columns)).where(_T.webstore_code == self._code)
        return frame(self._connection.execute(statement.order_by(_T.id)).all(), self.columns)

    def add(self, bc_id: str | None, webstore_id: int | None, reason: str) -> None:
        """Remember that a customer was erased; once is enough.

        Raises:
            InputError: neither id was given.
        """
        if bc_id is None and webstore_id is None:
            raise InputError("Whom? Give a Business Central id, a webstore id, or both.")
        self.remove(bc_id, webstore_id)
        values = {"webstore_code": self._code, "bc_id": _lower(bc_id), "webstore_id": webstore_id}
        self._connection.execute(sa.insert(TOMBSTONE).values({**values, "reason": reason, "created_at": now()}))

    def remove(self, bc_id: str | None, webstore_id: int | None) -> int:
        """Take back the tombstone with exactly these ids; gives how many there were."""
        same = [_T.webstore_code == self._code]
        same += [_T.bc_id.is_(None) if bc_id is None else _T.bc_id == bc_id.lower()]
        same += [_T.webstore_id.is_(None) if webstore_id is None else _T.webstore_id == webstore_id]
        return self._connection.execute(sa.delete(TOMBSTONE).where(*same)).rowcount


def _lower(bc_id: str | None) -> str | None:
    return None if bc_id is None else bc_id.lower()
