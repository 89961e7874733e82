"""Editing the mapping table. Nothing is overwritten: an edit ends the current row and begins another one.

All edits of one transaction, and all transactions of one run as long as nobody else comes in between, make exactly one
version. Edits that change nothing, or that take each other back, make none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.errors import InputError, InternalError, Overtaken
from connector.store.columns import now
from connector.store.frames import chunks
from connector.store.mapping import MappingReader, MappingRow, StoredRow
from connector.store.rejections import Rejections
from connector.store.schema import MAPPING_ROW, MAPPING_VERSION
from connector.store.upserting import learn

__all__ = ["Authorship", "MappingTable"]

_ROW = MAPPING_ROW.c
_VERSION = MAPPING_VERSION.c
_END = sa.update(MAPPING_ROW).where(_ROW.id == sa.bindparam("row")).values(v_to=sa.bindparam("until"))
_DELETE = sa.delete(MAPPING_ROW).where(_ROW.id == sa.bindparam("row"))
# of versions that came between; `mapping versions` shows all
_NAMED = 10


@dataclass(frozen=True)
class Authorship:
    """Who changes the mapping table in this transaction, and why."""

    actor: str
    reason: str
    run_id: str | None


class MappingTable(MappingReader):
    """The mapping table of one webstore, for reading and editing inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        super().__init__(connection, webstore_code)
        self._authorship: Authorship | None = None
        self._version: int | None = None
        self._made = False
        # what this transaction adds to the version's counters
        self._counts: Counter[str] = Counter(added=0, removed=0, changed=0, rejections=0)
        self._rejections = Rejections(connection, webstore_code, self._version_of_edits, self._count_rejections)

    def describe(self, authorship: Authorship) -> None:
        """Say who edits from now on, and why; a reason that is new to the version is added to it."""
        self._authorship = authorship
        if self._version is not None:
            mine = sa.and_(_VERSION.webstore_code == self._code, _VERSION.number == self._version)
            known = self._connection.scalar(sa.select(_VERSION.reason).where(mine))
            self._add_reason(authorship.reason, known or "")

    def expect(self, number: int) -> None:
        """Make sure that a version is the newest one.

        Raises:
            Overtaken: it is not; with what came between, by whom and why, the newest first.
        """
        newest = self.version()
        if newest == number:
            return
        between = [
            f"version {version.number} by {version.actor}: {version.reason}"
            for version in reversed(self.versions())
            if version.number > number
        ]
        more = [f"and {len(between) - _NAMED} versions before"] if len(between) > _NAMED else []
        raise Overtaken(
            f"The mapping table is at version {newest} by now; this edit was decided on version {number}. Nothing was changed.",
            version=newest,
            problems=[*between[:_NAMED], *more],
            hint="Look at it again.",
        )

    def link(self, bc_id: str, bc_number: str, webstore_id: int, *, name: str = "") -> None:
        """Link two customers and tick the row.

        Raises:
            InputError: one of them is linked to another customer.
        """
        self.link_many([MappingRow(bc_id, bc_number, webstore_id, True, name)])

    def link_many(self, links: Iterable[MappingRow]) -> None:
        """Link many pairs at once, as `link` does.

        Args:
            links: rows with a Webstore ID; a blank name or user name keeps the one that is there.

        Raises:
            InputError: naming every pair of which one is linked to another customer; nothing was linked.
        """
        rows = [replace(row, bc_id=row.bc_id.lower(), webstore_customer=True) for row in links]
        there = self._rows_of((row.bc_id for row in rows), _ROW.v_to.is_(None))
        problems = []
        for row in rows:
            linked = there[row.bc_id].row.webstore_id if row.bc_id in there else None
            if linked not in {None, row.webstore_id}:
                problems.append(f"{row.bc_number or row.bc_id} is linked to woo:{linked} already; unlink it first")
        wanted: dict[str, MappingRow] = {}
        for row in rows:
            if wanted.setdefault(row.bc_id, row) != row:
                problems.append(f"{row.bc_number or row.bc_id} is given twice")
        problems += [problem for problem in self._clashes(wanted) if problem not in problems]
        if problems:
            raise InputError("Nothing was linked:", problems=problems)
        self._set({row.bc_id: _completed(row, there.get(row.bc_id)) for row in rows}, there)

    def put(self, rows: Iterable[MappingRow]) -> None:
        """Set whole rows; Webstore IDs may change places among them. Pairs that are linked so are not rejected any more.

        Raises:
            InputError: naming every Webstore ID that would belong to two customers, every customer given twice.
        """
        wanted: dict[str, MappingRow] = {}
        problems: list[str] = []
        for given in rows:
            row = replace(given, bc_id=given.bc_id.lower())
            if wanted.setdefault(row.bc_id, row) != row:
                problems.append(f"{row.bc_number or row.bc_id} is given twice")
        problems += self._clashes(wanted)
        if problems:
            raise InputError("The mapping table was not changed:", problems=problems, system="store")
        self._set(wanted, self._rows_of(wanted, _ROW.v_to.is_(None)))

    def unlink(self, bc_id: str) -> MappingRow:
        """Remove a row, tick and all; a linked pair is remembered as rejected.

        Returns:
            The row as it was.

        Raises:
            InputError: there is no such row.
        """
        row = self._existing(bc_id)
        self._write({row.bc_id: None})
        if row.webstore_id is not None:
            self._rejections.add(row.bc_id, row.webstore_id, "unlinked by hand")
        return row

    def forget(self, bc_id: str) -> None:
        """Remove a row without rejecting the pair (an orphan).

        Raises:
            InputError: there is no such row.
        """
        self._write({self._existing(bc_id).bc_id: None})

    def tick(self, bc_id: str, bc_number: str, *, name: str = "", username: str | None = None) -> None:
        """Tick Webstore Customer; a new row if there is none. A blank name and a user name of None keep what is there."""
        row = self.row(bc_id=bc_id)
        self.put(
            [
                MappingRow(
                    bc_id,
                    bc_number,
                    row.webstore_id if row else None,
                    True,
                    name or (row.name if row else ""),
                    username if username is not None else (row.username if row else ""),
                )
            ]
        )

    def untick(self, bc_id: str) -> None:
        """Untick Webstore Customer; a row that links nobody goes.

        Raises:
            InputError: there is no such row.
        """
        row = self._existing(bc_id)
        self._write({row.bc_id: None if row.webstore_id is None else replace(row, webstore_customer=False)})

    def set_webstore_id(self, bc_id: str, webstore_id: int | None) -> None:
        """Set the Webstore ID of a row, or clear it (None); nothing is rejected. A row with neither id nor tick goes.

        Raises:
            InputError: there is no such row, or the id belongs to another one.
        """
        row = self._existing(bc_id)
        if webstore_id is None and not row.webstore_customer:
            self._write({row.bc_id: None})
        else:
            self.put([replace(row, webstore_id=webstore_id)])

    def renumber(self, bc_id: str, bc_number: str) -> None:
        """Follow a number that changed in Business Central.

        Raises:
            InputError: there is no such row.
        """
        self.put([replace(self._existing(bc_id), bc_number=bc_number)])

    def reject(self, bc_id: str, webstore_id: int, reason: str) -> None:
        """Remember that two customers are not the same.

        Raises:
            InputError: they are linked.
        """
        row = self.row(bc_id=bc_id)
        if row is not None and row.webstore_id == webstore_id:
            raise InputError(f"{row.bc_number} is linked to woo:{webstore_id}.", hint="Unlink it first.")
        self._rejections.add(bc_id.lower(), webstore_id, reason)

    def unreject(self, bc_id: str, webstore_id: int) -> None:
        """Forget a rejection, if there is one."""
        self._rejections.forget([(bc_id.lower(), webstore_id)])

    def restore(self, number: int) -> int:
        """Make the rows and rejections of an older version current again, as a new version.

        Returns:
            The newest version now; unchanged when nothing differs.

        Raises:
            InputError: there is no such version.
        """
        newest = self.version()
        self._write({bc_id: found.after for bc_id, found in self._between(newest, number).items()})
        begun, ended = self._rejections_between(number, newest)
        self._rejections.forget([(row.bc_id, row.webstore_id) for row in begun])
        for row in ended:
            self._rejections.add(row.bc_id, row.webstore_id, row.reason)
        return self.version()

    def finish(self) -> None:
        """Bring the version's counters up to date; called before the commit. A version that changes nothing is not made."""
        if self._version is None:
            return
        mine = sa.and_(_VERSION.webstore_code == self._code, _VERSION.number == self._version)
        del self._counts["same"]
        if self._made and not any(self._counts.values()):
            self._connection.execute(sa.delete(MAPPING_VERSION).where(mine))
        else:
            new = {name: _VERSION[name] + count for name, count in self._counts.items()}
            self._connection.execute(sa.update(MAPPING_VERSION).where(mine).values(new))

    def _existing(self, bc_id: str) -> MappingRow:
        row = self.row(bc_id=bc_id)
        if row is None:
            raise InputError(f"{bc_id} is not in the mapping table.", hint="`customer-sync mapping list` shows who is.")
        return row

    def _clashes(self, wanted: Mapping[str, MappingRow]) -> list[str]:
        """Webstore IDs that would occur twice once the wanted rows are current."""
        owner: dict[int, MappingRow] = {}
        problems = []
        for row in wanted.values():
            if row.webstore_id is not None and owner.setdefault(row.webstore_id, row) is not row:
                problems.append(f"woo:{row.webstore_id} is given to {_both(owner[row.webstore_id], row)}")
        for chunk in chunks(owner):
            for stored in self._rows(sa.and_(_ROW.v_to.is_(None), _ROW.webstore_id.in_(chunk))):
                there = stored.row
                if there.bc_id not in wanted and there.webstore_id is not None:
                    label = there.bc_number or there.bc_id
                    problems.append(f"woo:{there.webstore_id} is linked to {label} already; unlink it first")
        return problems

    def _set(self, wanted: Mapping[str, MappingRow], there: Mapping[str, StoredRow]) -> None:
        """Make whole rows current; pairs that are linked so are not rejected any more."""
        self._write(wanted, there)
        self._rejections.forget(
            [(row.bc_id, row.webstore_id) for row in wanted.values() if row.webstore_id is not None]
        )

    def _write(self, wanted: Mapping[str, MappingRow | None], there: Mapping[str, StoredRow] | None = None) -> None:
        """Make the wanted rows current; None = no row.

        Args:
            there: their current rows; None = not looked up yet.
        """
        if there is None:
            there = self._rows_of(wanted, _ROW.v_to.is_(None))
        changed = {b: row for b, row in wanted.items() if (there[b].row if b in there else None) != row}
        if not changed:
            return
        number = self._version_of_edits()
        ending = [there[bc_id] for bc_id in changed if bc_id in there]
        young = [{"row": stored.id} for stored in ending if stored.v_from == number]
        old = [{"row": stored.id, "until": number} for stored in ending if stored.v_from != number]
        if young:  # a row that began in this version vanishes as if it had never been
            self._connection.execute(_DELETE, young)
        if old:
            self._connection.execute(_END, old)
        # a row that is what it was before this version goes on as if nothing had happened
        before = self._rows_of(changed, _ROW.v_to == number)
        for bc_id, row in changed.items():
            was = before[bc_id].row if bc_id in before else None
            self._counts[_change(was, there[bc_id].row if bc_id in there else None)] -= 1
            self._counts[_change(was, row)] += 1
        again = [before[b].id for b, row in changed.items() if row and b in before and before[b].row == row]
        if again:
            self._connection.execute(_END, [{"row": stored_id, "until": None} for stored_id in again])
        fresh = [row for b, row in changed.items() if row and not (b in before and before[b].row == row)]
        if fresh:
            rows: list[dict[str, Any]] = [
                {"webstore_code": self._code, "v_from": number, **row.__dict__} for row in fresh
            ]
            self._connection.execute(sa.insert(MAPPING_ROW), rows)
            learn(self._connection, MAPPING_ROW, len(rows))

    def _version_of_edits(self) -> int:
        """The version that this transaction's edits belong to, made at the first of them."""
        if self._version is not None:
            return self._version
        author = self._authorship
        if author is None:
            raise InternalError("an edit of the mapping table must say who makes it and why")
        last = sa.select(_VERSION.number, _VERSION.run_id, _VERSION.reason).where(_VERSION.webstore_code == self._code)
        found = self._connection.execute(last.order_by(_VERSION.number.desc()).limit(1)).one_or_none()
        newest, run, known = found or (0, None, "")
        if author.run_id is not None and run == author.run_id:
            self._version = newest
            self._add_reason(author.reason, known)
            return int(newest)
        self._version, self._made = newest + 1, True
        values: dict[str, Any] = {"webstore_code": self._code, "number": self._version, "created_at": now()}
        values |= {"actor": author.actor, "reason": author.reason, "run_id": author.run_id}
        values |= dict.fromkeys(("added", "removed", "changed", "rejections"), 0)
        self._connection.execute(sa.insert(MAPPING_VERSION).values(values))
        return self._version

    def _count_rejections(self, count: int) -> None:
        self._counts["rejections"] += count

    def _add_reason(self, reason: str, known: str) -> None:
        mine = sa.and_(_VERSION.webstore_code == self._code, _VERSION.number == self._version)
        if reason not in known.split("; "):
            joined = f"{known}; {reason}" if known else reason
            self._connection.execute(sa.update(MAPPING_VERSION).where(mine).values(reason=joined))


def _completed(row: MappingRow, stored: StoredRow | None) -> MappingRow:
    if stored is None:
        return row
    old = stored.row
    return replace(
        row,
        bc_number=row.bc_number or old.bc_number,
        name=row.name or old.name,
        username=row.username or old.username,
    )


def _change(before: MappingRow | None, after: MappingRow | None) -> str:
    if before == after:
        return "same"
    return "added" if before is None else "removed" if after is None else "changed"


def _both(one: MappingRow, other: MappingRow) -> str:
    return f"{one.bc_number or one.bc_id} and {other.bc_number or other.bc_id}"
