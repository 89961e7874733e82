"""The directory: all customers of both sides in the few words that a list shows, so that anybody can be looked for at once.

A full run replaces it, and writes only the rows that have changed; what a write is answered with, and selected runs, update it in
between. It is a copy for people to look at: nothing is ever decided or compared by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.core.folding import folded
from connector.store.columns import now
from connector.store.frames import Kind, chunks, read_columns
from connector.store.runs import Watermarks
from connector.store.schema import DIRECTORY, MAPPING_VERSION, TOMBSTONE
from connector.store.upserting import learn, upsert

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BUSINESS_CENTRAL", "WEBSTORE", "Directory", "DirectoryRow", "account_number"]

WEBSTORE, BUSINESS_CENTRAL = "webstore", "business_central"
# the system name of its watermark
_MARK = "directory"
_D = DIRECTORY.c
_KNOWN: Mapping[str, Kind] = {"id": "number", "system": "text", "key": "text", "fingerprint": "number"}
_ROWS_AT_ONCE = 5_000
# so much of a name decides its place
_ORDER = 60
_KEYS = ("key", "system", "webstore_code")

# gives the rows of a side at some positions of what was listed, in batches
RowsAt = Callable[[str, Sequence[int]], Iterable[Sequence["DirectoryRow"]]]


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """One customer of one side.

    Attributes:
        system: WEBSTORE or BUSINESS_CENTRAL, as connector.core.customer.Side.
        key: the Business Central id in lower case, or the account's id as text.
        number: of the card; of an account its id, so padded that sorting by text sorts by number (`account_number`).
        place: post code, city and country.
        fingerprint: of what the row was made of; the same = the row need not be written again.
    """

    system: str
    key: str
    number: str
    name: str
    place: str
    email: str
    username: str
    fingerprint: int


def account_number(webstore_id: int) -> str:
    """A Webstore ID as a text that sorts as the number does."""
    return f"{webstore_id:019d}"


class Directory:
    """The directory of one webstore inside one transaction."""

    def __init__(self, connection: Connection, webstore_code: str) -> None:
        self._connection = connection
        self._code = webstore_code
        self._mine = _D.webstore_code == webstore_code

    @property
    def read_at(self) -> datetime | None:
        """When both systems were last read in full for it; None = there is no directory."""
        at = self._mark().get("at")
        return None if at is None else datetime.fromisoformat(at)

    @property
    def mapping_version(self) -> int:
        """The newest version of the mapping table when it was read: of who was linked later it may not know."""
        return int(self._mark().get("version", 0))

    @property
    def state(self) -> str:
        """A text that changes whenever the directory does; "" = there is none."""
        return self._watermarks.get(_MARK) or ""

    def replace(self, listed: Mapping[str, pa.Table], rows_at: RowsAt, digest: str = "") -> dict[str, int]:
        """Let it be these customers and nobody else; only rows that changed, came or went are written. Erased ones stay away.

        Args:
            listed: for each system one row per customer, `key` and `fingerprint` (int64).
            rows_at: makes the rows that are to be written.
            digest: of all that is listed; the same as last time = nothing needs to be compared. "" = compare.

        Returns:
            How many rows were `written` and `removed`.
        """
        import pyarrow as pa  # noqa: PLC0415 - lists of customers need it not

        known = self._mark()
        erased = {system: self._erased(system) for system in listed}
        if digest:  # whose tombstone was taken back must come back, too
            stones = repr([sorted(keys) for keys in erased.values()]) if any(erased.values()) else ""
            digest = hashlib.blake2b(f"{digest} {stones}".encode(), digest_size=16).hexdigest()
        done = {"written": 0, "removed": 0}
        if not digest or known.get("digest") != digest:
            stored = read_columns(self._connection, DIRECTORY, _KNOWN, self._mine)
            for system, table in listed.items():
                of_side = pa.Table.from_pandas(stored[stored["system"] == system], preserve_index=False)
                positions, ids = _differing(table, of_side, erased[system])
                for chunk in chunks(ids):
                    done["removed"] += self._connection.execute(sa.delete(DIRECTORY).where(_D.id.in_(chunk))).rowcount
                for rows in rows_at(system, positions) if positions else ():
                    self._put(rows)
                    done["written"] += len(rows)
            learn(self._connection, DIRECTORY, done["written"])
        version = sa.select(sa.func.max(MAPPING_VERSION.c.number)).where(MAPPING_VERSION.c.webstore_code == self._code)
        mark = {"at": now().isoformat(), "version": self._connection.scalar(version) or 0, "digest": digest}
        self._watermarks.set(_MARK, orjson.dumps(mark | {"edits": known.get("edits", 0)}).decode())
        return done

    def update(self, rows: Collection[DirectoryRow]) -> None:
        """Add or replace some customers; who is not named stays as it is. Nothing happens where there is no directory."""
        if not rows or not (mark := self._mark()):
            return
        erased = {system: self._erased(system) for system in {row.system for row in rows}}
        kept = [row for row in rows if row.key not in erased[row.system]]
        for batch in chunks(kept, _ROWS_AT_ONCE):
            self._put(batch)
        if kept:
            self._touched(mark)

    def remove(self, bc_ids: Iterable[str] = (), webstore_ids: Iterable[int] = ()) -> int:
        """Remove some customers; gives how many were there."""
        keys = {BUSINESS_CENTRAL: [key.lower() for key in bc_ids], WEBSTORE: [str(key) for key in webstore_ids]}
        removed = 0
        for system, of_side in keys.items():
            for chunk in chunks(of_side):
                mine = sa.and_(self._mine, _D.system == system, _D.key.in_(chunk))
                removed += self._connection.execute(sa.delete(DIRECTORY).where(mine)).rowcount
        if removed:
            self._touched(self._mark())
        return removed

    def clear(self) -> int:
        """Remove it; gives how many customers it held."""
        count = self._connection.execute(sa.delete(DIRECTORY).where(self._mine)).rowcount
        self._watermarks.remove(_MARK)
        return count

    def counts(self) -> dict[str, int]:
        """How many customers of each system it holds."""
        statement = sa.select(_D.system, sa.func.count()).where(self._mine, _D.system.in_((WEBSTORE, BUSINESS_CENTRAL)))
        found = self._connection.execute(statement.group_by(_D.system))
        return {WEBSTORE: 0, BUSINESS_CENTRAL: 0} | {row[0]: row[1] for row in found}

    def _put(self, rows: Sequence[DirectoryRow]) -> None:
        upsert(self._connection, DIRECTORY, _KEYS, [self._columns(row) for row in rows])

    def _columns(self, row: DirectoryRow) -> dict[str, Any]:
        name = folded(row.name)
        named = f"woo:{row.key}" if row.system == WEBSTORE else f"{folded(row.number)}\n{row.key}"
        texts = (name, named, *map(folded, (row.email, row.username, row.place)))
        return {
            "webstore_code": self._code,
            "system": row.system,
            "key": row.key,
            "number": row.number,
            "name": row.name,
            "place": row.place,
            "email": row.email,
            "username": row.username,
            "name_order": name[:_ORDER],
            "search": "\n".join(text for text in texts if text),
            "fingerprint": row.fingerprint,
        }

    def _erased(self, system: str) -> set[str]:
        column = TOMBSTONE.c.webstore_id if system == WEBSTORE else TOMBSTONE.c.bc_id
        mine = sa.select(column).where(TOMBSTONE.c.webstore_code == self._code, column.is_not(None))
        return {str(key) for key in self._connection.scalars(mine)}

    @property
    def _watermarks(self) -> Watermarks:
        return Watermarks(self._connection, self._code)

    def _mark(self) -> dict[str, Any]:
        return dict(orjson.loads(self.state or "{}"))

    def _touched(self, mark: Mapping[str, Any]) -> None:
        """Some rows are others now: the next full run compares them all."""
        if mark:
            self._watermarks.set(_MARK, orjson.dumps({**mark, "digest": "", "edits": mark["edits"] + 1}).decode())


def _differing(listed: pa.Table, stored: pa.Table, erased: Collection[str]) -> tuple[list[int], list[int]]:
    """Positions of the listed rows that are to be written, and ids of the stored ones that are to go."""
    import numpy as np  # noqa: PLC0415 - lists of customers need it not
    import pyarrow as pa  # noqa: PLC0415 - see above
    import pyarrow.compute as pc  # noqa: PLC0415 - see above

    from connector.core.column_lookup import rows_in  # noqa: PLC0415 - see above

    keys = listed["key"]
    gone = pa.array(sorted(erased), pa.large_string())
    wanted = ~np.asarray(pc.is_in(keys, value_set=gone))
    at = pc.fill_null(rows_in(keys, stored["key"].cast(pa.large_string())), -1).to_numpy(zero_copy_only=False)
    there = at >= 0
    same = np.zeros(len(keys), dtype=np.bool_)
    known = stored["fingerprint"].to_numpy()
    same[there] = known[at[there]] == listed["fingerprint"].to_numpy()[there]
    stays = np.zeros(stored.num_rows, dtype=np.bool_)
    stays[at[there & wanted]] = True
    return np.flatnonzero(wanted & ~same).tolist(), stored["id"].to_numpy()[~stays].tolist()
