"""A run in which nobody has changed: against reading both systems and nothing else.

    python -m benchmarks.nothing_to_do [--customers 100000]

Both systems are emulated in a process of their own and know the same customers, all mapped. The run reads both in full, joins,
validates, compares, records and sums up; the reference reads both side by side into columns, as the run does. Everything is in
one process without Prefect, whose share benchmarks.fixed_cost shows. Best of the rounds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.emulated import emulated, setup_of
from benchmarks.measuring import Part, alone, answer, peak_mb, timed
from connector.core.partitioning import IN_ONE
from connector.extract.extraction import extract_business_central, extract_webstore
from connector.extract.memory_partition import MemoryPartition
from connector.run.open_run import open_run
from connector.setup import PullWebstoreCustomers, Setup
from tests.flows import runs

GOAL = 1.08


def bare(setup: Setup) -> int:
    """Both systems, read side by side; how many customers."""
    with (
        open_run(
            setup, run_id=f"bare-{time.time_ns()}", mode="selected", trigger="manual", actor="b", dry_run=True
        ) as opened,
        ThreadPoolExecutor(2) as threads,
    ):
        partition = MemoryPartition()
        reading = [
            threads.submit(extract, opened.run, partition, IN_ONE)
            for extract in (extract_webstore, extract_business_central)
        ]
        return sum(one.result().rows for one in reading)


def measured(told: dict[str, Any], rounds: int) -> int:
    """Everybody is linked first; then the rounds, in this process."""
    closed = {"policies": setup_of(told).synchronization.policies.model_copy(update={"first_link": "business-central"})}
    setup = setup_of(told, synchronization=closed | {"settle_seconds": 0}, matching={"link": ("email",), "suggest": ()})
    setup = setup.model_copy(update={"breakers": setup.breakers.model_copy(update={"updates_percent": None})})
    for _ in range(3):  # links and writes, shows once that nothing is left, and remembers who has not moved
        summary = runs.synchronize(setup, side_by_side=True).summary
    if any(way.created or way.updated or way.failed for way in (summary.push, summary.pull)):
        raise AssertionError("there was something to do")
    # nobody waits for a counterpart: who is not mapped is left alone
    mapped = setup.synchronization.model_copy(update={"pull_webstore_customers": PullWebstoreCustomers.MAPPED_ONLY})
    setup = setup.model_copy(update={"synchronization": mapped})
    runs.synchronize(setup, side_by_side=True)
    before = peak_mb()
    both = []
    for _ in range(rounds):  # in turns: the emulators get slower while they answer
        reading, customers = timed(lambda: bare(setup))
        ours, done = timed(lambda: runs.synchronize(setup, side_by_side=True))
        if done.plan.writes:
            raise AssertionError("there was something to do")
        both.append((ours, reading))
    ours, reading = (min(seconds) for seconds in zip(*both, strict=True))
    return answer(ours=ours, bare=reading, customers=customers, pairs=done.plan.pairs, peak_mb=max(before, peak_mb()))


def measure(customers: int = 100_000, rounds: int = 5) -> list[Part]:
    """The one comparison."""
    with tempfile.TemporaryDirectory() as name, emulated(Path(name), customers) as told:
        found = alone("benchmarks.nothing_to_do", "--measure", told["setup_file"], "--rounds", str(rounds))
    return [
        Part(
            f"{found['pairs']:,} mapped pairs, nothing to do, against reading {found['customers']:,} customers",
            found["ours"], found["bare"], found["ours"] / found["bare"], GOAL, peak_mb=found["peak_mb"],
            limit=1, bound="reading itself",
        )
    ]  # fmt: skip


def main() -> int:
    """Measure and print, or act for another process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        return measured({"setup_file": arguments.measure}, arguments.rounds)
    parts = measure(arguments.customers, arguments.rounds)
    sys.stdout.write("".join(f"{part.line}\n" for part in parts))
    return 0 if all(part.holds for part in parts) else 1


if __name__ == "__main__":
    sys.exit(main())
