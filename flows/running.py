"""Running a flow in this process for the command line: settings of Prefect, progress, exit codes."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from connector.errors import InputError, RemoteTrouble, SetupError
from flows import terminal
from flows.overrides import Overrides

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from flows.synchronize_customers import SyncReport
    from flows.undo_run import UndoReport

__all__ = [
    "all_blocks",
    "end_with",
    "known_setup",
    "prepare_prefect",
    "run_flow",
    "run_sync",
    "run_undo",
    "server_needed",
]


def run_sync(
    setup: Path,
    customers: list[str],
    *,
    dry_run: bool,
    quiet: bool,
    approved_plan: str | None = None,
    leave_out: Sequence[str] | None = None,
    scheduled: bool = False,
    overrides: Overrides | None = None,
) -> SyncReport:
    """Run the synchronisation, with a progress bar.

    Args:
        customers: only these; none = all.
        approved_plan: hash of a plan made before; only what it holds is written. None = not given.
        leave_out: customers of that plan that are not to be written. None = not given.
        scheduled: count failures and skip holds as a scheduled run does.
        overrides: what this run does otherwise than the setup says.
    """
    with _started(setup, quiet=quiet, scheduled=scheduled) as path:
        from connector.quality import prepare
        from flows.synchronize_customers import synchronize_customers, synchronize_selected_customers

        prepare()  # while Prefect's server starts
        more: dict[str, Any] = {"setup": path, "dry_run": dry_run, "approved_plan": approved_plan}
        more |= {"leave_out": None if leave_out is None else list(leave_out)} | (
            {"overrides": overrides} if overrides else {}
        )
        if customers:
            state = synchronize_selected_customers(customers, return_state=True, **more)
        else:
            state = synchronize_customers(return_state=True, **more)
        report: SyncReport = _report_of(state, quiet)
        return report


def run_undo(
    setup: Path,
    run_id: str,
    *,
    dry_run: bool,
    delete_accounts: bool,
    quiet: bool,
    approved_plan: str | None = None,
    leave_out: Sequence[str] | None = None,
) -> UndoReport:
    """Undo a run, or show what that would do; `approved_plan` and `leave_out` as in `run_sync`."""
    with _started(setup, quiet=quiet) as path:
        from flows.undo_run import undo_run

        state = undo_run(
            run_id,
            setup=path,
            dry_run=dry_run,
            delete_accounts=delete_accounts,
            approved_plan=approved_plan,
            leave_out=None if leave_out is None else list(leave_out),
            return_state=True,
        )
        report: UndoReport = _report_of(state, quiet)
        return report


def run_flow(setup: Path, quiet: bool, call: Callable[[str], State[Any]]) -> Any:
    """Run another flow: `call` gets the setup's name, and calls the flow with return_state=True; gives its result."""
    with _started(setup, quiet=quiet) as path:
        return _report_of(call(path), quiet)


def _report_of(state: State[Any], quiet: bool) -> Any:
    """What the flow gave back; its error is raised, and when it did nothing the command ends here."""
    from flows.outcomes import RunStopped

    result = state.result(raise_on_failure=False)
    if isinstance(result, RunStopped):
        return result.report
    if isinstance(result, BaseException):
        raise result
    if result is None:
        if quiet:
            terminal.print_json({"skipped": state.message})
        else:
            terminal.say(state.message or "Nothing was done.")
        raise typer.Exit(0)
    return result


@contextmanager
def _started(setup: Path, *, quiet: bool, scheduled: bool = False) -> Iterator[str]:
    """Everything that stands around a flow that the command line runs."""
    from connector.load.session import setup_of

    prepare_prefect()
    setup_of(setup)  # a wrong setup is refused before Prefect takes seconds to start
    from connector.load.run import Starter, progress_sink, started_by

    with terminal.show_progress(quiet=quiet) as tell, server_needed():

        def ask(question: str) -> bool:
            with tell.hidden():
                return terminal.answer_to(question, "Write exactly this?")

        asked = ask if sys.stdin.isatty() and not quiet else None
        progress_token = progress_sink.set(tell)
        starter_token = started_by.set(Starter(getpass.getuser(), scheduled, asked))
        try:
            yield str(setup.resolve()) if setup.suffix == ".toml" or setup.is_file() else str(setup)
        finally:
            started_by.reset(starter_token)
            progress_sink.reset(progress_token)


@contextmanager
def server_needed() -> Iterator[None]:
    """A configured Prefect server that does not answer is told in words, not in a traceback."""
    try:
        yield
    except Exception as error:
        if "Failed to reach API" not in str(error) and type(error).__name__ != "ConnectError":
            raise
        address = os.environ.get("PREFECT_API_URL", "of this Prefect profile")
        raise RemoteTrouble(
            f"The Prefect server {address} does not answer.",
            hint="Start it (prefect server start), or unset PREFECT_API_URL: then every command brings its own.",
        ) from error


def setup_path(name: str) -> Path:
    """A setup's name as a path.

    Raises:
        SetupError: it is empty: what a script hands over whose variable is not set.
    """
    if not name.strip() or Path(name) == Path():
        raise SetupError("Which setup? Its name is empty.", hint="Give a file (….toml) or the name of a block.")
    return Path(name)


def known_setup(name: str, with_secrets: bool) -> Any:
    """A setup by the name of its file or block; Prefect is imported for blocks only."""
    from connector.setup import UnresolvedSecrets, load_setup

    path = setup_path(name)
    if path.suffix == ".toml" or len(path.parts) > 1 or path.is_file():
        return load_setup(path, None if with_secrets else UnresolvedSecrets())
    prepare_prefect()
    from flows.setups import resolve_setup

    with server_needed():
        return resolve_setup(name, with_secrets)


def all_blocks() -> list[str]:
    """Names of all setup blocks.

    Raises:
        InputError: there is none.
    """
    prepare_prefect()
    with server_needed():
        from flows.setups import setup_blocks

        names = setup_blocks()
    if not names:
        raise InputError(
            "There is no setup block.", hint="Name setup files, or make a block: customer-sync setup push NAME"
        )
    return names


def prepare_prefect() -> None:
    """Settings that must stand before Prefect is imported; what the user has set already stays."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    # its first start makes a database of its own: on a busy machine that takes longer than Prefect's 20 s
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
    # the terminal shows progress and results of its own; the logs are in the Prefect UI
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def end_with(stopped: list[str], errors: list[dict[str, str]]) -> None:
    """Exit 3 when a run was stopped, 1 when a write was refused or failed."""
    if stopped:
        raise typer.Exit(3)
    if errors:
        raise typer.Exit(1)
