"""The crash test: runs are killed at every step and at random moments, or stand still there for longer than their lease while
another run takes over and people go on working; then one runs to the end, and nothing is wrong.

`python -m tests.faults.crash --kills 500 --standstills 200` is what `make crash-test` runs; its last line counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.command import announcement, setup_text
from sandbox.server import Running, start
from tests.faults.world import World
from tests.servers.prefect import prefect_server

WRITE_FAULTS = ("504-after-write", "drop-after-write", "drop-before", "429", "503", "torn-json")


# a lease ends while somebody stands still for a second
_QUICK = "settle_seconds = 0.3\nlease_wait_seconds = 60\nlease_seconds = 1"


class Victim:
    """The process that forks runs; see victim.py."""

    def __init__(self, environment: dict[str, str], folder: Path, *, plain: bool) -> None:
        self.report = folder / "report.json"
        self.report_of_stopped = folder / "report-of-stopped.json"
        self.plain = plain
        self.log = (folder / "victim.log").open("w", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.victim", *(["--plain"] if plain else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment,
        )

    def run(
        self, setup: Path, *, kill: dict[str, Any] | None = None, kill_after: float | None = None
    ) -> dict[str, Any] | None:
        """One run; its summary, or None when it was killed."""
        self.report.unlink(missing_ok=True)
        order = {"setup": str(setup), "kill": kill or {}, "report": str(self.report), "plain": self.plain}
        self._tell(order)
        child = self._answer()["pid"]
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):  # the run was quicker
                os.kill(child, signal.SIGKILL)
        self._answer()
        if not self.report.exists():
            return None
        summary: dict[str, Any] = json.loads(self.report.read_text(encoding="utf-8"))
        return summary

    def stop(self, setup: Path, kill: dict[str, Any]) -> int | None:
        """One run that stands still at a moment; its process, or None when it ended before."""
        order = {"setup": str(setup), "kill": {**kill, "how": "stop"}, "report": str(self.report_of_stopped)}
        self._tell({**order, "plain": self.plain})
        self._answer()
        stopped: int | None = self._answer().get("stopped")
        return stopped

    def resume(self, process: int) -> None:
        """Let a run that stands still go on, to its end."""
        self._tell({"resume": process})
        self._answer()

    def _tell(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the victim ended with {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.log.close()


@dataclass
class Score:
    """What was seen so far."""

    kills: int = 0
    standstills: int = 0
    rounds: int = 0
    duplicates: int = 0
    forgotten: int = 0
    lost: int = 0

    def line(self) -> str:
        """The line that people and programs look for."""
        return (
            f"{self.kills} kills, {self.standstills} standstills: {self.duplicates} duplicates, {self.forgotten} forgotten "
            f"writes, {self.lost} lost edits"
        )


@contextmanager
def crash_site(
    folder: Path, seed: int, store_url: str = "", partitions: int = 0
) -> Iterator[tuple[Running, Path, dict[str, str]]]:
    """Both systems, empty, and a setup that pushes and pulls everything; a Prefect server stands beside them."""
    with start(empty=True, seed=seed) as running:
        setup = folder / "setup.toml"
        text = setup_text(running, webstore_code="crash", directory=folder)
        text = text.replace("max_attempts = 3", f"max_attempts = 0\n{_QUICK}")
        (folder / "rules" / "quality").mkdir(parents=True)
        for suite in ("webstore", "business_central", "mapping", "plan"):
            # Great Expectations would take longer than all the rest of a run
            (folder / "rules" / "quality" / f"{suite}.csv").write_text("expectation,field,value,when,severity,reason\n")
        text = text.replace("enabled = true", 'enabled = true\nmappings = "rules"')
        text = text.replace('first_link = "business-central"', 'first_link = "ask"')
        if store_url:
            text = text[: text.index("[store]")] + f'[store]\nurl = "{store_url}"\n'
        if partitions:
            text += f"\n[partitions]\ncount = {partitions}\n"
        setup.write_text(text, encoding="utf-8")
        impatient = text.replace("store.sqlite", "store.sqlite?timeout=1")
        impatient = impatient.replace("lease_wait_seconds = 60", "lease_wait_seconds = 2.5")
        setup.with_name("impatient.toml").write_text(impatient, encoding="utf-8")
        secrets = announcement(running, setup)["env"]
        os.environ.update(secrets)  # the office ticks customers from this process
        try:
            yield running, setup, dict(os.environ)
        finally:
            for name in secrets:
                del os.environ[name]


def play(
    folder: Path,
    kills: int,
    seed: int,
    *,
    standstills: int = 0,
    api_url: str = "",
    store_url: str = "",
    partitions: int = 0,
    tell: Any = None,
) -> tuple[Score, list[str]]:
    """Kill `kills` runs, let `standstills` stand still, and check after every few of them that nothing is wrong.

    Args:
        api_url: of a Prefect server; "" = the steps of the flow without Prefect.
        store_url: "" = a SQLite file.
        partitions: into how many files each side is divided, with which the next run goes on; 0 = they stay in memory.

    Returns:
        The score, and a line for everything that was wrong.
    """
    dice = random.Random(f"crash {seed}")
    score, wrong = Score(), []
    with crash_site(folder, seed, store_url, partitions) as (running, setup, environment):
        prefect = {"PREFECT_API_URL": api_url, "PREFECT_LOGGING_LEVEL": "CRITICAL"} if api_url else {}
        victim = Victim({**environment, **prefect}, folder, plain=not api_url)
        try:
            world = World(running, setup, dice)
            world.fill(accounts=25, customers=15, both=15)
            while (left := kills - score.kills + standstills - score.standstills) > 0:
                for _ in range(min(dice.randint(3, 8), left)):
                    _some_life(world, dice)
                    _some_faults(running, dice)
                    if dice.random() * left < kills - score.kills:
                        score.kills += _kill_one(victim, setup, dice)
                    elif score.standstills < standstills:
                        score.standstills += _stop_one(victim, world, dice)
                    left = kills - score.kills + standstills - score.standstills
                problems = _calm_down(victim, world, running)
                score.rounds += 1
                score.duplicates += len(problems["duplicates"])
                score.forgotten += len(problems["forgotten"])
                score.lost += len(problems["lost"])
                after = f"after {score.kills} kills and {score.standstills} standstills"
                wrong += [f"{after}, {kind}: {p}" for kind, lines in problems.items() for p in lines]
                if tell:
                    tell(f"{score.line()} after {score.rounds} rounds")
                if wrong:
                    break
        finally:
            victim.close()
    return score, wrong


def _some_life(world: World, dice: random.Random) -> None:
    """People go on working between the runs."""
    for _ in range(dice.randint(0, 6)):
        world.edit()
    for _ in range(dice.randint(0, 3)):
        world.new_account()
    for _ in range(dice.randint(0, 2)):
        world.new_ticked_customer()


def _some_faults(running: Running, dice: random.Random) -> None:
    """Answers get lost in some of the runs."""
    if dice.random() < 0.5:
        faults = dice.choice((running.webstore_faults, running.business_central_faults))
        pattern = "customers/batch" if faults is running.webstore_faults else r"\$batch"
        faults.add(dice.choice(WRITE_FAULTS), path=pattern, after=dice.randint(0, 2), count=dice.randint(1, 2))


def _kill_one(victim: Victim, setup: Path, dice: random.Random) -> bool:
    """One run that is to be killed; whether it was (it may have ended before)."""
    if dice.random() < 0.8:
        return victim.run(setup, kill=_some_moment(dice)) is None
    return victim.run(setup, kill_after=dice.uniform(0.05, 1.2)) is None


def _some_moment(dice: random.Random) -> dict[str, Any]:
    at, most = dice.choice((("commit", 10), ("request", 5)))
    return {"at": at, "number": dice.randint(1, most), "when": dice.choice(("before", "after"))}


def _stop_one(victim: Victim, world: World, dice: random.Random) -> bool:
    """One run that stands still for longer than its lease, while another works and people edit; whether it did."""
    stopped = victim.stop(world.setup, _some_moment(dice))
    if stopped is None:
        return False
    # it waits for the lease to run out; if the other one stands still in the middle of a transaction, the store is locked and
    # nobody can take over
    victim.run(world.setup.with_name("impatient.toml"))
    for _ in range(dice.randint(0, 4)):
        world.edit()
    if dice.random() < 0.5:
        world.new_account()
    if dice.random() < 0.5:
        victim.run(world.setup.with_name("impatient.toml"))
    victim.resume(stopped)
    return True


def _calm_down(victim: Victim, world: World, running: Running) -> dict[str, list[str]]:
    """No faults any more: run until a run writes nothing, then look."""
    running.webstore_faults.clear()
    running.business_central_faults.clear()
    for _ in range(6):
        running.webstore_log.clear()
        running.business_central_log.clear()
        summary = victim.run(world.setup)
        if summary is None or "error" in summary:
            return {"duplicates": [], "lost": [], "forgotten": [f"the last run did not end well: {summary}"]}
        if not running.webstore_log.writes() and not running.business_central_log.writes():
            return world.problems()
    return {"duplicates": [], "lost": [], "forgotten": ["the two systems do not come to rest"]}


def say(text: str) -> None:
    """One line of the long test's report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """The long test."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--standstills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crash-test-") as name, prefect_server(Path(name) / "prefect") as api_url:
        score, wrong = play(
            Path(name), arguments.kills, arguments.seed, standstills=arguments.standstills, api_url=api_url, tell=say
        )
    for line in wrong:
        say(line)
    say(score.line())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
