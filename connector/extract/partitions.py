"""What keeps what a run has read: memory (memory_partition.py) or files (file_partitions.py) alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.partitioning import Numbers
from connector.errors import PremiseBroken

__all__ = ["Landing", "Partitions", "PartsOf", "told_in_words", "without_rows"]


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


@contextmanager
def told_in_words(url: str, what: str = "kept") -> Iterator[None]:
    """A disk that is full, and a file that cannot be reached or is damaged, is told with the folder in which it is.

    Args:
        what: was to be done there: kept, or read again.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        why = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise PremiseBroken(
            f"What was read cannot be {what} in {url}: {why}.",
            hint="Nothing more is written. See that there is room, and that it can be reached ([partitions] folder); run again.",
        ) from error
