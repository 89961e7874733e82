"""What the command line shows: progress, tables, and errors that say what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from connector.actor import actor_here
from connector.core.counting import counted
from connector.errors import CustomerSyncError, InputError, SetupError
from flows.output import shows_everything

if TYPE_CHECKING:
    from connector.desk.desk import Desk
    from connector.run.summary import RunSummary

__all__ = [
    "ProgressBars",
    "answer_to",
    "confirmed",
    "desk",
    "print_json",
    "print_table",
    "reported",
    "say",
    "show_error",
    "show_progress",
    "show_rows",
    "show_summary",
]

_DROPPED = 50
PIPE_WIDTH = 150  # a file or a pipe has no width; tables that are cut at 80 columns help nobody


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console


_out = _console(stderr=False)
_err = _console(stderr=True)


def say(text: str) -> None:
    """One line for a person, on standard output."""
    _out.print(text, markup=False)


def warn(text: str) -> None:
    """A line beside the result, on standard error."""
    _err.print(text, markup=False, style="yellow")


def print_json(value: Any) -> None:
    """One JSON object on one line of standard output."""
    text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
    # in another code page every character that is not ASCII is written as JSON escapes it, so that nothing is lost
    _out.file.write((text if shows_everything(_out.file) else json.dumps(orjson.loads(text))) + "\n")
    _out.file.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A table on standard output."""

    from connector.core.characters import shown

    table = Table(*columns, title=title or None, title_justify="left", header_style="bold")
    for row in rows:
        table.add_row(*["" if cell is None else shown(_text_of(cell)) for cell in row])
    _out.print(table, markup=False)


def _text_of(cell: object) -> str:
    """A cell for a person: moments in the zone of this terminal, as its variable TZ or its system has it."""
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        return datetime.fromtimestamp(cell.timestamp(), UTC).astimezone().isoformat(" ", "seconds")  # of pandas, too
    return str(cell)


def show_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str = "") -> None:
    """Rows of a list: one JSON object a line with all their values, or a table of some columns and their number."""
    if as_json:
        for row in rows:
            print_json(row)
        return
    if rows:
        print_table(columns, [[row.get(column) for column in columns] for row in rows])
    say(f"{counted(len(rows), 'row')}" if rows or not empty else empty)


def confirmed(question: str, *, yes: bool, as_json: bool) -> None:
    """Ask before something dangerous; a program says --yes.

    Raises:
        InputError: the person said no, or nobody can be asked.
    """
    if yes:
        return
    if as_json:
        raise InputError(
            "This needs a confirmation.", hint="Give --yes. Where there is --dry-run, it shows what would be done."
        )
    if not typer.confirm(question, default=False, err=True):
        raise InputError("Nothing was changed.")


def show_error(error: CustomerSyncError, *, as_json: bool) -> None:
    """An error on standard error, and as an object on standard output where a program reads along."""

    from connector.core.characters import shown

    _err.print(f"customer-sync: {shown(str(error))}", markup=False, style="red")
    if error.read_on:
        _err.print(f"More: {error.read_on}", markup=False)
    if as_json:
        problems = list(error.problems) if isinstance(error, (SetupError, InputError)) else []
        print_json(
            {
                "error": type(error).__name__,
                "message": error.message,
                "problems": problems,
                "hint": error.hint,
                "read_on": error.read_on,
                "exit_code": error.exit_code,
            }
        )


@contextmanager
def reported(as_json: bool) -> Iterator[None]:
    """Our errors become a message and an exit code; anything else is a bug and keeps its traceback."""
    try:
        yield
    except CustomerSyncError as error:
        show_error(error, as_json=as_json)
        raise typer.Exit(error.exit_code) from None


@contextmanager
def desk(setup: Path, *, with_secrets: bool = False) -> Iterator[Desk]:
    """The desk of the person at this terminal, for one command; see `at_desk`."""
    from connector.desk.desk import at_desk

    with at_desk(setup, actor=actor_here(), with_secrets=with_secrets) as opened:
        yield opened


class ProgressBars:
    """A bar per phase on standard error; to be called with `(what, done, total)`."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._phases: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell how far a phase is."""
        if what not in self._phases:
            self._phases[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._phases[what], completed=done, total=total)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """No bars while a person is asked something."""
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()


@contextmanager
def show_progress(*, quiet: bool = False) -> Iterator[ProgressBars]:
    """Progress bars that disappear at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_err, transient=True, disable=quiet) as bars:
        yield ProgressBars(bars)


def answer_to(markdown: str, question: str) -> bool:
    """Show something on standard error and ask for a yes."""
    from rich.markdown import Markdown

    _err.print(Markdown(markdown))
    return typer.confirm(question, default=False, err=True)


def show_summary(summary: RunSummary) -> None:
    """A run in numbers."""
    push, pull = summary.push.counters, summary.pull.counters
    print_table(
        ["", "push (→ webstore)", "pull (→ Business Central)"],
        [[name, push[name], pull[name]] for name in push],
        title=f"{summary.webstore_code}: {'dry run, nothing written' if summary.dry_run else 'synchronised'}",
    )
    read, requests, undo = summary.extracted, summary.requests, summary.undo
    say(
        f"{', '.join(f'{name} {count}' for name, count in summary.counters.items())}; "
        f"read {read.webstore:,} webstore and {counted(read.business_central, 'Business Central customer')} "
        f"in {requests.webstore} + {counted(requests.business_central, 'request')}, "
        f"{summary.seconds} s; mapping version {summary.mapping_version}"
    )
    if undo is not None and (undo.unlinked or undo.deleted):
        verb = "would be " if summary.dry_run else ""
        say(f"{undo.unlinked} {verb}unlinked, {counted(undo.deleted, 'account')} {verb}deleted")
    for error in summary.errors:
        _err.print(f"not written: {error.customer} in {error.system}: {error.message}", markup=False, style="red")
    dropped = summary.dropped_lines
    if dropped:
        _err.print(f"{len(dropped)} dropped; the next run decides about them anew:", markup=False, style="yellow")
    for line in dropped[:_DROPPED]:
        _err.print(f"dropped: {line}", markup=False, style="yellow")
    if len(dropped) > _DROPPED:
        _err.print(f"… and {len(dropped) - _DROPPED} more (--json for all)", markup=False, style="yellow")
    for warning in summary.warnings:
        _err.print(warning, markup=False, style="yellow")
    for reason in summary.stopped:
        _err.print(f"stopped: {reason}", markup=False, style="red")
    if summary.seen_at:
        say(f"This run: {summary.seen_at}")
