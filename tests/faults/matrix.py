"""The fault matrix: every fault, struck at every kind of work, on either side, once and over and over.

`python -m tests.faults.matrix --write` is what `make fault-matrix` runs: it writes docs/reliability.md; its last line counts.

A case is a small webstore and a small company that are synchronised, then work of one kind, then a run with the fault, then
runs without it until one writes nothing. It converges when both sides agree then on everything that the rules let them, with
nobody twice, no write forgotten and no edit lost (world.py judges).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.matrix_cases import all_cases
from tests.faults.matrix_page import REPORT, line_of, page_of
from tests.faults.matrix_site import site


def say(text: str) -> None:
    """One line of the report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """The whole matrix."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    parser.add_argument("--only", default="", help="cases whose title holds this text")
    arguments = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory(prefix="fault-matrix-") as name, site(Path(name)) as here:
        for case in (case for case in all_cases() if arguments.only in case.title):
            began = time.monotonic()
            result = here.play(case)
            results.append(result)
            say(f"{result.cell:<12} {time.monotonic() - began:5.1f} s  {case.title}: {result.told}")
            for kind, problems in result.problems.items():
                for problem in problems:
                    say(f"  {kind}: {problem}")
            if not result.struck:
                say("  the fault did not strike")
    if arguments.write:
        REPORT.write_text(page_of(results), encoding="utf-8")
    say(line_of(results))
    return 0 if all(result.converged for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
