"""Writes that are taken out of a plan: known refusals, and fields that go back and forth."""

from __future__ import annotations

from typing import Any

import pytest

from connector.core.customer import Direction
from connector.core.oscillation import OSCILLATES, Turn, oscillations
from connector.core.plan import Change, Plan, Write
from connector.core.quarantining import Objection, without
from connector.core.refusals import Refusal, is_another, known_refusals, speaks_of_the_customer
from tests.unit.core.customers import RULES

OLD, NEW = "+49 30 1", "+49 30 2"


def write(before: str = OLD, after: str = NEW, direction: Direction = Direction.PUSH, **more: Any) -> Write:
    values: dict[str, Any] = {
        "direction": direction, "operation": "update", "bc_id": "c1", "bc_number": "N1", "webstore_id": 1,
        "natural_key": "", "changes": (Change("phone", before, after, before, "push rule"),),
        "payload": {"billing": {"phone": after}}, "source": {},
    }  # fmt: skip
    return Write(**{**values, **more})


def turn(before: str, after: str, direction: str, rule: str = "a rule") -> Turn:
    return Turn(("c1", 1, "phone"), direction, before, after, rule)


def held(planned: Write, *turns: Turn) -> list[Objection]:
    return oscillations(Plan(writes=(planned,)), {("c1", 1, "phone"): turns}, RULES.fields)


def test_a_field_that_went_there_and_back_is_not_sent_there_again_and_both_rules_are_named() -> None:
    (objection,) = held(write(), turn(OLD, NEW, "push", "the push rule"), turn(NEW, OLD, "pull", "the pull rule"))
    assert (objection.key, objection.direction, objection.field) == ("bc:c1", Direction.PUSH, "phone")
    assert objection.reason.startswith(OSCILLATES)
    assert "“the push rule” (push) against “the pull rule” (pull)" in objection.reason


def test_somebody_who_takes_an_edit_back_is_not_held() -> None:
    assert held(write(NEW, OLD, Direction.PULL), turn(OLD, NEW, "push")) == []


def test_a_third_value_ends_the_ping_pong() -> None:
    turns = (turn(OLD, NEW, "push"), turn(NEW, OLD, "pull"))
    assert held(write(OLD, "+49 30 3"), *turns) == []
    assert held(write("+49 30 3", NEW), *turns) == []


def test_the_look_of_a_number_does_not_hide_the_ping_pong() -> None:
    assert held(write("+49 301", NEW), turn("+49-30-1", "+49302", "push"), turn("+49302", OLD, "pull"))


def test_a_value_that_the_other_system_puts_back_every_time_is_held_too() -> None:
    (objection,) = held(write(), turn(OLD, NEW, "push", "drift"), turn(OLD, NEW, "push", "drift"))
    assert "undone by something in the other system" in objection.reason
    assert held(write(), turn(OLD, NEW, "pull"), turn(OLD, NEW, "push")) == []


def test_creates_never_go_back_and_forth() -> None:
    create = write(operation="create")
    assert held(create, turn(OLD, NEW, "push"), turn(NEW, OLD, "pull")) == []


def refusal(**more: Any) -> Refusal:
    values: dict[str, Any] = {
        "operation": "update", "payload": {"billing": {"phone": NEW}}, "code": "Application_DialogException",
        "message": "Business Central refused it: not a phone.", "attempts": 5,
    }  # fmt: skip
    return Refusal(**{**values, **more})


def known(found: Refusal, direction: str = "push", attempts: int = 3) -> bool:
    return bool(known_refusals(Plan(writes=(write(),)), {("bc:c1", direction): found}, attempts, RULES.fields))


@pytest.mark.parametrize(("attempts", "left_out"), [(2, False), (3, True), (9, True)])
def test_scheduled_runs_try_a_refused_write_until_it_is_known(attempts: int, left_out: bool) -> None:
    assert known(refusal(attempts=attempts)) is left_out


def test_one_refusal_is_enough_for_a_run_that_does_not_count() -> None:
    assert known(refusal(attempts=0), attempts=0)


