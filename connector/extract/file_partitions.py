"""Partitions as Parquet files, on disk or anywhere that fsspec reaches, which are dealt with one after the other.

They hold personal data: they are made anew by every run and removed at its end; what a killed run left is taken over by the next
one (landed.py), or removed.
"""

from __future__ import annotations

import glob
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from types import TracebackType
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from connector.core.partitioning import split
from connector.errors import PremiseBroken, SetupError
from connector.extract.partitions import Landing, PartsOf, told_in_words, without_rows
from connector.setup import PartitionSettings

__all__ = ["FilePartitions", "files_like", "made_at", "partitions_at", "place_of", "remove_left"]

# so many rows are kept back before they are divided: smaller pieces cost more than they hold
_ROWS_AT_ONCE = 100_000
# a dictionary that grows costs more than it saves: nearly every value of its column is another one; nobody asks for statistics
_WRITTEN: dict[str, Any] = {"compression": "lz4", "dictionary_pagesize_limit": 1 << 16, "write_statistics": False}


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
        # every partition has a file, also one without rows: nobody read must never look like nobody there, nor those alone who
        # were landed later
        if not any(file.endswith("-0.parquet") for file in folder):
            raise PremiseBroken(
                f"What was read is not there any more: {name}, partition {number}, in {self.url}.",
                hint="Somebody has removed it, or another run has taken over. Nothing more is written; run again.",
            )
        with told_in_words(self.url, "read again"):
            tables = [pq.read_table(file, columns=columns, filesystem=files) for file in sorted(folder)]
        return pa.concat_tables(tables).replace_schema_metadata(None)

    def drop(self, name: str, number: int, key: str, ids: Collection[Any]) -> None:
        """As in Partitions."""
        if not ids:
            return
        files, folder = self._files(name, number)
        for file in folder:
            with told_in_words(self.url, "read again"):
                kept = without_rows(pq.read_table(file, filesystem=files), key, ids)
            with told_in_words(self.url):
                pq.write_table(kept, file, filesystem=files, **_WRITTEN)

    def _files(self, name: str, number: int) -> tuple[Any, list[str]]:
        files, root = fsspec.core.url_to_fs(self.url)
        return files, files_like(files, f"{root}/{name}", f"{number:04d}-*.parquet")


class _FileLanding:
    def __init__(self, partitions: FilePartitions, name: str, schema: pa.Schema, parts_of: PartsOf, piece: str) -> None:
        self._files, root = fsspec.core.url_to_fs(partitions.url)
        self._folder = f"{root}/{name}"
        with told_in_words(partitions.url):
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
        with told_in_words(self._partitions.url):
            for part, rows in split(table, self._parts_of(table)):
                self._writer(part).write_table(rows)

    def _writer(self, part: int) -> pq.ParquetWriter:
        if part not in self._writers:
            path = f"{self._folder}/{part:04d}-{self._piece}.parquet"
            self._writers[part] = pq.ParquetWriter(path, self._schema, filesystem=self._files, **_WRITTEN)
        return self._writers[part]

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with told_in_words(self._partitions.url):
            try:
                if error is None:
                    # without a single row a partition has a file nevertheless: its columns
                    self._spill()
                    for part in range(self._partitions.count):
                        self._writer(part)
            finally:
                for writer in self._writers.values():
                    writer.close()


def files_like(files: Any, folder: str, pattern: str) -> list[str]:
    """The files below a folder whose names fit a pattern; the folder's own name is none, whatever signs it has."""
    found: list[str] = files.glob(f"{glob.escape(folder)}/{pattern}")
    return found


def remove_left(url: str, today: date) -> None:
    """Remove folders in a folder whose names begin with a date before yesterday: what was killed left them."""
    files, root = fsspec.core.url_to_fs(url)
    limit = f"{today - timedelta(days=1):%Y%m%d}"
    for folder in files.ls(root, detail=False) if files.exists(root) else ():
        if folder.rstrip("/").rpartition("/")[2][:8] < limit:
            files.rm(folder, recursive=True)


def place_of(settings: PartitionSettings, webstore_code: str) -> str:
    """The folder of a webstore's runs."""
    return f"{settings.folder.rstrip('/')}/{webstore_code}"


def made_at(url: str, count: int) -> FilePartitions:
    """An empty folder for partitions.

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
    return FilePartitions(url, count)


@contextmanager
def partitions_at(url: str, count: int) -> Iterator[FilePartitions]:
    """An empty folder for partitions, removed at the end.

    Raises:
        SetupError: see `made_at`.
    """
    partitions = made_at(url, count)
    try:
        yield partitions
    finally:
        files, root = fsspec.core.url_to_fs(url)
        files.rm(root, recursive=True)
