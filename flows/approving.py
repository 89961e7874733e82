"""Waiting for a person: the run shows its plan, stops, and goes on with the answer.

What is approved is the hash of the plan that was shown. The run reads both systems again afterwards and carries out what the
new plan has in common with the approved one, so that however late the answer comes, nothing that somebody changed meanwhile
is overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey
from prefect.exceptions import FlowPauseTimeout, ObjectNotFound
from prefect.flow_runs import pause_flow_run, suspend_flow_run
from prefect.input import RunInput
from prefect.settings import PREFECT_UI_URL

from connector.core.characters import shown
from connector.errors import InputError
from connector.load.applying import PlanShown
from connector.load.closing import close_run
from connector.load.naming import unknown_left_out
from connector.load.reports import masked_rows
from connector.load.run import started_by
from connector.load.session import opened_store
from connector.setup import PersonalData, Setup, WhileWaiting
from flows.forms import Decision, PlanApproval
from flows.opening import this_run
from flows.overrides import customers_of
from tasks.report import artifact_key

__all__ = ["Verdict", "answered", "ask_for_approval", "question", "refuse_if_nobody_can_be_asked", "waits_elsewhere"]

_SHOWN = 20
_SHOWN_FIRST = ("delete", "update", "create", "link", "unlink", "orphan")
_POLL_SECONDS = 2


@dataclass(frozen=True)
class Verdict:
    """What a person said of a plan: whether to write it, without whom, and who said so ("" = not told)."""

    approved: bool
    leave_out: tuple[str, ...] = ()
    by: str = ""


def refuse_if_nobody_can_be_asked(plan_hash: str, reason: str, command: str = "sync") -> None:
    """End a run of the command line that has no terminal.

    Args:
        command: what takes `--plan`.

    Raises:
        InputError: with the hash that another command can approve.
    """
    starter = started_by.get()
    if starter is not None and starter.ask is None:
        raise InputError(
            f"The plan {plan_hash[:12]} needs an approval: {reason}. Nothing was written.",
            hint=f"Look at it, then write exactly it: customer-sync {command} --plan {plan_hash[:12]}",
        )


def ask_for_approval(setup: Setup, plan: PlanShown) -> Verdict:
    """Show a plan and wait for the answer.

    A run of a deployment is suspended (its process ends here, and a new one comes to this point again and gets the answer)
    or paused, as the setup says; the command line asks on its terminal.

    Raises:
        InputError: nobody answered in time.
    """
    starter, text = started_by.get(), question(setup, plan)
    if starter is not None and starter.ask is not None:
        return Verdict(starter.ask(text))
    remark = ""
    for attempt in range(100):
        form = PlanApproval.with_initial_data(description=remark + text)
        answer: Any = answered(setup, form, f"{plan.hash[:16]}-{attempt}")
        left_out = customers_of(answer.leave_out)
        if answer.decision is Decision.REJECT:
            return Verdict(False, by=answer.name)
        unknown = unknown_left_out(plan.approved, left_out)
        if not unknown:
            return Verdict(True, tuple(left_out), answer.name)
        # a mistyped number must not end in a write that somebody wanted to leave out
        problems = "".join(f"- {_cell(problem)}\n" for problem in unknown)
        remark = f"**Nothing was written; please correct the list of customers to leave out:**\n\n{problems}\n"
    raise InputError("The list of customers to leave out could not be understood; nothing was written.")


def answered(setup: Setup, form: type[RunInput], key: str) -> RunInput:
    """Stop with a form until somebody has filled it in.

    Raises:
        InputError: nobody did in time.
    """
    seconds = int(setup.approval.hours * 3600)
    if this_run().deployment_id is not None and setup.approval.while_waiting is WhileWaiting.SUSPEND:
        return suspend_flow_run(wait_for_input=form, timeout=seconds, key=key)
    try:
        return pause_flow_run(wait_for_input=form, timeout=seconds, poll_interval=_POLL_SECONDS, key=key)
    except FlowPauseTimeout:
        raise InputError(f"Nobody answered within {setup.approval.hours:g} hours; nothing was written.") from None


def question(setup: Setup, plan: PlanShown) -> str:
    """Markdown of a plan: why it waits, what it does, its first rows, and where the whole of it is."""
    counts = "\n".join(f"- {name}: **{count}**" for name, count in plan.counts.items())
    mails = plan.counts.get("push create", 0)
    warning = f"\n\n{mails} people will be sent the shop's new-account mail." * bool(mails)
    deletions = plan.counts.get("push delete", 0)
    warning += f"\n\n**{deletions} accounts will be deleted in the webstore.**" * bool(deletions)
    # what loses a value comes first
    rows = [row for action in _SHOWN_FIRST for row in plan.rows if row["action"] == action and _acts(row)]
    shown = rows[:_SHOWN]
    if setup.reports.personal_data is PersonalData.MASK:
        shown = masked_rows(shown)
    page = _page(artifact_key("plan", setup.webstore_code))
    more = f"The first {len(shown)} of {len(rows)} rows. " if len(rows) > len(shown) else ""
    return (
        f"### Plan `{plan.hash[:12]}` of webstore {setup.webstore_code}\n\nIt waits: {plan.reason}.\n\n"
        f"{counts}{warning}\n\n{_table(shown)}\n\n{more}[The whole plan]({page})"
    )


def _acts(row: dict[str, Any]) -> bool:
    """Whether a row is something that is done: an orphan may only be reported."""
    return row["action"] != "orphan" or not str(row["reason"]).endswith("; report")


def _page(key: str) -> str:
    """Where the newest artifact of a key is to be seen."""
    base = (PREFECT_UI_URL.value() or "").rstrip("/")
    with get_client(sync_client=True) as client:
        newest = client.read_latest_artifacts(
            artifact_filter=ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
        )
    return f"{base}/artifacts/artifact/{newest[0].latest_id}" if newest else f"{base}/artifacts/key/{key}"


def _table(rows: Sequence[dict[str, Any]]) -> str:
    """Three columns, each customer named once: the form of a pause is narrow."""
    lines = ["customer | field | before → after", "---|---|---"]
    named = ""
    for row in rows:
        pair = f" = woo:{row['webstore_id']}" if row["action"] == "link" else ""
        who = f"{row['direction']} {row['action']} {row['bc_number'] or 'woo:' + str(row['webstore_id'])}{pair}".strip()
        change = f"{row['before'] or ''} → {row['after'] or ''}" if row["field"] else ""
        change = str(row["reason"]) if row["action"] == "orphan" else change
        lines.append(" | ".join(_cell(cell) for cell in ("" if who == named else who, row["field"], change)))
        named = who
    return "\n".join(f"| {line} |" for line in lines)


# what Markdown would make a link, an image, markup or another column of; a customer may be called so
_MARKDOWN = re.compile(r"([\\`*\[\]<>|])")


def _cell(value: Any) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(shown(str(value)).split()))


def waits_elsewhere(setup: Setup, plan_hash: str) -> str:
    """The id of another run that waits for an answer to the same plan; "" if there is none.

    Runs that wait in the store but not in Prefect any more (cancelled, or nobody answered in time) are closed.
    """
    mine = str(this_run().id)
    with opened_store(setup) as (_, store), store.view(setup.webstore_code) as view:
        rows = [row for row in view.runs.waiting() if row["run_id"] != mine]
    for row in rows:
        if not _waits(row["run_id"]):
            close_run(setup, row["run_id"], "failed", "its plan was not approved in time")
        elif row["plan_hash"] == plan_hash:
            return str(row["run_id"])
    return ""


def _waits(run_id: str) -> bool:
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(UUID(run_id)).state
        except ObjectNotFound:
            return False
    return state is not None and (state.is_paused() or not state.is_final())
