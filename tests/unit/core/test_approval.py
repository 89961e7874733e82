"""Applying exactly the plan that was approved."""

from __future__ import annotations

from connector.core.approval import Approved, approved_of, restricted
from connector.load.naming import keys_left_out
from tests.unit.core.customers import account, customer, mapping, planned

ANN, BEA = account(1, "Ann Lee", "ann@x.example"), account(2, "Bea Holm", "bea@x.example")
ANN_BC = customer("a", "Ann Lee", "ann@x.example", phoneNumber="1")


def test_an_unchanged_plan_is_applied_whole() -> None:
    plan = planned([ANN, BEA], [ANN_BC])
    part, dropped = restricted(plan, approved_of(plan))
    assert part == plan
    assert part.hash == plan.hash
    assert dropped == ()


def test_what_came_after_the_approval_waits() -> None:
    approved = approved_of(planned([BEA], []))
    part, dropped = restricted(planned([ANN, BEA], []), approved)
    assert [w.webstore_id for w in part.writes] == [2]
    assert dropped == ()


def test_what_has_changed_since_the_approval_is_dropped() -> None:
    approved = approved_of(planned([BEA], []))
    part, dropped = restricted(planned([account(2, "Bea Holt", "bea@x.example")], []), approved)
    assert not part.writes
    assert [(one.what.webstore_id, one.reason) for one in dropped] == [(2, "changed since the plan was made")]


def test_left_out_customers_are_neither_linked_nor_written() -> None:
    plan = planned([ANN, BEA], [ANN_BC])
    assert len(plan.links) == 1
    assert len(plan.writes) == 2
    approved = approved_of(plan)
    part, dropped = restricted(plan, approved, keys_left_out(approved, ["N-A", "woo:2"]), "ann")
    assert not part.links
    assert not part.writes
    assert [(one.what.action, one.reason) for one in dropped] == [
        ("update", "left out by ann"), ("create", "left out by ann"), ("link", "left out by ann"),
    ]  # fmt: skip


def test_an_orphan_that_was_not_approved_is_only_reported() -> None:
    gone = {"gone_webstore": frozenset({1}), "orphan_policy": "unlink"}
    rows = mapping(("a", 1, True))
    part, _ = restricted(planned([], [ANN_BC], rows, **gone), approved_of(planned([], [ANN_BC], rows)))
    assert [orphan.action for orphan in part.orphans] == ["report"]


def test_an_approval_survives_being_stored() -> None:
    approved = approved_of(planned([ANN, BEA], [ANN_BC]))
    assert Approved.from_document(approved.as_document()) == approved
