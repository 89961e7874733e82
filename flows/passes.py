"""A run in one pass, or in two with a person's answer between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from connector.core.approval import Approved
from connector.core.plan import Plan
from connector.load.applying import known_plan, plan_shown, waiting_plan
from connector.load.closing import close_run
from connector.load.naming import checked_wish, keys_left_out
from connector.load.run import Run
from connector.setup import Setup
from flows.approving import ask_for_approval, waits_elsewhere
from flows.events import tell_waiting
from flows.opening import this_run, trigger_of_run
from flows.outcomes import skipped
from flows.overrides import customers_given
from flows.showing import show_html

__all__ = ["Report", "Wish", "approved_plan_of", "in_passes", "wish_of"]


@dataclass(frozen=True)
class Wish:
    """What a run is asked for: the plan that may be written (None = the new one), without whom, and who said so."""

    dry_run: bool
    approved_plan: str | None = None
    leave_out: tuple[str, ...] = ()
    approved_by: str = ""
    answered: bool = False

    def left_out_by(self, actor: str) -> str:
        """Who left customers out: who filled in the form ("" = no name was given), or who started the run with a hash."""
        return self.approved_by if self.answered else actor


def wish_of(dry_run: bool, approved_plan: str | None, leave_out: str | Iterable[str] | None) -> Wish:
    """What the parameters of a flow ask for. None is not given; a text without anything in it is refused: it comes from a
    script whose step before failed, and must not end in a run that writes everything. Prefect's run form sends no such text: a
    field that nobody touched comes as null, one that was left empty or cleared does not come at all.

    Raises:
        InputError: the hash is empty or none, a name is blank, or somebody is to be left out and there is no plan.
    """
    nothing = "Nothing was written: customers to leave out need names."
    names = [] if leave_out is None else customers_given(leave_out, nothing, may_be_nobody=True)
    checked_wish(approved_plan, names)
    return Wish(dry_run, approved_plan, tuple(names))


def approved_plan_of(run: Run, wish: Wish) -> Approved | None:
    """The plan that was approved, and nobody unknown is to be left out of it; None = the new plan is to be carried out.

    Raises:
        InputError: no such plan is kept, or somebody is to be left out who is not in it.
    """
    if wish.approved_plan is None:
        return None
    approved = known_plan(run, wish.approved_plan)
    keys_left_out(approved, wish.leave_out)
    return approved


class Report(Protocol):
    """What a pass gives back; `waiting` says why nothing was written yet, "" = the run is done."""

    summary: dict[str, Any]
    plan: Plan
    waiting: str


def in_passes(setup: Setup, wish: Wish, one_pass: Callable[[Wish], Report]) -> Any:
    """Plan and carry out; when a person must approve, plan, ask, and carry out what was approved.

    Between the passes the run holds neither the webstore nor a connection. Its process may end there: the run that is resumed
    finds in the store, by its own id, which plan it had shown. (Prefect counts a resumed run as no second one.) The answer is
    to that plan; what somebody has changed since is dropped from it and named, and nobody is asked again about the rest.
    """
    shown = waiting_plan(setup, str(this_run().id))
    reason = "the run was resumed"
    while True:
        if shown:
            answer = ask_for_approval(setup, plan_shown(setup, shown, reason))
            if not answer.approved:
                return _rejected(setup, shown, answer.by)
            wish = Wish(wish.dry_run, shown, (*wish.leave_out, *answer.leave_out), answer.by, answered=True)
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
