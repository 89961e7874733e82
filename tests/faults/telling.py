"""What a run told people, and whether all of it is plain: nothing that a terminal or a browser would obey."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from connector.desk.activity import activity_log, list_holds
from connector.errors import CustomerSyncError
from connector.report.run_page import report_of_run
from connector.run.summary import RunSummary
from connector.setup import Setup
from flows import terminal
from tasks.report import summary_text
from tests.by_hand import seen

__all__ = ["heard", "on_the_terminal", "places_that_obey"]

# what of sandbox.canned_answers.ESCAPES must reach nobody; the report has scripts of its own, but none that says this
_OBEYED = ("\x1b", "\x07", "\x9b", "\u202e", "alert(", "onerror", "<b>such")
# in a file of a database any byte may stand by itself
_OBEYED_IN_FILES = ("\x1b]0;", "\x1b[", "\\u001b", "\u202e", "alert(", "onerror", "<b>such")


@contextmanager
def heard() -> Iterator[list[str]]:
    """The messages that are logged meanwhile, whatever their level."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    ear, logger = Ear(), logging.getLogger("connector")
    level, propagates = logger.level, logger.propagate
    logger.addHandler(ear)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False  # whoever listens above wants no details
    try:
        yield lines
    finally:
        logger.removeHandler(ear)
        logger.setLevel(level)
        logger.propagate = propagates


def on_the_terminal(outcome: RunSummary | CustomerSyncError) -> str:
    """What the command line shows of a run's summary, or of the error that stopped it."""
    with terminal._out.capture() as out, terminal._err.capture() as err:
        if isinstance(outcome, CustomerSyncError):
            terminal.show_error(outcome, as_json=False)
        else:
            terminal.show_summary(outcome)
    return out.get() + err.get()


def places_that_obey(setup: Setup, told: Mapping[str, str], summary: RunSummary | None) -> list[str]:
    """Where something stands that a terminal or a browser would obey.

    Args:
        told: where → what stood there (terminal, log).
        summary: of the run; None when it ended without.
    """
    texts = dict(told)
    texts["activity log"] = _text(seen(activity_log, setup, limit=1_000))
    texts["holds"] = _text(seen(list_holds, setup, everyone=True))
    texts["HTML report"] = seen(report_of_run, setup, setup, masked=False)
    if summary is not None:
        texts["summary"] = _text(summary.as_json())
        texts["summary in the browser"] = summary_text(summary)
    found = [f"{where}: {part!r}" for where, text in texts.items() for part in _OBEYED if part in text]
    for path in sorted(_folder_of(setup).rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found += [f"{path.name}: {part!r}" for part in _OBEYED_IN_FILES if part.encode() in content]
    return found


def _text(value: Any) -> str:
    """All texts of rows, as they are and not as JSON would write them."""
    if isinstance(value, Mapping):
        return "\n".join(map(_text, value.values()))
    if isinstance(value, list | tuple):
        return "\n".join(map(_text, value))
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _folder_of(setup: Setup) -> Path:
    return Path(str(setup.store.url).removeprefix("sqlite:///")).parent
