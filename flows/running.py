"""Running a flow in this process for the command line: settings of Prefect, progress, exit codes."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from flows import terminal

if TYPE_CHECKING:
    from flows.synchronize_customers import SyncReport
    from flows.undo_run import UndoReport

__all__ = ["end_with", "prepare_prefect", "run_sync", "run_undo"]


def run_sync(
    setup: Path,
    customers: list[str],
    *,
    dry_run: bool,
    quiet: bool,
    approved_plan: str | None = None,
    leave_out: Sequence[str] = (),
    scheduled: bool = False,
) -> SyncReport:
    """Run the synchronisation, with a progress bar.

    Args:
        approved_plan: hash of a plan made before; only what it holds is written.
        scheduled: count failures and skip holds as a scheduled run does.
    """
    with _started(setup, quiet=quiet, scheduled=scheduled) as path:
        from flows.synchronize_customers import synchronize_customers, synchronize_selected_customers

        more: dict[str, Any] = {"setup": path, "dry_run": dry_run, "approved_plan": approved_plan}
        more["leave_out"] = list(leave_out) or None
        report: SyncReport = (
            synchronize_selected_customers(customers, **more) if customers else synchronize_customers(**more)
        )
        return report


def run_undo(setup: Path, run_id: str, *, dry_run: bool, delete_accounts: bool, quiet: bool) -> UndoReport:
    """Undo a run, or show what that would do."""
    with _started(setup, quiet=quiet) as path:
        from flows.undo_run import undo_run

        report: UndoReport = undo_run(run_id, setup=path, dry_run=dry_run, delete_accounts=delete_accounts)
        return report


@contextmanager
def _started(setup: Path, *, quiet: bool, scheduled: bool = False) -> Iterator[str]:
    """Everything that stands around a flow that the command line runs."""
    from connector.setup import load_setup

    load_setup(setup)  # a wrong setup is refused before Prefect takes seconds to start
    prepare_prefect()
    from connector.load.run import Starter, progress_sink, started_by

    with terminal.show_progress(quiet=quiet) as tell:
        progress_token = progress_sink.set(tell)
        starter_token = started_by.set(Starter(getpass.getuser(), scheduled))
        try:
            yield str(setup.resolve())
        finally:
            started_by.reset(starter_token)
            progress_sink.reset(progress_token)


def prepare_prefect() -> None:
    """Settings that must stand before Prefect is imported; what the user has set already stays."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    # the terminal shows progress and results of its own; the logs are in the Prefect UI
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def end_with(stopped: list[str], errors: list[dict[str, str]]) -> None:
    """Exit 3 when a run was stopped, 1 when a write was refused or failed."""
    if stopped:
        raise typer.Exit(3)
    if errors:
        raise typer.Exit(1)
