"""Which rung links, which only suggests, and whom a rejection sets free."""

from __future__ import annotations

import pytest

from connector.core.matching import Ladder, match
from tests.unit.core.people import business_central, pairs, person, webstore


def test_the_same_phone_and_name_only_suggest_but_nobody_is_created() -> None:
    found = match(
        webstore(person(1, "Ann Lee", phone="22 33 44 55", country="NO")),
        business_central(person("A", "ann lee", phone="0047 22334455", country="SE")),
    )
    assert not found.matches
    (ambiguity,) = found.ambiguities
    assert ambiguity.rung == "phone_name"
    assert ambiguity.reason == "this evidence only suggests"
    assert ambiguity.contradictions == {"country": "the countries differ"}
    assert ambiguity.evidence == {"phone_name": "+4722334455, ann lee"}
    assert found.waiting_webstore == {1}


def test_a_setup_may_let_the_phone_and_name_link() -> None:
    left = webstore(person(1, "Ann Lee", phone="22334455", country="NO"))
    right = business_central(person("A", "Ann Lee", phone="+47 22 33 44 55", country="NO"))
    found = match(left, right, ladder=Ladder(link=("phone_name",), suggest=()))
    assert [m.rung for m in found.matches] == ["phone_name"]


def test_a_rung_that_a_setup_leaves_out_holds_nobody() -> None:
    left = webstore(person(1, "Ann Lee", email="a@x"))
    right = business_central(person("A", "Ann Lee", email="a@x"))
    found = match(left, right, ladder=Ladder(link=(), suggest=("name",)))
    assert [a.rung for a in found.ambiguities] == ["name"]
    assert not match(left, right, ladder=Ladder(link=("vat",), suggest=())).ambiguities


def test_a_rung_that_links_and_suggests_links() -> None:
    ladder = Ladder(link=("email", "email"), suggest=("email", "name"))
    assert ladder.rungs == ("email", "name")
    found = match(webstore(person(1, email="a@x")), business_central(person("A", email="a@x")), ladder=ladder)
    assert pairs(found) == [(1, "A")]


def test_a_linking_rung_named_twice_lets_no_suggesting_rung_link() -> None:
    ladder = Ladder(link=("email", "email"), suggest=("name",))
    found = match(webstore(person(1)), business_central(person("A")), ladder=ladder)
    assert not found.matches
    assert found.ambiguities[0].reason == "this evidence only suggests"


def test_who_shares_phone_and_place_is_asked_about_by_the_phone() -> None:
    same = {"phone": "22334455", "postcode": "0150", "country": "NO"}
    (ambiguity,) = match(webstore(person(1, **same)), business_central(person("A", **same))).ambiguities
    assert ambiguity.rung == "phone_name"


def test_a_phone_number_is_read_by_the_country_of_its_own_customer() -> None:
    ladder = Ladder(link=(), suggest=("name",))
    for here, there in (("22 33 44 55", "+47 22334455"), ("+46 8 123 456 78", "08-123 456 78")):
        left, right = person(1, phone=here, country="NO"), person("A", phone=there, country="SE")
        (ambiguity,) = match(webstore(left), business_central(right), ladder=ladder).ambiguities
        assert set(ambiguity.contradictions) == {"country"}


def test_the_same_name_and_place_only_suggest_and_a_rejection_sets_the_customer_free() -> None:
    place = {"name": "Ann Lee", "postcode": "SW1A 1AA", "country": "GB"}
    left = webstore(person(1, **place, email="a@x"))
    right = business_central(person("A", **{**place, "postcode": "sw1a1aa"}, email="b@x"))
    (ambiguity,) = match(left, right).ambiguities
    assert ambiguity.rung == "name_postcode"
    assert ambiguity.contradictions == {"email": "the e-mails differ"}
    assert not match(left, right, rejected={("A", 1)}).ambiguities


