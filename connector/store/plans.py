"""Plans that were shown to people: whoever approves a hash gets exactly the plan that has it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.errors import InputError
from connector.store.columns import now
from connector.store.frames import Kind, frame
from connector.store.schema import PLAN
from connector.store.upserting import upsert

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KeptPlan", "Plans", "StoredPlan", "plan_prefix"]

_P = PLAN.c
# fewer digits are typed by accident, and soon fit several plans
_PREFIX = re.compile(r"[0-9a-f]{6,64}")


def plan_prefix(text: str) -> str:
    """The beginning of a plan's hash, as it is kept.

    Raises:
        InputError: it is empty, or no such thing: what a script hands over when making the plan failed.
    """
    wanted = text.strip().lower()
    if _PREFIX.fullmatch(wanted):
        return wanted
    raise InputError(
        f"{text.strip()[:80]!r} is no hash of a plan. Nothing was written."
        if wanted
        else "The hash of the plan is empty. Nothing was written.",
        hint="A plan's hash has 64 hexadecimal digits; give its first 6 or more, as customer-sync plan shows them.",
    )


@dataclass(frozen=True)
class KeptPlan:
    """What tells a plan apart: one that was made again has another time."""

    hash: str
    created_at: datetime
    run_id: str | None


@dataclass(frozen=True)
class StoredPlan(KeptPlan):
    """A plan as it was shown: its hash, the whole of it as a document, and its numbers."""

    document: bytes
    summary: Mapping[str, Any]


class Plans:
    """The plans of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def get(self, prefix: str) -> StoredPlan | None:
        """The plan whose hash begins so; None if there is none.

        Raises:
            InputError: several plans begin so, or it is no beginning of a hash (`plan_prefix`).
        """
        found = self._found(prefix, "hash", "created_at", "run_id", "document", "summary")
        if found is None:
            return None
        hash_, created_at, run_id, document, summary = found
        return StoredPlan(hash_, created_at, run_id, document, orjson.loads(summary))

    def kept(self, prefix: str) -> KeptPlan | None:
        """As `get`, without the document: that of 100,000 customers has 30 MB."""
        found = self._found(prefix, "hash", "created_at", "run_id")
        return None if found is None else KeptPlan(*found)

    def _found(self, prefix: str, *columns: str) -> Sequence[Any] | None:
        wanted = plan_prefix(prefix)
        statement = sa.select(*(_P[name] for name in columns)).where(
            _P.webstore_code == self._code, _P.hash.startswith(wanted, autoescape=True)
        )
        found = self._connection.execute(statement.order_by(_P.hash).limit(2)).all()
        if len(found) > 1:
            raise InputError(f"Several plans begin with {wanted}. Nothing was written.", hint="Give more of the hash.")
        return tuple(found[0]) if found else None

    def list(self, limit: int = 20) -> pd.DataFrame:
        """The newest plans first: `hash`, `created_at`, `run_id`, `summary` (JSON)."""
        columns: dict[str, Kind] = {"hash": "text", "created_at": "time", "run_id": "text", "summary": "text"}
        statement = sa.select(*(_P[name] for name in columns)).where(_P.webstore_code == self._code)
        order = (_P.created_at.desc(), _P.hash)
        return frame(self._connection.execute(statement.order_by(*order).limit(limit)).all(), columns)

    def put(self, hash_: str, document: bytes, summary: Mapping[str, Any], *, run_id: str | None = None) -> None:
        """Remember a plan; the same plan again is the same row, with a new time.

        Args:
            document: UTF-8 JSON; an erasure looks into it for the customer, and removes plans that it cannot read.
        """
        row = {
            "webstore_code": self._code,
            "hash": hash_.lower(),
            "created_at": now(),
            "run_id": run_id,
            "document": document,
            "summary": orjson.dumps(dict(summary), default=str).decode(),
        }
        upsert(self._connection, PLAN, ("webstore_code", "hash"), [row])
