"""Waiting for a person: the run shows its plan, stops, and goes on with the answer.

What is approved is the hash of the plan that was shown. The run reads both systems again afterwards and carries out what the
new plan has in common with the approved one, so that however late the answer comes, nothing that somebody changed meanwhile
is overwritten.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_UI_URL

from connector.errors import InputError
from connector.planning.approvals import PlanShown
from connector.report.approval_question import question
from connector.report.literal import lines_as_they_are
from connector.report.wrapping import FORM
from connector.run.close_run import close_run
from connector.run.names_given import unknown_left_out
from connector.run.request import Answer
from connector.run.run import started_by
from connector.run.setup_source import opened_view
from connector.setup import Setup
from flows.flow_run import this_run
from flows.forms import Decision, PlanApproval
from flows.overrides import customers_of
from flows.run_tags import sign
from flows.waiting import Question, answered
from tasks.report import artifact_key

__all__ = ["ask_for_approval", "waits_elsewhere"]


def ask_for_approval(setup: Setup, plan: PlanShown) -> Answer:
    """Show a plan and wait for the answer.

    A run of a deployment stops with a form (flows/waiting.py); the command line asks on its terminal.

    Raises:
        Unanswered: nobody answered in time.
    """
    starter, page = started_by.get(), _page(artifact_key("plan", setup.webstore_code))
    if starter is not None and starter.ask is not None:
        return Answer(starter.ask(question(setup, plan, page)))
    text, remark = question(setup, plan, page, in_browser=True), ""
    counts = ", ".join(f"{name} {count}" for name, count in plan.counts.items()) or "nothing"
    what = f"the plan {plan.hash[:12]} of webstore {setup.webstore_code} ({counts}) to be approved or rejected"
    for attempt in range(100):
        form = PlanApproval.with_initial_data(description=remark + text)
        asked = Question(f"{plan.hash[:16]}-{attempt}", what, "the run fails and nothing is written")
        answer: Any = answered(setup, form, asked)
        who, left_out = sign(answer.name), customers_of(answer.leave_out)
        if answer.decision is Decision.REJECT:
            return Answer(False, by=who)
        unknown = unknown_left_out(plan.approved, left_out)
        if not unknown:
            return Answer(True, tuple(left_out), who)
        # a mistyped number must not end in a write that somebody wanted to leave out
        problems = lines_as_they_are(unknown, width=FORM)
        remark = f"**Nothing was written; please correct the list of customers to leave out:**\n\n{problems}\n\n"
    raise InputError("The list of customers to leave out could not be understood; nothing was written.")


def _page(key: str) -> str:
    """Where the newest artifact of a key is to be seen."""
    base = (PREFECT_UI_URL.value() or "").rstrip("/")
    with get_client(sync_client=True) as client:
        newest = client.read_latest_artifacts(
            artifact_filter=ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
        )
    return f"{base}/artifacts/artifact/{newest[0].latest_id}" if newest else f"{base}/artifacts/key/{key}"


def waits_elsewhere(setup: Setup, plan_hash: str) -> str:
    """The id of another run that waits for an answer to the same plan; "" if there is none.

    Runs that wait in the store but not in Prefect any more (cancelled, or nobody answered in time) are closed.
    """
    mine = str(this_run().id)
    with opened_view(setup) as view:
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
