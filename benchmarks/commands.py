"""What a command costs beside what it cannot do without, each in a process of its own, in turn. Medians.

    python -m benchmarks.commands [CUSTOMERS] [ROUNDS]

A synchronisation with nothing to do, against an interpreter that imports the libraries which read data, and against a bare
Prefect flow that brings its own server; the first plan and the readiness report, against the same imports and Great
Expectations; help and lists, against what shows them. Both systems are emulated by another process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.emulated import emulated
from benchmarks.measuring import Part, timed
from tests.servers.prefect import new_home

READING = "import pandas, pyarrow, duckdb, sqlalchemy, requests"
SHOWING = "import sqlalchemy, typer, rich.console, rich.table"
FLOW = "from prefect import flow\n\n\n@flow\ndef bare():\n    return 1\n\n\nbare()\n"
# contestant → (its reference, how many times that it may take)
GOALS: Mapping[str, tuple[str, float]] = {
    "sync, nothing to do": ("reading", 2.5),
    "plan, the first time": ("validating", 2.5),
    "readiness, the first time": ("validating", 2.5),
    "--help": ("showing", 1.5),
    "mapping list": ("showing", 1.5),
    "conflicts list": ("showing", 1.5),
}
REFERENCES = {"reading": READING, "validating": f"{READING}, great_expectations", "showing": SHOWING, "flow": FLOW}
WORDS = {
    "reading": "importing pandas, pyarrow, DuckDB, SQLAlchemy and requests",
    "validating": "that and Great Expectations",
    "showing": "importing SQLAlchemy, typer and rich",
}


def main() -> int:
    """Measure, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("customers", type=int, nargs="?", default=60)
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    arguments = parser.parse_args()
    parts = measure(arguments.customers, arguments.rounds)
    sys.stdout.write("".join(f"{part.line}\n" for part in parts))
    return 0 if all(part.holds for part in parts) else 1


def measure(customers: int = 60, rounds: int = 5) -> list[Part]:
    """One line for each command, and one for the bare flow."""
    with tempfile.TemporaryDirectory() as name, emulated(Path(name) / "systems", customers) as told:
        folder = Path(name)
        new_home(folder / "home")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
        environment |= {"PREFECT_HOME": str(folder / "home"), "PREFECT_LOGGING_LEVEL": "CRITICAL"}
        environment |= {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
        setup, fresh = Path(told["setup_file"]), Path(told["setup_file"]).with_name("fresh.toml")
        store = setup.parent / "store.sqlite"
        fresh.write_text(setup.read_text(encoding="utf-8").replace("store.sqlite", "fresh.sqlite"), encoding="utf-8")
        command = str(Path(sys.executable).parent / "customer-sync")
        program = folder / "bare.py"
        program.write_text(FLOW, encoding="utf-8")
        ours = {
            "sync, nothing to do": [command, "sync", "--setup", str(setup), "--json"],
            "plan, the first time": [command, "plan", "--setup", str(fresh), "--json"],
            "readiness, the first time": [command, "readiness", "--setup", str(fresh), "--json"],
            "--help": [command, "--help"],
            "mapping list": [command, "mapping", "list", "--setup", str(setup)],
            "conflicts list": [command, "conflicts", "list", "--setup", str(setup)],
        }
        references = {
            what: [sys.executable, *([str(program)] if what == "flow" else ["-c", text])]
            for what, text in REFERENCES.items()
        }
        for _ in range(3):  # links and creates, then once with nothing to do
            _run(ours["sync, nothing to do"], environment)
        assert store.exists()
        times: dict[str, list[float]] = {name: [] for name in [*references, *ours]}
        for _ in range(rounds):
            for what, line in (references | ours).items():
                for file in setup.parent.glob("fresh.sqlite*"):
                    file.unlink()
                times[what].append(timed(partial(_run, line, environment))[0])
        return _parts({what: statistics.median(seconds) for what, seconds in times.items()}, customers)


def _parts(seconds: Mapping[str, float], customers: int) -> list[Part]:
    parts = []
    for what, (reference, goal) in GOALS.items():
        mine, theirs = seconds[what], seconds[reference]
        text = f"customer-sync {what}, {customers} customers, against {WORDS[reference]}"
        parts.append(Part(text, mine, theirs, mine / theirs, goal, limit=1, bound="imports that it needs"))
    mine, theirs = seconds["sync, nothing to do"], seconds["flow"]
    text = f"customer-sync sync, nothing to do, {customers} customers, against a bare Prefect flow with its own server"
    return [*parts, Part(text, mine, theirs, mine / theirs, 0.2)]


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    subprocess.run(command, env=dict(environment), check=True, capture_output=True, timeout=300)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