def test_namesakes_at_one_postal_code_of_whom_nothing_else_agrees_are_two_people_and_wait_for_nobody() -> None:
    here = {"postcode": "0150", "country": "NO"}
    left = webstore(person(1, email="a@x", address_1="Storgata 5", **here))
    right = business_central(person("A", email="b@x", address_1="Storgata 7", **here))
    assert not match(left, right).ambiguities
    assert not match(left, right, ladder=Ladder(link=(), suggest=("name",))).ambiguities


@pytest.mark.parametrize("written", ["Storgata 5", "Storgata 5, back door", "5 Storgata"])
def test_who_kept_the_house_is_asked_about_however_the_street_is_written(written: str) -> None:
    here = {"postcode": "0150", "country": "NO"}
    left = webstore(person(1, email="a@x", vat="911111112", address_1="Storgata 5", **here))
    right = business_central(person("A", email="b@x", vat="922222223", address_1=written, **here))
    assert [ambiguity.rung for ambiguity in match(left, right).ambiguities] == ["name_postcode"]


def test_a_namesake_is_left_out_and_the_possible_counterpart_stays() -> None:
    here = {"postcode": "0150", "country": "NO"}
    found = match(
        webstore(person(1, email="a@x", address_1="Storgata 5", **here)),
        business_central(
            person("A", email="b@x", address_1="Storgata 7", **here),
            person("B", email="c@x", address_1="Storgata 5", **here),
        ),
    )
    (ambiguity,) = found.ambiguities
    assert (ambiguity.webstore_ids, ambiguity.bc_ids, ambiguity.unique) == ((1,), ("B",), True)


def test_who_kept_both_the_number_and_the_house_is_asked_about_though_mailbox_and_company_are_others() -> None:
    kept = {"phone": "22334455", "country": "NO", "address_1": "Storgata 5"}
    left = webstore(person(1, email="a@x", vat="911111112", **kept))
    right = business_central(person("A", email="b@x", vat="922222223", **kept))
    (ambiguity,) = match(left, right, ladder=Ladder(link=(), suggest=("name",))).ambiguities
    assert (ambiguity.webstore_ids, ambiguity.bc_ids, ambiguity.unique) == ((1,), ("A",), True)


def test_one_phone_and_name_are_asked_about_though_everything_else_differs() -> None:
    phone = {"phone": "22334455", "country": "NO"}
    left = webstore(person(1, email="a@x", address_1="Storgata 5", vat="911111112", **phone))
    right = business_central(person("A", email="b@x", address_1="Storgata 7", vat="922222223", **phone))
    assert [ambiguity.rung for ambiguity in match(left, right).ambiguities] == ["phone_name"]


def test_a_rejection_frees_only_the_customer_of_whom_it_was_said() -> None:
    place = {"name": "Ann Lee", "postcode": "0150", "country": "NO"}
    left = webstore(person(1, **place), person(2, **place))
    right = business_central(person("A", **place), person("B", **place, wanted=False))
    found = match(left, right, rejected={("A", 1), ("B", 1)})
    (ambiguity,) = found.ambiguities
    assert (ambiguity.webstore_ids, ambiguity.bc_ids) == ((2,), ("A", "B"))
    found = match(left, right, rejected={("A", 1), ("A", 2), ("B", 2)})
    (ambiguity,) = found.ambiguities
    assert (ambiguity.webstore_ids, ambiguity.bc_ids) == ((1,), ("B",))
    assert ambiguity.reason == "this evidence only suggests"


def test_a_customer_freed_on_one_rung_may_wait_on_the_next() -> None:
    place = {"name": "Ann Lee", "postcode": "0150", "country": "NO"}
    found = match(
        webstore(person(1, **place, phone="22334455")),
        business_central(person("A", **place, phone="22334455"), person("B", **place)),
        rejected={("A", 1)},
    )
    (ambiguity,) = found.ambiguities
    assert (ambiguity.rung, ambiguity.bc_ids) == ("name_postcode", ("B",))
