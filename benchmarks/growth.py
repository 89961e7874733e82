"""Ten and fifty times as many customers: time and memory of a run over partitions.

    python -m benchmarks.growth [--customers 100000 1000000 5000000]

Generated customers are landed in partitions of about 100,000 as an extraction lands them, in random order, and decided about: the
mapping table and the fingerprints of the bases come out of a SQLite store, everything is validated, one of a hundred has changed
on each side. Making the customers and the store is not measured. Each size is a process of its own, whose peak memory counts
from its very start. Time is compared with the smallest size, a customer for a customer; memory with two gigabytes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import sqlalchemy as sa

from benchmarks.customers import CHANGED, FIELDS, TERMS, both_sides, changed, guids
from benchmarks.measuring import Part, alone, answer, peak_mb
from connector.core.customer import Side
from connector.core.extracts import extract_of
from connector.core.fingerprints import raw_fingerprints, reading_key
from connector.extract.extraction import divide_mapping, places
from connector.extract.file_partitions import partitions_at
from connector.extract.job import in_threads, job_of
from connector.extract.missing import confirm_missing
from connector.extract.partitions import Partitions
from connector.extract.validation import validate_customers
from connector.planning.comparison import compare_customers
from connector.rules import load_rules
from connector.run.run import Run
from connector.setup import parse_setup
from connector.store import open_store

LINEAR, TWO_GB = 1.1, 2048
SIZES = (100_000, 1_000_000, 5_000_000)
_CHUNK = 100_000
_SHOP = "shop"
_COLUMNS = {
    "mapping_row": "webstore_code, bc_id, bc_number, webstore_id, webstore_customer, name, username, v_from",
    "base": "id, webstore_code, bc_id, webstore_id, webstore_hash, business_central_hash, updated_at, webstore_seen, "
    "business_central_seen",
    "base_values": "base_id, webstore, business_central",
}


def chunks(size: int) -> Iterator[np.ndarray]:
    """The customers' numbers in random order, some at a time; each is as far from the next as random ones are."""
    dice = np.random.default_rng(2)
    starts = np.arange(0, size, _CHUNK)
    for start in dice.permutation(starts):
        yield dice.permutation(np.arange(start, min(start + _CHUNK, size)))


def fill(url: str, size: int) -> None:
    """Everybody linked, with what was seen of everybody; base values only of those who will have changed.

    Args:
        url: of the store.
    """
    open_store(url).close()
    engine = sa.create_engine(url)
    reading = reading_key(TERMS.rules, TERMS.geography)
    for start in range(0, size, _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, size))
        w, c = both_sides(numbers)
        seen = [raw_fingerprints(table, reading).tolist() for table in (w, c)]
        ids = guids(numbers).to_pylist()
        links = [(_SHOP, i, f"C{n}", n + 1, True, "", "", 1) for n, i in zip(numbers.tolist(), ids, strict=True)]
        bases = [
            (n + 1, _SHOP, i, n + 1, "-", "-", "2026-01-01T00:00:00+00:00", a, b)
            for n, i, a, b in zip(numbers.tolist(), ids, *seen, strict=True)
        ]
        moved = np.flatnonzero((numbers % CHANGED == 3) | (numbers % CHANGED == 7))
        sides = ((Side.WEBSTORE, w, "webstore_id"), (Side.BUSINESS_CENTRAL, c, "bc_id"))
        texts = [
            _as_json(extract_of(side, table, TERMS).canonical_of(pa.array(moved)), key) for side, table, key in sides
        ]
        values = list(zip((numbers[moved] + 1).tolist(), *texts, strict=True))
        with engine.begin() as connection:
            for table, rows in (("mapping_row", links), ("base", bases), ("base_values", values)):
                names = _COLUMNS[table].split(", ")
                marks = ", ".join(f":{name}" for name in names)
                statement = sa.text(f"INSERT INTO {table} ({_COLUMNS[table]}) VALUES ({marks})")  # noqa: S608
                connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
    engine.dispose()


def _as_json(table: pa.Table, key: str) -> list[str]:
    return [orjson.dumps(row).decode() for row in table.drop_columns(key).to_pylist()]


