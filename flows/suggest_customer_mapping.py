"""The flow of Suggest Customer Mapping: which unmapped customers may be the same, and what a person says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from prefect import flow
from prefect.logging import get_run_logger
from pydantic import Field, create_model

from connector.core.counting import counted
from connector.desk import suggesting
from connector.desk.both_sides import BothSides, read_both
from connector.desk.desk import at_desk
from connector.errors import InputError
from connector.report.literal import lines_as_they_are
from connector.report.wrapping import FORM
from connector.run.run import started_by
from connector.setup import Setup
from flows.flow_run import actor_of_run, whole
from flows.forms import SignedForm
from flows.naming import run_name
from flows.outcomes import HOOKS, Told, concluded
from flows.overrides import customers_of
from flows.paging import Shown, answers_by_page, once
from flows.run_tags import setup_of_run, who_acts
from flows.setup_choice import SetupChoice
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

    AS_ABOVE = "as above"
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
    your_name: str = "",
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
        your_name: Your name; it stands in the versions, and where this run is shown. Left empty = whom Prefect knows.
    """

    def body() -> Any:
        made, actor = setup_of_run(setup), actor_of_run()
        rungs = [one.value for one in evidence]
        rows: list[dict[str, Any]] | None = None

        def suggested() -> list[dict[str, Any]]:
            nonlocal rows
            if rows is None:  # both systems are read once in a process, and not before an answer that is there already
                rows = suggest_pairs(made.webstore_code, whole(made), rungs, likely, actor)
            return rows

        def given() -> dict[str, int]:
            nonlocal rows
            done = {"accepted": 0, "rejected": 0}
            accepted, rejected = customers_of(accept), customers_of(reject)
            if accepted or rejected:
                with at_desk(made, actor=actor) as desk:
                    answered = suggesting.answer(desk, accepted=accepted, rejected=rejected)
                done = {name: answered[name] for name in done}
            plain = suggesting.pairs_in(suggested())
            if accept_plain and plain:
                with at_desk(made, actor=actor) as desk:
                    done["accepted"] += suggesting.accept(desk, plain)["pairs"]
                rows = [row for row in suggested() if row["pair"] not in plain]
            return done | {"suggested": len(suggested())}

        done = once(_QUESTION, given)
        told = _by_form(made, suggested, done) if ask and started_by.get() is None else ""
        words = f"{done['suggested']} suggested, {done['accepted']} accepted, {done['rejected']} rejected.{told}"
        return Told(words, rows or [])

    return concluded(setup, body)  # type: ignore[no-any-return]


_QUESTION = "suggestions"
_COLUMNS = ("pair", "bc_id", "webstore_id", "business_central", "webstore", "standing", "because")


def _by_form(setup: Setup, suggested: Callable[[], list[dict[str, Any]]], done: dict[str, int]) -> str:
    """One form after the other; adds to what was done, and gives what must be said besides."""

    def waiting() -> list[dict[str, Any]]:
        return [{name: row[name] for name in _COLUMNS} for row in suggested()]

    left: list[str] = []
    nouns = ("pair", "pairs")
    for shown, answers in answers_by_page(setup, _QUESTION, nouns, waiting, lambda row: row["pair"], _form):
        accepted, rejected = _meant(shown.rows, answers)
        gone = _others_by_now(setup, [row for row in shown.rows if row["pair"] in accepted])
        left += gone
        done["accepted"] += _answered(setup, left, "accepted", [pair for pair in accepted if pair not in gone])
        done["rejected"] += _answered(setup, left, "rejected", rejected)
    return f" Left as they were, because they have changed since they were shown: {', '.join(left)}." if left else ""


def _meant(rows: Sequence[Mapping[str, Any]], answers: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The pairs of a form that are accepted and rejected: what is said of a pair goes before what is said of all."""
    said = {row["pair"]: Same(answers[f"pair_{i}"]) for i, row in enumerate(rows)}
    plain = set(suggesting.pairs_in(list(map(dict, rows)))) if answers.get("plain") else set()
    accepted = [pair for pair, same in said.items() if same is Same.ACCEPT or (same is Same.AS_ABOVE and pair in plain)]
    return accepted, [pair for pair, same in said.items() if same is Same.REJECT]


def _others_by_now(setup: Setup, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Pairs of which a customer is called otherwise than the form had said."""
    now = read_both(setup, {row["bc_id"] for row in rows}, {row["webstore_id"] for row in rows}) if rows else None
    return [] if now is None else [row["pair"] for row in rows if not _same_names(now, row)]


def _same_names(now: BothSides, row: Mapping[str, Any]) -> bool:
    card, account = now.business_central.get(row["bc_id"]), now.webstore.get(row["webstore_id"])
    if card is None or account is None:
        return True  # whoever is not there is told by name
    return (card.name, account.name) == (row["business_central"], row["webstore"])


def _answered(setup: Setup, left: list[str], what: str, pairs: list[str]) -> int:
    """Carry out one kind of answer; a pair that cannot be answered any more is told and does not stop the others."""
    if not pairs:
        return 0
    with at_desk(setup, actor=who_acts()) as desk:  # anew: the form may have waited for days
        try:
            if what == "accepted":
                return int(suggesting.answer(desk, accepted=pairs)[what])
            return int(suggesting.answer(desk, rejected=pairs)[what])
        except InputError as refused:
            get_run_logger().warning("%s", refused)
    if len(pairs) == 1:
        left += pairs
        return 0
    return sum(_answered(setup, left, what, [pair]) for pair in pairs)


def _form(shown: Shown) -> type[SignedForm]:
    """A switch for the plain ones, and one choice per pair."""
    fields: dict[str, Any] = {}
    plain = len(suggesting.pairs_in([dict(row) for row in shown.rows]))
    if plain:
        title = f"Link the {counted(plain, 'plain pair', 'plain pairs')} of this page"
        fields["plain"] = (bool, Field(default=False, title=title, description=_PLAIN))
    for i, row in enumerate(shown.rows):
        who = [f"Business Central: {row['business_central']}", f"webstore: {row['webstore']}"]
        told = lines_as_they_are([*who, f"{row['standing']}; {row['because']}"], width=FORM)
        fields[f"pair_{i}"] = (Same, Field(default=Same.AS_ABOVE, title=row["pair"], description=told))
    model: type[SignedForm] = create_model("SuggestionAnswers", __base__=SignedForm, **fields)
    which = shown.words("pair", "pairs")
    head = f"{which[0].upper()}{which[1:]} that may be the same customer. “As above” means: "
    return model.with_initial_data(
        description=head + ("linked, if it is plain and the switch is on" if plain else "left.")
    )


_PLAIN = (
    "One to one, and nothing speaks against it: those below that are plain or link by themselves, and say “as above”; no others. "
    "What is said of a single pair goes first."
)
