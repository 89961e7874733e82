"""The flow in which a person decides conflicts: by a form that shows both values of each, or by parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from prefect import flow
from prefect.logging import get_run_logger
from pydantic import BaseModel, ConfigDict, Field, create_model

from connector.desk import deciding, inbox
from connector.desk.desk import Desk, at_desk
from connector.desk.restored import answer_restored
from connector.errors import InputError
from connector.report.literal import lines_as_they_are
from connector.report.wrapping import FORM
from connector.rules import rules_of
from connector.run.run import started_by
from connector.run.setup_source import opened_view
from connector.setup import Setup
from flows.flow_run import actor_of_run, whole
from flows.forms import SignedForm
from flows.naming import run_name
from flows.outcomes import HOOKS, Told, concluded
from flows.paging import Shown, answers_by_page, once
from flows.run_tags import setup_of_run, who_acts
from flows.setup_choice import SetupChoice
from tasks.administration import publish_conflicts

__all__ = ["Answer", "ConflictDecision", "RestoredSide", "Take", "review_conflicts"]


class Take(StrEnum):
    """Which value is right."""

    WEBSTORE = "webstore"
    BUSINESS_CENTRAL = "business-central"
    VALUE = "another value"


class Answer(StrEnum):
    """What becomes of one conflict."""

    AS_ABOVE = "as above"
    LEAVE = "leave it"
    WEBSTORE = "webstore"
    BUSINESS_CENTRAL = "business-central"
    VALUE = "another value"
    BLANK = "blank: clear it"


class All(StrEnum):
    """What becomes of the conflicts of a form that are answered *as above*."""

    LEAVE = "leave them"
    WEBSTORE = "webstore"
    BUSINESS_CENTRAL = "business-central"


class ConflictDecision(BaseModel):
    """One conflict and its answer."""

    model_config = ConfigDict(extra="forbid", title="Decision of a conflict")

    number: str = Field(title="Customer", description="Business Central number.")
    field: str = Field(title="Field", description="As the conflicts' artifact shows it.")
    take: Take = Field(title="Which is right", description="The side whose value is right, or another value.")
    value: str = Field(default="", title="Another value", description="For both sides; blank clears the field.")


class Side(StrEnum):
    """One of the two systems."""

    WEBSTORE = "webstore"
    BUSINESS_CENTRAL = "business-central"


class RestoredSide(BaseModel):
    """A side that went back in time, and whose values are right for everybody who differs since."""

    model_config = ConfigDict(extra="forbid", title="A side that was restored")

    side: Side = Field(title="Went back", description="The side that was restored, or shows old copies.")
    take: Side = Field(title="Which is right", description="The side whose values are written into the other one.")


@flow(name="review-conflicts", flow_run_name=run_name("review the conflicts of {setup}"), **HOOKS)
def review_conflicts(
    setup: SetupChoice = "setup.toml",
    decisions: list[ConflictDecision] = [],  # noqa: B006 - the form shows it; it is not changed
    restored: list[RestoredSide] = [],  # noqa: B006 - see above
    ask: bool = True,
    your_name: str = "",
) -> Told:
    """Decide fields that both sides changed differently. The next run applies the decisions, if nobody edits before.

    Args:
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        decisions: Decisions that are made already; nothing is asked about these.
        restored: A side that went back in time (a restored backup), decided for all of its customers at once.
        ask: Stop with a form for what is left; without it the conflicts are only shown.
        your_name: Your name; it stands in the decisions, and where this run is shown. Left empty = whom Prefect knows.
    """

    def body() -> Any:
        made = setup_of_run(setup, with_secrets=False)

        def given() -> dict[str, int]:
            with at_desk(made, actor=actor_of_run()) as desk:
                done = _decided(desk, decisions)
                done += sum(answer_restored(desk, one.side.value, one.take.value) for one in restored)
            publish_conflicts(whole(made))
            return {"decided": done}

        done, told = once(_QUESTION, given)["decided"], ""
        if ask and started_by.get() is None:
            by_form, told = _by_form(made)
            done += by_form
            if by_form:
                publish_conflicts(whole(made))
        with opened_view(made) as view:
            left = sum(not row["decided"] for row in inbox.list_conflicts(view))
        return Told(f"{done} decided, {left} left.{told}", {"decided": done, "left": left})

    return concluded(setup, body)  # type: ignore[no-any-return]


_QUESTION = "conflicts"


def _decided(desk: Desk, decisions: Sequence[ConflictDecision]) -> int:
    """Remember decisions; what cannot be decided any more is told, and does not stop the rest."""
    count = 0
    for one in decisions:
        chosen: dict[str, Any] = {"value": one.value} if one.take is Take.VALUE else {"take": one.take.value}
        try:
            inbox.decide(desk, one.number, one.field, **chosen)
            count += 1
        except InputError as gone:
            get_run_logger().warning("%s", gone)
    return count


def _by_form(setup: Setup) -> tuple[int, str]:
    """One form after the other, until every conflict was shown once: how many were decided, and what must be said besides."""

    def waiting() -> list[dict[str, Any]]:
        with opened_view(setup) as view:
            return [{**asdict(one), "seen": one.seen} for one in deciding.waiting_fields(view) if not one.take]

    def identity(row: Mapping[str, Any]) -> object:
        return row["bc_id"], row["webstore_id"], row["field"]

    unclear: list[str] = []
    done = overtaken = 0
    for shown, answers in answers_by_page(setup, _QUESTION, ("conflict", "conflicts"), waiting, identity, _form):
        chosen = [_answer(answers, i, row, unclear) for i, row in enumerate(shown.rows)]
        meant = [one for one in chosen if one is not None]
        if meant:
            with at_desk(setup, actor=who_acts()) as desk:  # anew: the form may have waited for days
                told = deciding.decide_all(desk, meant, rules_of(setup))
            done, overtaken = done + len(told.done), overtaken + len(told.overtaken)
    words = f" Changed since they were shown, and left as they were: {overtaken}." if overtaken else ""
    words += f" Left as they were, because the answer contradicts itself: {'; '.join(unclear)}." if unclear else ""
    return done, words


def _form(shown: Shown) -> type[SignedForm]:
    """One choice for all of the form, and two fields per conflict: which value, and another value."""
    fields: dict[str, Any] = {
        "all": (All, Field(default=All.LEAVE, title="For each below that says “as above”", description=_ALL))
    }
    for i, row in enumerate(shown.rows):
        who = f"{row['bc_number']} / woo:{row['webstore_id']}, {row['field']}"
        values = [
            f"webstore: {row['webstore'] or '(blank)'}",
            f"Business Central: {row['business_central'] or '(blank)'}",
        ]
        values += [f"last agreed: {row['base'] or '(blank)'}"] if row["base"] is not None else []
        told = lines_as_they_are(values, width=FORM)
        fields[f"take_{i}"] = (Answer, Field(default=Answer.AS_ABOVE, title=who, description=told))
        fields[f"value_{i}"] = (str, Field(default="", title=f"{who}: another value", description=_VALUE))
    model: type[SignedForm] = create_model("ConflictAnswers", __base__=SignedForm, **fields)
    which = shown.words("conflict", "conflicts")
    return model.with_initial_data(description=f"{which[0].upper()}{which[1:]}. Decisions are applied by the next run.")


_ALL = (
    "The side whose value is right in all of them, by the values shown here; it means these and no others. Each one below can be "
    "answered otherwise, and that goes first."
)
_VALUE = "For both sides; only together with the choice “another value”."


def _answer(answers: Mapping[str, Any], i: int, row: Mapping[str, Any], unclear: list[str]) -> deciding.Answer | None:
    """What was said of one conflict; None = it is left. What contradicts itself is left, too, and told."""
    take, value = Answer(answers[f"take_{i}"]), str(answers[f"value_{i}"] or "")
    who = f"{row['bc_number']}, {row['field']}"
    if take is Answer.VALUE and not value.strip():
        unclear.append(f"{who}: “another value” without one")
        return None
    if value.strip() and take is not Answer.VALUE:
        unclear.append(f"{who}: a value, and “{take.value}”")
        return None
    said = All(answers["all"]).value if take is Answer.AS_ABOVE else take.value
    if said in {All.LEAVE.value, Answer.LEAVE.value}:
        return None
    typed = take in {Answer.VALUE, Answer.BLANK}
    key = (row["bc_id"], int(row["webstore_id"]), row["field"], row["seen"])
    return deciding.Answer(*key, "value" if typed else said, value if typed else "")
