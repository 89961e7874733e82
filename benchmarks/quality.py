"""What the expectations of mappings/quality/ cost.

    python -m benchmarks.quality [--customers 100000]

Seconds are those of this process's processor time, so that other work on the machine does not count. Ends with 1 when a
limit is missed.
"""

from __future__ import annotations

import argparse
import sys
import time

import pyarrow as pa

from connector.core.customer import Direction
from connector.core.expectations import Expectation
from connector.core.plan import Change, Plan, Write
from connector.planning.plan_validation import plan_tables
from connector.quality import validate
from connector.quality.engine import great_expectations
from connector.rules import load_rules

SECONDS_FOR_100_000 = 2.0
FIELDS = ("name", "email", "phone", "address_1", "country", "postcode", "city")


def customers(suite: tuple[Expectation, ...], size: int) -> pa.Table:
    """Customers with every field of a suite, one of a hundred with a damaged city."""
    columns: dict[str, pa.Array] = {"id": pa.array(range(1, size + 1))}
    for name in sorted({field for expectation in suite for field in expectation.fields} - {"id"}):
        values = [f"ann{row}@shop.example" if "email" in name.lower() else f"Name {row}" for row in range(size)]
        if name.endswith("city"):
            values[::100] = ["Z\ufffdrich"] * len(values[::100])
        columns[name] = pa.array(values, pa.large_string())
    return pa.table(columns)


def plan(size: int) -> Plan:
    """So many customers to be created."""
    return Plan(
        writes=tuple(
            Write(
                Direction.PULL, "create", None, None, key, "",
                tuple(Change(f, "", f"{f}{key}@shop.example", None, "new") for f in FIELDS), {}, {},
            )
            for key in range(size)
        )
    )  # fmt: skip


def main() -> None:
    """Print one line per suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    size = parser.parse_args().customers
    started = time.process_time()
    great_expectations()
    sys.stdout.write(f"import of Great Expectations: {time.process_time() - started:.1f} s\n")
    suites, missed = load_rules().suites, False
    for name in ("webstore", "business_central"):
        table = customers(suites[name], size)
        seconds = _measured(name, suites[name], table, table["id"].combine_chunks())
        missed |= seconds > SECONDS_FOR_100_000 * size / 100_000
    (table,) = plan_tables(plan(size), rows=sys.maxsize)
    keys = pa.array(range(table.num_rows))
    _measured("plan", suites["plan"], table, keys)
    sys.exit(int(missed))


def _measured(name: str, suite: tuple[Expectation, ...], table: pa.Table, keys: pa.Array) -> float:
    started = time.process_time()
    found = sum(finding.count for finding in validate(name, suite, table, keys))
    seconds = time.process_time() - started
    sys.stdout.write(
        f"{name}: {table.num_rows:,} rows x {len(suite)} expectations in {seconds:.2f} s, {found:,} found\n"
    )
    return seconds


if __name__ == "__main__":
    main()
