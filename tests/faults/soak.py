"""The soak: people, faults, schedule, selected runs, webhooks, restarts and kills at random for a long time.

`python -m tests.faults.soak --minutes 30 --write` is what `make soak` runs; it writes docs/soak.md. After every so many cycles
everything comes to rest and is checked: nobody twice, no write forgotten, no edit lost, both sides agree (world.py). What the
pipeline's process uses is noted after every run: it must not grow.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from sandbox.server import Running
from tests.faults.crash import crash_site, say
from tests.faults.world import World

PAGE = Path(__file__).parents[2] / "docs" / "soak.md"
POPULATION = 160
CYCLES_BETWEEN_RESTS = 25
KINDS = (
    "429", "503", "500", "504-after-write", "drop-before", "drop-after-write", "torn-json", "html", "xml", "slow",
    "stale-tag", "expired-token", "read-only-key",
)  # fmt: skip


class Pipeline:
    """The process that runs; see pipeline.py."""

    def __init__(self, setup: Path, environment: dict[str, str], log: Path) -> None:
        with log.open("a", encoding="utf-8") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.pipeline", str(setup)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True, env=environment,
            )  # fmt: skip
        if self._line() != "ready\n":
            raise RuntimeError(f"the pipeline did not start: {log.read_text(encoding='utf-8')[-2000:]}")

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def tell(self, **order: Any) -> None:
        """Give an order, without waiting."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def ask(self, **order: Any) -> dict[str, Any]:
        """Give an order; how it ended."""
        self.tell(**order)
        line = self._line()
        if not line:
            raise RuntimeError(f"the pipeline ended with {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self._closed()

    def close(self) -> None:
        """End it as an administrator does."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._closed()

    def _closed(self) -> None:
        self.process.wait(timeout=60)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


@dataclass
class Diary:
    """What happened.

    Attributes:
        used: per life of the pipeline's process what it used after each run.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    used: list[list[dict[str, Any]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    store_kb: list[int] = field(default_factory=list)


class Soak:
    """The world, the pipeline and the dice."""

    def __init__(self, running: Running, setup: Path, environment: dict[str, str], seed: int) -> None:
        self.running, self.setup, self.environment = running, setup, environment
        self.dice = random.Random(f"soak {seed}")
        self.world = World(running, setup, self.dice)
        self.world.fill(accounts=30, customers=20, both=20)
        self.diary = Diary()
        self.pipeline = self._started()

    def _started(self) -> Pipeline:
        self.diary.used.append([])
        return Pipeline(self.setup, self.environment, self.setup.parent / "pipeline.log")

    def cycle(self) -> None:
        """Some life, some faults, and something that the pipeline does."""
        dice, counts = self.dice, self.diary.counts
        counts["cycles"] += 1
        for _ in range(dice.randint(0, 6)):
            self.world.edit()
            counts["edits"] += 1
        if self.world.serial and len(self.running.webstore.customer_ids()) < POPULATION and dice.random() < 0.5:
            dice.choice((self.world.new_account, self.world.new_ticked_customer))()
            counts["new customers"] += 1
        for side in ("webstore", "business_central"):
            if dice.random() < 0.4:
                self._fault(side)
        if dice.random() < 0.3:
            self._deliver()
        what = dice.random()
        if what < 0.03:
            self.pipeline.tell(scheduled=True)
            time.sleep(dice.uniform(0, 0.6))
            self.pipeline.kill()
            self.pipeline = self._started()
            counts["kills"] += 1
        elif what < 0.04:
            self.pipeline.close()
            self.pipeline = self._started()
            counts["restarts"] += 1
        elif what < 0.3:
            emails = sorted(self.world.customers())
            self._run("selected runs", customers=dice.sample(emails, min(3, len(emails))))
        else:
            self._run("scheduled runs", scheduled=True)

    def _fault(self, side: str) -> None:
        kind = self.dice.choice(KINDS)
        if kind == "expired-token" and side == "webstore":
            return
        more: dict[str, Any] = (
            {"retry_after": 0} if kind in {"429", "503"} else {"seconds": 0.3} if kind == "slow" else {}
        )
        if kind == "stale-tag":  # somebody types into a field that nobody looks at
            more = {"changes": {"billing": {"company": ""}} if side == "webstore" else {"website": "typed.example"}}
        faults = getattr(self.running, f"{side}_faults")
        writes_only = self.dice.random() < 0.6
        faults.add(kind, count=self.dice.randint(1, 3), after=self.dice.randint(0, 2), writes_only=writes_only, **more)

    def _deliver(self) -> None:
        for control in (self.running.webstore_control, self.running.business_central_control):
            sent = requests.post(f"{control}/deliver", timeout=120).json()["delivered"]
            self.diary.counts["webhook deliveries"] += sent

    def _run(self, kind: str, **order: Any) -> str:
        answer = self.pipeline.ask(**order)
        self.diary.counts[kind] += 1
        self.diary.counts[f"runs that ended: {answer['told']}"] += 1
        self.diary.used[-1].append(answer)
        return str(answer["told"])

    def rest(self) -> None:
        """No faults any more: everything comes to rest, and is checked."""
        for side in ("webstore", "business_central"):
            faults = getattr(self.running, f"{side}_faults")
            self.diary.faults.update(fired.kind for fired in faults.fired)
            faults.clear()
        self._deliver()
        self.pipeline.ask(quiet=True)
        logs = (self.running.webstore_log, self.running.business_central_log)
        for _ in range(6):
            for log in logs:
                log.clear()
            told = self._run("scheduled runs", scheduled=True)
            if told == "done" and not any(log.writes() for log in logs):
                found = self.world.problems()
                break
        else:
            found = {"rest": [f"the two systems do not come to rest: {told}"]}
        self.diary.problems += [f"{kind}: {problem}" for kind, lines in found.items() for problem in lines]
        self.diary.counts["checks at rest"] += 1
        self.diary.store_kb.append(sum(f.stat().st_size for f in self.setup.parent.glob("store.sqlite*")) // 1024)


def growth(diary: Diary, name: str) -> tuple[float, float]:
    """What the process used in the second quarter and in the last quarter of its longest life: medians."""
    values = [answer[name] for answer in max(diary.used, key=len)]
    quarter = max(1, len(values) // 4)
    return statistics.median(values[quarter : 2 * quarter] or values), statistics.median(values[-quarter:])


def page_of(diary: Diary, minutes: float, seed: int) -> str:
    """docs/soak.md."""
    longest = max(diary.used, key=len)
    lines = [
        "# Soak", "",
        f"Written by `make soak`: {minutes:.0f} minutes, seed {seed}; what it does stands in `tests/faults/soak.py`.", "",
        "| | |", "|---|---|",
        *(f"| {name} | {count:,} |" for name, count in sorted(diary.counts.items())),
        f"| faults that struck | {sum(diary.faults.values()):,} |",
        f"| lives of the pipeline's process | {len(diary.used)} |",
        f"| problems found | {len(diary.problems)} |", "",
        f"In the longest life of the process, {len(longest)} ordered runs, medians of the second and of the last quarter:", "",
        "| | second quarter | last quarter |", "|---|---|---|",
    ]  # fmt: skip
    for name, title, unit in (
        ("rss_kb", "memory, MB", 1024),
        ("descriptors", "open files", 1),
        ("threads", "threads", 1),
    ):
        before, after = growth(diary, name)
        lines.append(f"| {title} | {before / unit:.1f} | {after / unit:.1f} |")
    if diary.store_kb:
        lines += ["", f"The store, which keeps every write: {diary.store_kb[0]:,} KB at the first check, "
                  f"{diary.store_kb[-1]:,} KB at the last."]  # fmt: skip
    kinds = ", ".join(f"{kind} {count}" for kind, count in diary.faults.most_common())
    return "\n".join([*lines, "", f"Faults: {kinds}.", "", line_of(diary), ""])


def line_of(diary: Diary) -> str:
    """The line that people and programs look for."""
    c = diary.counts
    runs = c["scheduled runs"] + c["selected runs"]
    return (
        f"{c['cycles']} cycles, {runs} runs, {c['kills']} kills, {sum(diary.faults.values())} faults, "
        f"{c['checks at rest']} checks: {len(diary.problems)} problems"
    )


def play(folder: Path, minutes: float, seed: int, *, cycles: int = CYCLES_BETWEEN_RESTS, quiet: bool = False) -> Diary:
    """Let it soak for so many minutes, at least for so many cycles and a rest."""
    ends = time.monotonic() + minutes * 60
    with crash_site(folder, seed) as (running, setup, environment):
        soak = Soak(running, setup, environment, seed)
        try:
            while not soak.diary.problems:
                for _ in range(cycles):
                    soak.cycle()
                soak.rest()
                if not quiet:
                    say(f"{line_of(soak.diary)}; {soak.diary.used[-1][-1]}")
                if time.monotonic() > ends:
                    break
        finally:
            soak.pipeline.close()
    return soak.diary


def main() -> int:
    """The long test."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write docs/soak.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        diary = play(Path(name), arguments.minutes, arguments.seed)
    for problem in diary.problems:
        say(problem)
    if arguments.write:
        PAGE.write_text(page_of(diary, arguments.minutes, arguments.seed), encoding="utf-8")
    say(line_of(diary))
    return 1 if diary.problems else 0


if __name__ == "__main__":
    sys.exit(main())
