"""Which shop and which company a mapping table belongs to, as they told it themselves when it was first used."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.columns import now
from connector.store.schema import SIDE
from connector.store.upserting import upsert

__all__ = ["Sides"]


class Sides:
    """The marks of both sides of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def get(self, system: str) -> dict[str, str]:
        """The marks of a side, name → text; {} = not known yet."""
        mine = sa.and_(SIDE.c.webstore_code == self._code, SIDE.c.system == system)
        text = self._connection.scalar(sa.select(SIDE.c.marks).where(mine))
        marks: dict[str, str] = orjson.loads(text) if text else {}
        return marks

    def put(self, system: str, marks: Mapping[str, str]) -> None:
        """Keep the marks of a side from now on."""
        row = {
            "webstore_code": self._code,
            "system": system,
            "marks": orjson.dumps(dict(marks)).decode(),
            "since": now(),
        }
        upsert(self._connection, SIDE, ("webstore_code", "system"), [row])