def test_a_customer_whose_values_have_changed_is_tried_again() -> None:
    assert not known(refusal(payload={"billing": {"phone": "other"}}))
    assert not known(refusal(operation="create"))
    assert not known(refusal(), direction="pull")


@pytest.mark.parametrize(
    "code", ["email-of-other-role", "existing_user_email", "Internal_InvalidTableRelation", "RemoteTrouble", "http-409"]
)
def test_a_refusal_that_may_end_without_an_edit_is_tried_again(code: str) -> None:
    assert not known(refusal(code=code))


@pytest.mark.parametrize(
    ("code", "said", "direction", "values"),
    [
        ("Application_DialogException", "The email address is not valid.", "pull", False),
        ("Application_DialogException", "Phone No. must not contain letters in Customer No.='C1'", "pull", True),
        ("Application_FieldValidationException", 'The "phoneNumber" is wrong', "pull", True),
        ("Internal_Whatever", "You cannot use +49 30 2 here", "pull", True),
        ("rest_invalid_param", "Ungültiger Parameter", "push", True),
        ("a_plugin", "Billing phone is a required field", "push", True),
        ("http-403", "The webstore answered with a page", "push", True),
        ("Application_DialogException", "You cannot assign numbers greater than C9 from the number series CUST", "pull", False),
        ("Application_FieldValidationException", "Customer Nos. must have a value in Sales Setup", "pull", False),
        ("Application_DialogException", 'The "paymentTermsId" does not match to a Payment Terms', "pull", False),
        ("Authorization_RequestDenied", "Sorry, the permission is missing", "pull", False),
        ("a_plugin", "Registration is closed", "push", False),
        ("BadRequest_InvalidOperation", "Control 'phoneNumber' is read-only", "pull", False),
    ],
)  # fmt: skip
def test_only_words_about_a_sent_value_are_about_the_customer(
    code: str, said: str, direction: str, values: bool
) -> None:
    planned = write(direction=Direction(direction))
    assert speaks_of_the_customer(code, f"Business Central refused it: {said}.", planned, RULES.fields) is values


def test_an_exhausted_number_series_is_never_known_of_a_customer() -> None:
    said = "Business Central refused it: You cannot assign new numbers from the number series CUST."
    assert not known(refusal(message=said), attempts=0)


def test_a_hold_is_one_of_the_very_write_that_was_refused() -> None:
    assert not is_another(write(), refusal())
    assert not is_another(write(), None)
    assert is_another(write(after="+49 30 3"), refusal())
    assert is_another(write(operation="create"), refusal())


def test_what_waits_with_a_quarantined_value_is_told_too() -> None:
    changes = tuple(Change(name, OLD, NEW, OLD, "push rule") for name in ("phone", "city", "state"))
    fields = [Objection("bc:c1", Direction.PUSH, name, "because") for name in ("phone", "city")]
    plan = without(Plan(writes=(write(changes=changes),)), fields)
    assert {q.field: q.reason for q in plan.quarantined} == {
        "phone": "because", "city": "because", "state": "waits with city, phone",
    }  # fmt: skip
    assert [one.key for one in plan.left_out] == ["bc:c1"]  # since when it differs is not forgotten
    whole = without(Plan(writes=(write(changes=changes),)), [Objection("bc:c1", Direction.PUSH, "", "because")])
    assert [q.field for q in whole.quarantined] == [""]


def test_a_quarantined_write_leaves_the_plan_with_its_reason_and_the_others_stay() -> None:
    pull = write(direction=Direction.PULL)
    plan = without(Plan(writes=(pull, write())), [Objection("bc:c1", Direction.PUSH, "phone", "because")])
    assert plan.writes == (pull,)
    (row,) = plan.quarantined
    assert (row.system, row.bc_id, row.bc_number, row.webstore_id, row.field, row.reason) == (
        "business_central", "c1", "N1", 1, "phone", "because",
    )  # fmt: skip
    assert plan.hash != Plan(writes=(pull, write())).hash
