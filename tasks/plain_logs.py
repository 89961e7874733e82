"""Logs and messages of states without links: both UIs of Prefect make one of every address in them, whoever wrote it.

What a server has sent stands in errors, and the engine logs every error and the message of every state. So nothing is left out,
but the two slashes of an address are kept apart by a character that nobody sees, which is enough for both UIs. What errors advise
is told as the UI has it (pressing.py).
"""

from __future__ import annotations

import logging
import re
from typing import Any

from tasks.pressing import pressed

__all__ = ["keep_logs_plain", "without_links"]

_ADDRESS = re.compile(r"(?<=:/)(?=/)")
_WORD_JOINER = "\u2060"
_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")


def without_links(text: str) -> str:
    """The same text, of which nobody makes a link."""
    return _ADDRESS.sub(_WORD_JOINER, text)


class _Plain(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, as text."""
        record.msg, record.args = without_links(pressed(record.getMessage())), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = without_links(record.exc_text)
        return True


def keep_logs_plain() -> None:
    """From now on, for the logs of all runs of this process: our own lines and those of Prefect's engine."""
    for name in _LOGGERS:
        logger: Any = logging.getLogger(name)
        if not any(isinstance(one, _Plain) for one in logger.filters):
            logger.addFilter(_Plain())
