"""The store with a mapping table of a million rows: how long commits, reads and comparisons take, beside their limits.

    python -m benchmarks.store [--rows 1000000] [--url postgresql+psycopg://…]

The median of several rounds counts. SQLite is measured as it is used: write-ahead log, synchronous=FULL. Beside commits and
reads stands what the bare driver takes in the same round: 1,000 rows inserted into the same table and committed, without a
version, a check or a look at what was there; all rows read as Python values.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.measuring import Part, peak_mb
from connector.core.normalize import fingerprint
from connector.store import Base, Intent, MappingRow, Settlement, Store, Work, open_store

SHOP = "shop"
ROUNDS = 5
# what is measured → seconds that it may take; the others are only told
LIMITS = {"comparison of two versions, 1,000 changes": 0.5, "settling 10,000 writes": 1.0}
INSERTING, READING = "the driver: 1,000 rows inserted and committed", "the driver: all ids and hashes as Python values"
# what is measured → what the driver does of it, and how many times as long it may take; a change closes a row and makes one
BESIDE = {
    "commit that links 1,000 more": (INSERTING, 3.0),
    "commit that changes 1,000 rows": (INSERTING, 5.0),
    "read of all ids and hashes into a dataframe": (READING, 1.2),
}
_HASHES = ("bc_id", "webstore_id", "webstore_hash", "business_central_hash", "webstore_seen", "business_central_seen",
           "webstore_stamp", "business_central_stamp", "account_mark")  # fmt: skip


def bc_id(number: int) -> str:
    """A Business Central id, as random as real ones."""
    digits = fingerprint([str(number)]).ljust(32, "0")[:32]
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def rows(first: int, count: int) -> Iterator[MappingRow]:
    """Linked customers."""
    for number in range(first, first + count):
        yield MappingRow(bc_id(number), f"C{number:07d}", number, True, f"Customer {number} of Example Street")


def base(number: int, city: str) -> Base:
    """The base of one of them."""
    values = {"name": f"Customer {number}", "city": city, "email": f"c{number}@example.com", "phone": f"+4930{number}"}
    digest = fingerprint([str(number), city])
    return Base(bc_id(number), number, values, values, digest, digest)


def fill(store: Store, count: int) -> None:
    """The first version and all bases."""
    for start in range(1, count + 1, 100_000):
        size = min(100_000, count + 1 - start)
        with store.work(SHOP) as work:
            work.describe(actor="benchmark", reason="fill", run_id="fill")
            work.mapping.put(rows(start, size))
            work.bases.put(base(number, "Oslo") for number in range(start, start + size))
        print(f"\r{start + size - 1:,} of {count:,} rows", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


class Stopwatch:
    """By what was done, per round: seconds, and seconds of work of this process among them."""

    def __init__(self) -> None:
        self.found: dict[str, list[tuple[float, float]]] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started, worked = time.perf_counter(), time.process_time()
        yield
        spent = time.perf_counter() - started, time.process_time() - worked
        self.found.setdefault(name, []).append(spent)


@contextmanager
def edit(store: Store) -> Iterator[Work]:
    """A transaction that makes one version."""
    with store.work(SHOP) as work:
        work.describe(actor="benchmark", reason="edit")
        yield work


def measure_round(store: Store, count: int, turn: int, watch: Stopwatch) -> None:
    """Everything once, with other customers than in other rounds."""
    fresh = list(rows(count + 1 + turn * 1000, 1000))
    spread = list(range(1 + turn, count + 1, max(1, count // 1000)))[:1000]
    chosen = [next(rows(number, 1)) for number in spread]
    changed = [replace(row, bc_number=f"{row.bc_number}-{turn}") for row in chosen]
    moved = [base(number, f"City {turn}") for number in spread]
    values = {"city": "Bergen", "name": "Somebody"}
    write = {"run_id": "run", "direction": "push", "system": "webstore", "operation": "update", "natural_key": ""}
    intents = [
        Intent(**write, bc_id=bc_id(n), bc_number=f"C{n}", webstore_id=n, payload=values, before=values, after=values)
        for n in range(10_000)
    ]
    with watch("commit that links 1,000 more"), edit(store) as work:
        work.mapping.link_many(fresh)
    with watch("commit that changes 1,000 rows"), edit(store) as work:
        work.mapping.put(changed)
    with watch("comparison of two versions, 1,000 changes"), store.view(SHOP) as view:
        newest = view.mapping.version()
        assert len(view.mapping.diff(newest - 1, newest)) == len(changed)
    with watch("restoring the version before"), edit(store) as work:
        work.mapping.restore(newest - 1)
    with watch("read of all ids and hashes into a dataframe"), store.view(SHOP) as view:
        assert len(view.bases.hashes()) == count
    with watch("read of the mapping table into a dataframe"), store.view(SHOP) as view:
        assert len(view.mapping.current()) == count + 1000 * (turn + 1)
    with watch("commit that moves 1,000 bases"), edit(store) as work:
        work.bases.put(moved)
    with watch("10,000 intents"), edit(store) as work:
        ids = work.journal.intend(intents)
    with watch("settling 10,000 writes"), edit(store) as work:
        work.journal.settle([Settlement(i, "confirmed", record=values, remote_id=str(n)) for n, i in enumerate(ids)])


def measure_driver(path: Path, turn: int, watch: Stopwatch) -> None:
    """The same of the bare driver: rows of another webstore, which nobody asks for, so that the next round finds as many."""
    driver = sqlite3.connect(path)
    try:
        driver.execute("PRAGMA synchronous=FULL")
        names = [name for _, name, *_ in driver.execute("PRAGMA table_info(mapping_row)") if name != "id"]
        shop = names.index("webstore_code")
        newest = driver.execute(f"SELECT {', '.join(names)} FROM mapping_row ORDER BY id DESC LIMIT 1000").fetchall()  # noqa: S608
        others = [(*row[:shop], f"other {turn}", *row[shop + 1 :]) for row in newest]
        insert = f"INSERT INTO mapping_row ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
        with watch(INSERTING), driver:
            driver.executemany(insert, others)
        with watch(READING):
            driver.execute(f"SELECT {', '.join(_HASHES)} FROM base WHERE webstore_code = ?", [SHOP]).fetchall()  # noqa: S608
    finally:
        driver.close()


def measured(count: int, url: str = "") -> tuple[Stopwatch, float]:
    """All rounds; gives what they took, and the size of the file in MB (0 = no file)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        store, watch = open_store(url or f"sqlite:///{path}"), Stopwatch()
        try:
            with watch("fill"):
                fill(store, count)
            for turn in range(ROUNDS):
                measure_round(store, count, turn, watch)
                if not url:
                    measure_driver(path, turn, watch)
        finally:
            store.close()
        return watch, path.stat().st_size / 1e6 if path.exists() else 0


