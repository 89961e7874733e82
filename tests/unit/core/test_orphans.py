"""Customers that have gone or were erased on one side."""

from __future__ import annotations

from connector.core.customer import Direction
from tests.unit.core.customers import (
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

ANN = account(1, "Ann Lee", "ann@x.example", city="Oslo", phone="22 33")
ANN_BC = customer("a", "Ann Lee", "ann@x.example", city="Oslo", phoneNumber="22 33")
LINKED = mapping(("a", 1, True))


def agreed() -> object:
    return bases(("a", 1, values(webstore([ANN], terms())), values(business_central([ANN_BC], terms()))))


def test_an_account_that_has_gone_is_reported_and_nobody_is_created() -> None:
    plan = planned([], [ANN_BC], LINKED, agreed(), gone_webstore=frozenset({1}))
    assert [(o.gone, o.action) for o in plan.orphans] == [("webstore", "report")]
    assert not plan.writes


def test_an_account_that_a_list_did_not_show_is_no_orphan() -> None:
    plan = planned([], [ANN_BC], LINKED, agreed())
    assert not plan.orphans
    assert not plan.writes


def test_the_recreate_policy_creates_the_account_again() -> None:
    plan = planned([], [ANN_BC], LINKED, agreed(), gone_webstore=frozenset({1}), orphan_policy="recreate")
    assert [o.action for o in plan.orphans] == ["recreate"]
    assert [(w.direction, w.operation) for w in plan.writes] == [(Direction.PUSH, "create")]


def test_an_unticked_customer_is_not_recreated() -> None:
    rows = mapping(("a", 1, False))
    plan = planned([], [ANN_BC], rows, agreed(), gone_webstore=frozenset({1}), orphan_policy="recreate")
    assert [o.action for o in plan.orphans] == ["report"]
    assert not plan.writes


def test_an_erased_customer_is_never_recreated() -> None:
    plan = planned(
        [],
        [ANN_BC],
        LINKED,
        agreed(),
        gone_webstore=frozenset({1}),
        orphan_policy="recreate",
        tombstones=frozenset({"a", 1}),
    )
    assert [o.action for o in plan.orphans] == ["report"]
    assert not plan.writes


def test_the_unlink_policy_unlinks_on_either_side() -> None:
    plan = planned([], [ANN_BC], LINKED, agreed(), gone_webstore=frozenset({1}), orphan_policy="unlink")
    assert [(o.gone, o.action) for o in plan.orphans] == [("webstore", "unlink")]
    plan = planned([ANN], [], LINKED, agreed(), gone_business_central=frozenset({"a"}), orphan_policy="unlink")
    assert [(o.gone, o.action) for o in plan.orphans] == [("business_central", "unlink")]


def test_a_customer_merged_in_business_central_is_found_again_by_email() -> None:
    survivor = customer("b", "Anne Lee", "ann@x.example")
    plan = planned([ANN], [survivor], LINKED, agreed(), gone_business_central=frozenset({"a"}))
    assert [(o.proposal, o.evidence) for o in plan.orphans] == [("N-b", "same email")]
    assert not plan.writes


def test_two_candidates_for_a_merge_are_proposed_to_nobody() -> None:
    twins = [customer("b", "Ann Lee", "ann@x.example"), customer("c", "Ann Lee", "ann@x.example")]
    plan = planned([ANN], twins, LINKED, agreed(), gone_business_central=frozenset({"a"}))
    assert plan.orphans[0].proposal == ""


def test_an_account_whose_personal_data_were_wiped_is_left_alone_for_good() -> None:
    wiped = account(1, "", "ann@x.example")
    plan = planned([wiped], [ANN_BC], LINKED, agreed())
    assert [(o.gone, o.erased) for o in plan.orphans] == [("webstore", True)]
    assert not plan.writes
    assert not plan.standing


def test_one_cleared_field_is_not_an_erasure() -> None:
    cleared = account(1, "Ann Lee", "ann@x.example", city="Oslo")
    assert not planned([cleared], [ANN_BC], LINKED, agreed()).orphans


def test_an_id_that_stands_twice_in_the_mapping_stops_these_customers_only() -> None:
    rows = mapping(("a", 1, True), ("b", 1, True), ("c", 2, True))
    bea, bea_bc = account(2, "Bea Holm", "bea@x.example"), customer("c", "Bea Holm", "bea@x.example")
    plan = planned([ANN, bea], [ANN_BC, customer("b", "Bo", "bo@x.example"), bea_bc], rows)
    assert {q.bc_id for q in plan.quarantined} == {"a", "b"}
    assert plan.pairs == 1
    assert not plan.writes
