"""Whole runs on paper: two extracts, a mapping table and bases in; the plan out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.customer import Direction
from tests.unit.core.customers import (
    ASK,
    account,
    bases,
    business_central,
    customer,
    mapping,
    planned,
    terms,
    values,
    webstore,
)

ANN = account(1, "Ann Lee", "ann@x.example", city="Oslo")
ANN_BC = customer("a", "Ann Lee", "ann@x.example", city="Oslo")


def agreed(accounts: dict[str, object], customers: dict[str, object]) -> object:
    """The base of a pair that agrees on what these two records say."""
    return bases(("a", 1, values(webstore([accounts], terms())), values(business_central([customers], terms()))))


def test_a_mapped_pair_that_has_not_changed_is_left_alone() -> None:
    plan = planned([ANN], [ANN_BC], mapping(("a", 1, True)), agreed(ANN, ANN_BC))
    assert plan.pairs == 1
    assert plan == replace(plan, writes=(), agreements=(), standing=(), links=(), quarantined=(), ambiguous=())


def test_a_change_in_business_central_is_pushed_and_says_why() -> None:
    plan = planned(
        [ANN], [customer("a", "Ann Lee", "ann@x.example", city="Bergen")], mapping(("a", 1, True)), agreed(ANN, ANN_BC)
    )
    (write,) = plan.writes
    assert write.direction is Direction.PUSH
    assert write.payload == {"billing": {"city": "Bergen"}}
    (change,) = write.changes
    assert (change.before, change.after, change.base) == ("Oslo", "Bergen", "Oslo")
    assert change.reason == "only Business Central changed"


def test_a_change_in_the_webstore_is_pulled_with_the_tag_that_was_read() -> None:
    plan = planned(
        [account(1, "Ann Lee", "ann@x.example", city="Bergen")], [ANN_BC], mapping(("a", 1, True)), agreed(ANN, ANN_BC)
    )
    (write,) = plan.writes
    assert write.direction is Direction.PULL
    assert write.etag == 'W/"a"'
    assert write.payload["city"] == "Bergen"


def test_both_directions_on_one_customer_are_two_writes() -> None:
    plan = planned(
        [account(1, "Ann Lee", "ann@x.example", city="Oslo", phone="1")],
        [customer("a", "Ann Lee", "ann@x.example", city="Bergen")],
        mapping(("a", 1, True)),
        agreed(ANN, ANN_BC),
    )
    assert {(w.direction, w.changes[0].field) for w in plan.writes} == {
        (Direction.PUSH, "city"),
        (Direction.PULL, "phone"),
    }


def test_an_unticked_customer_is_not_pushed_but_listed() -> None:
    moved = customer("a", "Ann Lee", "ann@x.example", city="Bergen")
    plan = planned([ANN], [moved], mapping(("a", 1, False)), agreed(ANN, ANN_BC))
    assert not plan.writes
    (standing,) = plan.withheld(Direction.PUSH)
    assert "not ticked" in standing.reason


def test_a_flag_at_none_withholds_and_names_itself() -> None:
    moved = customer("a", "Ann Lee", "ann@x.example", city="Bergen")
    plan = planned([ANN], [moved], mapping(("a", 1, True)), agreed(ANN, ANN_BC), terms(push="None"))
    assert not plan.writes
    assert "Push Webstore Customers = None" in plan.withheld(Direction.PUSH)[0].reason


def test_customers_with_one_email_are_linked_and_compared_in_the_same_run() -> None:
    plan = planned([ANN], [customer("a", "Ann Lee", "ANN@x.example", city="")])
    assert [(m.bc_id, m.webstore_id) for m in plan.links] == [("a", 1)]
    assert plan.writes[0].direction is Direction.PULL
    assert not [w for w in plan.writes if w.operation == "create"]


def test_an_unknown_webstore_customer_is_created_only_when_pull_is_all() -> None:
    assert [w.operation for w in planned([ANN], []).writes] == ["create"]
    assert not planned([ANN], [], rules=terms(pull="Mapped Only")).writes
    assert not planned([ANN], [], rules=terms(pull="None")).writes


def test_a_ticked_customer_without_an_account_is_created_and_an_unticked_one_is_not() -> None:
    (write,) = planned([], [ANN_BC], mapping(("a", None, True))).writes
    assert (write.direction, write.operation) == (Direction.PUSH, "create")
    assert not planned([], [ANN_BC]).writes


def test_a_ticked_customer_waits_while_push_is_none() -> None:
    plan = planned([], [ANN_BC], mapping(("a", None, True)), rules=terms(push="None"))
    assert not plan.writes
    assert len(plan.withheld(Direction.PUSH)) == 1


def test_a_ticked_customer_whose_email_has_an_account_is_linked_not_created() -> None:
    plan = planned([ANN], [ANN_BC], mapping(("a", None, True)), rules=terms(pull="None"))
    assert len(plan.links) == 1
    assert not plan.writes


def test_two_customers_to_be_created_with_one_email_wait_for_a_person() -> None:
    plan = planned([], [ANN_BC, customer("b", "Ann B", "Ann@x.example")], mapping(("a", None, True), ("b", None, True)))
    assert not plan.writes
    assert plan.ambiguous[0].bc_ids == ("a", "b")


def test_a_customer_without_a_name_is_quarantined_and_stops_nobody() -> None:
    plan = planned([account(1, "", "x@x.example"), account(2, "Bea Holm", "bea@x.example")], [])
    assert [w.webstore_id for w in plan.writes] == [2]
    assert plan.quarantined[0].reason == "the customer has neither a company nor a name"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("city", "x" * 31, "31 characters, but Business Central keeps 30"),
        ("phone", "+47 22 ext 5", "the phone number holds letters"),
    ],
)
def test_a_value_that_business_central_cannot_keep_is_left_out_and_the_rest_goes(
    field: str, value: str, reason: str
) -> None:
    moved = account(1, "Ann Lee", "ann@x.example", **{"postcode": "N1", "city": "Bergen", field: value})
    created = planned([moved], [])
    updated = planned([moved], [ANN_BC], mapping(("a", 1, True)), agreed(ANN, ANN_BC))
    for plan in (created, updated):
        (write,) = plan.writes
        assert [(q.field, q.reason) for q in plan.quarantined] == [(field, reason)]
        assert "postcode" in {c.field for c in write.changes}
        assert field not in {c.field for c in write.changes} | write.source.keys()  # nobody has agreed on it
    assert [change.after for write in updated.left_out for change in write.changes] == [value]
    # the place that a postal code stands for is not what the customer wrote
    assert created.writes[0].payload["city"] == ("" if field == "city" else "Bergen")


def test_nobody_is_created_without_the_country_that_tax_and_address_hang_on() -> None:
    plan = planned([account(1, "Ann Lee", "ann@x.example", country="XX")], [])
    assert not plan.writes
    reason = "the company has no Country/Region 'XX'; nobody is created without it"
    assert [(q.field, q.reason) for q in plan.quarantined] == [("country", reason)]


def test_an_address_waits_with_its_country_and_the_rest_goes() -> None:
    moved = account(1, "Ann Lee", "ann@x.example", country="XX", city="Bergen", phone="+47 22 12 34 56")
    plan = planned([moved], [ANN_BC], mapping(("a", 1, True)), agreed(ANN, ANN_BC))
    assert [c.field for write in plan.writes for c in write.changes] == ["phone"]
    assert {q.field: q.reason for q in plan.quarantined}["city"] == "waits with the country"
    assert {q.field for q in plan.quarantined} == {c.field for write in plan.left_out for c in write.changes}


@pytest.mark.parametrize(
    "email", ["", "a&b@x.example", "jürgen@müller.example", "not an address", "x" * 95 + "@x.example"]
)
def test_an_email_that_the_webstore_would_lose_is_never_sent(email: str) -> None:
    plan = planned([], [customer("a", "Ann Lee", email)], mapping(("a", None, True)))
    assert not plan.writes
    assert plan.quarantined[0].field == "email"


def test_a_malformed_record_is_quarantined_and_its_pair_is_no_orphan() -> None:
    broken = {**ANN, "first_name": ["Ann"]}
    plan = planned([broken], [ANN_BC], mapping(("a", 1, True)), agreed(ANN, ANN_BC))
    assert plan.quarantined[0].reason == "not a text: first_name"
    assert not plan.writes
    assert not plan.orphans


def test_only_a_confirmed_absence_makes_an_orphan() -> None:
    rows = mapping(("a", 1, True))
    assert not planned([], [ANN_BC], rows).orphans
    assert planned([], [ANN_BC], rows, gone_webstore=frozenset({1})).orphans[0].gone == "webstore"
    assert planned([ANN], [], rows, gone_business_central=frozenset({"a"})).orphans[0].gone == "business_central"


def test_an_orphans_counterpart_is_not_created_again() -> None:
    rows = mapping(("a", 1, True))
    assert not planned([ANN], [], rows, gone_business_central=frozenset({"a"})).writes
    assert not planned([], [ANN_BC], rows, gone_webstore=frozenset({1})).writes


def test_a_held_customer_is_left_out_and_listed() -> None:
    moved = customer("a", "Ann Lee", "ann@x.example", city="Bergen")
    holds = {("bc:a", "push"): None}
    plan = planned([ANN], [moved], mapping(("a", 1, True)), agreed(ANN, ANN_BC), terms(holds=holds))
    assert not plan.writes
    assert len(plan.held) == 1


def test_the_most_specific_template_gives_the_defaults_of_a_created_customer() -> None:
    templates = {("", ""): {"creditLimit": 1}, ("US", ""): {"creditLimit": 2}, ("US", "CA"): {"creditLimit": 3}}

    def limit(**billing: str) -> object:
        plan = planned([account(1, "Ann Lee", "a@x.example", **billing)], [], rules=terms(templates=templates))
        return plan.writes[0].payload["creditLimit"]

    assert (limit(country="NO"), limit(country="US", state="TX"), limit(country="US", state="CA")) == (1, 2, 3)


def test_a_selected_run_touches_nobody_else() -> None:
    bea, bea_bc = account(2, "Bea Holm", "bea@x.example"), customer("b", "Bea Berg", "bea@x.example")
    rows = mapping(("a", 1, True), ("b", 2, True))
    plan = planned([ANN, bea], [customer("a", "Ann Lie", "ann@x.example"), bea_bc], rows, selected=frozenset({"a"}))
    assert {s.bc_id for s in plan.standing} | {w.bc_id for w in plan.writes} == {"a"}


def test_a_changed_number_is_followed_not_taken_for_somebody_new() -> None:
    renamed = {**ANN_BC, "number": "NEW-1"}
    plan = planned([ANN], [renamed], mapping(("a", 1, True)), agreed(ANN, ANN_BC))
    assert plan.renumbered == (("a", "NEW-1"),)
    assert not plan.writes


def test_the_plan_does_not_depend_on_the_order_of_the_extracts() -> None:
    accounts = [account(key, f"Ann {key}", f"a{key}@x.example") for key in range(1, 9)]
    customers = [customer(chr(96 + key), f"Ann {key}", f"A{key}@x.example", city="Oslo") for key in range(1, 5)]
    plan = planned(accounts, customers)
    turned = planned(accounts[::-1], customers[::-1])
    assert plan.hash == turned.hash
    assert plan == turned


def test_the_hash_depends_on_what_would_be_written() -> None:
    assert planned([ANN], []).hash != planned([account(1, "Ann Lee", "ann@x.example", city="Bergen")], []).hash


def test_the_table_names_every_field_before_and_after() -> None:
    plan = planned(
        [ANN], [customer("a", "Ann Lie", "ann@x.example")], rules=terms(policy=replace(ASK, first_link="webstore"))
    )
    table = plan.table()
    rows = {(r.action, r.field): (r.before, r.after) for r in table.itertuples()}
    assert rows["update", "name"] == ("Ann Lie", "Ann Lee")
    assert ("link", "") in rows


@pytest.mark.parametrize("country", ["DE", ""])
def test_a_state_is_read_in_the_webstores_country_where_the_company_keeps_none(country: str) -> None:
    there = account(1, "Ann Lee", "ann@x.example", country="DE", state="DE-BY")
    here = customer("a", "Ann Lee", "ann@x.example", country=country, state="Bayern")
    plan = planned([there], [here], mapping(("a", 1, True)))
    assert [change.field for write in plan.writes for change in write.changes] == ["country"] * (not country)
    assert plan.standing == ()
    moved = planned([there], [{**here, "state": "Thueringen"}], mapping(("a", 1, True)), agreed(there, here))
    assert [write.payload for write in moved.writes if write.direction is Direction.PUSH] == [
        {"billing": {"state": "DE-TH"}}
    ]


def test_the_same_values_are_written_to_each_customer_as_he_is() -> None:
    """What one customer gets must not become what another one gets, where the request depends on more than the values."""
    shops, cards = [], []
    for key, kept, city in ((1, "vat_number", "Oslo"), (2, "billing_vat_number", "Bergen")):
        told = {"city": city, "postcode": "1000"}
        shops.append(account(key, f"Ann Lee{key}", f"ann{key}@x.example", **told))
        shops[-1]["meta_data"] = [{"key": kept, "value": "NO911111111MVA"}]
        properties = {"city": city, "postalCode": "1000", "taxRegistrationNumber": "NO911111111MVA"}
        cards.append(customer("ab"[key - 1], f"Ann Lee{key}", f"ann{key}@x.example", **properties))
    base = bases(
        *(
            (card["id"], shop["id"], values(webstore([shop], terms())), values(business_central([card], terms())))
            for shop, card in zip(shops, cards, strict=True)
        )
    )
    linked = mapping(("a", 1, True), ("b", 2, True))
    taxed = [card | {"taxRegistrationNumber": "NO922222222MVA"} for card in cards]
    bodies = [write.payload["meta_data"] for write in planned(shops, taxed, linked, base).writes]
    assert [item["key"] for (item,) in bodies] == ["vat_number", "billing_vat_number"]
    moved = [{**shop, "billing": shop["billing"] | {"postcode": "2000"}} for shop in shops]
    assert [write.payload.get("city") for write in planned(moved, cards, linked, base).writes] == ["Oslo", "Bergen"]
