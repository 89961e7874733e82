"""Leaves the directory: what was read of all customers, in the few words by which people look for somebody.

Everybody is in it who has an id, also who is quarantined or not shaped like a customer: people look for exactly those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core import business_central_customer, webstore_customer
from connector.core.column_lookup import hashes_of_rows
from connector.core.customer import Side
from connector.core.fingerprints import reading_key
from connector.core.normalize import by_unique, clean
from connector.extract.extraction import IDS, table_of
from connector.extract.job import Job
from connector.run.run import Run
from connector.store import DirectoryRow, Work
from connector.store.directory import account_number

__all__ = ["leave_directory", "update_directory"]

# to be raised when rows are made otherwise of the same records
_FORM = "1"
# a list shows no more of a text, and nobody looks for its end
_LONGEST = 300
_ROWS_AT_ONCE = 5_000
_READ: Mapping[Side, list[str]] = {
    Side.WEBSTORE: [
        "webstore_id", "email", "username", "first_name", "last_name", "billing.first_name", "billing.last_name",
        "billing.company", "billing.postcode", "billing.city", "billing.country",
    ],
    Side.BUSINESS_CENTRAL: ["bc_id", "number", "displayName", "postalCode", "city", "country", "email"],
}  # fmt: skip
_PLACE = {
    Side.WEBSTORE: ("billing.postcode", "billing.city", "billing.country"),
    Side.BUSINESS_CENTRAL: ("postalCode", "city", "country"),
}


def leave_directory(run: Run, job: Job) -> None:
    """Let the directory be what was read of all customers; a selected run updates its own ones.

    Where the setup wants none, one that is there is removed.

    Raises:
        StoreError: it cannot be written.
    """
    if not run.setup.console.directory:
        with run.store.view(run.code) as view:
            kept = view.directory.state
        if kept:
            with run.store_lock, run.store.work(run.code) as work:
                work.directory.clear()
    elif job.selected is not None:
        _update_selected(run, job, job.selected)
    else:
        listed = {str(side): _listed(run, job, side) for side in Side}

        def rows_at(system: str, positions: Sequence[int]) -> Iterator[list[DirectoryRow]]:
            return _rows_at(run, job, Side(system), positions)

        with run.store_lock, run.store.work(run.code) as work:
            work.directory.replace(listed, rows_at, _digest(run, listed))


def update_directory(run: Run, work: Work, side: Side, records: Sequence[Mapping[str, Any]]) -> None:
    """Put records as their system holds them now into the directory, if there is one, and keep them for the kept extracts.

    Args:
        records: whole, as the API gave them.
    """
    keeps, lists = run.setup.extracts.keep, bool(work.directory.state)
    if not records or not (keeps or lists):
        return
    table = table_of(run, side, records)
    if keeps:
        # an answer about a card alone says nothing of its ship-to address: who was written so is known by his stamp, and left out
        fields = run.rules.fields
        whole = [side is Side.WEBSTORE or business_central_customer.ship_to_known(record, fields) for record in records]
        run.answers.append((side, table if all(whole) else table.filter(pa.array(whole))))
    if lists:
        work.directory.update(_rows(run, side, table.select(_READ[side])))


def _update_selected(run: Run, job: Job, selected: frozenset[str | int]) -> None:
    """Those of the run; who was selected and is not there any more goes."""
    found: list[DirectoryRow] = []
    gone = set(selected)
    for side in Side:
        keys = pa.array([key for key in selected if isinstance(key, int) == (side is Side.WEBSTORE)], _key_type(side))
        for _, table in _tables(job, side):
            mine = table.filter(pc.is_in(table[IDS[side]], value_set=keys))
            gone -= set(mine[IDS[side]].to_pylist())
            found += _rows(run, side, mine)
    with run.store_lock, run.store.work(run.code) as work:
        if work.directory.state:
            work.directory.update(found)
            work.directory.remove(
                [key for key in gone if isinstance(key, str)], [key for key in gone if isinstance(key, int)]
            )


def _key_type(side: Side) -> pa.DataType:
    return pa.int64() if side is Side.WEBSTORE else pa.large_string()


def _tables(job: Job, side: Side) -> Iterator[tuple[int, pa.Table]]:
    for number in range(job.partitions.count):
        table = job.partitions.read(str(side), number, _READ[side])
        if table.num_rows:
            yield number, table


def _listed(run: Run, job: Job, side: Side) -> pa.Table:
    """Key and fingerprint of everybody, partition after partition."""
    schema = pa.schema([("key", pa.large_string()), ("fingerprint", pa.int64())])
    tables = [schema.empty_table()]
    for _, table in _tables(job, side):
        keys = table[IDS[side]].cast(pa.large_string())
        tables.append(pa.table({"key": keys, "fingerprint": _fingerprints(run, table)}, schema=schema))
    return pa.concat_tables(tables)


def _fingerprints(run: Run, table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    # the countries of the company change no row: they are told by the codes that stand there
    return hashes_of_rows(table.columns, f"{_FORM} {reading_key(run.rules.fields, run.rules.geography)}")


def _digest(run: Run, listed: Mapping[str, pa.Table]) -> str:
    """One text for everybody, in whatever order they were read."""
    parts = []
    for system, table in listed.items():
        numbers = table["fingerprint"].to_numpy().view(np.uint64)
        # the sum alone would not see two changes that make up for each other
        mixed = (numbers ^ (numbers >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        parts.append(
            f"{system} {len(numbers)} {int(numbers.sum())} {int(mixed.sum())} {int(np.bitwise_xor.reduce(mixed))}"
        )
    return f"{reading_key(run.rules.fields, run.rules.geography)} {parts}"


def _rows_at(run: Run, job: Job, side: Side, positions: Sequence[int]) -> Iterator[list[DirectoryRow]]:
    wanted, begins = np.asarray(positions, dtype=np.int64), 0
    for _, table in _tables(job, side):
        here = wanted[(wanted >= begins) & (wanted < begins + table.num_rows)] - begins
        begins += table.num_rows
        for start in range(0, len(here), _ROWS_AT_ONCE):
            yield _rows(run, side, table.take(here[start : start + _ROWS_AT_ONCE]))


def _rows(run: Run, side: Side, table: pa.Table) -> list[DirectoryRow]:
    """Records in the words of a list."""
    if not table.num_rows:
        return []
    keys = table[IDS[side]].to_pylist()
    if side is Side.WEBSTORE:
        numbers: Iterable[str] = map(account_number, keys)
        names = webstore_customer.names(table, run.rules.fields).to_pylist()
        users = _texts(table, "username")
    else:
        numbers = _texts(table, "number")
        names, users = _texts(table, "displayName"), [""] * len(keys)
    places = [_place(*parts) for parts in zip(*(_texts(table, name) for name in _PLACE[side]), strict=True)]
    columns = (numbers, map(_short, names), places, _texts(table, "email"), users, _fingerprints(run, table).tolist())
    return [DirectoryRow(str(side), str(key), *texts) for key, *texts in zip(keys, *columns, strict=True)]


def _texts(table: pa.Table, name: str) -> list[str]:
    return [_short(text or "") for text in by_unique(table[name], clean).to_pylist()]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _place(postcode: str, city: str, country: str) -> str:
    return ", ".join(part for part in (" ".join(part for part in (postcode, city) if part), country) if part)
