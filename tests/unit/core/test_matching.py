"""Who is the same customer, and who waits for a person."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from connector.core.evidence import evidence_of
from connector.core.matching import Match, candidates, match
from tests.unit.core.people import business_central, pairs, person, webstore

NOTHING = business_central()
OFFICE = {"vat": "NO911111112", "country": "NO", "postcode": "0150", "address_1": "Storgata 5"}


def test_one_customer_on_each_side_with_one_email_are_the_same() -> None:
    found = match(
        webstore(person(1, "Ann Lee", email="a@x"), person(2, "Bo Dahl", email="B@x")),
        business_central(person("A", "Bo Dahl", email="b@x")),
    )
    assert found.matches == (Match(2, "A", "email", {"email": "b@x"}),)
    assert not found.ambiguities


def test_a_blank_email_is_no_evidence() -> None:
    found = match(webstore(person(1)), business_central(person("A")))
    assert not found.matches
    assert not found.ambiguities


def test_two_business_central_customers_with_one_email_are_ambiguous() -> None:
    found = match(
        webstore(person(1, email="a@x")), business_central(person("B", email="a@x"), person("A", email="a@x"))
    )
    assert not found.matches
    (ambiguity,) = found.ambiguities
    assert (ambiguity.rung, ambiguity.webstore_ids, ambiguity.bc_ids) == ("email", (1,), ("A", "B"))
    assert ambiguity.reason == "2 Business Central customers share it"
    assert ambiguity.evidence == {"email": "a@x"}
    assert not ambiguity.unique
    assert found.waiting_webstore == {1}
    assert found.waiting_business_central == {"A", "B"}


def test_two_webstore_customers_with_one_email_are_ambiguous() -> None:
    found = match(webstore(person(2, email="a@x"), person(1, email="a@x")), business_central(person("A", email="a@x")))
    assert not found.matches
    assert found.ambiguities[0].webstore_ids == (1, 2)
    assert found.ambiguities[0].reason == "2 webstore customers share it"


def test_two_customers_on_each_side_are_no_pair_that_a_person_could_simply_affirm() -> None:
    same = {"email": "a@x", "phone": "22334455", "country": "NO"}
    found = match(
        webstore(person(1, **same), person(2, email="a@x")),
        business_central(person("A", **same), person("B", email="a@x")),
    )
    (ambiguity,) = found.ambiguities
    assert not ambiguity.unique
    assert ambiguity.evidence == {"email": "a@x"}
    assert ambiguity.reason == "2 Business Central customers share it"


def test_who_shares_the_email_of_a_linked_business_central_customer_is_ambiguous_and_not_created() -> None:
    found = match(webstore(person(1, email="a@x")), business_central(person("A", email="a@x", linked=True)))
    assert not found.matches
    assert found.ambiguities[0].reason == "the Business Central customer with it is mapped already"
    assert not found.ambiguities[0].unique
    assert found.waiting_webstore == {1}
    assert found.waiting_business_central == frozenset()


def test_who_shares_the_email_of_a_linked_webstore_customer_is_ambiguous_and_not_created() -> None:
    found = match(webstore(person(1, email="a@x", linked=True)), business_central(person("A", email="a@x")))
    assert not found.matches
    assert found.ambiguities[0].reason == "the webstore customer with it is mapped already"
    assert not found.ambiguities[0].unique
    assert found.waiting_webstore == frozenset()
    assert found.waiting_business_central == {"A"}


def test_a_pair_of_whom_only_one_waits_for_an_answer_is_matched() -> None:
    left, right = person(1, email="a@x"), person("A", email="a@x")
    assert pairs(match(webstore({**left, "wanted": False}), business_central(right))) == [(1, "A")]
    assert pairs(match(webstore(left), business_central({**right, "wanted": False}))) == [(1, "A")]


def test_a_customer_nobody_waits_for_makes_no_noise() -> None:
    found = match(
        webstore(person(1, email="a@x", linked=True), person(2, email="b@x", wanted=False)),
        business_central(
            person("A", email="a@x", linked=True),
            person("B", email="a@x", wanted=False),
            person("C", email="b@x", wanted=False),
        ),
    )
    assert not found.matches
    assert not found.ambiguities


def test_a_linked_customer_waits_for_nothing() -> None:
    found = match(
        webstore(person(1, email="a@x", linked=True)), business_central(person("A", email="a@x", linked=True))
    )
    assert not found.matches
    assert not found.ambiguities


def test_a_rejected_pair_is_not_proposed_again_and_not_created_either() -> None:
    left, right = webstore(person(1, email="a@x")), business_central(person("A", email="a@x"))
    found = match(left, right, rejected={("A", 1)})
    assert not found.matches
    assert found.ambiguities[0].reason == "a person said that the two are not the same"
    assert found.waiting_webstore == {1}
    assert pairs(match(left, right, rejected=[("A", 2), ("B", 1)])) == [(1, "A")]


def test_the_order_of_the_customers_does_not_matter() -> None:
    left = [person(1, email="b@x"), person(2, email="a@x"), person(3, email="c@x"), person(4, email="c@x")]
    right = [person("B", email="b@x"), person("A", email="a@x"), person("D", email="c@x"), person("C", email="c@x")]
    straight = match(webstore(*left), business_central(*right))
    assert straight == match(webstore(*left[::-1]), business_central(*right[::-1]))
    assert pairs(straight) == [(1, "B"), (2, "A")]


def test_the_strongest_rung_that_links_is_named_and_all_that_agrees_is_listed() -> None:
    same = {"name": "Berg AS", "email": "ann@berg", "vat": "NO911111112", "country": "NO", "phone": "22334455"}
    found = match(webstore({"key": 1, **same}), business_central({"key": "A", **same, "phone": "+47 22 33 44 55"}))
    assert found.matches == (
        Match(
            1,
            "A",
            "vat",
            {"vat": "NO911111112", "email": "ann@berg", "phone_name": "+4722334455, berg as"},
        ),
    )


def test_a_lower_rung_links_whom_the_higher_one_says_nothing_about() -> None:
    found = match(webstore(person(1, email="a@x", vat="DE123456788")), business_central(person("A", email="a@x")))
    assert [m.rung for m in found.matches] == ["email"]


def test_a_number_that_several_people_of_a_company_share_does_not_hide_whose_email_it_is() -> None:
    company = {"name": "Berg AS", "vat": "NO911111112"}
    found = match(
        webstore(person(1, **company, email="ann@berg"), person(2, **company, email="bo@berg")),
        business_central(person("A", **company, email="ann@berg")),
    )
    assert pairs(found) == [(1, "A")]
    assert found.waiting_webstore == {2}
    assert found.ambiguities[0].reason == "2 webstore customers share it"


def test_evidence_that_points_to_two_customers_links_neither() -> None:
    found = match(
        webstore(person(1, "Berg AS", email="ann@berg", **OFFICE)),
        business_central(person("A", "Berg AS", email="ann@berg"), person("B", "Berg AS", email="bo@berg", **OFFICE)),
    )
    assert not found.matches
    asked = [(ambiguity.rung, ambiguity.webstore_ids, ambiguity.bc_ids) for ambiguity in found.ambiguities]
    assert asked == [("vat", (1,), ("B",)), ("email", (1,), ("A",))]
    assert {ambiguity.reason for ambiguity in found.ambiguities} == {"other evidence points to another customer"}


def test_evidence_of_the_other_customer_that_points_elsewhere_links_nobody() -> None:
    found = match(
        webstore(person(1, "Berg AS", email="ann@berg"), person(2, "Berg AS", linked=True, **OFFICE)),
        business_central(person("A", "Berg AS", email="ann@berg", **OFFICE)),
    )
    assert not found.matches
    assert found.waiting_webstore == {1}


def test_evidence_that_is_contradicted_points_nowhere() -> None:
    found = match(
        webstore(person(1, "Ann Berg", email="ann@berg"), person(2, "Bo Dahl", email="bo@berg", **OFFICE)),
        business_central(person("A", "Ann Berg", email="ann@berg", **OFFICE)),
    )
    assert pairs(found) == [(1, "A")]
    assert found.waiting_webstore == {2}


def test_evidence_that_several_share_points_nowhere() -> None:
    found = match(
        webstore(
            person(1, "Berg AS", email="ann@berg"),
            person(2, "Berg AS", **OFFICE),
            person(3, "Berg AS", **OFFICE),
        ),
        business_central(person("A", "Berg AS", email="ann@berg", **OFFICE)),
    )
    assert pairs(found) == [(1, "A")]
    assert found.waiting_webstore == {2, 3}


def test_having_no_number_in_common_is_no_evidence() -> None:
    place = {key: value for key, value in OFFICE.items() if key != "vat"}
    found = match(
        webstore(person(1, "Berg AS", email="ann@berg", **OFFICE), person(2, "Berg AS", **place)),
        business_central(person("A", "Berg AS", email="ann@berg", **place)),
    )
    assert pairs(found) == [(1, "A")]


def test_evidence_that_a_person_rejected_points_nowhere() -> None:
    left = webstore(person(1, "Berg AS", email="ann@berg"), person(2, "Berg AS", **OFFICE))
    right = business_central(person("A", "Berg AS", email="ann@berg", **OFFICE))
    assert not match(left, right).matches
    assert pairs(match(left, right, rejected={("A", 2)})) == [(1, "A")]


def test_a_pair_that_something_contradicts_waits_and_says_what() -> None:
    found = match(
        webstore(person(1, "Anna Berg", email="post@berg")),
        business_central(person("A", "Peter Berg", email="post@berg")),
    )
    assert not found.matches
    (ambiguity,) = found.ambiguities
    assert set(ambiguity.contradictions) == {"name", "phone"}
    assert ambiguity.reason == "; ".join(ambiguity.contradictions.values())
    assert ambiguity.evidence == {"email": "post@berg"}
    assert ambiguity.unique
    assert (ambiguity.webstore_ids, ambiguity.bc_ids) == ((1,), ("A",))


@pytest.mark.parametrize(
    ("same", "names", "sentence"),
    [
        (
            {"vat": "NO911111112"},
            ("Berg AS", "Berg AS"),
            "neither e-mail nor phone number nor address confirms the VAT number",
        ),
        (
            {"email": "info@berg"},
            ("Berg AS", "Berg AS"),
            "the mailbox is one that people share, and neither phone number nor address confirms it",
        ),
        (
            {"email": "info@berg", **OFFICE},
            ("", "Berg AS"),
            "one of the two has no name, and nothing else tells whose evidence it is",
        ),
    ],
)
def test_a_pair_that_waits_says_what_it_lacks(same: dict[str, str], names: tuple[str, str], sentence: str) -> None:
    left, right = webstore(person(1, names[0], **same)), business_central(person("A", names[1], **same))
    found = match(left, right)
    assert not found.matches
    assert found.ambiguities[0].reason == sentence


@pytest.mark.parametrize("written", ["Bygg Berg", "Bergbygg", "Berg Bygg"])
def test_a_company_without_its_legal_form_is_linked_however_its_other_words_are_written(written: str) -> None:
    found = match(webstore(person(1, written, **OFFICE)), business_central(person("A", "Berg Bygg AS", **OFFICE)))
    assert pairs(found) == [(1, "A")]


def test_two_streets_without_a_number_confirm_no_vat_number() -> None:
    left = webstore(person(1, "Berg AS", **{**OFFICE, "address_1": "Storgata"}))
    right = business_central(person("A", "Berg AS", **{**OFFICE, "address_1": "Kirkegata"}))
    assert not match(left, right).matches


def test_a_mailbox_tells_a_name_that_its_owner_writes_in_one_word() -> None:
    address = "anna.van-den-berg@x"
    found = match(
        webstore(person(1, "", email=address)), business_central(person("A", "Anna Vandenberg", email=address))
    )
    assert pairs(found) == [(1, "A")]


def test_only_what_stands_before_the_first_at_sign_tells_whose_mailbox_it_is() -> None:
    address = "x@bo.dahl@y"
    found = match(webstore(person(1, "", email=address)), business_central(person("A", "Bo Dahl", email=address)))
    assert not found.matches
    assert set(found.ambiguities[0].contradictions) == {"name"}


def test_everybody_is_asked_about_once_on_the_strongest_rung() -> None:
    same = {"name": "Ann Lee", "email": "a@x", "phone": "22334455", "postcode": "0150", "country": "NO"}
    found = match(webstore(person(1, **same), person(2, **same)), business_central(person("A", **same)))
    assert [a.rung for a in found.ambiguities] == ["email"]


def test_a_second_account_of_a_person_who_is_matched_just_now_waits() -> None:
    place = {"name": "Ann Lee", "postcode": "0150", "country": "NO"}
    found = match(
        webstore(person(1, **place, email="a@x"), person(2, **place, email="b@x")),
        business_central(person("A", **place, email="a@x")),
    )
    assert pairs(found) == [(1, "A")]
    (ambiguity,) = found.ambiguities
    assert (ambiguity.webstore_ids, ambiguity.bc_ids) == ((2,), ())
    assert ambiguity.reason == "2 webstore customers share it"


def test_a_twin_in_business_central_of_a_person_who_is_matched_just_now_waits() -> None:
    found = match(
        webstore(person(1, "Ann Lee", email="ann.lee@x", phone="22334455", country="NO")),
        business_central(
            person("A", "Ann Lee", email="ann.lee@x"), person("B", "Ann Lee", phone="22334455", country="NO")
        ),
    )
    assert pairs(found) == [(1, "A")]
    (ambiguity,) = found.ambiguities
    assert (ambiguity.webstore_ids, ambiguity.bc_ids) == ((), ("B",))
    assert ambiguity.reason == "the webstore customer with it is mapped already"


def test_nobody_is_matched_with_nobody() -> None:
    found = match(webstore(person(1, email="a@x")), NOTHING)
    assert not found.matches
    assert not found.ambiguities
    assert np.array_equal(NOTHING.linked, np.array([], dtype=bool))


def test_a_pair_that_waits_shows_everything_that_agrees() -> None:
    same = {"email": "ann@x", "phone": "22334455", "country": "NO"}
    found = match(webstore(person(1, **same)), business_central(person("A", **same)), rejected={("A", 1)})
    assert found.ambiguities[0].evidence == {"email": "ann@x", "phone_name": "+4722334455, ann lee"}


def test_customers_who_share_with_several_show_only_what_they_share() -> None:
    same = {"email": "ann@x", "phone": "22334455", "country": "NO"}
    found = match(webstore(person(1, **same)), business_central(person("A", **same), person("B", email="ann@x")))
    assert found.ambiguities[0].evidence == {"email": "ann@x"}


def test_one_answer_does_not_silence_the_other_questions() -> None:
    here, there = {"postcode": "0150", "country": "NO"}, {"postcode": "9008", "country": "NO"}
    found = match(
        webstore(person(1, "Ann Lee", **here), person(2, "Bo Dahl", **there)),
        business_central(person("A", "Ann Lee", **here), person("B", "Bo Dahl", **there)),
        rejected={("A", 1)},
    )
    assert [ambiguity.webstore_ids for ambiguity in found.ambiguities] == [(2,)]


def test_the_candidates_of_an_extract_are_linked_unless_free_and_quiet_unless_wanted() -> None:
    table = pa.table({"bc_id": ["A", "B", "C"], "name": ["Ann", "Bo", "Cy"]})
    found = candidates(evidence_of(table), free=[0, 2], wanted=[2])
    assert found.linked.tolist() == [False, True, False]
    assert found.wanted.tolist() == [False, False, True]
    assert [found.key(row) for row in range(3)] == ["A", "B", "C"]
    assert found.values(1)["name"] == "bo"
