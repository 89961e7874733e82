"""Templates of the console, in which everything that comes from outside is shown as the text that it is."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from connector.report.differences import differing, pieces_of

__all__ = ["rendered"]

_INVISIBLE = Markup('<span class="code" title="a character that nobody sees">{}</span>')


def rendered(template: str, **values: Any) -> str:
    """A template with values."""
    text: str = _environment().get_template(template).render(**values)
    # half of a surrogate pair cannot be sent; it is named where the value is shown
    return text.encode("utf-8", "replace").decode()


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": _shown, "moment": _moment, "ago": _ago, "count": _count, "many": _many}
    environment.globals |= {"differing": differing}
    return environment


def _shown(value: object) -> Markup:
    """Any text from outside: isolated from the direction of what stands around it, its invisible characters named."""
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        return Markup("<bdi>{}</bdi>").format(text)
    parts = [_INVISIBLE.format(one.code) if one.code else escape(one.text) for one in pieces_of(text)]
    return Markup("<bdi>{}</bdi>").format(Markup("").join(parts))


def _moment(value: datetime | None) -> Markup:
    """A time: in UTC, and in the viewer's zone where scripts run."""
    if value is None:
        return Markup("")
    utc = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    return Markup('<time datetime="{}">{} UTC</time>').format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M}")


def _ago(value: datetime | None) -> str:
    """How long ago a time was, in words."""
    if value is None:
        return "never"
    seconds = (datetime.now(UTC) - (value if value.tzinfo else value.replace(tzinfo=UTC))).total_seconds()
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{_many(int(seconds // size), word)} ago"
    return "just now"


def _count(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}"


def _many(number: int, one: str, several: str = "") -> str:
    """A number with the word that is right for it: 1 customer, 2 customers."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
