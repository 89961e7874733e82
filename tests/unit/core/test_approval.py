"""Applying exactly the plan that was approved."""

from __future__ import annotations

import pytest

from connector.core.approval import Approved, approved_of, restricted
from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.core.undone_creates import UndoneCreate
from connector.errors import InputError
from connector.planning.approvals import approved_part
from connector.run.names_given import keys_left_out
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
        ("create", "left out by ann"), ("update", "left out by ann"), ("link", "left out by ann"),
    ]  # fmt: skip


def test_an_orphan_that_was_not_approved_is_only_reported() -> None:
    gone = {"gone_webstore": frozenset({1}), "orphan_policy": "unlink"}
    rows = mapping(("a", 1, True))
    part, _ = restricted(planned([], [ANN_BC], rows, **gone), approved_of(planned([], [ANN_BC], rows)))
    assert [orphan.action for orphan in part.orphans] == ["report"]


def test_an_approval_survives_being_stored() -> None:
    approved = approved_of(planned([ANN, BEA], [ANN_BC]))
    assert Approved.from_document(approved.as_document()) == approved


def undo_of(action: str, city: str = "Bergen", account: int = 1) -> Plan:
    """The plan of an undo that unlinks or deletes one created account."""
    one = UndoneCreate(action, Direction.PUSH, "a", "N-a", account, {"city": city}, "it was created")
    return Plan(undone_creates=(one,))


def actions(plan: Plan) -> list[str]:
    return [one.action for one in plan.undone_creates]


def test_an_approved_deletion_is_carried_out_and_only_as_it_was_shown() -> None:
    approved = approved_of(undo_of("delete"))
    assert restricted(undo_of("delete"), approved) == (undo_of("delete"), ())
    part, lost = restricted(undo_of("delete", city="Oslo"), approved)
    assert (actions(part), [one.reason for one in lost]) == (["keep"], ["changed since the plan was made"])


def test_a_plan_that_unlinks_authorises_no_deletion() -> None:
    with pytest.raises(InputError, match=r"deletes nobody.*Nothing was written"):
        approved_part(undo_of("delete"), approved_of(undo_of("unlink")))
    part, _ = restricted(undo_of("delete"), approved_of(undo_of("unlink")))
    assert actions(part) == ["keep"]


def test_who_may_be_deleted_may_be_unlinked_and_the_loss_is_named() -> None:
    part, lost = restricted(undo_of("unlink"), approved_of(undo_of("delete")))
    assert actions(part) == ["unlink"]
    assert [(one.what.action, one.reason) for one in lost] == [("delete", "not planned any more: it was created")]


def test_a_created_customer_can_be_left_out_of_an_undo() -> None:
    approved = approved_of(undo_of("delete"))
    part, lost = approved_part(undo_of("delete"), approved, ["woo:1"], "ann")
    assert actions(part) == ["keep"]
    assert [one.reason for one in lost] == ["left out by ann"]


def test_a_document_of_an_older_version_is_read_and_deletes_and_unlinks_nobody() -> None:
    plan = planned([ANN, BEA], [ANN_BC])
    table = plan.table().astype(object)
    rows = table.where(table.notna(), None).to_dict(orient="records")
    kept = approved_of(plan).as_document()
    old = {name: kept[name] for name in ("hash", "writes", "links", "orphans")} | {"rows": rows}
    approved = Approved.from_document(old)
    assert restricted(plan, approved) == (plan, ())
    part, lost = approved_part(plan, approved, ["n-a"])
    assert [w.webstore_id for w in part.writes] == [2]
    assert {one.what.webstore_id for one in lost} == {1}
    assert actions(restricted(undo_of("unlink"), approved)[0]) == ["keep"]


def test_whoever_is_left_out_when_an_account_would_be_made_anew_keeps_link_and_account() -> None:
    gone = {"gone_webstore": frozenset({1}), "orphan_policy": "recreate"}
    rows = mapping(("a", 1, True))
    plan = planned([], [ANN_BC], rows, **gone)
    assert len(plan.writes) == 1
    part, _ = approved_part(plan, approved_of(plan), ["woo:1"])
    assert (part.writes, [orphan.action for orphan in part.orphans]) == ((), ["report"])
