"""A run in one pass, or in two with a person's answer between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from connector.core.plan import Plan
from connector.load.applying import plan_shown, waiting_plan
from connector.load.closing import close_run
from connector.setup import Setup
from flows.approving import ask_for_approval, waits_elsewhere
from flows.events import tell_waiting
from flows.opening import this_run, trigger_of_run
from flows.outcomes import skipped
from flows.showing import show_html

__all__ = ["Report", "Wish", "in_passes"]


@dataclass(frozen=True)
class Wish:
    """What a run is asked for: the plan that may be written ("" = the new one), without whom, and who said so."""

    dry_run: bool
    approved_plan: str = ""
    leave_out: tuple[str, ...] = ()
    approved_by: str = ""


class Report(Protocol):
    """What a pass gives back; `waiting` says why nothing was written yet, "" = the run is done."""

    summary: dict[str, Any]
    plan: Plan
    waiting: str


def in_passes(setup: Setup, wish: Wish, one_pass: Callable[[Wish], Report]) -> Any:
    """Plan and carry out; when a person must approve, plan, ask, and carry out what was approved.

    Between the passes the run holds neither the webstore nor a connection. Its process may end there: the run that is resumed
    finds in the store which plan it had shown.
    """
    shown = waiting_plan(setup, str(this_run().id)) if this_run().run_count > 1 else None
    reason = "the run was resumed"
    while True:
        if shown:
            answer = ask_for_approval(setup, plan_shown(setup, shown, reason))
            if not answer.approved:
                return _rejected(setup, shown, answer.by)
            wish = Wish(wish.dry_run, shown, answer.leave_out, answer.by)
        report = _reported(setup, one_pass, wish)
        if not report.waiting:
            return report
        shown, reason = report.plan.hash, report.waiting
        if trigger_of_run() == "scheduled" and (other := waits_elsewhere(setup, shown)):
            close_run(setup, str(this_run().id), "rejected")
            return skipped(f"The same plan {shown[:12]} already waits for approval in run {other}.")
        tell_waiting(setup.webstore_code, shown, reason)


def _reported(setup: Setup, one_pass: Callable[[Wish], Report], wish: Wish) -> Report:
    """One pass, and its HTML report however it ended."""
    try:
        report = one_pass(wish)
    except Exception:
        show_html(setup)
        raise
    show_html(setup)
    return report


def _rejected(setup: Setup, plan_hash: str, by: str) -> Any:
    """A person said no: nothing is written, until a later run asks again."""
    close_run(setup, str(this_run().id), "rejected")
    return skipped(
        f"The plan {plan_hash[:12]} was rejected{f' by {by}' if by else ''}; nothing was written.", "Rejected"
    )
