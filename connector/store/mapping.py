"""The mapping table, versioned: which Business Central customer is which webstore customer.

Nothing is overwritten. A change closes the current row (`v_to`) and adds another one; all changes of one transaction, and
all batches of one run, make one version. Any version can be listed, compared and restored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, and_, func, or_, select

from connector.errors import InputError, InternalError
from connector.store.schema import mapping_row, mapping_version, rejection

__all__ = ["Mapping", "MappingRow", "MappingVersion"]

_COLUMNS = ("bc_id", "bc_number", "webstore_id", "webstore_customer", "name")
_DTYPES: dict[str, Any] = {
    "bc_id": "string",
    "bc_number": "string",
    "webstore_id": "Int64",
    "webstore_customer": "bool",
    "name": "string",
}


@dataclass(frozen=True)
class MappingRow:
    """One current row. `webstore_id` None: not linked (yet); `webstore_customer`: the tick box."""

    bc_id: str
    bc_number: str
    webstore_id: int | None
    webstore_customer: bool
    name: str


@dataclass(frozen=True)
class MappingVersion:
    """One version, and how many rows it added, removed and changed."""

    number: int
    created_at: datetime
    actor: str
    reason: str
    run_id: str | None
    added: int
    removed: int
    changed: int


@dataclass
class Authorship:
    """Who changes the mapping in this transaction, and why."""

    actor: str
    reason: str
    run_id: str | None


class Mapping:
    """The mapping table of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code
        self._version: int | None = None
        self.authorship: Authorship | None = None

    # ---- reading ----

    def current(self) -> pd.DataFrame:
        """Current rows: `bc_id`, `bc_number`, `webstore_id` (null = not linked), `webstore_customer`, `name`."""
        return self._frame(self._rows().where(mapping_row.c.v_to.is_(None)))

    def as_of(self, number: int) -> pd.DataFrame:
        """The rows of a version, columns as in `current`."""
        return self._frame(self._rows().where(_in_version(number)))

    def row(self, bc_id: str | None = None, webstore_id: int | None = None) -> MappingRow | None:
        """The current row of a customer of either side."""
        key = mapping_row.c.bc_id == bc_id if bc_id is not None else mapping_row.c.webstore_id == webstore_id
        found = self._connection.execute(self._rows().where(mapping_row.c.v_to.is_(None), key)).one_or_none()
        return None if found is None else MappingRow(*found)

    def version(self) -> int:
        """The newest version's number; 0 = no version yet."""
        query = select(func.max(mapping_version.c.number)).where(mapping_version.c.webstore_code == self._code)
        return self._connection.execute(query).scalar() or 0

    def versions(self) -> list[MappingVersion]:
        """All versions, oldest first."""
        rows = self._connection.execute(
            select(mapping_version)
            .where(mapping_version.c.webstore_code == self._code)
            .order_by(mapping_version.c.number)
        ).all()
        begun, ended, both = self._counts()
        return [
            MappingVersion(
                number=v.number,
                created_at=datetime.fromisoformat(v.created_at),
                actor=v.actor,
                reason=v.reason,
                run_id=v.run_id,
                added=begun.get(v.number, 0) - both.get(v.number, 0),
                removed=ended.get(v.number, 0) - both.get(v.number, 0),
                changed=both.get(v.number, 0),
            )
            for v in rows
        ]

    def diff(self, older: int, newer: int) -> pd.DataFrame:
        """What differs between two versions.

        Returns:
            One row per customer whose row differs: `bc_id`, `change` (added, removed, changed), and `before`/`after` pairs
            of `bc_number`, `webstore_id`, `webstore_customer`.
        """
        touched = select(mapping_row.c.bc_id).where(
            mapping_row.c.webstore_code == self._code,
            or_(
                mapping_row.c.v_from.between(min(older, newer) + 1, max(older, newer)),
                mapping_row.c.v_to.between(min(older, newer) + 1, max(older, newer)),
            ),
        )
        sides = [
            self._frame(self._rows().where(_in_version(number), mapping_row.c.bc_id.in_(touched))).set_index("bc_id")
            for number in (older, newer)
        ]
        joined = sides[0].join(sides[1], how="outer", lsuffix="_before", rsuffix="_after")
        there = [joined["webstore_customer_before"].notna(), joined["webstore_customer_after"].notna()]
        joined.insert(0, "change", "changed")
        joined.loc[~there[0], "change"] = "added"
        joined.loc[~there[1], "change"] = "removed"
        same = there[0] & there[1]
        for name in ("bc_number", "webstore_id", "webstore_customer"):
            left, right = joined[f"{name}_before"], joined[f"{name}_after"]
            same &= (left == right).fillna(False).astype(bool) | (left.isna() & right.isna())
        return joined[~same].sort_index().reset_index()

    def rejections(self) -> set[tuple[str, int]]:
        """Pairs (Business Central id, webstore id) that a person said are not the same."""
        query = select(rejection.c.bc_id, rejection.c.webstore_id).where(rejection.c.webstore_code == self._code)
        return {(row.bc_id, row.webstore_id) for row in self._connection.execute(query)}

    # ---- changing ----

    def link(self, bc_id: str, bc_number: str, webstore_id: int, *, name: str = "") -> None:
        """Link two customers and tick the row.

        Raises:
            InputError: one of them is linked to another customer.
        """
        taken = self.row(webstore_id=webstore_id)
        if taken is not None and taken.bc_id != bc_id:
            raise InputError(
                f"woo:{webstore_id} is linked to {taken.bc_number} already.", hint=f"Unlink {taken.bc_number} first."
            )
        now = self.row(bc_id=bc_id)
        if now is not None and now.webstore_id not in {None, webstore_id}:
            raise InputError(
                f"{bc_number} is linked to woo:{now.webstore_id} already.", hint=f"Unlink {bc_number} first."
            )
        self._put(MappingRow(bc_id, bc_number, webstore_id, True, name or (now.name if now else "")), now)

    def unlink(self, bc_id: str) -> MappingRow:
        """Remove a row, tick and all; a linked pair is remembered as rejected."""
        now = self._existing(bc_id)
        self._close(bc_id)
        if now.webstore_id is not None:
            self.reject(bc_id, now.webstore_id, "unlinked by hand")
        return now

    def forget(self, bc_id: str) -> None:
        """Remove a row without rejecting the pair (an orphan)."""
        self._existing(bc_id)
        self._close(bc_id)

    def tick(self, bc_id: str, bc_number: str, *, name: str = "") -> None:
        """Tick Webstore Customer; a new row if there is none."""
        now = self.row(bc_id=bc_id)
        linked = now.webstore_id if now else None
        self._put(MappingRow(bc_id, bc_number, linked, True, name or (now.name if now else "")), now)

    def untick(self, bc_id: str) -> None:
        """Untick Webstore Customer; a row that links nobody goes."""
        now = self._existing(bc_id)
        if now.webstore_id is None:
            self._close(bc_id)
        else:
            self._put(MappingRow(bc_id, now.bc_number, now.webstore_id, False, now.name), now)

    def renumber(self, bc_id: str, bc_number: str) -> None:
        """Follow a number that changed in Business Central."""
        now = self._existing(bc_id)
        self._put(MappingRow(bc_id, bc_number, now.webstore_id, now.webstore_customer, now.name), now)

    def reject(self, bc_id: str, webstore_id: int, reason: str) -> None:
        """Remember that two customers are not the same."""
        self.unreject(bc_id, webstore_id)
        self._connection.execute(
            rejection.insert().values(
                webstore_code=self._code, bc_id=bc_id, webstore_id=webstore_id, rejected_at=_now(), reason=reason
            )
        )

    def unreject(self, bc_id: str, webstore_id: int) -> None:
        """Forget a rejection."""
        self._connection.execute(
            rejection.delete().where(
                rejection.c.webstore_code == self._code,
                rejection.c.bc_id == bc_id,
                rejection.c.webstore_id == webstore_id,
            )
        )

    def restore(self, number: int) -> int:
        """Make the rows of an older version current again, as a new version.

        Returns:
            The number of the version that now is the newest.
        """
        if not 0 <= number <= self.version():
            raise InputError(f"There is no version {number} of the mapping.", hint=f"The newest is {self.version()}.")
        wanted = {
            row.bc_id: MappingRow(*row) for row in self._connection.execute(self._rows().where(_in_version(number)))
        }
        current = self._rows().where(mapping_row.c.v_to.is_(None))
        now = {row.bc_id: MappingRow(*row) for row in self._connection.execute(current)}
        for bc_id in now.keys() - wanted.keys():
            self._close(bc_id)
        # first free the webstore ids that move, then take them: an id may not occur twice at any time
        moved = [row for bc_id, row in wanted.items() if now.get(bc_id) != row]
        for row in moved:
            if row.bc_id in now:
                self._close(row.bc_id)
        for row in moved:
            self._insert(row)
        return self.version()

    # ---- inside ----

    def _rows(self) -> Select[Any]:
        columns = [mapping_row.c[name] for name in _COLUMNS]
        return select(*columns).where(mapping_row.c.webstore_code == self._code)

    def _frame(self, query: Select[Any]) -> pd.DataFrame:
        rows: Sequence[Any] = self._connection.execute(query).all()
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in _COLUMNS]
        return pd.DataFrame(
            {name: pd.array(list(column), dtype=_DTYPES[name]) for name, column in zip(_COLUMNS, columns, strict=True)}
        )

    def _counts(self) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
        """Rows that begin, that end, and customers of which both happens, per version."""
        row, other = mapping_row, mapping_row.alias()
        mine = row.c.webstore_code == self._code
        begun = select(row.c.v_from, func.count()).where(mine).group_by(row.c.v_from)
        ended = select(row.c.v_to, func.count()).where(mine, row.c.v_to.is_not(None)).group_by(row.c.v_to)
        same = and_(
            other.c.webstore_code == row.c.webstore_code, other.c.bc_id == row.c.bc_id, other.c.v_to == row.c.v_from
        )
        both = select(row.c.v_from, func.count()).select_from(row.join(other, same)).where(mine).group_by(row.c.v_from)
        counted = [
            {int(row[0]): int(row[1]) for row in self._connection.execute(query)} for query in (begun, ended, both)
        ]
        return counted[0], counted[1], counted[2]

    def _existing(self, bc_id: str) -> MappingRow:
        found = self.row(bc_id=bc_id)
        if found is None:
            raise InputError(f"{bc_id} is not in the mapping table.", hint="customer-sync mapping list shows who is.")
        return found

    def _put(self, row: MappingRow, now: MappingRow | None) -> None:
        if row == now:
            return
        if now is not None:
            self._close(row.bc_id)
        self._insert(row)

    def _close(self, bc_id: str) -> None:
        """End the current row; a row that began in this version vanishes as if it had never been."""
        number = self._new_version()
        mine = (mapping_row.c.webstore_code == self._code, mapping_row.c.bc_id == bc_id, mapping_row.c.v_to.is_(None))
        self._connection.execute(mapping_row.delete().where(*mine, mapping_row.c.v_from == number))
        self._connection.execute(mapping_row.update().where(*mine).values(v_to=number))

    def _insert(self, row: MappingRow) -> None:
        self._connection.execute(
            mapping_row.insert().values(
                webstore_code=self._code,
                v_from=self._new_version(),
                **{name: getattr(row, name) for name in _COLUMNS},
            )
        )

    def _new_version(self) -> int:
        """The version that this transaction's changes belong to, made at the first change."""
        if self._version is not None:
            return self._version
        if self.authorship is None:
            raise InternalError("a change of the mapping must say who makes it and why")
        newest = self.version()
        author = self.authorship
        if newest and author.run_id is not None and self._run_of(newest) == author.run_id:
            self._version = newest
            return newest
        self._version = newest + 1
        self._connection.execute(
            mapping_version.insert().values(
                webstore_code=self._code,
                number=self._version,
                created_at=_now(),
                actor=author.actor,
                reason=author.reason,
                run_id=author.run_id,
            )
        )
        return self._version

    def _run_of(self, number: int) -> str | None:
        query = select(mapping_version.c.run_id).where(
            mapping_version.c.webstore_code == self._code, mapping_version.c.number == number
        )
        return self._connection.execute(query).scalar()


def _in_version(number: int) -> Any:
    return and_(mapping_row.c.v_from <= number, or_(mapping_row.c.v_to.is_(None), mapping_row.c.v_to > number))


def _now() -> str:
    return datetime.now(UTC).isoformat()
