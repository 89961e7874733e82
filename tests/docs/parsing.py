"""Command lines that pages and files show, parsed as typer does, without doing anything."""

from __future__ import annotations

from typing import Any

import typer

from flows.cli import app

__all__ = ["COMMAND_LINE", "UsageError", "parsed"]

COMMAND_LINE = typer.main.get_command(app)
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def parsed(command: Any, arguments: list[str]) -> None:
    """Parse; a group alone, and a command without its arguments, may be named.

    Raises:
        AssertionError, UsageError: there is no such command or option.
    """
    if hasattr(command, "commands"):
        if arguments and not arguments[0].startswith("-"):
            assert arguments[0] in command.commands, f"no command {arguments[0]}"
            parsed(command.commands[arguments[0]], arguments[1:])
        return
    try:
        command.make_context("customer-sync", list(arguments))
    except UsageError as error:
        if type(error).__name__ != "MissingParameter":
            raise
