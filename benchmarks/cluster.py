"""Partitions on two Dask workers against one, each bound to a core of its own; the store is in PostgreSQL.

    python -m benchmarks.cluster [--customers 1000000]

Generated customers are landed as in benchmarks.growth; then they are validated and decided about with one worker process and with
two, each of one thread, in a cluster of this machine, by the steps of a run over partitions. Prefect stays out: its tasks would
be the same work with a second or two around it. Both must give the same plan hash. On two cores the process that asks,
the scheduler and PostgreSQL share them with the workers.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.growth import fill, land, the_run
from benchmarks.measuring import Part, alone, answer
from connector.extract.file_partitions import FilePartitions
from connector.extract.job import Job, Mapper, job_of
from connector.extract.missing import Missing
from connector.extract.validation import validate_customers
from connector.planning.comparison import compare_customers
from tests.servers.postgresql import installed, postgresql_server

FASTER = 1.6
_PARTITION = 50_000


def landed(folder: Path, url: str, size: int, partitions: int) -> int:
    """Fill the store, and land both sides."""
    fill(url, size)
    with the_run(folder, url) as run:
        land(run, FilePartitions(f"{folder}/partitions", partitions), size)
    return answer()


def decided(folder: Path, url: str, partitions: int, workers: int) -> int:
    """Validate and decide on so many workers."""
    from distributed import Client, LocalCluster  # noqa: PLC0415 - no part of the process that lands

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        the_run(folder, url) as run,
    ):
        free = count()
        for address in client.scheduler_info()["workers"]:
            client.run(os.sched_setaffinity, 0, {next(free) % (os.cpu_count() or 1)}, workers=[address])
        job, mapper = job_of(run, FilePartitions(f"{folder}/partitions", partitions)), mapper_of(client, 2 * workers)
        began = time.perf_counter()
        job, _ = validate_customers(run, job, mapper)
        validated = time.perf_counter() - began
        plan = compare_customers(run, job, Missing(pa.table({}), pa.table({})), mapper)
        seconds = time.perf_counter() - began
        return answer(seconds=seconds, validating=validated, hash=plan.hash, writes=len(plan.writes))


def mapper_of(client: Any, at_once: int) -> Mapper:
    """What deals with partitions: each is a task of the cluster, some of which wait for a worker."""

    def mapped(function: Callable[..., Any], job: Job, *arguments: Any) -> Iterator[Any]:
        from distributed import as_completed  # noqa: PLC0415

        numbers = iter(range(job.partitions.count))
        shared = client.scatter((job, *arguments), broadcast=True, hash=False)

        def begun(number: int) -> Any:
            return client.submit(_work, function, number, shared, pure=False)

        at_work = as_completed([begun(number) for number in islice(numbers, at_once)])
        for future in at_work:
            yield future.result()
            for number in islice(numbers, 1):
                at_work.add(begun(number))

    return mapped


def _work(function: Callable[..., Any], number: int, shared: Any) -> Any:
    job, *arguments = shared
    return function(job, number, *arguments)


def measure(size: int = 1_000_000) -> list[Part]:
    """Two workers against one."""
    partitions = max(4, size // _PARTITION)
    if not installed():
        raise AssertionError("PostgreSQL is not installed (tests/servers/install.sh)")
    with tempfile.TemporaryDirectory() as name, postgresql_server(Path(name)) as server:
        url = server.url(server.create_database())
        given = ("--folder", name, "--url", url, "--partitions", str(partitions))
        alone("benchmarks.cluster", "--customers", str(size), "--act", "land", *given)
        told = {n: alone("benchmarks.cluster", "--act", str(n), *given) for n in (1, 2)}
    if len({one["hash"] for one in told.values()}) != 1:
        raise AssertionError(f"the plans differ: {told}")
    one, two = told[1], told[2]
    note = f"{one['validating']:.0f} and {two['validating']:.0f} s of it validating; {two['writes']:,} writes, the same plan hash"
    return [
        Part(f"{size:,} customers a side on Dask and PostgreSQL, one worker against two ({note})", two["seconds"], one["seconds"],
             one["seconds"] / two["seconds"], FASTER, at_least=True, limit=2, bound="half of the partitions each")
    ]  # fmt: skip


def main() -> int:
    """Measure and print, or act for another process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--act", choices=["land", "1", "2"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--partitions", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.act == "land":
        return landed(arguments.folder, arguments.url, arguments.customers, arguments.partitions)
    if arguments.act:
        return decided(arguments.folder, arguments.url, arguments.partitions, int(arguments.act))
    parts = measure(arguments.customers)
    sys.stdout.write("".join(f"{part.line}\n" for part in parts))
    return 0 if all(part.holds for part in parts) else 1


if __name__ == "__main__":
    sys.exit(main())
