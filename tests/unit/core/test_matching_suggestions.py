"""Suggest Customer Mapping: pairs that a person accepts or rejects."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from connector.core.creating import one_per_person
from connector.core.customer import Direction
from connector.core.matching import Ladder, match
from connector.core.suggesting import Suggestion, suggest_by_rule
from tests.unit.core.people import business_central, person, webstore

PLACE = {"postcode": "0150", "country": "NO"}


def test_identical_names_one_to_one_are_suggested() -> None:
    found = suggest_by_rule(webstore(person(1, "Ann Lee")), business_central(person("A", "ANN LEE")))
    assert found.pairs == (Suggestion(1, "A", ("name",), {"name": "ann lee"}),)
    assert found.pairs[0].is_plain
    assert found.shared == ()


def test_nothing_is_suggested_when_several_share_a_name() -> None:
    found = suggest_by_rule(
        webstore(person(1, "Ann Lee"), person(2, "Ann Lee")), business_central(person("A", "Ann Lee"))
    )
    assert found.pairs == ()
    assert [(a.rung, a.webstore_ids, a.bc_ids) for a in found.shared] == [("name", (1, 2), ("A",))]


def test_a_name_that_a_linked_customer_has_too_is_not_suggested() -> None:
    found = suggest_by_rule(
        webstore(person(1, "Ann Lee")), business_central(person("A", "Ann Lee"), person("B", "Ann Lee", linked=True))
    )
    assert found.pairs == ()
    assert found.shared[0].bc_ids == ("A",)


def test_a_customer_whose_counterpart_is_linked_is_listed_as_shared() -> None:
    found = suggest_by_rule(webstore(person(1, "Ann Lee")), business_central(person("A", "Ann Lee", linked=True)))
    assert found.pairs == ()
    assert found.shared[0].reason == "the Business Central customer with it is mapped already"


def test_customers_for_whom_nobody_waits_are_suggested_too() -> None:
    found = suggest_by_rule(
        webstore(person(1, "Ann Lee", wanted=False)), business_central(person("A", "Ann Lee", wanted=False))
    )
    assert len(found.pairs) == 1


def test_all_rungs_on_which_a_pair_agrees_stand_in_one_suggestion() -> None:
    same = {"email": "ann@x", "phone": "22334455", **PLACE}
    (pair,) = suggest_by_rule(webstore(person(1, **same)), business_central(person("A", **same))).pairs
    assert pair.rungs == ("email", "phone_name", "name_postcode", "name")
    assert set(pair.evidence) == set(pair.rungs)
    assert pair.links_itself


def test_a_pair_that_links_by_itself_is_marked_and_nothing_speaks_against_it() -> None:
    left, right = webstore(person(1, email="a@x")), business_central(person("A", email="a@x"))
    assert suggest_by_rule(left, right).pairs[0].links_itself
    assert not suggest_by_rule(left, right, ladder=Ladder(link=(), suggest=())).pairs[0].links_itself
    slip = suggest_by_rule(webstore(person(1, "Ann Lie", email="a@x")), right).pairs[0]
    assert slip.links_itself
    assert slip.is_plain


def test_a_contradicted_pair_comes_last_and_says_what_speaks_against_it() -> None:
    found = suggest_by_rule(
        webstore(person(1, "Ann Lee", email="post@x"), person(2, "Bo Dahl")),
        business_central(person("A", "Peter Lee", email="post@x"), person("B", "Bo Dahl")),
    )
    assert [(pair.webstore_id, pair.bc_id, pair.is_plain) for pair in found.pairs] == [(2, "B", True), (1, "A", False)]
    assert "name" in found.pairs[1].contradictions


def test_a_customer_with_two_possible_counterparts_has_rivals() -> None:
    found = suggest_by_rule(
        webstore(person(1, "Ann Lee", email="ann@x", phone="22334455", country="NO")),
        business_central(
            person("A", "Ann Lee", email="ann@x", country="NO"),
            person("B", "Ann Lee", phone="22334455", country="NO"),
        ),
    )
    assert [(pair.bc_id, pair.rungs, pair.rivals) for pair in found.pairs] == [
        ("A", ("email",), 1),
        ("B", ("phone_name",), 1),
    ]
    assert not found.pairs[0].is_plain


def test_only_the_wanted_rungs_suggest_strongest_first() -> None:
    left = webstore(person(1, "Ann Lee", **PLACE), person(2, "Bo Dahl", email="bo@x"))
    right = business_central(person("A", "Ann Lee", **PLACE), person("B", "Bo Dahl", email="bo@x"))
    assert [pair.rungs for pair in suggest_by_rule(left, right, rungs=["name"]).pairs] == [("name",), ("name",)]
    found = suggest_by_rule(left, right, rungs=["name_postcode", "email"]).pairs
    assert [pair.rungs for pair in found] == [("email",), ("name_postcode",)]


def test_a_rejected_pair_is_never_suggested_again() -> None:
    left, right = webstore(person(1, "Ann Lee", email="a@x")), business_central(person("A", "Ann Lee", email="a@x"))
    assert suggest_by_rule(left, right, rejected={("A", 1)}).pairs == ()


def test_what_weaker_rungs_hold_against_a_pair_that_links_by_itself_does_not_count() -> None:
    same = {"email": "ann@x", "country": "NO"}
    found = suggest_by_rule(
        webstore(person(1, **same, phone="22334455")), business_central(person("A", **same, phone="22334456"))
    )
    assert found.pairs[0].links_itself
    assert found.pairs[0].contradictions == {}


def test_a_rejection_of_the_rival_lets_a_pair_link_by_itself() -> None:
    office = {"vat": "NO911111112", "country": "NO", "postcode": "0150", "address_1": "Storgata 5"}
    left = webstore(person(1, "Berg AS", email="ann@berg"), person(2, "Berg AS", **office))
    right = business_central(person("A", "Berg AS", email="ann@berg", **office))
    assert not any(pair.links_itself for pair in suggest_by_rule(left, right).pairs)
    assert [pair.links_itself for pair in suggest_by_rule(left, right, rejected={("A", 2)}).pairs] == [True]


def test_shared_evidence_hides_no_later_suggestion() -> None:
    found = suggest_by_rule(
        webstore(person(1, "Ann Lee"), person(2, "Ann Lee"), person(3, "Bo Dahl")),
        business_central(person("A", "Ann Lee"), person("B", "Bo Dahl")),
    )
    assert [(pair.webstore_id, pair.bc_id) for pair in found.pairs] == [(3, "B")]
    assert len(found.shared) == 1


def test_a_pair_of_namesakes_that_a_run_has_made_asks_nobody_whether_a_third_one_is_one_of_them() -> None:
    """The third was to be created with the first, and was refused; he is no other one in the next run."""
    brothers = [person(key, pair=key, **PLACE) for key in (1, 2)]
    cards = [person(f"C{key}", pair=key, **PLACE) for key in (1, 2)]
    third, card = person(3, **PLACE), person("C3", **PLACE)

    def asked(left: list[Any], right: list[Any], *made: str) -> list[tuple[Any, Any]]:
        found = match(webstore(*left), business_central(*right), made=lambda ids, _fields: ids & set(made))
        return [(one.webstore_ids, one.bc_ids) for one in found.ambiguities]

    assert asked([*brothers, third], cards, "C1", "C2") == []
    assert asked(brothers, [*cards, card], "C1", "C2") == []
    # the office has made one of them: who is it?
    assert asked([*brothers, third], cards, "C1") == [((3,), ())]
    # linked to somebody who is called otherwise by now
    assert asked([*brothers, third], [*cards, person("C4", linked=True, **PLACE)], "C1", "C2", "C4") == [((3,), ())]
    assert asked([*brothers, third], [*cards, card], "C1", "C2") == [((3,), ("C3",))]


def test_a_pair_with_the_same_vat_number_asks_as_before() -> None:
    left, right = (
        person(1, pair=1, vat="NO911111112", country="NO"),
        person("C1", pair=1, vat="NO911111112", country="NO"),
    )
    third = person(2, "Bo Dahl", vat="NO911111112", country="NO")
    assert match(webstore(left, third), business_central(right)).waiting_webstore == {2}


def test_several_to_be_created_with_one_number_wait_as_they_would_if_one_had_been_created_before() -> None:
    rows = [
        {"webstore_id": key, "name": name, "email": f"{key}@x", "vat_number": vat, "country": "NO"}
        for key, name, vat in (
            (1, "Ann", "NO911111112"),
            (2, "Bo", "911111112"),
            (3, "Cy", "NO922222224"),
            (4, "Di", ""),
        )
    ]
    rows += [{**rows[3], "webstore_id": 5, "email": "1@x"}]
    table = pa.Table.from_pylist([{**row, "phone": "", "postcode": "", "address_1": ""} for row in rows])
    alone, several = one_per_person(Direction.PULL, [0, 1, 2, 3], table, ("vat", "email"))
    assert alone == [2, 3]
    assert [(found.rung, found.webstore_ids) for found in several] == [("vat", (1, 2))]
    alone, several = one_per_person(Direction.PULL, [0, 2, 3, 4], table, ("vat",))
    assert alone == [2, 3]
    assert [(found.rung, found.webstore_ids) for found in several] == [("email", (1, 5))]
