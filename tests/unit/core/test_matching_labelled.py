"""Links that are made without a person are right, all of them, on customers of whom the truth is known."""

from __future__ import annotations

import pytest

from connector.core.evidence import evidence_of
from connector.core.matching import candidates, match
from tests.synthetic_customers import LabelledCustomers, labelled_customers


def linked(customers: LabelledCustomers) -> tuple[set[tuple[int, str]], float]:
    """The links, and which share of the customers that are on both sides they reach."""
    sides = (customers.webstore, customers.business_central)
    everybody = [
        candidates(evidence_of(side), free=range(side.num_rows), wanted=range(side.num_rows)) for side in sides
    ]
    links = {(found.webstore_id, found.bc_id) for found in match(*everybody).matches}
    there = {webstore_id for webstore_id, _ in customers.same}
    return links, len({webstore_id for webstore_id, _ in links & customers.same}) / len(there)


@pytest.mark.parametrize("seed", range(6))
def test_every_link_made_without_a_person_is_right(seed: int, record_property: pytest.RecordProperty) -> None:
    customers = labelled_customers(2_000, seed)
    links, recall = linked(customers)
    record_property("recall", round(recall, 3))
    assert not links - customers.same
    assert recall > 0.4


def test_the_labelled_customers_are_those_that_mislead() -> None:
    customers = labelled_customers(2_000, 0)
    accounts = {row["webstore_id"]: row for row in customers.webstore.to_pylist()}
    by_email: dict[str, list[str]] = {}
    for row in customers.business_central.to_pylist():
        by_email.setdefault(row["email"].lower(), []).append(row["bc_id"])
    naive = {
        (key, by_email[row["email"].lower()][0])
        for key, row in accounts.items()
        if len(by_email.get(row["email"].lower(), [])) == 1
    }
    assert len(naive - customers.same) > 20  # an e-mail that is unique on both sides is not enough


def test_the_same_seed_gives_the_same_customers() -> None:
    assert labelled_customers(300, 7) == labelled_customers(300, 7)
    assert labelled_customers(300, 7) != labelled_customers(300, 8)
