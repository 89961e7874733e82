"""Where a run keeps what it has read: in memory, or divided into Parquet files that are dealt with one after the other.

The files lie on disk, or anywhere that fsspec reaches. They hold personal data: they are made anew by every run and removed at
its end; what a killed run left is removed by the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connector.core.partitioning import Numbers, split
from connector.errors import SetupError
from connector.setup import PartitionSettings

__all__ = ["FilePartitions", "Landing", "MemoryPartition", "Partitions", "partitions_at", "partitions_of"]

# so many rows are kept back before they are divided: smaller pieces cost more than they hold
_ROWS_AT_ONCE = 100_000


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


class MemoryPartition:
    """Everybody in one partition, in the memory of this process."""

    count = 1

    def __init__(self) -> None:
        self._tables: dict[str, pa.Table] = {}

    def landing(self, name: str, schema: pa.Schema, parts_of: PartsOf, piece: str = "0") -> Landing:
        """As in Partitions; nobody needs to be told apart."""
        return _MemoryLanding(self, name, schema)

    def read(self, name: str, number: int, columns: list[str] | None = None) -> pa.Table:
        """As in Partitions."""
        table = self._tables.get(name)
        if table is None:
            return pa.table({})
        return table if columns is None else table.select(columns)

    def drop(self, name: str, number: int, key: str, ids: Collection[Any]) -> None:
        """As in Partitions."""
        if ids:
            self._tables[name] = _without(self._tables[name], key, ids)

    def put(self, name: str, table: pa.Table) -> None:
        """Keep rows beside those that are there."""
        there = self._tables.get(name)
        both = table if there is None or not there.num_rows else pa.concat_tables([there, table])
        self._tables[name] = both.combine_chunks().replace_schema_metadata(None)


class _MemoryLanding:
    def __init__(self, partition: MemoryPartition, name: str, schema: pa.Schema) -> None:
        self._partition, self._name, self._schema = partition, name, schema
        self._tables = [schema.empty_table()]
        self._lock = threading.Lock()
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        with self._lock:
            self._tables.append(table.select(self._schema.names).cast(self._schema))
            self.rows += table.num_rows

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._partition.put(self._name, pa.concat_tables(self._tables))


@dataclass(frozen=True)
class FilePartitions:
    """Partitions as files.

    Attributes:
        url: folder, as fsspec understands it: a path, s3://…, abfs://…
        count: how many partitions there are.
    """

    url: str
    count: int

    def landing(self, name: str, schema: pa.Schema, parts_of: PartsOf, piece: str = "0") -> Landing:
        """As in Partitions."""
        return _FileLanding(self, name, schema, parts_of, piece)

    def read(self, name: str, number: int, columns: list[str] | None = None) -> pa.Table:
        """As in Partitions."""
        files, folder = self._files(name, number)
        tables = [pq.read_table(file, columns=columns, filesystem=files) for file in sorted(folder)]
        return pa.concat_tables(tables).replace_schema_metadata(None) if tables else pa.table({})

    def drop(self, name: str, number: int, key: str, ids: Collection[Any]) -> None:
        """As in Partitions."""
        if not ids:
            return
        files, folder = self._files(name, number)
        for file in folder:
            kept = _without(pq.read_table(file, filesystem=files), key, ids)
            pq.write_table(kept, file, filesystem=files, compression="lz4")

    def _files(self, name: str, number: int) -> tuple[Any, list[str]]:
        files, root = fsspec.core.url_to_fs(self.url)
        return files, files.glob(f"{root}/{name}/{number:04d}-*.parquet")


class _FileLanding:
    def __init__(self, partitions: FilePartitions, name: str, schema: pa.Schema, parts_of: PartsOf, piece: str) -> None:
        self._files, root = fsspec.core.url_to_fs(partitions.url)
        self._folder = f"{root}/{name}"
        self._files.makedirs(self._folder, exist_ok=True)
        self._partitions, self._schema, self._parts_of, self._piece = partitions, schema, parts_of, piece
        self._waiting: list[pa.Table] = []
        self._writers: dict[int, pq.ParquetWriter] = {}
        self._lock = threading.Lock()
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        with self._lock:
            self._waiting.append(table.select(self._schema.names))
            self.rows += table.num_rows
            if sum(one.num_rows for one in self._waiting) >= _ROWS_AT_ONCE:
                self._spill()

    def _spill(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting).combine_chunks().cast(self._schema)
        self._waiting = []
        for part, rows in split(table, self._parts_of(table)):
            self._writer(part).write_table(rows)

    def _writer(self, part: int) -> pq.ParquetWriter:
        if part not in self._writers:
            path = f"{self._folder}/{part:04d}-{self._piece}.parquet"
            self._writers[part] = pq.ParquetWriter(path, self._schema, filesystem=self._files, compression="lz4")
        return self._writers[part]

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                # without a single row a partition has a file nevertheless: its columns
                self._spill()
                for part in range(self._partitions.count):
                    self._writer(part)
        finally:
            for writer in self._writers.values():
                writer.close()


def _without(rows: pa.Table, key: str, ids: Collection[Any]) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows[key], value_set=pa.array(list(ids), rows[key].type))))


@contextmanager
def partitions_of(settings: PartitionSettings, webstore_code: str) -> Iterator[Partitions]:
    """Where a run of a webstore keeps what it reads, as its setup wants it; nothing of it is left at the end.

    Raises:
        SetupError: see `partitions_at`.
    """
    if not settings.count:
        yield MemoryPartition()
        return
    with partitions_at(f"{settings.folder.rstrip('/')}/{webstore_code}", settings.count) as partitions:
        yield partitions


@contextmanager
def partitions_at(url: str, count: int) -> Iterator[FilePartitions]:
    """An empty folder for partitions, removed at the end.

    Raises:
        SetupError: nothing can be written there, or no such file system is installed.
    """
    try:
        files, root = fsspec.core.url_to_fs(url)
        if files.exists(root):
            files.rm(root, recursive=True)
        files.makedirs(root, exist_ok=True)
    except (ImportError, ValueError, OSError) as error:
        raise SetupError(
            f"Partitions cannot be kept in {url}: {error}",
            hint="[partitions] folder takes a path or an address of fsspec, whose package must be installed (s3fs, adlfs).",
        ) from error
    try:
        yield FilePartitions(url, count)
    finally:
        files.rm(root, recursive=True)
