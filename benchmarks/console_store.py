"""A store as a shop of any size leaves it, with its directory, for what people look at: lists, and the pages in the browser.

    python -m benchmarks.console_store FILE [--customers 100000]

Of the customers of each side six in ten are linked. Some of everything that lists tell of waits there: conflicts, suggestions,
quarantine, holds, differences, ticked customers without an account, and rows whose customer has gone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa

from benchmarks.store import bc_id
from connector.store import (
    ChangedValue,
    DirectoryRow,
    Intent,
    MappingRow,
    QuarantinedField,
    Settlement,
    StandingConflict,
    StandingSuggestion,
    Store,
    Work,
    open_store,
)
from connector.store.directory import account_number

__all__ = ["MOST_WAITING", "SHOP", "filled_store", "put_plan"]

SHOP = "shop"
_LINKED = 0.6
_GIVEN = ("Kari", "Ola", "Zoë", "Jürgen", "Åse", "Anna", "Marek", "Chloé", "Ian", "Søren")
_FAMILY = ("Nordmann", "Müller", "Ødegård", "Smith", "Łukasz", "Garcia", "Öztürk", "Lee", "de Vries", "Straße")
_CITIES = ("Oslo", "Zürich", "Århus", "Bergen", "København", "Kraków", "Lyon", "Leeds")
_ROWS_AT_ONCE = 5_000
# so many fields and so many pairs wait for a person in a large shop
MOST_WAITING = 5_000
_WRITES = 10_000


def _row(system: str, number: int, version: int) -> DirectoryRow:
    name = f"{_GIVEN[number % 10]} {_FAMILY[number // 10 % 10]}{' AS' if number % 7 == 0 else ''} {number // 100}"
    city = _CITIES[number * 7 % 8]
    texts = (name, f"{1000 + number % 9000} {city}, NO", f"person{number}@shop.example")
    if system == "webstore":
        return DirectoryRow(system, str(number + 1), account_number(number + 1), *texts, f"user{number}", version)
    return DirectoryRow(system, bc_id(number), f"C{number:07d}", *texts, "", version)


def listed(system: str, numbers: range, version: int = 1) -> pa.Table:
    """Keys and fingerprints of a side's customers."""
    keys = [str(n + 1) for n in numbers] if system == "webstore" else [bc_id(n) for n in numbers]
    fingerprints = np.full(len(numbers), version, np.int64)
    return pa.table({"key": pa.array(keys, pa.large_string()), "fingerprint": fingerprints})


def rows_at(numbers: range, version: int = 1) -> object:
    """What makes the rows of `listed`."""

    def made(system: str, positions: Sequence[int]) -> Iterator[list[DirectoryRow]]:
        for start in range(0, len(positions), _ROWS_AT_ONCE):
            yield [_row(system, numbers[at], version) for at in positions[start : start + _ROWS_AT_ONCE]]

    return made


def filled_store(path: Path, customers: int = 100_000) -> Path:
    """Make a store at a path that is free, with so many customers on each side; gives the path."""
    store = open_store(f"sqlite:///{path}")
    try:
        with store.work(SHOP) as work:
            work.describe(actor="benchmark", reason="fill", run_id="fill")
            _fill(work, customers)
        _run(store)
    finally:
        store.close()
    return path


def _fill(work: Work, customers: int) -> None:
    linked, ticked = int(customers * _LINKED), max(2, customers // 200)
    few, numbers = max(2, customers // 500), range(customers)
    work.mapping.put(
        MappingRow(bc_id(n), f"C{n:07d}", n + 1, True, _row("business_central", n, 1).name) for n in range(linked)
    )
    # cards without an account; and a few rows whose card has gone
    work.mapping.put(MappingRow(bc_id(n), f"C{n:07d}", None, True) for n in range(linked, linked + ticked))
    gone = range(customers, customers + few)
    work.mapping.put(MappingRow(bc_id(n), f"C{n:07d}", n + 1, True, f"Gone {n}") for n in gone)
    work.mapping.finish()
    sides = {system: listed(system, numbers) for system in ("webstore", "business_central")}
    work.directory.replace(sides, rows_at(numbers))  # type: ignore[arg-type]
    work.conflicts.replace(
        StandingConflict(bc_id(n), f"C{n:07d}", n + 1, name, "1", "2", "3")
        for n in range(0, min(MOST_WAITING * 3 // 2, linked), 3)
        for name in ("city", "phone")
    )
    work.changes.replace(
        ChangedValue(bc_id(n), n + 1, "city", "webstore" if n % 2 else "business_central", "Oslo")
        for n in range(1, few * 12, 4)
    )
    work.quarantine.replace(
        [QuarantinedField("business_central", f"bc:{bc_id(n)}", "email", "no address") for n in range(2, few * 5, 10)]
        + [QuarantinedField("webstore", f"woo:{customers - n}", "", "no role") for n in range(few)]
    )
    work.suggestions.replace(
        [
            StandingSuggestion(
                bc_id(n), n + 1, "name", 0.8, {"name": "Kari Nordmann", "reason": "only the name agrees"}
            )
            for n in range(linked + ticked, min(linked + ticked + MOST_WAITING, customers))
        ]
    )
    for n in range(5, few, 5):
        work.holds.failed(f"bc:{bc_id(n)}", "push", signature="400", message="no", scheduled=True, max_attempts=1)


def _run(store: Store) -> None:
    with store.work(SHOP) as work:
        work.runs.start("fill", "all", "manual", "benchmark")
        intents = [
            Intent(
                run_id="fill", direction="push", system="webstore", operation="update", bc_id=bc_id(n),
                bc_number=f"C{n:07d}", webstore_id=n + 1, natural_key="", payload={"city": "Oslo"},
                before={"city": "Bergen", "phone": "1"}, after={"city": "Oslo", "phone": "2"},
            )
            for n in range(_WRITES)
        ]  # fmt: skip
        written = work.journal.intend(intents)
        work.journal.settle([Settlement(one, "confirmed", {"city": "Oslo"}) for one in written])
        work.runs.finish("fill", "completed", {}, None, None)


def put_plan(path: Path, customers: int) -> str:
    """Keep a plan of a dry run that changes two fields of each of so many customers; gives its hash."""
    rows, intended = [], []
    for n in range(customers):
        who = {"bc_id": bc_id(n), "bc_number": f"C{n:07d}", "webstore_id": n + 1}
        done = {"direction": "push" if n % 2 else "pull", "action": "update"}
        intended.append(who | done | {"fields": ["city", "phone"]})
        for name, before, after in (("city", "Bergen", "Oslo"), ("phone", f"{n}", f"+47 {n}")):
            values = {"field": name, "base": before, "before": before, "after": after}
            rows.append({"bc_number": who["bc_number"], "webstore_id": n + 1, **done, **values, "reason": "changed"})
    hash_ = f"{customers:064x}"
    writes = [f"{n:064x}" for n in range(customers)]
    document = {"hash": hash_, "writes": writes, "links": [], "orphans": [], "undone": [], "customers": intended}
    store = open_store(f"sqlite:///{path}")
    try:
        with store.work(SHOP) as work:
            run = f"plan-{customers}"
            work.runs.start(run, "all", "manual", "benchmark", dry_run=True)
            work.plans.put(hash_, orjson.dumps(document | {"rows": rows}), {"writes": customers}, run_id=run)
            work.runs.finish(run, "completed", {}, hash_, None)
    finally:
        store.close()
    return hash_


def main() -> int:
    """Make one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--customers", type=int, default=100_000)
    arguments = parser.parse_args()
    sys.stdout.write(f"{filled_store(arguments.file, arguments.customers)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
