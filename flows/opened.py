"""What a command works with: opened once, at its edge, by the name of a setup. Nothing is imported before it is opened."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.desk.desk import Desk
    from connector.store import View

__all__ = ["desk", "view"]


@contextmanager
def view(setup: Path) -> Iterator[View]:
    """For a command that only looks."""
    from connector.run.setup_source import opened_view

    with opened_view(setup) as opened:
        yield opened


@contextmanager
def desk(setup: Path, *, with_secrets: bool = False) -> Iterator[Desk]:
    """For a command with which the person at the terminal edits, or asks the two systems (`with_secrets`)."""
    from connector.desk.desk import at_desk

    with at_desk(setup, actor=getpass.getuser(), with_secrets=with_secrets) as opened:
        yield opened
