"""Runs that this process carries out for people: one at a time for each webstore, in a thread, whoever closes the browser."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connector.errors import CustomerSyncError, InputError, InternalError
from connector.pipeline import carry_out
from connector.planning.approvals import PlanShown
from connector.report.run_tables import Report
from connector.run.close_run import close_run
from connector.run.request import Answer, RunReport, RunRequest, Skipped
from connector.run.run import Run
from connector.runtime import Runtime
from connector.setup import Setup

__all__ = ["Going", "Runs"]

_log = logging.getLogger("console.runs")
_LAST_BATCH_SECONDS = 30.0


class _PlanWaits(BaseException):
    """The plan waits for a person: the thread ends, the run does not. Whoever answers takes it up again by its id."""


class _Cancelled(KeyboardInterrupt):
    """Somebody cancelled the run, or the console ends."""


@dataclass
class Going:
    """A run as pages show it.

    Attributes:
        title: what was asked for, in words.
        phases: what has been done: how much of it, of how much; the newest last.
        state: running, waiting (for an approval), done or failed.
        skipped: why it did nothing.
    """

    run_id: str
    title: str
    by: str
    request: RunRequest
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None
    phases: dict[str, tuple[int, int]] = field(default_factory=dict)
    state: str = "running"
    plan_hash: str = ""
    report: RunReport | None = None
    skipped: str = ""
    error: CustomerSyncError | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    run: Run | None = None

    @property
    def progress(self) -> list[tuple[str, int, int]]:
        """What has been done: phase, how much of it, of how much; the newest last."""
        return [(what, done, total) for what, (done, total) in list(self.phases.items())]

    def cancel(self) -> None:
        """End the run: what is being written is finished and recorded, nothing more is begun."""
        self.cancelled.set()
        if self.run is not None:
            self.run.ending.set()


class _ConsoleRuntime(Runtime):
    """This process, where a plan that needs an approval waits in the store and not in a thread."""

    where = "console"

    def __init__(self, going: Going, answer: Answer | None) -> None:
        super().__init__(run_id=going.run_id, actor=going.by, progress=self._heard)
        self._going = going
        self._answer = answer

    def _heard(self, what: str, done: int, total: int) -> None:
        if self._going.cancelled.is_set() and self._going.run is None:
            raise _Cancelled  # from then on the run's own `ending` ends it between two batches
        phases = self._going.phases
        phases.pop(what, None)
        phases[what] = (done, total)

    def plan_made(self, run: Run, report: Report) -> None:
        self._going.run = run
        if self._going.cancelled.is_set():
            raise _Cancelled

    def run_ended(self, run: Run, summary: object) -> None:
        if self._going.cancelled.is_set():
            raise _Cancelled

    @property
    def can_ask(self) -> bool:
        return True

    def ask(self, setup: Setup, plan: PlanShown) -> Answer:
        if self._answer is None:
            self._going.plan_hash = plan.hash
            raise _PlanWaits
        return self._answer


class Runs:
    """What is being carried out for one webstore, and the last run that was.

    Args:
        setup: gives the setup, with secrets.
        read_plan: is told the hash of a plan that somebody will look at, while the run still counts as at work.
    """

    def __init__(self, setup: Callable[[], Setup], read_plan: Callable[[str], None]) -> None:
        self._setup = setup
        self._read_plan = read_plan
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.going: Going | None = None

    @property
    def busy(self) -> bool:
        """Whether a run is being carried out in this process."""
        return self.going is not None and self.going.state == "running"

    def start(self, title: str, by: str, request: Callable[[Setup], RunRequest]) -> Going:
        """Begin a run.

        Raises:
            InputError: one is at work, or what was asked for cannot be done.
            SetupError: the setup cannot work.
        """
        return self._start(Going(str(uuid.uuid4()), title, by, request(self._setup())), None)

    def answer(self, run_id: str, answer: Answer, request: Callable[[Setup], RunRequest]) -> Going:
        """Take up a run whose plan waits, with what a person said of it; errors as of `start`."""
        title = "Write the approved plan" if answer.approved else "Reject the plan"
        return self._start(Going(run_id, title, answer.by, request(self._setup())), answer)

    def _start(self, going: Going, answer: Answer | None) -> Going:
        with self._lock:
            if self.busy and self.going is not None:
                raise InputError(
                    f"A run is at work: {self.going.title}, started by {self.going.by}.", hint="Wait for its end."
                )
            self.going = going
            self._thread = threading.Thread(target=self._carry_out, args=(going, answer), name=f"run {going.run_id}")
            self._thread.start()
        return going

    def _carry_out(self, going: Going, answer: Answer | None) -> None:
        runtime = _ConsoleRuntime(going, answer)
        state = "failed"
        try:
            outcome = carry_out(going.request, runtime)
            if isinstance(outcome, Skipped):
                going.skipped = outcome.reason
            else:
                going.report, going.plan_hash = outcome, outcome.plan.hash
            state = "done"
        except _PlanWaits:
            state = "waiting"
        except _Cancelled:
            close_run(going.request.setup, going.run_id, "cancelled")
            going.error = InputError("The run was cancelled. What it had written stays; nothing more was begun.")
        except CustomerSyncError as error:
            going.error = error
        except Exception as error:  # noqa: BLE001 - whoever waits for the run must hear of its end
            _log.exception("run %s failed", going.run_id)
            going.error = InternalError(f"The run failed ({type(error).__name__}). The console's log says where.")
        finally:
            runtime.close()
            self._read(going.plan_hash)
            going.run = None
            going.finished_at = datetime.now(UTC)
            going.state = state

    def _read(self, plan_hash: str) -> None:
        if not plan_hash:
            return
        try:
            self._read_plan(plan_hash)
        except Exception:  # noqa: BLE001 - the run has ended all the same; the page that shows the plan tells what is wrong
            _log.warning("the plan %s cannot be read yet", plan_hash[:12], exc_info=True)

    def close(self) -> None:
        """End what is at work, as `Going.cancel` does, and wait for it."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            if self.going is not None:
                self.going.cancel()
            thread.join(_LAST_BATCH_SECONDS)
