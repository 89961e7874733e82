"""A first run that is killed, and the one that goes on with what it had read.

    python -m benchmarks.killed_run [--customers 10000]

Both systems are emulated in a process of their own. A dry run says what is to be done. Then a run over partitions is killed
(SIGKILL) as soon as both sides are landed, while it compares; a second one follows. Counted are the pages of lists that it
asked for, against those of the dry run; it must plan what the dry run planned. It creates and links all of them, and the most
memory that its process had, from its start to its end, is told.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

from benchmarks.emulated import emulated, setup_of
from benchmarks.measuring import Part, answer, peak_mb
from connector.core.customer import Direction, Side
from tests.flows import runs

_PARTITIONS, _PARTITION = 4, 50_000
_SECONDS = 7200
_TWO_GB = 2048


def synchronised(setup_file: str, customers: int, *, dry_run: bool) -> int:
    """One run, in this process."""
    folder = Path(setup_file).parent / "partitions"
    told = {"setup_file": setup_file}
    setup = setup_of(told, reports={"folder": None}, extracts={"keep": False}, breakers={"creates_percent": None},
                     partitions={"count": max(_PARTITIONS, customers // _PARTITION), "folder": str(folder)})  # fmt: skip
    began = time.perf_counter()
    report = runs.synchronize(setup, dry_run=dry_run, side_by_side=True)
    return answer(
        seconds=time.perf_counter() - began,
        hash=report.plan.hash,
        links=len(report.plan.links),
        creates=len(report.plan.of(Direction.PULL, "create")),
        created=report.summary.pull.created,
        refused=report.summary.pull.failed,
        linked=report.summary.linked,
        peak_mb=peak_mb(),
        taken_over=sum("was not read again" in words for words in report.summary.warnings),
    )


def _started(setup_file: str, customers: int, *how: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.killed_run", "--act", setup_file, "--customers", str(customers), *how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603


def _ended(process: subprocess.Popen[str]) -> Any:
    said, _ = process.communicate(timeout=_SECONDS)
    if process.returncode:
        raise AssertionError(f"a run failed: {said}")
    return json.loads(said.splitlines()[-1])


def _pages(told: dict[str, Any]) -> int:
    """Pages of both lists that were asked for since it was asked last: whole lists, not some customers by id or evidence."""
    count = 0
    for control in told["control"].values():
        entries = requests.get(f"{control}/requests", timeout=60).json()["requests"]
        count += sum(
            e["path"].endswith("/customers") and not e["is_write"]
            and ("billing" in e["query"] or "orderby=number" in e["query"]) and "include=" not in e["query"]
            for e in entries
        )  # fmt: skip
        requests.delete(f"{control}/requests", timeout=60).raise_for_status()
    return count


def measure(customers: int = 10_000) -> list[Part]:
    """Pages asked for again."""
    with tempfile.TemporaryDirectory() as name, emulated(Path(name), customers) as told:
        file = told["setup_file"]
        planned = _ended(_started(file, customers, "--dry-run"))
        first = _pages(told)
        victim = _started(file, customers)
        until = time.monotonic() + _SECONDS
        while {path.stem for path in (Path(file).parent / "partitions").glob("*/*/*.json")} != set(map(str, Side)):
            if victim.poll() is not None or time.monotonic() > until:
                raise AssertionError("the run ended before it could be killed")
            time.sleep(0.005)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        killed = _pages(told)
        went_on = _ended(_started(file, customers))
        again = _pages(told)
    if went_on["hash"] != planned["hash"] or went_on["taken_over"] != len(Side):
        raise AssertionError(f"it planned or read something else: {planned}, {went_on}")
    refused = planned["creates"] - went_on["created"]
    if went_on["linked"] != planned["links"] or not 0 <= refused <= went_on["refused"]:  # of updates some are, too
        raise AssertionError(f"not all of it was written: {went_on}")
    note = f"killed after {killed} of {first} pages; it planned what a dry run had planned, and wrote all of it"
    written = f"{went_on['linked']:,} links, {went_on['created']:,} creates, {refused:,} refused"
    whole = f"planning alone {planned['peak_mb']:,} MB"
    peak = went_on["peak_mb"]
    return [
        Part(f"first run of {customers:,} + {customers:,}, killed while it compared: pages of lists asked for again ({note})",
             again, first, again / first, 0, "pages", bound="nothing"),
        Part(f"peak memory of it, from its start until all was written ({written}, {went_on['seconds']:,.0f} s; {whole})",
             peak, _TWO_GB, peak / _TWO_GB, 1, "MB"),
    ]  # fmt: skip


def main() -> int:
    """Measure and print, or act for another process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--act", help=argparse.SUPPRESS)
    parser.add_argument("--dry-run", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.act:
        return synchronised(arguments.act, arguments.customers, dry_run=arguments.dry_run)
    parts = measure(arguments.customers)
    sys.stdout.write("".join(f"{part.line}\n" for part in parts))
    return 0 if all(part.holds for part in parts) else 1


if __name__ == "__main__":
    sys.exit(main())
