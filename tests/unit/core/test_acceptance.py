"""What a side cannot keep is refused with the reason, never cut and never mangled."""

from __future__ import annotations

from typing import Any

import pytest

from connector.core.acceptance import payload_refusals, refusal
from connector.core.customer import Direction, FieldRule, FieldRules, Side
from connector.rules import load_rules
from tests.unit.core.customers import account, customer, mapping, planned

RULES = load_rules()
W, C = Side.WEBSTORE, Side.BUSINESS_CENTRAL


def why(target: Side, field: str, value: str, *, creating: bool = False) -> str:
    return refusal(target, RULES.fields.by_name[field], value, RULES.geography, creating=creating)


@pytest.mark.parametrize(
    "email",
    ["", "ann", "a@b.c", "a&b@x.example", "jürgen@x.example", "ann@müller.example", "a b@x.example", "ann@x..example",
     "ann@-x.example", "ann@x.example-", "a" * 90 + "@xx.example"],
)  # fmt: skip
def test_an_email_that_the_webstore_would_refuse_or_destroy_is_refused(email: str) -> None:
    assert why(W, "email", email)


@pytest.mark.parametrize(
    "email", ["ann@x.example", "o'brien+x=1@x.example", "x..y@x.example", "a" * 89 + "@xx.example"]
)
def test_an_email_that_the_webstore_keeps_is_sent(email: str) -> None:
    assert why(W, "email", email) == ""


def test_backslashes_are_refused_by_the_webstore_but_not_in_metadata() -> None:
    assert why(W, "city", "a\\b") == why(W, "name", "a\\b") == "the webstore drops backslashes"
    assert why(W, "vat_number", "a\\b") == why(C, "city", "a\\b") == ""


@pytest.mark.parametrize("phone", ["22 00 00 00 ext. 5", "п123", "١٢٣ب"])
def test_a_phone_number_with_letters_is_refused_by_business_central(phone: str) -> None:
    assert why(C, "phone", phone) == "the phone number holds letters"
    assert why(W, "phone", phone) == ""


def test_length_is_counted_as_business_central_counts() -> None:
    assert why(C, "city", "x" * 30) == why(C, "city", "😀" * 15) == ""
    assert why(C, "city", "x" * 31) == "31 characters, but Business Central keeps 30"
    assert why(C, "city", "😀" * 16) == "32 characters, but Business Central keeps 30"


def test_a_new_customer_needs_a_name_and_a_new_account_an_email() -> None:
    assert why(C, "name", "", creating=True) == "the customer has neither a company nor a name"
    assert why(W, "email", "", creating=True) == "a webstore account needs an e-mail"


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("0", "Lee"), "first_name: the webstore takes 0 for no name"),
        (("Ann", "<b>Lee"), "last_name: the webstore strips what begins with <"),
        (("100%25", ""), "first_name: the webstore strips % with two hexadecimal digits"),
        (("Ann", "Lee &amp; Co"), "last_name: the webstore turns HTML entities into characters"),
        (("R&D 100%", "Zoë 😀"), ""),
    ],
)
def test_an_account_name_that_the_webstore_would_change_is_refused(names: tuple[str, str], reason: str) -> None:
    body = {"first_name": names[0], "last_name": names[1], "billing": {"company": "<0>"}}
    assert payload_refusals(W, RULES.fields, body).get("name", "") == reason


def test_an_email_field_that_has_grown_too_long_or_holds_junk_is_refused() -> None:
    long = ";".join(["ann@x.example"] * 6)
    assert "83 characters" in payload_refusals(C, RULES.fields, {"email": long})["email"]
    assert "another address" in payload_refusals(C, RULES.fields, {"email": "ann@x.example;junk"})["email"]
    assert payload_refusals(C, RULES.fields, {"email": "ann@x.example; bea@x.example"}) == {}


@pytest.mark.parametrize(
    ("normalizer", "value", "reason"),
    [
        ("integer", "12a", "not a whole number"),
        ("decimal", "1.000,5", "not a decimal number"),
        ("decimal", "1234567890123456.5", "not a decimal number"),
        ("boolean", "maybe", "not yes or no"),
        ("date", "2026-02-30", "not a date"),
        ("date-time", "soon", "not a date and time"),
        ("option", "Sometimes", "none of Ship, All"),
    ],
)
@pytest.mark.parametrize("target", list(Side))
def test_a_value_of_another_kind_is_refused_without_being_shown(
    target: Side, normalizer: str, value: str, reason: str
) -> None:
    options: dict[str, Any] = {"options": ("Ship", "All")} if normalizer == "option" else {}
    rule = FieldRule("x", "meta:x", "website", frozenset(Direction), "", "", "", 255, normalizer, **options)
    said = refusal(target, rule, value, RULES.geography, creating=False)
    assert reason in said
    assert value not in said


def test_a_customer_whose_payload_is_refused_is_quarantined_by_the_plan() -> None:

    plan = planned(
        [account(1, "Ann Lee", "a@x.example")], [customer("a", "0 Lee", "a@x.example")], mapping(("a", 1, True))
    )
    assert not plan.writes
    plan = planned([], [customer("a", "0 Lee", "a@x.example")], mapping(("a", None, True)))
    assert [(q.bc_id, q.field) for q in plan.quarantined] == [("a", "name")]


def test_rules_without_a_name_field_refuse_nothing_by_it() -> None:
    assert payload_refusals(W, FieldRules(()), {"first_name": "0"}) == {}
