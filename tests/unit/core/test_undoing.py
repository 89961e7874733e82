"""Taking back what a run wrote, field by field, without touching what somebody has changed since."""

from __future__ import annotations

from typing import Any

import pytest

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.core.planning import Pair
from connector.core.terms import Terms
from connector.core.undoing import UNDO, Done, Links, reversal
from tests.unit.core.customers import RULES, account, business_central, customer, terms, values, webstore


def pair(w: dict[str, Any], c: dict[str, Any], rules: Terms) -> Pair:
    """Ann on both sides as the two records say."""
    w_side, c_side = webstore([w], rules), business_central([c], rules)
    blank: dict[str, str | None] = dict.fromkeys(RULES.fields.names)
    return Pair(
        "a", "N-a", 1, True, values(w_side), values(c_side), blank, blank, w_side.raw.to_pylist()[0],
        c_side.raw.to_pylist()[0],
    )  # fmt: skip


def undone(done: list[Done], w_city: str, c_city: str = "Bergen", **flags: str) -> Plan:
    rules = terms(**flags)
    now = pair(
        account(1, "Ann Lee", "ann@x.example", city=w_city),
        customer("a", "Ann Lee", "ann@x.example", city=c_city),
        rules,
    )
    return reversal("r1", done, {("a", 1): now}, rules)


PUSHED = Done(Direction.PUSH, "update", "a", 1, {"city": "Oslo"}, {"city": "Bergen", "phone": ""})


def test_a_pushed_value_is_put_back_and_the_other_side_is_accepted_as_it_stands() -> None:
    plan = undone([PUSHED], "Bergen")
    (write,) = plan.writes
    assert (write.direction, write.payload) == (Direction.PUSH, {"billing": {"city": "Oslo"}})
    assert write.source == {"city": "Bergen"}
    assert write.changes[0].reason == f"{UNDO}r1"


def test_a_pulled_value_is_put_back_in_business_central() -> None:
    done = Done(Direction.PULL, "update", "a", 1, {"city": "Oslo"}, {"city": "Bergen"})
    (write,) = undone([done], "Bergen").writes
    assert write.direction is Direction.PULL
    assert write.payload["city"] == "Oslo"


def test_a_field_that_somebody_changed_since_is_left_alone_and_said_so() -> None:
    plan = undone([PUSHED], "Tromsø")
    assert not plan.writes
    assert [(s.field, s.reason) for s in plan.standing] == [("city", "changed by somebody since the run; left alone")]


def test_two_writes_of_one_field_go_back_to_what_was_before_the_first() -> None:
    again = Done(Direction.PUSH, "update", "a", 1, {"city": "Bergen"}, {"city": "Bodø"})
    (write,) = undone([PUSHED, again], "Bodø").writes
    assert write.changes[0].after == "Oslo"


def test_a_value_that_stands_as_before_needs_no_write() -> None:
    plan = undone([PUSHED], "Oslo")
    assert not plan.writes
    assert not plan.standing


def test_a_direction_whose_flag_is_none_stays_untouched() -> None:
    plan = undone([PUSHED], "Bergen", push="None")
    assert not plan.writes
    assert "Push Webstore Customers = None" in plan.withheld(Direction.PUSH)[0].reason


CREATED = Done(Direction.PUSH, "create", "a", 1, {}, {"city": "Bergen", "phone": ""})
LINKED = Links({1: {"city": "Bergen", "phone": ""}}, {"a": 1}, {"a": "N-a"})


def test_a_created_customer_is_unlinked_and_not_written() -> None:
    plan = reversal("r1", [CREATED], {}, terms(), LINKED)
    assert not plan.writes
    (one,) = plan.undone_creates
    assert (one.action, one.bc_id, one.bc_number, one.webstore_id) == ("unlink", "a", "N-a", 1)


def test_a_deletion_stands_in_the_plan_with_what_will_be_lost_and_in_its_hash() -> None:
    plans = [reversal("r1", [CREATED], {}, terms(), LINKED, delete_accounts=delete) for delete in (False, True)]
    assert [[one.action for one in plan.undone_creates] for plan in plans] == [["unlink"], ["delete"]]
    assert len({plan.hash for plan in plans} | {Plan().hash}) == 3
    (row,) = plans[1].table().to_dict(orient="records")
    assert (row["action"], row["direction"], row["bc_number"], row["webstore_id"]) == ("delete", "push", "N-a", 1)
    assert (row["field"], row["before"], row["after"]) == ("city", "Bergen", "")


def test_what_will_be_lost_is_part_of_the_hash() -> None:
    filled = Links({1: {"city": "Bergen", "phone": "", "company": "Nord"}}, {"a": 1}, {"a": "N-a"})
    plans = [reversal("r1", [CREATED], {}, terms(), links, delete_accounts=True) for links in (LINKED, filled)]
    assert plans[0].hash != plans[1].hash


@pytest.mark.parametrize(
    ("links", "why", "flags"),
    [
        (Links({1: {"city": "Oslo"}}, {"a": 1}), "changed since the run: city", {}),
        (Links({}, {"a": 1}), "gone already", {}),
        (Links({1: {"city": "Bergen"}}, {"b": 1}), "another customer is linked to it", {}),
        (LINKED, "Push Webstore Customers = None", {"push": "None"}),
    ],
)
def test_an_account_that_must_stay_is_not_planned_for_deletion(links: Links, why: str, flags: dict[str, str]) -> None:
    plan = reversal("r1", [CREATED], {}, terms(**flags), links, delete_accounts=True)
    assert not plan.deletions
    assert why in plan.undone_creates[0].reason


def test_a_created_business_central_customer_is_never_planned_for_deletion() -> None:
    done = Done(Direction.PULL, "create", "a", 1, {}, {"city": "Bergen"})
    plan = reversal("r1", [done], {}, terms(), LINKED, delete_accounts=True)
    assert [one.action for one in plan.undone_creates] == ["unlink"]


def test_a_pair_of_which_one_side_has_gone_is_passed_over() -> None:
    plan = reversal("r1", [PUSHED], {}, terms())
    assert not plan.writes
    assert not plan.undone_creates
