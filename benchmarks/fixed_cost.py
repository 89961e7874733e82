"""What Prefect costs a run, and what the run costs beside it, on a running server.

    python -m benchmarks.fixed_cost [CUSTOMERS] [RUNS]

A run with nothing to do and a bare Prefect flow with as many tasks, in this process in turn, so that a slow moment of the
machine meets both. Each flow waits about a second for Prefect's heartbeat thread; the second line is measured without it. Both
systems are emulated by another process. Medians.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from benchmarks.emulated import emulated
from benchmarks.measuring import Part, timed
from flows.synchronize_customers import synchronize_customers
from tests.servers.prefect import prefect_server

LIMIT = 1.3


def main() -> int:
    """Measure, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("customers", type=int, nargs="?", default=10)
    parser.add_argument("runs", type=int, nargs="?", default=9)
    arguments = parser.parse_args()
    parts = measure(arguments.customers, arguments.runs)
    sys.stdout.write("".join(f"{part.line}  {part.note}\n" for part in parts))
    return 0 if all(part.holds for part in parts if part.gates) else 1


def measure(customers: int = 10, runs: int = 9, quick: bool = False) -> list[Part]:
    """Compare on a server of its own.

    Args:
        quick: each once, and not without the heartbeat.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        prefect_server(Path(folder) / "prefect") as api,
        emulated(Path(folder) / "systems", customers) as told,
        temporary_settings({PREFECT_API_URL: api}),
    ):
        for handler in logging.getLogger("prefect").handlers:
            if isinstance(handler, PrefectConsoleHandler):
                handler.setLevel(logging.CRITICAL)
        return measured(told["setup_file"], customers, runs, quick)


def measured(setup: str, customers: int, runs: int, quick: bool) -> list[Part]:
    """Compare the two flows."""

    def ours() -> Any:
        return synchronize_customers(setup=setup)

    for _ in range(3):  # links and creates, then shows once that nothing is left to do
        summary = ours().summary
    assert not any(way.created or way.updated or way.failed for way in (summary.push, summary.pull))
    tasks = tasks_of(summary.run_id)
    bare = bare_flow(tasks)
    what = f"run with nothing to do, {customers} customers, against a bare flow of {tasks} tasks"
    parts = [compared(what, ours, bare, runs)]
    if quick:
        return parts
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        parts.append(replace(compared(f"{what}, without Prefect's heartbeat", ours, bare, runs), gates=False))
    return parts


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


def compared(what: str, ours: Callable[[], Any], bare: Callable[[], Any], runs: int) -> Part:
    """Run both in turn; the medians."""
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(runs):
        for name, call in (("bare", bare), ("ours", ours)):
            times[name].append(timed(call)[0])
            # the server still records the task runs; whoever comes too soon finds its database busy and waits for seconds
            time.sleep(2)
    mine, theirs = statistics.median(times["ours"]), statistics.median(times["bare"])
    note = f"ours {min(times['ours']):.2f}–{max(times['ours']):.2f} s, bare {min(times['bare']):.2f}–{max(times['bare']):.2f} s"
    return Part(what, mine, theirs, mine / theirs, LIMIT, note=note, limit=1, bound="what Prefect itself takes")


if __name__ == "__main__":
    sys.exit(main())
