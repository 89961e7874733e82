"""What keeps what a run has read: memory (memory_partition.py) or files (file_partitions.py) alike."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.partitioning import Numbers

__all__ = ["Landing", "Partitions", "PartsOf", "without_rows"]


PartsOf = Callable[[pa.Table], Numbers]


class Landing(Protocol):
    """Rows on their way into partitions, from any thread; `rows` says how many they are."""

    rows: int

    def add(self, table: pa.Table) -> None:
        """Take some rows."""

    def __enter__(self) -> Landing: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Partitions(Protocol):
    """The partitions of one run of one webstore; `count` says how many there are."""

    @property
    def url(self) -> str:
        """Where they are, as fsspec understands it; "" = in memory."""

    @property
    def count(self) -> int:
        """How many there are."""

    def landing(self, name: str, schema: pa.Schema, parts_of: PartsOf, piece: str = "0") -> Landing:
        """Takes rows and divides them; to be used as a context.

        Args:
            name: what the rows are, such as `webstore`.
            parts_of: the partition of each row.
            piece: of several landings of one name each has another.
        """

    def read(self, name: str, number: int, columns: list[str] | None = None) -> pa.Table:
        """The rows of one partition; none, if nothing was landed there."""

    def drop(self, name: str, number: int, key: str, ids: Collection[Any]) -> None:
        """Remove the rows with these ids from a partition."""


def without_rows(rows: pa.Table, key: str, ids: Collection[Any]) -> pa.Table:
    """The rows whose id is none of these."""
    return rows.filter(pc.invert(pc.is_in(rows[key], value_set=pa.array(list(ids), rows[key].type))))