@contextmanager
def the_run(folder: Path, url: str = "") -> Iterator[Run]:
    """A run whose servers are never asked.

    Args:
        url: of the store; "" = a file in the folder.
    """
    nowhere = {"webstore": {"url": "http://127.0.0.1:9", "consumer_key": "ck", "consumer_secret": "cs"},
               "business_central": {"base_url": "http://127.0.0.1:9/api/v2.0", "company": "x", "token_url": "http://127.0.0.1:9",
                                    "client_id": "i", "client_secret": "s"}}  # fmt: skip
    flags = {"push_webstore_customers": "Mapped Only", "pull_webstore_customers": "All"}
    document = {
        "webstore_code": _SHOP,
        "synchronization": flags,
        "store": {"url": url or f"sqlite:///{folder}/store.sqlite"},
        **nowhere,
    }
    setup = parse_setup(document, origin="benchmark")
    rules = replace(load_rules(), fields=FIELDS, geography=TERMS.geography)
    store = open_store(setup.store.url)
    try:
        with Run(setup, store, rules, run_id="benchmark", dry_run=True) as run:
            yield run
    finally:
        store.close()


def land(run: Run, partitions: Partitions, size: int) -> tuple[float, object]:
    """Land mapping, bases and both extracts; seconds without the making of the customers."""
    began = time.perf_counter()
    placement = divide_mapping(run, partitions)
    seconds = time.perf_counter() - began
    w_columns, c_columns = (table.schema for table in both_sides(np.arange(1)))
    with (
        partitions.landing(str(Side.WEBSTORE), w_columns, places(Side.WEBSTORE, placement)) as webstore,
        partitions.landing(str(Side.BUSINESS_CENTRAL), c_columns, places(Side.BUSINESS_CENTRAL, placement)) as company,
    ):
        for numbers in chunks(size):
            w, c = both_sides(numbers)
            w = changed(w, "billing.city", np.flatnonzero(numbers % CHANGED == 3))
            c = changed(c, "addressLine1", np.flatnonzero(numbers % CHANGED == 7))
            began = time.perf_counter()
            webstore.add(w)
            company.add(c)
            seconds += time.perf_counter() - began
        began = time.perf_counter()  # what is still kept back is written at the end
    return seconds + time.perf_counter() - began, placement


def measured(size: int) -> int:
    """One size, in this process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone("benchmarks.growth", "--fill", str(size), "--folder", name)
        with the_run(folder) as run, partitions_at(f"{folder}/partitions", max(2, size // 100_000)) as partitions:
            landing, placement = land(run, partitions, size)
            began = time.perf_counter()
            job, mapper = job_of(run, partitions), in_threads(2)
            missing = confirm_missing(run, job, placement, mapper)  # type: ignore[arg-type]
            job, _ = validate_customers(run, job, mapper)
            plan = compare_customers(run, job, missing, mapper)
            deciding = time.perf_counter() - began
            expected = len(range(3, size, CHANGED)) + len(range(7, size, CHANGED))
            if len(plan.writes) != expected or plan.pairs != size:
                raise AssertionError(f"{len(plan.writes)} writes of {plan.pairs} pairs, not {expected} of {size}")
            return answer(
                landing=landing, deciding=deciding, peak_mb=peak_mb(), hash=plan.hash, writes=len(plan.writes)
            )


def measure(sizes: tuple[int, ...] = SIZES) -> list[Part]:
    """Every size, the smallest first."""
    told = {size: alone("benchmarks.growth", "--measure", str(size)) for size in sizes}
    seconds = {size: one["landing"] + one["deciding"] for size, one in told.items()}
    smallest = min(sizes)
    parts = []
    for size, one in told.items():
        linear = seconds[smallest] * size / smallest
        note = f"{one['landing']:.1f} s landing, {one['deciding']:.1f} s deciding, {one['writes']:,} writes"
        if size != smallest:
            parts.append(Part(f"{size:,} customers a side, against linear growth", seconds[size], linear,
                              seconds[size] / linear, LINEAR, peak_mb=one["peak_mb"], note=note))  # fmt: skip
        parts.append(Part(f"peak memory with {size:,} customers a side", one["peak_mb"], TWO_GB, one["peak_mb"] / TWO_GB, 1, "MB",
                          note=note))  # fmt: skip
    return parts


def main() -> int:
    """Measure and print, or act for another process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--fill", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fill:
        fill(f"sqlite:///{arguments.folder}/store.sqlite", arguments.fill)
        return answer()
    if arguments.measure:
        return measured(arguments.measure)
    parts = measure(tuple(arguments.customers))
    sys.stdout.write("".join(f"{part.line}  {part.note}\n" for part in parts))
    return 0 if all(part.holds for part in parts) else 1


if __name__ == "__main__":
    sys.exit(main())
