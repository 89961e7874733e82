"""Carrying out runs for the command line, in this process or on a Prefect server: progress, questions, exit codes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from connector.actor import actor_here
from connector.errors import InputError, RemoteTrouble
from connector.run.setup_source import setup_in_file, setup_of
from flows import terminal
from flows.home import check_prefect_home
from flows.overrides import Overrides, left_out_given
from flows.place import on_prefect
from flows.setup_paths import full_name, is_file, setup_path

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from connector.planning.approvals import PlanShown
    from connector.run.request import Answer, RunReport, RunRequest
    from connector.run.summary import RunSummary
    from connector.runtime import Runtime
    from connector.setup import Setup

__all__ = [
    "all_blocks",
    "end_with",
    "known_setup",
    "prepare_prefect",
    "run_here",
    "run_readiness",
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
    prefect: bool | None = None,
) -> RunReport:
    """Run the synchronisation, with a progress bar.

    Args:
        customers: only these; none = all.
        approved_plan: hash of a plan made before; only what it holds is written. None = not given.
        leave_out: customers of that plan that are not to be written. None = not given.
        scheduled: count failures and skip holds as a scheduled run does.
        overrides: what this run does otherwise than the setup says.
        prefect: whether it is a flow run of a Prefect server; None = if one is configured.
    """

    from connector.run.names_given import checked_wish, names_given
    from connector.run.request import RunRequest

    changed = overrides or Overrides()
    names = tuple(names_given(customers, "No customer was selected; nothing was written.")) if customers else None
    left_out = left_out_given(leave_out)
    checked_wish(approved_plan, left_out)
    found = setup_of(setup)
    if not on_prefect(found, prefect):
        request = RunRequest(
            changed.applied(found), names, dry_run=dry_run, approved_plan=approved_plan, leave_out=left_out
        )
        return run_here(request, quiet=quiet, scheduled=scheduled)
    with _flow_started(setup, quiet=quiet, scheduled=scheduled) as path:
        from flows.synchronize_customers import synchronize_customers, synchronize_selected_customers

        more: dict[str, Any] = {"setup": path, "dry_run": dry_run, "approved_plan": approved_plan, "overrides": changed}
        more |= {"leave_out": list(left_out) or None, "return_state": True}
        state = synchronize_selected_customers(customers, **more) if customers else synchronize_customers(**more)
        report: RunReport = _report_of(state, quiet)
        return report


def run_undo(
    setup: Path,
    run_id: str,
    *,
    dry_run: bool,
    delete_accounts: bool,
    its_flags: bool = False,
    overrides: Overrides | None = None,
    quiet: bool,
    approved_plan: str | None = None,
    leave_out: Sequence[str] | None = None,
    prefect: bool | None = None,
) -> RunReport:
    """Undo a run, or show what that would do; further arguments as in `run_sync`."""

    from connector.run.names_given import checked_wish
    from connector.run.request import RunRequest

    left_out = left_out_given(leave_out)
    checked_wish(approved_plan, left_out)
    how: dict[str, Any] = {"dry_run": dry_run, "delete_accounts": delete_accounts, "its_flags": its_flags}
    how["approved_plan"] = approved_plan
    found, changed = setup_of(setup), overrides or Overrides()
    if not on_prefect(found, prefect):
        request = RunRequest(changed.applied(found), undone_run=run_id, leave_out=left_out, **how)
        return run_here(request, quiet=quiet)
    with _flow_started(setup, quiet=quiet) as path:
        from flows.undo_run import undo_run

        how |= {"overrides": changed, "leave_out": list(left_out) or None, "return_state": True}
        state = undo_run(run_id, setup=path, **how)
        report: RunReport = _report_of(state, quiet)
        return report


def run_readiness(setup: Path, *, quiet: bool, prefect: bool | None = None) -> dict[str, Any]:
    """The readiness report; see `connector.pipeline.assess_readiness`."""

    found = setup_of(setup)
    if not on_prefect(found, prefect):
        from connector.pipeline import assess_readiness

        with _runtime(quiet=quiet) as runtime:
            return assess_readiness(found, runtime)
    with _flow_started(setup, quiet=quiet) as path:
        from flows.readiness import readiness

        report: dict[str, Any] = _report_of(readiness(setup=path, return_state=True), quiet).data
        return report


def run_here(request: RunRequest, *, quiet: bool, scheduled: bool = False, actor: str = "") -> RunReport:
    """Carry out a run in this process, with a progress bar; when it did nothing the command ends here."""

    from connector.pipeline import carry_out
    from connector.run.request import Skipped

    with _runtime(quiet=quiet, scheduled=scheduled, actor=actor) as runtime:
        outcome = carry_out(request, runtime)
    if isinstance(outcome, Skipped):
        raise _nothing_done(outcome.reason, quiet)
    return outcome


@contextmanager
def _runtime(*, quiet: bool, scheduled: bool = False, actor: str = "") -> Iterator[Runtime]:
    """This process as the place of a run. Told to end (SIGTERM), it ends as it does with Ctrl-C: what is being written is
    finished and recorded first."""

    from connector.report.approval_question import question
    from connector.run.request import Answer
    from connector.runtime import Runtime

    def told_to_end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    with terminal.show_progress(quiet=quiet) as tell:

        def ask(setup: Setup, plan: PlanShown) -> Answer:
            with tell.hidden():
                return Answer(terminal.answer_to(question(setup, plan), "Write exactly this?"))

        asked = ask if sys.stdin.isatty() and not quiet else None
        runtime = Runtime(actor=actor, scheduled=scheduled, ask=asked, progress=tell)
        before = (
            signal.signal(signal.SIGTERM, told_to_end)
            if threading.current_thread() is threading.main_thread()
            else None
        )
        try:
            yield runtime
        finally:
            if before is not None:
                signal.signal(signal.SIGTERM, before)
            runtime.close()


def _report_of(state: State[Any], quiet: bool) -> Any:
    """What the flow gave back; its error is raised, and when it did nothing the command ends here."""
    from flows.outcomes import RunStopped

    result = state.result(raise_on_failure=False)
    if isinstance(result, RunStopped):
        return result.report
    if isinstance(result, BaseException):
        raise result
    if result is None:
        raise _nothing_done(state.message or "Nothing was done.", quiet)
    return result


def _nothing_done(reason: str, quiet: bool) -> typer.Exit:
    if quiet:
        terminal.print_json({"skipped": reason})
    else:
        terminal.say(reason)
    return typer.Exit(0)


@contextmanager
def _flow_started(setup: Path, *, quiet: bool, scheduled: bool = False) -> Iterator[str]:
    """Everything that stands around a flow that the command line runs."""
    prepare_prefect()
    from connector.run.run import Starter, progress_sink, started_by

    with terminal.show_progress(quiet=quiet) as tell, server_needed():

        def ask(question: str) -> bool:
            with tell.hidden():
                return terminal.answer_to(question, "Write exactly this?")

        asked = ask if sys.stdin.isatty() and not quiet else None
        progress_token = progress_sink.set(tell)
        starter_token = started_by.set(Starter(actor_here(), scheduled, asked))
        try:
            yield full_name(str(setup))
        finally:
            started_by.reset(starter_token)
            progress_sink.reset(progress_token)


@contextmanager
def server_needed() -> Iterator[None]:
    """A configured Prefect server that does not answer is told in words, not in a traceback."""
    try:
        yield
    except Exception as error:
        unreached = ("Failed to reach API", "ephemeral Prefect API server")
        if type(error).__name__ != "ConnectError" and not any(words in str(error) for words in unreached):
            raise
        address = os.environ.get("PREFECT_API_URL", "of this Prefect profile")
        raise RemoteTrouble(
            f"The Prefect server {address} does not answer.",
            hint="Start it (prefect server start), or say --here: then a run takes place in the command itself.",
        ) from error


def known_setup(name: str, with_secrets: bool) -> Any:
    """A setup by the name of its file or block; Prefect is imported for blocks only."""
    setup_path(name)
    if is_file(name):
        return setup_in_file(name, with_secrets)
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
    """Settings that must stand before Prefect is imported; what the user has set already stays.

    Raises:
        SetupError: there is no folder for Prefect to write to.
    """
    check_prefect_home()
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    # its first start makes a database of its own: on a busy machine that takes longer than Prefect's 20 s
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
    # the terminal shows progress and results of its own; the logs are in the Prefect UI
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def end_with(*summaries: RunSummary) -> None:
    """Exit 3 when a run was stopped, 1 when a write was refused or failed."""
    if any(summary.stopped for summary in summaries):
        raise typer.Exit(3)
    if any(summary.errors for summary in summaries):
        raise typer.Exit(1)
