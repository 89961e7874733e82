"""The flow in which a person decides conflicts: by a form that shows both values of each, or by parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from prefect import flow
from prefect.input import RunInput
from prefect.logging import get_run_logger
from pydantic import BaseModel, ConfigDict, Field, create_model

from connector.core.counting import counted
from connector.desk import inbox
from connector.desk.desk import Desk, at_desk
from connector.desk.restored import answer_restored
from connector.errors import InputError
from connector.report.literal import lines_as_they_are
from connector.run.run import started_by
from connector.run.setup_source import opened_view
from connector.setup import Setup
from flows.flow_run import actor_of_run, whole
from flows.naming import run_name
from flows.outcomes import HOOKS, Told, concluded
from flows.paging import answers_by_page
from flows.setup_choice import SetupChoice
from flows.setups import resolve_setup
from tasks.administration import publish_conflicts

__all__ = ["Answer", "ConflictDecision", "RestoredSide", "Take", "review_conflicts"]


class Take(StrEnum):
    """Which value is right."""

    WEBSTORE = "webstore"
    BUSINESS_CENTRAL = "business-central"
    VALUE = "another value"


class Answer(StrEnum):
    """What becomes of one conflict."""

    LEAVE = "leave it"
    WEBSTORE = "webstore"
    BUSINESS_CENTRAL = "business-central"
    VALUE = "another value"


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
) -> Told:
    """Decide fields that both sides changed differently. The next run applies the decisions, if nobody edits before.

    Args:
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        decisions: Decisions that are made already; nothing is asked about these.
        restored: A side that went back in time (a restored backup), decided for all of its customers at once.
        ask: Stop with a form for what is left; without it the conflicts are only shown.
    """

    def body() -> Any:
        made = resolve_setup(setup, with_secrets=False)
        with at_desk(made, actor=actor_of_run()) as desk:
            done = _decided(desk, [(d.number, d.field, d.take.value, d.value, None) for d in decisions])
            done += sum(answer_restored(desk, r.side.value, r.take.value) for r in restored)
        publish_conflicts(whole(made))
        if ask and started_by.get() is None:
            done += _by_form(made)
        with opened_view(made) as view:
            left = sum(not row["decided"] for row in inbox.list_conflicts(view))
        return Told(f"{done} decided, {left} left.", {"decided": done, "left": left})

    return concluded(setup, body)  # type: ignore[no-any-return]


_Choice = tuple[str, str, str, str, tuple[str, str] | None]


def _decided(desk: Desk, choices: Sequence[_Choice]) -> int:
    """Remember decisions; what cannot be decided any more is told, and does not stop the rest."""
    count = 0
    for number, field, take, value, seen in choices:
        chosen: dict[str, Any] = {"value": value} if take == Take.VALUE else {"take": take}
        try:
            inbox.decide(desk, number, field, seen=seen, **chosen)
            count += 1
        except InputError as gone:
            get_run_logger().warning("%s", gone)
    return count


def _by_form(setup: Setup) -> int:
    """One form after the other, until every conflict was shown once."""
    columns = ("bc_number", "webstore_id", "field", "base", "webstore", "business_central")

    def waiting() -> list[dict[str, Any]]:
        with opened_view(setup) as view:
            return [{name: row[name] for name in columns} for row in inbox.list_conflicts(view) if not row["decided"]]

    def form(rows: Sequence[Mapping[str, Any]]) -> type[RunInput]:
        return _form(setup, rows)

    count = 0
    for rows, answers in answers_by_page(setup, "conflicts", waiting, lambda r: (r["bc_number"], r["field"]), form):
        choices = [_choice(answers, i, row) for i, row in enumerate(rows)]
        with at_desk(setup, actor=actor_of_run()) as desk:  # anew: the form may have waited for days
            count += _decided(desk, [choice for choice in choices if choice is not None])
    return count


def _form(setup: Setup, rows: Sequence[Mapping[str, Any]]) -> type[RunInput]:
    """Two fields per conflict: which value, and another value."""
    fields: dict[str, Any] = {}
    for i, row in enumerate(rows):
        who = f"{row['bc_number']} / woo:{row['webstore_id']}, {row['field']}"
        values = [
            f"webstore: {row['webstore'] or '(blank)'}",
            f"Business Central: {row['business_central'] or '(blank)'}",
        ]
        values += [f"last agreed: {row['base'] or '(blank)'}"] if row["base"] is not None else []
        fields[f"take_{i}"] = (Answer, Field(default=Answer.LEAVE, title=who, description=lines_as_they_are(values)))
        fields[f"value_{i}"] = (str, Field(default="", title=f"{who}: another value"))
    model: type[RunInput] = create_model("ConflictAnswers", __base__=RunInput, **fields)
    more = f"{counted(len(rows), 'conflict')} of webstore {setup.webstore_code}. Decisions are applied by the next run."
    return model.with_initial_data(description=more)


def _choice(answers: Mapping[str, Any], i: int, row: Mapping[str, Any]) -> _Choice | None:
    take = Answer(answers[f"take_{i}"])
    if take is Answer.LEAVE:
        return None
    return row["bc_number"], row["field"], take.value, answers[f"value_{i}"], (row["webstore"], row["business_central"])
