"""Rows of a table as mappings, for the few customers that are decided one by one.

Of the many columns of a customer a decision looks at a few; a column becomes Python values when it is first looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

__all__ = ["Row", "rows_of"]


class _Columns(dict[str, list[Any]]):
    """The columns of some rows of a table as lists."""

    def __init__(self, table: pa.Table, rows: pa.Array) -> None:
        super().__init__()
        self.table = table
        self.rows = rows
        self.names = dict.fromkeys(table.column_names)

    def __missing__(self, name: str) -> list[Any]:
        values: list[Any] = self.table[name].take(self.rows).to_pylist()
        self[name] = values
        return values


class Row(Mapping[str, Any]):
    """One row: column → value."""

    __slots__ = ("_columns", "_row")

    def __init__(self, columns: _Columns, row: int) -> None:
        self._columns = columns
        self._row = row

    def __getitem__(self, name: str) -> Any:
        return self._columns[name][self._row]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns.names)

    def __len__(self) -> int:
        return len(self._columns.names)

    def __contains__(self, name: object) -> bool:
        return name in self._columns.names


def rows_of(table: pa.Table, rows: pa.Array) -> list[Row]:
    """Some rows of a table, in the order of their numbers."""
    columns = _Columns(table, rows)
    return [Row(columns, row) for row in range(len(rows))]
