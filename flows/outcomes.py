"""How a flow run ends: its final state says in one sentence what happened, and events tell automations."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.logging.loggers import flow_run_logger
from prefect.states import Cancelled, Completed, Failed

from connector.core.counting import counted
from connector.core.sentences import sentences
from connector.errors import CustomerSyncError, SetupError, StoreError
from connector.run.close_run import close_run
from connector.run.request import Skipped
from connector.run.summary import RunSummary
from connector.setup import Setup
from connector.store import LeaseHeld
from flows.events import tell_completed, tell_stopped
from flows.flow_run import flow_name, this_run, trigger_of_run
from flows.naming import setup_label
from flows.other_store import earlier_store
from flows.run_tags import kind_of, opened_setup, signed_by
from flows.setup_choice import SetupChoice, is_reference
from flows.setups import resolve_setup
from tasks.overview import publish_overview
from tasks.pressing import pressed

__all__ = [
    "EXPLAINED",
    "HOOKS",
    "REFUSED",
    "RunStopped",
    "Told",
    "close_after",
    "concluded",
    "explain_setup",
    "in_words",
    "show_what_waits",
    "skipped",
    "told",
]

# the name of the state of a run whose writes were not all taken
REFUSED = "Not All Written"
# of customers that were dropped: a state's message is one sentence, the rest stands in the summary
_NAMED = 5
# kinds of runs after which nothing else waits than before
_SHOW_NOTHING_NEW = frozenset(
    {"connection", "readiness", "purge", "look-up", "export-customer-mapping", "plan-what-if"}
)
# how Prefect's message begins when a run's parameters are not what its flow takes
_NOT_BEGUN = "Validation of flow parameters failed"
_NAMES: Mapping[str, Callable[[int], str]] = {
    "conflicts": lambda count: counted(count, "conflict"),
    "ambiguous": lambda count: f"{count:,} ambiguous",
    "orphans": lambda count: counted(count, "orphan"),
    "quarantined": lambda count: f"{count:,} quarantined",
}
_log = logging.getLogger("connector.load")


class RunStopped(CustomerSyncError):
    """A run ended before all was written. `report` is what the flow would have given back."""

    exit_code = 3

    def __init__(self, message: str, report: Any) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True)
class Told:
    """How a flow without a synchronisation's summary ends: a sentence for people, and what its caller gets.

    `problem` makes it a failed run: the error that its caller is told.
    """

    message: str
    data: Any = None
    problem: CustomerSyncError | None = None


def concluded(setup: SetupChoice, body: Callable[[], Any], more: Callable[[RunSummary], str] | None = None) -> Any:
    """Carry out a flow's body, say how it ended, and show what waits for people now; see `_concluded`.

    Args:
        more: what else is to be said of a synchronisation that came to its end; "" = nothing.
    """
    ended = _concluded(setup, body, more)
    show_what_waits()
    return ended


def show_what_waits() -> None:
    """Make the overview of this run's webstore anew, if there is something new in it."""
    setup = opened_setup()
    if setup is None or kind_of(flow_name()) in _SHOW_NOTHING_NEW:
        return
    try:
        publish_overview(setup)
    except StoreError as error:  # whatever the run did is done
        get_run_logger().warning("What waits could not be shown: %s", error)


def _concluded(setup: SetupChoice, body: Callable[[], Any], more: Callable[[RunSummary], str] | None) -> Any:
    """Carry out a flow's body, and say how it ended.

    Our own errors become a Failed state with their words, no traceback; a busy webstore becomes Cancelled in a deployment;
    a report (something with a `summary`) becomes Completed, or Failed when it stopped early. Everything else is a bug and
    goes its way.
    """
    other_store = _other_store(setup)
    try:
        if other_store and trigger_of_run() == "scheduled":
            raise StoreError(other_store, hint="If it is meant, run it once by hand.")
        report = body()
    except LeaseHeld as busy:
        if this_run().deployment_id is None:
            return _failed(setup, busy)
        return Cancelled(message=told(busy.message, "This run was cancelled; nothing was done."))
    except CustomerSyncError as error:
        return _failed(setup, error)
    if isinstance(report, Skipped):
        return skipped(report)
    ended = report if isinstance(report, State) else _ended(report, more)
    ended.message = " ".join(filter(None, [ended.message, other_store]))
    return ended


def _other_store(setup: SetupChoice) -> str:
    """See `flows.other_store`; it is said before anything is done, and once more at the end."""
    try:
        said = earlier_store(resolve_setup(setup, with_secrets=False))
    except CustomerSyncError:  # the body says so
        return ""
    if said:
        get_run_logger().warning("%s", said)
    return said


