"""Whom the look-up before a create would find: such a customer waits for a person and is never planned and dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.matching import Ladder
from tests.unit.core.customers import account, customer, mapping, planned, terms

NOBODY_LINKS = replace(terms(), ladder=Ladder((), ()))


@pytest.mark.parametrize("postcode", ["", "n1 2ab"])
def test_namesakes_without_an_email_wait_until_a_person_says_no(postcode: str) -> None:
    people = [account(1, "Ann Lee", "", postcode=postcode)], [customer("a", "Ann Lee", "", postalCode=postcode.upper())]
    plan = planned(*people)
    (waiting,) = plan.ambiguous
    assert (plan.writes, waiting.webstore_ids, waiting.bc_ids) == ((), (1,), ("a",))
    assert len(planned(*people, rejected=frozenset({("a", 1)})).writes) == 1


@pytest.mark.parametrize(
    "other",
    [
        customer("a", "Ann Lee", "ann@x.example"),
        customer("a", "Ann Leigh", ""),
        customer("a", "Ann Lee", "", postalCode="N2"),
    ],
)
def test_whom_the_look_up_does_not_find_is_created(other: dict[str, object]) -> None:
    assert len(planned([account(1, "Ann Lee", "", postcode="N1")], [other]).writes) == 1


def test_an_email_is_looked_up_whatever_the_setup_lets_link() -> None:
    ann, ann_bc = account(1, "Ann Lee", "ann@x.example"), customer("a", "Ann B", "Ann@x.example; b@x.example")
    for rows in (None, mapping(("a", None, True))):
        plan = planned([ann], [ann_bc], *([rows] if rows is not None else []), rules=NOBODY_LINKS)
        assert not plan.writes
        assert {(a.webstore_ids, a.bc_ids) for a in plan.ambiguous} == {((1,), ("a",))}
