"""Who is the same customer, and who waits for a person."""

from __future__ import annotations

from connector.core.matching import Candidate, Matching, match


def w(key: int, email: str, *, linked: bool = False, wanted: bool = True) -> Candidate:
    return Candidate(key, {"email": email}, linked, wanted)


def c(key: str, email: str, *, linked: bool = False, wanted: bool = True) -> Candidate:
    return Candidate(key, {"email": email}, linked, wanted)


def pairs(matching: Matching) -> list[tuple[int, str]]:
    return [(found.webstore_id, found.bc_id) for found in matching.matches]


def test_one_customer_on_each_side_with_one_email_are_the_same() -> None:
    assert pairs(match([w(1, "a@x"), w(2, "b@x")], [c("A", "b@x")])) == [(2, "A")]


def test_a_blank_email_is_no_evidence() -> None:
    found = match([w(1, "")], [c("A", "")])
    assert not found.matches
    assert not found.ambiguities


def test_two_business_central_customers_with_one_email_are_ambiguous() -> None:
    found = match([w(1, "a@x")], [c("A", "a@x"), c("B", "a@x")])
    assert not found.matches
    assert found.waiting_webstore == {1}
    assert found.waiting_business_central == {"A", "B"}


def test_who_shares_the_email_of_a_linked_customer_is_ambiguous_and_not_created() -> None:
    found = match([w(1, "a@x")], [c("A", "a@x", linked=True)])
    assert not found.matches
    assert found.waiting_webstore == {1}


def test_a_customer_nobody_waits_for_makes_no_noise() -> None:
    found = match([w(1, "a@x", linked=True)], [c("A", "a@x", linked=True), c("B", "a@x", wanted=False)])
    assert not found.ambiguities


def test_a_rejected_pair_is_not_proposed_again_and_not_created_either() -> None:
    found = match([w(1, "a@x")], [c("A", "a@x")], rejected={("A", 1)})
    assert not found.matches
    assert found.waiting_webstore == {1}


def test_the_order_of_the_customers_does_not_matter() -> None:
    left, right = [w(1, "a@x"), w(2, "b@x")], [c("B", "b@x"), c("A", "a@x")]
    assert match(left, right) == match(left[::-1], right[::-1])


def test_a_lower_rung_matches_who_has_no_email() -> None:
    left = [Candidate(1, {"email": "", "vat": "DE1"})]
    right = [Candidate("A", {"email": "a@x", "vat": "DE1"})]
    found = match(left, right, rungs=("vat", "email"))
    assert [m.rung for m in found.matches] == ["vat"]
