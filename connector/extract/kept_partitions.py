"""The partitions of a run that was kept, read again: with what writes were answered with since, and joined as pairs are today.

Nothing is written: mapping table and bases, which are those of today, stay in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connector.core.column_lookup import rows_in
from connector.core.customer import Side
from connector.core.partitioning import Placement, split
from connector.errors import InternalError
from connector.extract.extraction import IDS, places
from connector.extract.kept import ANSWERS, Kept, damage_told, file_name, place_of
from connector.extract.partitions import Landing, PartsOf, without_rows
from connector.setup import Setup

__all__ = ["KeptPartitions", "as_they_are_now", "kept_partitions"]

_Landed = dict[tuple[str, int], pa.Table]


@dataclass(frozen=True)
class KeptPartitions:
    """As Partitions.

    Attributes:
        columns: those of each side that the rules need.
        _landed: what was landed in memory, by name and number.
        _more: customers that stand in no file, or in that of another partition, or otherwise there than they are now; they
            count instead of the rows in `_away`, by side.
    """

    folder: Path
    count: int
    columns: Mapping[str, Sequence[str]]
    _landed: _Landed = field(default_factory=dict)
    _more: Mapping[tuple[str, int], pa.Table] = field(default_factory=dict)
    _away: Mapping[str, Collection[Any]] = field(default_factory=dict)
    _whole: dict[str, pa.Table] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """What is landed stays in memory."""
        return ""

    def needing(self, columns: Mapping[str, Sequence[str]]) -> KeptPartitions:
        """The same for rules that need other columns."""
        return replace(self, columns=columns)

    def landing(self, name: str, schema: pa.Schema, parts_of: PartsOf, piece: str = "0") -> Landing:
        """As in Partitions."""
        return _InMemory(self._landed, self.count, name, schema, parts_of)

    def read(self, name: str, number: int, columns: list[str] | None = None) -> pa.Table:
        """As in Partitions."""
        if name not in self.columns:
            table = self._landed.get((name, number), pa.table({}))
            return table if columns is None else table.select(columns)
        return self._customers(name, number).select(columns or list(self.columns[name]))

    def drop(self, name: str, number: int, key: str, ids: Collection[Any]) -> None:
        """Nothing that was kept is changed."""
        raise InternalError("A plan on kept extracts was about to change them.")

    def in_file(self, name: str, number: int, columns: list[str] | None = None) -> pa.Table:
        """The customers of a side as they were kept."""
        return _read(self.folder / name / file_name(number), columns)

    def _customers(self, name: str, number: int) -> pa.Table:
        if name in self._whole:
            return self._whole[name]
        rows = self.in_file(name, number)
        away, more = self._away.get(name, ()), self._more.get((name, number))
        if away:
            rows = without_rows(rows, IDS[Side(name)], away)
        if more is not None:
            rows = pa.concat_tables([rows, more.select(rows.column_names).cast(rows.schema)])
        if self.count == 1:  # everybody is in memory anyhow
            self._whole[name] = rows.combine_chunks()
        return self._whole.get(name, rows)


class _InMemory:
    """As Landing."""

    def __init__(self, landed: _Landed, count: int, name: str, schema: pa.Schema, parts_of: PartsOf) -> None:
        self._landed, self._count, self._name, self._parts_of = landed, count, name, parts_of
        self._tables = [schema.empty_table()]
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        schema = self._tables[0].schema
        self._tables.append(table.select(schema.names).cast(schema))
        self.rows += table.num_rows

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            return
        table = pa.concat_tables(self._tables).combine_chunks()
        parts = dict(split(table, self._parts_of(table))) if table.num_rows else {}
        for number in range(self._count):
            self._landed[self._name, number] = parts.get(number, table.slice(0, 0))


def kept_partitions(setup: Setup, kept: Kept) -> KeptPartitions:
    """What was kept, as it was read.

    Raises:
        InputError: it is damaged or incomplete.
    """
    found = KeptPartitions(place_of(setup) / kept.folder, kept.count, {str(s): kept.columns[s] for s in Side})
    with damage_told(setup):
        for side in Side:
            there = sum(found.in_file(str(side), number, [IDS[side]]).num_rows for number in range(kept.count))
            if there != kept.rows[side]:
                raise KeyError(f"{there} rows of {kept.rows[side]}")
    return found


def as_they_are_now(setup: Setup, kept: Kept, partitions: KeptPartitions, placement: Placement) -> KeptPartitions:
    """With what writes were answered with since, and each customer in the partition where his pair is today.

    Raises:
        InputError: what was kept is damaged or incomplete.
    """
    more: dict[tuple[str, int], pa.Table] = {}
    away: dict[str, Collection[Any]] = {}
    with damage_told(setup):
        for side in Side:
            found = [_answered(setup, kept, side), *_strayed(partitions, side, placement)]
            tables = [table for table in found if table.num_rows]
            if tables:
                rows = _each_once(pa.concat_tables(tables), IDS[side])
                more |= {(str(side), n): part for n, part in split(rows, places(side, placement)(rows))}
                away[str(side)] = rows[IDS[side]].to_pylist()
    return replace(partitions, _more=more, _away=away)


def _answered(setup: Setup, kept: Kept, side: Side) -> pa.Table:
    """The newest answers first."""
    folder = place_of(setup) / kept.folder / ANSWERS
    files = sorted(folder.glob(f"*-{side}.parquet"), reverse=True)
    tables = [_read(file) for file in files]
    # of several answers in one file the last is the newest
    turned = [table.take(pa.array(np.arange(table.num_rows)[::-1])) for table in tables]
    return pa.concat_tables(turned) if turned else pa.table({})


def _strayed(partitions: KeptPartitions, side: Side, placement: Placement) -> list[pa.Table]:
    """Accounts that were linked, or unlinked, since: their pair is in another partition."""
    if side is Side.BUSINESS_CENTRAL or partitions.count == 1:
        return []
    found = []
    for number in range(partitions.count):
        ids = partitions.in_file(str(side), number, [IDS[side]])[IDS[side]]
        strange = np.flatnonzero(placement.of(ids) != number)
        if len(strange):
            found.append(partitions.in_file(str(side), number).take(pa.array(strange)))
    return found


def _each_once(table: pa.Table, key: str) -> pa.Table:
    """Of several rows of a customer the first."""
    first = rows_in(table[key], table[key])
    return table.filter(pc.equal(first, pa.array(np.arange(table.num_rows), pa.int32())))


def _read(file: Path, columns: list[str] | None = None) -> pa.Table:
    # not read_table: it takes a folder named key=value for a column
    with pq.ParquetFile(file) as opened:
        return opened.read(columns).replace_schema_metadata(None)