def _ended(report: Any, more: Callable[[RunSummary], str] | None) -> State[Any]:
    """The final state of a run that came to its end."""
    if isinstance(report, Told):
        if report.problem is not None:
            return Failed(message=told(report.message), data=report.problem)
        return Completed(message=told(report.message), data=report)
    summary: RunSummary = report.summary
    if summary.stopped:
        reason = sentences(*summary.stopped)
        tell_stopped(summary.webstore_code, pressed(reason))
        return Failed(message=told(f"Stopped: {reason}", in_words(summary)), data=RunStopped(reason, report))
    tell_completed(summary)
    # plain green would say that all is well; the command ends with another exit code, too
    name = REFUSED if summary.not_written else None
    return Completed(name=name, message=told(in_words(summary), more(summary) if more else ""), data=report)


def _failed(setup: SetupChoice, error: CustomerSyncError) -> State[Any]:
    get_run_logger().error("%s", error)
    try:
        code = resolve_setup(setup, with_secrets=False).webstore_code
    except CustomerSyncError:
        code = setup_label(setup)
    tell_stopped(code, pressed(str(error)), error)
    return Failed(message=told(str(error)), data=error)


def skipped(what: Skipped) -> State[Any]:
    """The run did nothing, and that is right."""
    get_run_logger().info("%s", what.reason)
    return Completed(message=told(what.reason), name=what.name)


def told(*parts: str) -> str:
    """The message of a final state: whole sentences, what to press instead of commands, and who acted, if a name was given."""
    text, who = pressed(sentences(*parts)), signed_by()
    return sentences(text, f"By {who}") if who and f"by {who}" not in text else text


def in_words(summary: RunSummary) -> str:
    """One sentence of a run."""
    push, pull, undo = summary.push, summary.pull, summary.undo
    parts = [
        f"pushed {push.created} new and {push.updated} changed",
        f"pulled {pull.created} new and {pull.updated} changed",
        f"linked {summary.linked}",
    ]
    parts += [_NAMES[name](count) for name, count in summary.counters.items() if count and name in _NAMES]
    parts += [f"unlinked {undo.unlinked}"] if undo and undo.unlinked else []
    parts += [f"deleted {undo.deleted}"] if undo and undo.deleted else []
    parts += [f"{summary.not_written} not written"] if summary.errors else []
    parts += [f"{push.held + pull.held} on hold"] if push.held + pull.held else []
    words = sentences(("Would have: " if summary.dry_run else "") + ", ".join(parts), _approved_by(summary))
    dropped = summary.dropped_lines
    if not dropped:
        return words
    more = f"; and {len(dropped) - _NAMED} more" if len(dropped) > _NAMED else ""
    return sentences(words, f"Dropped {len(dropped)}: {'; '.join(dropped[:_NAMED])}{more}")


def _approved_by(summary: RunSummary) -> str:
    approved = summary.approval
    return f"Approved by {approved.approved_by}" if approved is not None and approved.approved_by else ""


def close_after(flow: Any, flow_run: Any, state: Any) -> None:
    """Hook: write into the store how a run ended that could not say so itself, and free its webstore.

    The names of the parameters are Prefect's: a worker calls hooks by keyword.
    """
    status = (
        "crashed" if state.is_crashed() else "cancelled" if state.is_cancelled() or state.is_cancelling() else "failed"
    )
    try:
        setup: Setup = resolve_setup(_chosen(flow_run), with_secrets=False)
    except (CustomerSyncError, ObjectNotFound):  # without a setup nothing was opened
        return
    try:
        close_run(setup, str(flow_run.id), status, state.message or "")
    except StoreError as error:  # the run has failed because of it, and said so
        _log.warning("how the run ended could not be written: %s", error)


def explain_setup(flow: Any, flow_run: Any, state: Any) -> None:
    """Hook: say what is wrong with the block that was chosen as setup. Prefect puts it in before the flow begins, and when
    that fails says of it only that it does; further as in `close_after`."""
    if not is_reference(_chosen(flow_run)) or not (state.message or "").startswith(_NOT_BEGUN):
        return
    try:
        resolve_setup(_chosen(flow_run), with_secrets=False)
    except SetupError as error:
        flow_run_logger(flow_run, flow).error("%s", error)
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(flow_run.id, Failed(message=str(error)), force=True)


def _chosen(flow_run: Any) -> Any:
    """What a run has as its setup."""
    return (flow_run.parameters or {}).get("setup", "setup.toml")


EXPLAINED: dict[str, Any] = {"on_failure": [explain_setup]}
HOOKS: dict[str, Any] = {name: [close_after] for name in ("on_failure", "on_crashed", "on_cancellation")}
HOOKS["on_failure"] = [explain_setup, close_after]
