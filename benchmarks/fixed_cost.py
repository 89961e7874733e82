"""What a run with nothing to do costs: against a bare Prefect flow with as many tasks, on a running server.

    python -m benchmarks.fixed_cost [CUSTOMERS] [RUNS]

Both flows run in this process, in turn, so that a slow moment of the machine meets both; both systems are emulated by another
process. Prints the medians and their ratio; ends with 1 when the ratio is above 1.3. Each flow waits about a second for
Prefect's heartbeat thread; the second table is measured without it.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows.synchronize_customers import synchronize_customers
from tests.servers.prefect import prefect_server

LIMIT = 1.3


def main() -> int:
    """Measure, print, and give the exit code."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with (
        tempfile.TemporaryDirectory() as folder,
        prefect_server(Path(folder) / "prefect") as api,
        emulated(Path(folder) / "systems", customers) as setup,
        temporary_settings({PREFECT_API_URL: api}),
    ):
        for handler in logging.getLogger("prefect").handlers:
            if isinstance(handler, PrefectConsoleHandler):
                handler.setLevel(logging.CRITICAL)
        return measured(setup, customers, runs)


@contextmanager
def emulated(folder: Path, customers: int) -> Iterator[str]:
    """Both systems in a process of their own; gives the setup file."""
    size = ["--webstore-customers", str(customers), "--business-central-customers", str(customers)]
    command = [sys.executable, "-m", "sandbox.command", *size, "--directory", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    try:
        told = json.loads(process.stdout.readline())
        os.environ.update(told["env"])
        yield told["setup_file"]
    finally:
        process.terminate()
        process.wait(timeout=30)


def measured(setup: str, customers: int, runs: int) -> int:
    """Compare the two flows."""

    def ours() -> Any:
        return synchronize_customers(setup=setup)

    for _ in range(3):  # links and creates, then shows once that nothing is left to do
        summary = ours().summary
    assert not any(summary[side][what] for side in ("push", "pull") for what in ("created", "updated", "failed"))
    tasks = tasks_of(summary["run_id"])
    bare = bare_flow(tasks)
    print(f"{customers} customers on each side, {tasks} tasks, {runs} runs each; seconds, median (fastest–slowest)")
    ratio = compared("with the heartbeat, as in every installation", ours, bare, runs)
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        compared("without it", ours, bare, runs)
    return int(ratio > LIMIT)


def tasks_of(run_id: str) -> int:
    """How many task runs a flow run has; they are recorded a moment after it has ended."""
    time.sleep(3)
    with get_client(sync_client=True) as client:
        return len(client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[UUID(run_id)]))))


def bare_flow(tasks: int) -> Callable[[], Any]:
    """A flow that does nothing in so many tasks."""

    @task(cache_policy=NO_CACHE)
    def nothing(number: int) -> int:
        return number

    @flow
    def bare() -> int:
        return sum(nothing(number) for number in range(tasks))

    return bare


def compared(title: str, ours: Callable[[], Any], bare: Callable[[], Any], runs: int) -> float:
    """Run both in turn; prints, and gives the ratio of the medians."""
    times: dict[str, list[float]] = {"bare flow": [], "synchronize-customers": []}
    for _ in range(runs):
        for name, call in (("bare flow", bare), ("synchronize-customers", ours)):
            started = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - started)
            # the server still records the task runs; whoever comes too soon finds its database busy and waits for seconds
            time.sleep(2)
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(title)
    for name, values in times.items():
        print(f"  {name:22} {medians[name]:.2f} ({min(values):.2f}–{max(values):.2f})")
    ratio = medians["synchronize-customers"] / medians["bare flow"]
    print(f"  ratio                  {ratio:.2f}")
    return ratio


if __name__ == "__main__":
    sys.exit(main())
