"""The page itself: templates with everything escaped, one style, one script, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from connector.report.charts import BASE_LINE, HEIGHT, WIDTH, charts_of
from connector.report.differences import Piece, differing, pieces_of
from connector.report.figures import PlanRow, RunFigures, both_directions

__all__ = ["render_report"]


def render_report(figures: RunFigures, now: datetime) -> str:
    """The report of a run as one HTML document. It refers to nothing outside of itself.

    Args:
        now: the time that it says it was made at.
    """
    environment = _environment()
    style, script = _asset("base.css") + _asset("report.css"), _asset("report.js")
    text: str = environment.get_template("report.html").render(
        run=figures,
        now=now,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'",
        charts=charts_of(figures),
        width=WIDTH,
        height=HEIGHT,
        base_line=BASE_LINE,
        counters=[(name, both_directions(figures.summary, name)) for name in figures.summary.push.counters],
        others=list(figures.summary.counters.items()),
        rows=[(row, *_values(row)) for row in figures.rows],
        choices={
            name: sorted({str(getattr(row, name)) for row in figures.rows} - {""})
            for name in ("action", "direction", "field")
        },
    )
    # half of a surrogate pair cannot be written to a file; in values it has been named already
    return text.encode("utf-8", "replace").decode()


def _values(row: PlanRow) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    if not row.masked:
        return differing(row.before, row.after)
    return pieces_of(row.before, changed=row.is_changed), pieces_of(row.after, changed=row.is_changed)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("connector.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["named"] = _named
    environment.filters["moment"] = lambda moment: f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return environment


def _named(value: Any) -> tuple[Piece, ...]:
    """Any text from outside, its invisible characters named."""
    return pieces_of("" if value is None else str(value))


@cache
def _asset(name: str) -> str:
    return (files("connector.report") / "templates" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
