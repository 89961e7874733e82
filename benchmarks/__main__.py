"""All benchmarks of speed, one after the other: prints every comparison, writes benchmarks/results.json and docs/performance.md.

    python -m benchmarks [--quick] [--only NAME ...]

Ends with 1 when a goal is missed. With --quick a fraction of the size, two benchmarks at a time: nothing is written, and no goal
counts, since a fraction of the size costs more than that, and what runs beside it costs, too.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measuring import Entry, Part, worst

FOLDER = Path(__file__).parent
RESULTS, PAGE = FOLDER / "results.json", FOLDER.parent / "docs" / "performance.md"
BEGIN, END = "<!-- made by make bench: begin -->", "<!-- made by make bench: end -->"
# entry → module, arguments of its `measure`, arguments with --quick
BENCHMARKS: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "compute": ("compute", {"size": 1_000_000, "rounds": 3}, {"size": 20_000, "rounds": 1}),
    "growth": ("growth", {"sizes": (100_000, 1_000_000, 5_000_000)}, {"sizes": (10_000, 30_000)}),
    "killed_run": ("killed_run", {"customers": 10_000}, {"customers": 200}),
    "first_run": ("first_run", {"size": 5_000_000}, {"size": 20_000, "plan_of": 20_000}),
    "extraction": ("extraction", {"customers": 10_000}, {"customers": 500, "rounds": 1}),
    "load": ("load", {"size": 10_000}, {"size": 300}),
    "nothing_to_do": ("nothing_to_do", {"customers": 100_000}, {"customers": 2_000, "rounds": 2}),
    "commands": ("commands", {"customers": 60, "rounds": 5}, {"customers": 60, "rounds": 1}),
    "fixed_cost": ("fixed_cost", {"customers": 10, "runs": 7}, {"customers": 10, "runs": 1, "quick": True}),
    "store": ("store", {"count": 1_000_000}, {"count": 100_000}),
    "console": ("console", {"customers": 100_000}, {"customers": 5_000, "rounds": 3, "requests_made": 200}),
    "what_if": ("what_if", {"customers": 100_000}, {"customers": 2_000}),
    "reading_less": ("reading_less", {"customers": 500, "hours": 24}, {"customers": 100, "hours": 0.3}),
    "cluster": ("cluster", {"size": 1_000_000}, {"size": 10_000}),
    "workers": ("workers", {}, {"quick": True}),
}
_MANY, _NEAREST = 30, 8
# with --quick beside the others: most of their time is Prefect's
BESIDE = ("commands", "fixed_cost", "cluster", "workers")


def main() -> int:
    """Run them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=list(BENCHMARKS), default=list(BENCHMARKS))
    arguments = parser.parse_args()
    lanes = [[n for n in arguments.only if n not in BESIDE], [n for n in arguments.only if n in BESIDE]]
    if arguments.quick and all(lanes):
        return side_by_side(lanes)
    known: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    held = True
    for name in arguments.only:
        module, whole, quick = BENCHMARKS[name]
        act: Callable[..., list[Part]] = importlib.import_module(f"benchmarks.{module}").measure
        began = time.perf_counter()
        parts = act(**(quick if arguments.quick else whole))
        entry = worst(parts)
        held &= entry.holds
        known[name] = asdict(entry)
        sys.stdout.write(f"{name} ({time.perf_counter() - began:.0f} s)\n")
        sys.stdout.write("".join(f"  {part.line}\n" for part in parts))
        sys.stdout.flush()
        if not arguments.quick:
            RESULTS.write_text(
                json.dumps({n: known[n] for n in BENCHMARKS if n in known}, indent=1) + "\n", encoding="utf-8"
            )
            write_page(known)
    return 0 if held or arguments.quick else 1


def side_by_side(lanes: Sequence[Sequence[str]]) -> int:
    """Each lane's benchmarks one after the other in a process of its own; 1 when one of the processes failed."""
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only"]
    processes = [subprocess.Popen([*command, *names]) for names in lanes]  # noqa: S603
    try:
        ended = [process.wait() for process in processes]
    finally:
        for process in processes:
            process.terminate()
    return int(any(ended))


def write_page(known: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the figures into the page, between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{table(known)}\n{END}{tail}", encoding="utf-8")


def table(known: Mapping[str, Mapping[str, Any]]) -> str:
    """One line for each comparison."""
    lines = [
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}.",
        "",
        "| benchmark | comparison | ours | reference | ratio | goal | holds | limit | × limit | peak |",
        "|---|---|--:|--:|--:|--:|---|---|--:|--:|",
    ]
    for name in BENCHMARKS:
        for part in _told(Entry(**known[name]).parts) if name in known else ():
            goal = f"{'≥' if part['at_least'] else '≤'} {part['goal']:g}" if part["gates"] else ""
            verdict = ("yes" if part["holds"] else "**no**") if part["gates"] else ""
            peak = f"{part['peak_mb']:,} MB" if part["peak_mb"] else ""
            what = part["what"] + (f" ({part['note']})" if part["note"] else "")
            title = name.replace("_", " ")
            ours, reference = (f"{part[side]:,.2f} {part['unit']}" for side in ("ours", "reference"))
            limit, far = (
                (f"{part['limit']:.2f}: {part['bound']}", f"{part['distance']:.2f}") if part.get("limit") else ("", "")
            )
            figures = f"{ours} | {reference} | {part['ratio']:.2f} | {goal} | {verdict} | {limit} | {far} | {peak}"
            lines.append(f"| {title} | {what} | {figures} |")
    return "\n".join(lines)


def _told(parts: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """All parts; of the many pages of the console those that miss their goals, or come nearest to them. The data have all."""
    if len(parts) <= _MANY:
        return parts
    gating = sorted((part for part in parts if part["gates"]), key=lambda part: part["ratio"] / part["goal"])
    return gating[-max(_NEAREST, sum(not part["holds"] for part in gating)) :]


if __name__ == "__main__":
    sys.exit(main())
