"""Pairs that a person said are not the same customer: remembered per version, so that restoring one brings them back."""

from __future__ import annotations

from collections.abc import Callable, Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.columns import now
from connector.store.frames import chunks
from connector.store.schema import REJECTION

__all__ = ["Rejections"]

_R = REJECTION.c


class Rejections:
    """Adds and ends the rejections of one webstore inside one transaction.

    Args:
        version: gives the version that an edit belongs to, and makes it if need be.
        count: is told how many differences there are more (or fewer) to the version before.
    """

    def __init__(
        self, connection: Connection, webstore_code: str, version: Callable[[], int], count: Callable[[int], None]
    ) -> None:
        self._connection = connection
        self._code = webstore_code
        self._version = version
        self._count = count

    def add(self, bc_id: str, webstore_id: int, reason: str) -> None:
        """Reject a pair; one that is rejected already keeps its first reason."""
        pair = sa.and_(_R.webstore_code == self._code, _R.bc_id == bc_id, _R.webstore_id == webstore_id)
        if self._connection.scalar(sa.select(_R.id).where(pair, _R.v_to.is_(None))) is not None:
            return
        number = self._version()
        ended = self._connection.scalar(sa.select(_R.id).where(pair, _R.v_to == number))
        if ended is not None:
            self._connection.execute(sa.update(REJECTION).where(_R.id == ended).values(v_to=None))
            self._count(-1)
            return
        self._connection.execute(
            sa.insert(REJECTION).values(
                webstore_code=self._code,
                bc_id=bc_id,
                webstore_id=webstore_id,
                reason=reason,
                created_at=now(),
                v_from=number,
            )
        )
        self._count(1)

    def forget(self, pairs: Collection[tuple[str, int]]) -> None:
        """End the rejections of these pairs, where there are any."""
        wanted = set(pairs)
        ids: list[tuple[int, int]] = []
        for chunk in chunks({bc_id for bc_id, _ in wanted}):
            statement = sa.select(_R.id, _R.v_from, _R.bc_id, _R.webstore_id).where(
                _R.webstore_code == self._code, _R.v_to.is_(None), _R.bc_id.in_(chunk)
            )
            ids += [(i, v) for i, v, b, w in self._connection.execute(statement) if (b, w) in wanted]
        if not ids:
            return
        number = self._version()
        for rejection, v_from in ids:
            mine = _R.id == rejection
            if v_from == number:
                self._connection.execute(sa.delete(REJECTION).where(mine))
                self._count(-1)
            else:
                self._connection.execute(sa.update(REJECTION).where(mine).values(v_to=number))
                self._count(1)
