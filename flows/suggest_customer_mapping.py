"""The flow of Suggest Customer Mapping: which unmapped customers may be the same, and what a person says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from prefect import flow
from prefect.input import RunInput
from pydantic import Field, create_model

from connector.core.counting import counted
from connector.desk import suggesting
from connector.desk.desk import at_desk
from connector.report.literal import lines_as_they_are
from connector.run.run import started_by
from connector.setup import Setup
from flows.flow_run import actor_of_run, whole
from flows.naming import run_name
from flows.outcomes import HOOKS, Told, concluded
from flows.overrides import customers_of
from flows.paging import answers_by_page
from flows.setup_choice import SetupChoice
from flows.setups import resolve_setup
from tasks.administration import suggest_pairs

__all__ = ["Evidence", "Same", "suggest_customer_mapping"]


class Evidence(StrEnum):
    """What two customers must have in common, and nobody else."""

    VAT = "vat"
    EMAIL = "email"
    PHONE_NAME = "phone_name"
    NAME_POSTCODE = "name_postcode"
    NAME = "name"


class Same(StrEnum):
    """What a person says of a suggested pair."""

    LEAVE = "leave it"
    ACCEPT = "the same: link them"
    REJECT = "not the same: never suggest again"


@flow(name="suggest-customer-mapping", flow_run_name=run_name("suggest the customer mapping of {setup}"), **HOOKS)
def suggest_customer_mapping(
    setup: SetupChoice = "setup.toml",
    evidence: list[Evidence] = [],  # noqa: B006 - the form shows it; it is not changed
    likely: bool = False,
    accept: str | list[str] = "",
    reject: str | list[str] = "",
    accept_plain: bool = False,
    ask: bool = False,
) -> Told:
    """Suggest which unmapped customers are the same, and link what a person accepts. Neither system is touched.

    Args:
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        evidence: Only this evidence suggests; none chosen = all of it, down to the identical name.
        likely: Suggest by record linkage instead (names with slips, changed e-mails); needs the extra `match`.
        accept: Pairs to link, such as C00010=17 (number and Webstore ID), pasted or as a list.
        reject: Pairs that are not the same, written likewise; they are never suggested again.
        accept_plain: Link every pair that is one to one with nothing against it.
        ask: Stop with a form for the pairs that are left.
    """

    def body() -> Any:
        made, actor = resolve_setup(setup), actor_of_run()
        done = {"accepted": 0, "rejected": 0}
        accepted, rejected = customers_of(accept), customers_of(reject)
        if accepted or rejected:
            with at_desk(made, actor=actor) as desk:
                answered = suggesting.answer(desk, accepted=accepted, rejected=rejected)
            done = {name: answered[name] for name in done}
        rungs = [one.value for one in evidence]
        rows = suggest_pairs(made.webstore_code, whole(made), rungs, likely, actor)
        plain = suggesting.pairs_in(rows)
        if accept_plain and plain:
            with at_desk(made, actor=actor) as desk:
                done["accepted"] += suggesting.accept(desk, plain)["pairs"]
            rows = [row for row in rows if row["pair"] not in plain]
        if ask and started_by.get() is None:
            for name, count in _by_form(made, rows).items():
                done[name] += count
        return Told(f"{len(rows)} suggested, {done['accepted']} accepted, {done['rejected']} rejected.", rows)

    return concluded(setup, body)  # type: ignore[no-any-return]


def _by_form(setup: Setup, suggested: list[dict[str, Any]]) -> dict[str, int]:
    columns = ("pair", "business_central", "webstore", "standing", "because")
    rows = [{name: row[name] for name in columns} for row in suggested]
    done = {"accepted": 0, "rejected": 0}
    for asked, answers in answers_by_page(setup, "suggestions", lambda: rows, lambda row: row["pair"], _form):
        said = {row["pair"]: Same(answers[f"pair_{i}"]) for i, row in enumerate(asked)}
        accepted = [pair for pair, same in said.items() if same is Same.ACCEPT]
        rejected = [pair for pair, same in said.items() if same is Same.REJECT]
        if accepted or rejected:
            with at_desk(setup, actor=actor_of_run()) as desk:
                answered = suggesting.answer(desk, accepted=accepted, rejected=rejected)
            done = {name: count + answered[name] for name, count in done.items()}
    return done


def _form(rows: Sequence[Mapping[str, Any]]) -> type[RunInput]:
    """One choice per pair."""
    fields: dict[str, Any] = {}
    for i, row in enumerate(rows):
        who = [f"Business Central: {row['business_central']}", f"webstore: {row['webstore']}"]
        told = lines_as_they_are([*who, f"{row['standing']}; {row['because']}"])
        fields[f"pair_{i}"] = (Same, Field(default=Same.LEAVE, title=row["pair"], description=told))
    model: type[RunInput] = create_model("SuggestionAnswers", __base__=RunInput, **fields)
    return model.with_initial_data(description=f"{counted(len(rows), 'pair')} that may be the same customer.")
