"""Stopping with a form: a run that waits says so in its log, its state and an artifact, with what to press and until when.

Prefect's `suspend_flow_run` and `pause_flow_run` give their states no message. This is what they do (prefect/flow_runs.py of
3.8), with words, and with an end in words.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import Pause
from prefect.input import RunInput, keyset_from_paused_state
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_UI_URL
from prefect.states import Paused, Suspended

from connector.errors import InputError
from connector.setup import Setup, WhileWaiting
from flows.flow_run import this_run
from tasks.report import artifact_key

__all__ = ["AT_ONCE_HOURS", "Question", "Unanswered", "answered"]

# whoever has answered one form is there: the next one is waited for by the same process, but not for ever
AT_ONCE_HOURS = 1.0
_PRESS = "press Resume on this run's page (in Prefect's new interface: ⋯, “Open menu”, at its top right, then Resume)"
_SOON, _POLL_SECONDS, _POLL_LATER_SECONDS = 600.0, 2.0, 10.0
# the server would end a paused run with words of its own; this process ends it first
_GRACE_SECONDS = 120


class Unanswered(InputError):
    """Nobody filled in a form in time, or the run was ended before."""


@dataclass(frozen=True)
class Question:
    """What a run waits for.

    Attributes:
        key: names the question within its run: an answer to it is found again by another process.
        what: in words, without anything that customers have typed.
        otherwise: what happens when nobody answers, in words.
        at_once: somebody has just answered the form before this one: the process stays, for an hour at most.
    """

    key: str
    what: str
    otherwise: str
    at_once: bool = False


def answered(setup: Setup, form: type[RunInput], question: Question) -> Any:
    """Stop with a form until somebody has filled it in.

    A deployment's run is suspended: its process ends here, and another one comes to this point again and gets the answer.
    Where the setup says so, at the command line, and for a form that follows another one, it is paused: the process stays.
    It holds no webstore, no store and no connection meanwhile, in either case.

    Raises:
        Unanswered: nobody did in time, or the run was ended. (A run that is suspended is failed by the server then.)
    """
    hours = min(setup.approval.hours, AT_ONCE_HOURS) if question.at_once else setup.approval.hours
    stays = question.at_once or this_run().deployment_id is None
    stays = stays or setup.approval.while_waiting is not WhileWaiting.SUSPEND
    until = datetime.now(UTC) + timedelta(hours=hours)
    message = f"Waits: {question.what}. To answer, {_PRESS}. If nobody has by {until:%Y-%m-%d %H:%M} UTC, {question.otherwise}."
    seconds = int(hours * 3600)
    how: dict[str, Any] = {"pause_key": question.key, "message": message}
    state: State[Any] = (
        Paused(timeout_seconds=seconds + _GRACE_SECONDS, **how) if stays else Suspended(timeout_seconds=seconds, **how)
    )
    keyset: Any = keyset_from_paused_state(state)
    state.state_details.run_input_keyset = keyset
    with get_client(sync_client=True) as client:
        waits = _stop(client, state)
        if waits is not None:
            form.save(keyset)
            get_run_logger().info("%s", message)
            _publish(setup, f"**This run waits:** {question.what}.", message)
            if not stays:
                raise Pause(state=waits)
            if not _resumed(client, this_run().id, seconds):
                raise Unanswered(f"Nobody answered within {hours:g} hours: {question.what}. So {question.otherwise}.")
    get_run_logger().info("Answered: %s.", question.what)
    _publish(setup, f"**Answered:** {question.what}.", f"The run went on at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.")
    return form.load(keyset)


def _stop(client: SyncPrefectClient, state: State[Any]) -> State[Any] | None:
    """Bring this run to a stop; None when it has stopped with this question before, and was answered."""
    run_id = this_run().id
    result = client.set_flow_run_state(run_id, state)
    if result.status is SetStateStatus.ACCEPT:
        return result.state or state
    now = client.read_flow_run(run_id).state
    if now is not None and now.is_running():
        return None
    why = getattr(result.details, "reason", None) or "no reason was given"
    raise InputError(f"This run cannot wait for an answer: {why}")


def _resumed(client: SyncPrefectClient, run_id: UUID, seconds: float) -> bool:
    """Wait until somebody has answered; False when nobody did in time.

    Raises:
        Unanswered: the run was cancelled, or ended by the server, while it waited.
    """
    began = time.monotonic()
    while True:
        waited = time.monotonic() - began
        state = client.read_flow_run(run_id).state
        if state is not None and state.is_running():
            return True
        if state is not None and state.is_final():
            raise Unanswered(f"The run was ended while it waited for an answer: {state.name}.")
        if waited >= seconds:  # looked once more, since an answer may come in the last moment
            return False
        time.sleep(_POLL_SECONDS if waited < _SOON else _POLL_LATER_SECONDS)


def _publish(setup: Setup, head: str, text: str) -> None:
    page = f"{(PREFECT_UI_URL.value() or '').rstrip('/')}/runs/flow-run/{this_run().id}"
    key = artifact_key("question", setup.webstore_code)
    create_markdown_artifact(key=key, markdown=f"{head}\n\n{text}\n\n[The page of this run]({page})")
