"""Random lives of one webstore and one company, many of them: whatever happens, nothing is lost, nobody is twice, all is told.

`python -m tests.flows.lives --lives 2000` is what `make lives` runs; its last line counts. Lives are lived in portions, several
processes side by side, and each portion has a number: the same number is the same lives. A life that went wrong is shown as a
program, with the command that lives its portion again (`--shrink` looks for the shortest life that goes wrong).
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import random
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from connector.store import open_store
from sandbox.server import Running, start
from tests.flows.clocks import Clocks, clocks_of_a_life
from tests.flows.life import Life
from tests.flows.life_judging import LOST, TWICE, UNTOLD, Wrong

PORTION, STEPS = 20, 20
# in memory, where there is such a place: the store waits for the disk at every commit
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


@dataclass
class Lived:
    """What was lived, and what went wrong: (kind, number of the portion, words)."""

    tally: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, int, str]] = field(default_factory=list)

    def add(self, more: Lived) -> None:
        """Count another portion as well."""
        self.tally += more.tally
        self.wrong += more.wrong

    def line(self) -> str:
        """The line that people and programs look for."""
        t, kinds = self.tally, Counter(kind for kind, _, _ in self.wrong)
        return (
            f"{t['lives']:,} lives, {t['runs']:,} runs, {t['restores']:,} restores, {t['stale reads']:,} stale reads, "
            f"{t['owners']:,} owners changed, {t['standstills']:,} standstills, {t['jumps']:,} clock jumps: "
            f"{kinds[LOST]} lost, {kinds[TWICE]} twice, {kinds[UNTOLD]} untold"
        )


@dataclass
class Place:
    """Where the lives of this process are lived, one after the other."""

    running: Running
    clocks: Clocks
    folder: Path
    empty_store: Path

    def folders(self) -> Iterator[Path]:
        """The same folder, emptied, for every life."""
        for _ in itertools.count():
            shutil.rmtree(self.folder, ignore_errors=True)
            yield self.folder


@contextmanager
def place() -> Iterator[Place]:
    """Both systems, clocks and a folder."""
    with ExitStack() as stack:
        memory = str(_MEMORY) if os.access(_MEMORY, os.W_OK) else None
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="lives-", dir=memory))
        # lives run faster than the requests of a user that Business Central admits in five minutes
        unlimited = {"requests_per_window": 1_000_000_000}
        running = stack.enter_context(start(empty=True, seed=1, business_central_settings=unlimited))
        empty = Path(name) / "empty.sqlite"
        open_store(f"sqlite:///{empty}").close()
        yield Place(running, stack.enter_context(clocks_of_a_life()), Path(name) / "life", empty)


def live(there: Place, number: int, lives: int, *, shrink: bool = False) -> Lived:
    """One portion."""
    lived = Lived()
    folders = there.folders()

    class ALife(Life):
        def __init__(self) -> None:
            super().__init__(there.running, folders, there.empty_store, there.clocks, lived.tally)

    how = settings(
        max_examples=lives, stateful_step_count=STEPS, database=None, deadline=None, report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    try:
        run_state_machine_as_test(seed(number)(ALife), settings=how)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
        kind = error.kind if isinstance(error, Wrong) else UNTOLD
        lived.wrong.append((kind, number, "".join(traceback.format_exception(error))))
    return lived


_stack = ExitStack()
_here: list[Place] = []


def _settle_down() -> None:
    logging.disable(logging.CRITICAL)
    _here.append(_stack.enter_context(place()))


def _portion(number: int, lives: int) -> Lived:
    return live(_here[0], number, lives)


def say(text: str) -> None:
    """One line of the long test's report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def play(lives: int, first: int, processes: int) -> Lived:
    """Many portions; each that ends is told."""
    lived = Lived()
    sizes = [PORTION] * (lives // PORTION) + ([lives % PORTION] if lives % PORTION else [])
    with ProcessPoolExecutor(processes, get_context("spawn"), _settle_down) as pool:
        waiting = [pool.submit(_portion, first + at, size) for at, size in enumerate(sizes)]
        for done in as_completed(waiting):
            portion = done.result()
            lived.add(portion)
            for kind, number, text in portion.wrong:
                say(f"{text}\n{kind}; to live it again: python -m tests.flows.lives --portion {number}")
            say(lived.line())
    return lived


def main() -> int:
    """The long test."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lives", type=int, default=2000)
    parser.add_argument("--seed", type=int, help="chosen at random when it is not given")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--portion", type=int, help="live one portion again, in this process")
    parser.add_argument(
        "--shrink", action="store_true", help="with --portion: look for the shortest life that goes wrong"
    )
    arguments = parser.parse_args()
    if arguments.portion is not None:
        logging.disable(logging.CRITICAL)
        with place() as there:
            lived = live(there, arguments.portion, PORTION, shrink=arguments.shrink)
        for _, _, text in lived.wrong:
            say(text)
    else:
        chosen = random.randrange(1_000_000) if arguments.seed is None else arguments.seed
        say(f"seed {chosen}")
        lived = play(arguments.lives, chosen * 10_000, arguments.processes)
    say(lived.line())
    return 1 if lived.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
