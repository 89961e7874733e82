"""Small charts over the last runs: one bar per run, the oldest left. Only geometry; the template draws it as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector.report.figures import DirectionCounts, LastRun, RunFigures, both_directions

__all__ = ["BASE_LINE", "HEIGHT", "WIDTH", "Bar", "Chart", "charts_of"]

WIDTH, HEIGHT = 300, 96
_TOP, BASE_LINE = 14, 80
_WIDEST_BAR = 22.0
_GAP = 0.25
# whatever is not nothing must be seen
_LOWEST_BAR = 1.5


@dataclass(frozen=True)
class Bar:
    """One run in one chart.

    Attributes:
        parts: (class, y, height) of the stacked parts, from below.
        title: what the bar says in words.
        is_this_run: the run that the report is about.
        is_gap: the run ended without numbers.
    """

    x: float
    width: float
    parts: tuple[tuple[str, float, float], ...]
    title: str
    is_this_run: bool
    is_gap: bool

    @property
    def middle(self) -> float:
        """Where a mark above or below the bar stands."""
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        now: the value of the run that the report is about.
        top: the highest bar's value.
        is_stacked: the bars have a part for each direction.
    """

    name: str
    now: str
    top: str
    bars: tuple[Bar, ...]
    is_stacked: bool

    @property
    def words(self) -> str:
        """What a screen reader says."""
        return f"{self.name} in the last {len(self.bars)} runs: now {self.now}, at most {self.top}"


def charts_of(figures: RunFigures) -> tuple[Chart, ...]:
    """Created, updated, withheld, failed by direction; conflicts and seconds."""
    runs = figures.last_runs

    def of_direction(name: str) -> Chart:
        return _chart(name, runs, figures.run_id, lambda run: both_directions(run.summary, name))

    def single(name: str) -> Chart:
        return _chart(name, runs, figures.run_id, lambda run: float(getattr(run.summary, name)))

    return (
        *(of_direction(name) for name in ("created", "updated", "withheld", "failed")),
        single("conflicts"),
        single("seconds"),
    )


def _chart(name: str, runs: Sequence[LastRun], this: str, value: Callable[[LastRun], DirectionCounts | float]) -> Chart:
    values = [value(run) if run.summary.counted else None for run in runs]
    top = max((_total(v) for v in values if v is not None), default=0.0)
    slot = min(WIDTH / max(len(runs), 1), _WIDEST_BAR)
    bars = tuple(
        Bar(
            x=round(index * slot, 2),
            width=round(slot * (1 - _GAP), 2),
            parts=() if v is None else _parts(v, top),
            title=_title(name, run, v),
            is_this_run=run.run_id == this,
            is_gap=v is None,
        )
        for index, (run, v) in enumerate(zip(runs, values, strict=True))
    )
    now = next((v for run, v in zip(runs, values, strict=True) if run.run_id == this and v is not None), 0.0)
    return Chart(name, _number(_total(now)), _number(top), bars, any(isinstance(v, DirectionCounts) for v in values))


def _total(value: DirectionCounts | float) -> float:
    return float(value.push + value.pull) if isinstance(value, DirectionCounts) else value


def _parts(value: DirectionCounts | float, top: float) -> tuple[tuple[str, float, float], ...]:
    kinds = [("push", value.push), ("pull", value.pull)] if isinstance(value, DirectionCounts) else [("both", value)]
    parts: list[tuple[str, float, float]] = []
    y = float(BASE_LINE)
    for kind, number in kinds:
        if number and top:
            height = max(number / top * (BASE_LINE - _TOP), _LOWEST_BAR)
            y -= height
            parts.append((kind, round(y, 2), round(height, 2)))
    return tuple(parts)


def _title(name: str, run: LastRun, value: DirectionCounts | float | None) -> str:
    when = f"{run.started_at:%Y-%m-%d %H:%M} UTC, {run.status}"
    if value is None:
        return f"{when}: it ended before it counted anything"
    if isinstance(value, DirectionCounts):
        return f"{when}: {name} {value.push} pushed, {value.pull} pulled"
    return f"{when}: {name} {_number(value)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == math.floor(value) else f"{value:,.1f}"
