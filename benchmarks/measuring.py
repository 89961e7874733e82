"""How a benchmark measures: each contestant in a process of its own, in turn, so that one's memory is not another's peak."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Entry", "Part", "alone", "answer", "best", "peak_mb", "timed", "worst"]


@dataclass(frozen=True)
class Part:
    """One comparison of a benchmark.

    Attributes:
        ours, reference: in `unit`, as `what` says.
        ratio: ours against the reference.
        goal: what the ratio must not exceed, or, when `at_least`, must reach.
        limit: the ratio that nothing can better, since of `bound`; 0 = none is known.
        bound: what sets the limit: what has to be read, sent or waited for at least.
        peak_mb: the most memory that our process had, in MB; 0 = not looked at.
        gates: False = shown for comparison only.
    """

    what: str
    ours: float
    reference: float
    ratio: float
    goal: float
    unit: str = "s"
    at_least: bool = False
    peak_mb: int = 0
    note: str = ""
    gates: bool = True
    limit: float = 0
    bound: str = ""

    @property
    def holds(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    @property
    def margin(self) -> float:
        """How far it is from the goal: above 1 is missed."""
        if self.at_least:
            return self.goal / max(self.ratio, 1e-9)
        return self.ratio / self.goal if self.goal else 1.0 + self.ratio  # nothing at all is wanted

    @property
    def distance(self) -> float:
        """How many times the limit it is; 1 = nothing is left to gain, 0 = no limit is known."""
        if not self.limit or not self.ratio:
            return 0.0
        return self.limit / self.ratio if self.at_least else self.ratio / self.limit

    @property
    def line(self) -> str:
        """For people."""
        goal = f"goal {'≥' if self.at_least else '≤'} {self.goal:g}" if self.gates else "for comparison"
        verdict = "" if self.holds or not self.gates else "  MISSED"
        figures = f"{self.ours:10,.2f} {self.unit:<3} {self.reference:10,.2f} {self.unit:<3} ratio {self.ratio:6.2f}"
        limit = f"  limit {self.limit:.2f} ({self.bound}), {self.distance:.2f} × that" if self.limit else ""
        return f"{self.what:<62}{figures}  {goal}{verdict}{limit}"


@dataclass(frozen=True)
class Entry:
    """One benchmark: its worst part, and all parts."""

    ours: float
    reference: float
    ratio: float
    goal: float
    holds: bool
    peak_mb: int
    parts: list[dict[str, Any]] = field(default_factory=list)


def worst(parts: Sequence[Part]) -> Entry:
    """The entry of a benchmark: it holds when every part does, and shows the one with the least margin."""
    gating = [part for part in parts if part.gates] or list(parts)
    shown = max(gating, key=lambda part: part.margin)
    rows = [asdict(part) | {"holds": part.holds, "distance": part.distance} for part in parts]
    holds = all(part.holds for part in gating)
    return Entry(shown.ours, shown.reference, shown.ratio, shown.goal, holds, max(p.peak_mb for p in parts), rows)


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what it gave."""
    began = time.perf_counter()
    result = act()
    return time.perf_counter() - began, result


def best(rounds: int, act: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the fastest round, and what the last one gave."""
    results = [timed(act) for _ in range(rounds)]
    return min(seconds for seconds, _ in results), results[-1][1]


def peak_mb() -> int:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def alone(module: str, *arguments: str) -> Any:
    """Run a module in a process of its own; gives what it wrote as JSON."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603
    return json.loads(done.stdout.splitlines()[-1])


def answer(**values: Any) -> int:
    """What a contestant tells the process that started it; gives the exit code."""
    sys.stdout.write(json.dumps(values) + "\n")
    return 0
