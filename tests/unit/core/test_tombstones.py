"""Customers who were erased: nothing is created, filled or compared for them any more."""

from __future__ import annotations

from tests.unit.core.customers import account, customer, mapping, planned

ANN, ANN_BC = account(1, "Ann Lee", "ann@x.example", city="Oslo"), customer("a", "Ann Lee", "ann@x.example")


def test_a_forgotten_pair_is_not_compared_though_one_side_is_blank() -> None:
    assert planned([ANN], [ANN_BC], mapping(("a", 1, True))).writes
    for stones in ({"a"}, {1}, {"a", 1}):
        plan = planned([ANN], [ANN_BC], mapping(("a", 1, True)), tombstones=frozenset(stones))
        assert not plan.writes
        assert plan.pairs == 0


def test_a_forgotten_account_is_not_created_in_business_central() -> None:
    assert not planned([ANN], [], tombstones=frozenset({1})).writes


def test_a_forgotten_customer_is_not_created_in_the_webstore() -> None:
    assert not planned([], [ANN_BC], mapping(("a", None, True)), tombstones=frozenset({"a"})).writes
