"""Everybody in one partition, in memory, unless a setup wants files."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from connector.extract.partitions import Landing, Partitions, PartsOf, without_rows
from connector.run.run import Run
from connector.setup import PartitionSettings, Setup

__all__ = ["MemoryPartition", "forget_landed", "partitions_beside", "partitions_of_run"]


class MemoryPartition:
    """Everybody in one partition, in the memory of this process."""

    count = 1
    url = ""

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
            self._tables[name] = without_rows(self._tables[name], key, ids)

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


@contextmanager
def partitions_beside(settings: PartitionSettings, webstore_code: str, beside: str) -> Iterator[Partitions]:
    """Where somebody who does not hold the webstore keeps what he reads, as its setup wants it; nothing of it is left at the end.

    Args:
        beside: names him: he has a folder of his own, since runs are at work meanwhile.

    Raises:
        SetupError: see `partitions_at`.
    """
    if not settings.count:
        yield MemoryPartition()
        return
    from connector.extract.file_partitions import partitions_at, place_of, remove_left  # few runs need files

    folder, today = f"{place_of(settings, webstore_code)}.beside", datetime.now(UTC).date()
    remove_left(folder, today)
    with partitions_at(f"{folder}/{today:%Y%m%d}-{beside}", settings.count) as partitions:
        yield partitions


@contextmanager
def partitions_of_run(
    run: Run, settings: PartitionSettings, *, everybody: bool = False, takes_over: bool = False
) -> Iterator[Partitions]:
    """Where a run that holds the webstore keeps what it reads, as its setup wants it; see `going_on`."""
    if not settings.count:
        if everybody and _is_left(settings, run.code):  # by a run that was killed before the setup was changed
            from connector.extract.landed import remove_landed

            try:
                remove_landed(settings, run.code)
            except OSError as error:
                run.warnings.append(f"What a killed run had read cannot be removed, and holds personal data: {error}")
        yield MemoryPartition()
        return
    from connector.extract.landed import going_on  # likewise

    with going_on(run, settings, everybody=everybody, takes_over=takes_over) as partitions:
        yield partitions


def forget_landed(setup: Setup) -> None:
    """Let no run take over what others have read until now; see `connector.extract.landed`."""
    if setup.partitions.count or _is_left(setup.partitions, setup.webstore_code):
        from connector.extract.landed import forget_landed as forget  # likewise

        forget(setup)


def _is_left(settings: PartitionSettings, webstore_code: str) -> bool:
    """Whether there is a folder of runs with partitions. Of one that is elsewhere (s3://…) only a setup with partitions knows."""
    return Path(settings.folder, webstore_code).is_dir()
