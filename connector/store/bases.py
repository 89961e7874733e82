"""Bases: per linked pair, what each side held, field by field, when both last agreed; and the fingerprints of that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.columns import now
from connector.store.frames import Kind, chunks, frame, read_columns, stream_columns
from connector.store.schema import BASE, BASE_VALUES
from connector.store.upserting import insert_of, learn, upsert

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Base", "Bases"]

_B, _V = BASE.c, BASE_VALUES.c
_PAIR = ("webstore_code", "bc_id", "webstore_id")
_HASHES: dict[str, Kind] = {
    "bc_id": "text",
    "webstore_id": "number",
    "webstore_hash": "text",
    "business_central_hash": "text",
    "webstore_seen": "number",
    "business_central_seen": "number",
    "webstore_stamp": "number",
    "business_central_stamp": "number",
    "account_mark": "number",
}
_SIGHTED = ["bc_id", "webstore_id", "webstore_stamp", "business_central_stamp", "account_mark", "marks"]
_SAW = [*_SIGHTED, "webstore_seen", "business_central_seen", "webstore_hash", "business_central_hash"]
_ROWS_AT_ONCE = 20_000
_SAW_ONE_BY_ONE = sa.text(
    "UPDATE base SET webstore_seen = :webstore_seen, business_central_seen = :business_central_seen,"
    " webstore_stamp = :webstore_stamp, business_central_stamp = :business_central_stamp,"
    " account_mark = coalesce(account_mark, :account_mark), marks = coalesce(:marks, marks)"
    " WHERE bc_id = :bc_id AND webstore_id = :webstore_id AND webstore_code = :code"
    " AND webstore_hash = :webstore_hash AND business_central_hash = :business_central_hash"
)
_SAW_AT_ONCE = sa.text(
    "UPDATE base SET webstore_seen = s.w_seen, business_central_seen = s.c_seen,"
    " webstore_stamp = s.w_stamp, business_central_stamp = s.c_stamp,"
    " account_mark = coalesce(base.account_mark, s.mark), marks = coalesce(s.marks, base.marks)"
    " FROM unnest(CAST(:bc_id AS text[]), CAST(:webstore_id AS bigint[]), CAST(:webstore_seen AS bigint[]),"
    " CAST(:business_central_seen AS bigint[]), CAST(:webstore_hash AS text[]), CAST(:business_central_hash AS text[]),"
    " CAST(:webstore_stamp AS bigint[]), CAST(:business_central_stamp AS bigint[]), CAST(:account_mark AS bigint[]),"
    " CAST(:marks AS text[])) AS s(bc_id, webstore_id, w_seen, c_seen, w_hash, c_hash, w_stamp, c_stamp, mark, marks)"
    " WHERE base.bc_id = s.bc_id AND base.webstore_id = s.webstore_id AND base.webstore_code = :code"
    " AND base.webstore_hash = s.w_hash AND base.business_central_hash = s.c_hash"
)
_READ: dict[str, Kind] = {
    "bc_id": "text",
    "webstore_id": "number",
    "webstore": "text",
    "business_central": "text",
    "webstore_hash": "text",
    "business_central_hash": "text",
    "updated_at": "time",
    "webstore_stamp": "number",
    "business_central_stamp": "number",
}


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

    def read(self, bc_ids: Iterable[str] | None = None) -> pd.DataFrame:
        """The bases of some Business Central customers, or all.

        Returns:
            One row per pair: `bc_id`, `webstore_id`, `webstore` and `business_central` (JSON texts: field → value), the two
            `…_hash`, `updated_at`, and the two `…_stamp` (see `sight`).
        """
        columns = [(_V if name in _V else _B)[name] for name in _READ]
        return frame([tuple(row) for row in self._rows(columns, bc_ids)], _READ)

    def find(self, bc_ids: Iterable[str]) -> dict[tuple[str, int], Base]:
        """The bases of some Business Central customers, by (Business Central id, webstore id)."""
        columns = [_B.bc_id, _B.webstore_id, _V.webstore, _V.business_central]
        columns += [_B.webstore_hash, _B.business_central_hash, _B.run_id]
        return {
            (row[0], row[1]): Base(row[0], row[1], orjson.loads(row[2]), orjson.loads(row[3]), row[4], row[5], row[6])
            for row in self._rows(columns, bc_ids)
        }

    def hashes(self) -> pd.DataFrame:
        """The fingerprints of every base, a million in about a second.

        Returns:
            One row per pair: `bc_id`, `webstore_id`, `webstore_hash`, `business_central_hash`, and the fingerprints of the
            records that were last found to hold the base, `webstore_seen` and `business_central_seen` (missing = none yet).
        """
        return read_columns(self._connection, BASE, _HASHES, self._mine)

    def stream_hashes(self) -> Iterator[pa.Table]:
        """As `hashes`, in pieces."""
        return stream_columns(self._connection, BASE, _HASHES, self._mine)

    @property
    def _mine(self) -> sa.ColumnElement[bool]:
        # the plus keeps SQLite from taking an index: nearly all rows are wanted, and in order of id they are read faster
        plus = "+" if self._connection.dialect.name == "sqlite" else ""
        return sa.literal_column(f"{plus}base.webstore_code", sa.Text) == self._code

    def put(self, bases: Iterable[Base]) -> None:
        """Set the bases of some pairs, whole."""
        time, count = now(), 0
        for chunk in chunks(bases):
            count += len(chunk)
            by_pair = {(base.bc_id.lower(), base.webstore_id): base for base in chunk}
            rows = [
                {
                    "webstore_code": self._code,
                    "bc_id": bc_id,
                    "webstore_id": webstore_id,
                    "webstore_hash": base.webstore_hash,
                    "business_central_hash": base.business_central_hash,
                    "run_id": base.run_id,
                    "updated_at": time,
                    "webstore_seen": None,
                    "business_central_seen": None,
                }
                for (bc_id, webstore_id), base in by_pair.items()
            ]
            upsert(self._connection, BASE, _PAIR, rows)
            ids = self._ids({bc_id for bc_id, _ in by_pair})
            values = [
                {
                    "base_id": ids[pair],
                    "webstore": orjson.dumps(dict(base.webstore)).decode(),
                    "business_central": orjson.dumps(dict(base.business_central)).decode(),
                }
                for pair, base in by_pair.items()
            ]
            upsert(self._connection, BASE_VALUES, ("base_id",), values)
        learn(self._connection, BASE, count)

    def saw(self, settled: pa.Table) -> None:
        """Remember of pairs that were read which records hold their base; a base that has moved since stays unseen.

        Args:
            settled: one row per pair: `bc_id`, `webstore_id`, the fingerprints of the two records (`webstore_seen`,
                `business_central_seen`), the hashes of the base that they hold, and as in `sight` who and when.
        """
        form = _SAW_AT_ONCE if self._connection.dialect.name == "postgresql" else _SAW_ONE_BY_ONE
        for batch in _batches(settled.select(_SAW)):
            if form is _SAW_AT_ONCE:
                self._connection.execute(form, {"code": self._code, **batch.to_pydict()})
            else:
                self._connection.execute(form, [{"code": self._code, **row} for row in batch.to_pylist()])

    def sight(self, sighted: pa.Table, *, anew: bool = False) -> None:
        """Remember when the records of some pairs were touched, and whose the accounts are.

        Args:
            sighted: one row per pair: `bc_id`, `webstore_id`, `webstore_stamp`, `business_central_stamp` (milliseconds since
                1970; null = unknown), `account_mark` and `marks` (null = as they are known).
            anew: the pair was linked just now: marks that are known of an earlier link do not count. Stamps do: a link says
                who it is, not that a record which went back is right.
        """
        for batch in _batches(sighted.select(_SIGHTED)):
            rows = [{**row, "marks": row["marks"] or "", "webstore_code": self._code} for row in batch.to_pylist()]
            insert = insert_of(self._connection)(BASE)
            new = insert.excluded
            mark = [new.account_mark, _B.account_mark] if anew else [_B.account_mark, new.account_mark]
            shown = sa.case((new.marks == "", _B.marks), else_=new.marks)
            stamps = ("webstore_stamp", "business_central_stamp")
            values = {name: _later(_B[name], new[name]) if anew else new[name] for name in stamps}
            statement = insert.on_conflict_do_update(
                index_elements=list(_PAIR), set_={**values, "account_mark": sa.func.coalesce(*mark), "marks": shown}
            )
            # a pair that never agreed gets a base that says nothing yet
            blank = {"webstore_hash": "", "business_central_hash": "", "updated_at": now()}
            self._connection.execute(statement, [{**blank, **row} for row in rows])

    def wrote(self, system: str, stamps: Sequence[tuple[str, int, int]]) -> None:
        """Remember when written records were touched: (Business Central id, webstore id, milliseconds since 1970).

        A stamp that is later already stays, also that of a record that went back.
        """
        stamp = _B[f"{system}_stamp"]
        later = sa.bindparam("stamp_", type_=sa.BigInteger)
        statement = (
            sa.update(BASE)
            .where(
                _B.bc_id == sa.bindparam("bc_id_"),
                _B.webstore_id == sa.bindparam("webstore_id_"),
                _B.webstore_code == self._code,
                sa.or_(stamp.is_(None), stamp < later),
            )
            .values({stamp: later})
        )
        rows = [{"bc_id_": bc_id.lower(), "webstore_id_": key, "stamp_": value} for bc_id, key, value in stamps]
        if rows:
            self._connection.execute(statement, rows)

    def move(self, bc_id: str, webstore_id: int, to: int) -> None:
        """Let the base of a pair be that of the same customers under another Webstore ID."""
        mine = sa.and_(_B.webstore_code == self._code, _B.bc_id == bc_id.lower())
        self._connection.execute(sa.delete(BASE).where(mine, _B.webstore_id == to))
        self._connection.execute(sa.update(BASE).where(mine, _B.webstore_id == webstore_id).values(webstore_id=to))

    def mark(self, bc_id: str, webstore_id: int, account_mark: int | None, marks: str) -> None:
        """Say anew whose the account of a pair is."""
        pair = sa.and_(_B.webstore_code == self._code, _B.bc_id == bc_id.lower(), _B.webstore_id == webstore_id)
        self._connection.execute(sa.update(BASE).where(pair).values(account_mark=account_mark, marks=marks))

    def with_stamp(self, system: str, stamp: int) -> set[tuple[str, int]]:
        """The pairs of which a side has exactly this stamp."""
        mine = sa.and_(_B.webstore_code == self._code, _B[f"{system}_stamp"] == stamp)
        return {
            (bc_id, key) for bc_id, key in self._connection.execute(sa.select(_B.bc_id, _B.webstore_id).where(mine))
        }

    def marks(self, bc_id: str, webstore_id: int) -> tuple[str, str]:
        """User name and registration of the account that a pair was linked for; blank = not known."""
        pair = sa.and_(_B.webstore_code == self._code, _B.bc_id == bc_id.lower(), _B.webstore_id == webstore_id)
        username, _, created = (self._connection.scalar(sa.select(_B.marks).where(pair)) or "").partition("\n")
        return username, created

    def remove(self, bc_id: str) -> None:
        """Forget the bases of a Business Central customer."""
        mine = sa.and_(_B.webstore_code == self._code, _B.bc_id == bc_id.lower())
        self._connection.execute(sa.delete(BASE).where(mine))

    def _rows(self, columns: list[sa.Column[Any]], bc_ids: Iterable[str] | None) -> Iterator[Any]:
        statement = sa.select(*columns).join_from(BASE, BASE_VALUES).where(_B.webstore_code == self._code)
        if bc_ids is None:
            yield from self._connection.execute(statement.order_by(_B.id))
            return
        for chunk in chunks(bc_id.lower() for bc_id in bc_ids):
            yield from self._connection.execute(statement.where(_B.bc_id.in_(chunk)).order_by(_B.id))

    def _ids(self, bc_ids: Collection[str]) -> dict[tuple[str, int], int]:
        statement = sa.select(_B.bc_id, _B.webstore_id, _B.id).where(
            _B.webstore_code == self._code, _B.bc_id.in_(list(bc_ids))
        )
        return {(bc_id, webstore_id): base for bc_id, webstore_id, base in self._connection.execute(statement)}


def _later(known: sa.ColumnElement[Any], new: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The later of two stamps, of which either may be unknown."""
    return sa.case((sa.and_(known.is_not(None), sa.or_(new.is_(None), known > new)), known), else_=new)


def _batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """A table may have pieces without a row, and a statement for nobody is an error."""
    return (batch for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE) if batch.num_rows)