def measure(count: int = 1_000_000) -> list[Part]:
    """Medians beside what the driver takes, or against their limits, which are for a million rows."""
    watch, _ = measured(count)
    took = {name: statistics.median(seconds for seconds, _ in spent) for name, spent in watch.found.items()}
    what, memory = f"store of {count:,}", peak_mb()
    return [
        *(Part(f"{what}: {name}, against {driver}", took[name], took[driver], took[name] / took[driver], most, peak_mb=memory)
          for name, (driver, most) in BESIDE.items()),
        *(Part(f"{what}: {name}", took[name], limit, took[name] / limit, 1, peak_mb=memory, note="the reference is the limit")
          for name, limit in LIMITS.items()),
    ]  # fmt: skip


def main() -> int:
    """Measure and print; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--url", help="an empty database; a temporary SQLite file without it")
    arguments = parser.parse_args()
    watch, megabytes = measured(arguments.rows, arguments.url or "")
    size = f", {megabytes:,.0f} MB" if megabytes else ""
    [(filled, _)] = watch.found.pop("fill")
    print(f"Mapping table and bases of {arguments.rows:,} customers, filled in {filled:.0f} s{size}; {ROUNDS} rounds.")
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1):
        print(f"The machine was busy with other things, too (load {os.getloadavg()[0]:.1f}): see the column of work.")
    print(f"{'':44} {'fastest':>8} {'median':>8} {'slowest':>8} {'work':>8} {'limit':>8}")
    missed = 0
    for name, spent in watch.found.items():
        times, work = [wall for wall, _ in spent], statistics.median(worked for _, worked in spent)
        limit, median = LIMITS.get(name), statistics.median(times)
        late = limit is not None and median > limit
        missed += late
        told = "" if limit is None else f"{limit:6.1f} s{'  MISSED' if late else ''}"
        print(f"{name:44} {min(times):6.3f} s {median:6.3f} s {max(times):6.3f} s {work:6.3f} s {told}".rstrip())
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
