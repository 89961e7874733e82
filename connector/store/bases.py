"""Bases: per linked pair, what each side held, field by field, when both last agreed; and the fingerprints of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import pandas as pd
from sqlalchemy import Connection, select, tuple_

from connector.store.schema import base

__all__ = ["Base", "Bases"]

_CHUNK = 500


@dataclass(frozen=True)
class Base:
    """The base of one pair: canonical field → value, per side, with a fingerprint per side."""

    bc_id: str
    webstore_id: int
    webstore: Mapping[str, str]
    business_central: Mapping[str, str]
    webstore_hash: str
    business_central_hash: str
    run_id: str | None = None


class Bases:
    """The bases of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code

    def read(self, bc_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """Bases of some Business Central ids, or all.

        Returns:
            `bc_id`, `webstore_id`, `webstore` and `business_central` (JSON texts: field → value), both hashes, `updated_at`.
        """
        names = (
            "bc_id",
            "webstore_id",
            "webstore",
            "business_central",
            "webstore_hash",
            "business_central_hash",
            "updated_at",
        )
        query = select(*[base.c[name] for name in names]).where(base.c.webstore_code == self._code)
        if bc_ids is None:
            rows = list(self._connection.execute(query))
        else:
            rows = []
            for start in range(0, len(bc_ids), _CHUNK):
                rows += self._connection.execute(query.where(base.c.bc_id.in_(list(bc_ids[start : start + _CHUNK]))))
        return pd.DataFrame([tuple(row) for row in rows], columns=list(names))

    def hashes(self) -> pd.DataFrame:
        """Fingerprints of every base: `bc_id`, `webstore_id`, `webstore_hash`, `business_central_hash`."""
        names = ("bc_id", "webstore_id", "webstore_hash", "business_central_hash")
        rows = self._connection.execute(
            select(*[base.c[name] for name in names]).where(base.c.webstore_code == self._code)
        ).all()
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
        return pd.DataFrame(
            {name: pd.Series(list(column), dtype=object) for name, column in zip(names, columns, strict=True)}
        )

    def put(self, rows: Iterable[Base]) -> None:
        """Set the bases of some pairs, whole."""
        now = datetime.now(UTC).isoformat()
        values = [
            {
                "webstore_code": self._code,
                "bc_id": row.bc_id,
                "webstore_id": row.webstore_id,
                "webstore": orjson.dumps(dict(row.webstore)).decode(),
                "business_central": orjson.dumps(dict(row.business_central)).decode(),
                "webstore_hash": row.webstore_hash,
                "business_central_hash": row.business_central_hash,
                "run_id": row.run_id,
                "updated_at": now,
            }
            for row in rows
        ]
        for start in range(0, len(values), _CHUNK):
            chunk = values[start : start + _CHUNK]
            keys = [(value["bc_id"], value["webstore_id"]) for value in chunk]
            self._connection.execute(
                base.delete().where(
                    base.c.webstore_code == self._code, tuple_(base.c.bc_id, base.c.webstore_id).in_(keys)
                )
            )
            self._connection.execute(base.insert(), chunk)

    def remove(self, bc_id: str) -> None:
        """Forget the bases of a customer."""
        self._connection.execute(base.delete().where(base.c.webstore_code == self._code, base.c.bc_id == bc_id))
