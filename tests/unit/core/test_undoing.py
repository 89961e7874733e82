"""Taking back what a run wrote, field by field, without touching what somebody has changed since."""

from __future__ import annotations

from typing import Any

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.core.planning import Pair
from connector.core.terms import Terms
from connector.core.undoing import UNDO, Created, Done, reversal
from tests.unit.core.customers import RULES, account, business_central, customer, terms, values, webstore


def pair(w: dict[str, Any], c: dict[str, Any], rules: Terms) -> Pair:
    """Ann on both sides as the two records say."""
    w_side, c_side = webstore([w], rules), business_central([c], rules)
    blank: dict[str, str | None] = dict.fromkeys(RULES.fields.names)
    return Pair(
        "a", "N-a", 1, True, values(w_side), values(c_side), blank, blank, w_side.raw.to_pylist()[0],
        c_side.raw.to_pylist()[0],
    )  # fmt: skip


def undone(done: list[Done], w_city: str, c_city: str = "Bergen", **flags: str) -> tuple[Plan, list[Created]]:
    rules = terms(**flags)
    now = pair(
        account(1, "Ann Lee", "ann@x.example", city=w_city),
        customer("a", "Ann Lee", "ann@x.example", city=c_city),
        rules,
    )
    return reversal("r1", done, {("a", 1): now}, rules)


PUSHED = Done(Direction.PUSH, "update", "a", 1, {"city": "Oslo"}, {"city": "Bergen", "phone": ""})


def test_a_pushed_value_is_put_back_and_the_other_side_is_accepted_as_it_stands() -> None:
    plan, _ = undone([PUSHED], "Bergen")
    (write,) = plan.writes
    assert (write.direction, write.payload) == (Direction.PUSH, {"billing": {"city": "Oslo"}})
    assert write.source == {"city": "Bergen"}
    assert write.changes[0].reason == f"{UNDO}r1"


def test_a_pulled_value_is_put_back_in_business_central() -> None:
    done = Done(Direction.PULL, "update", "a", 1, {"city": "Oslo"}, {"city": "Bergen"})
    (write,) = undone([done], "Bergen")[0].writes
    assert write.direction is Direction.PULL
    assert write.payload["city"] == "Oslo"


def test_a_field_that_somebody_changed_since_is_left_alone_and_said_so() -> None:
    plan, _ = undone([PUSHED], "Tromsø")
    assert not plan.writes
    assert [(s.field, s.reason) for s in plan.standing] == [("city", "changed by somebody since the run; left alone")]


def test_two_writes_of_one_field_go_back_to_what_was_before_the_first() -> None:
    again = Done(Direction.PUSH, "update", "a", 1, {"city": "Bergen"}, {"city": "Bodø"})
    (write,) = undone([PUSHED, again], "Bodø")[0].writes
    assert write.changes[0].after == "Oslo"


def test_a_value_that_stands_as_before_needs_no_write() -> None:
    plan, _ = undone([PUSHED], "Oslo")
    assert not plan.writes
    assert not plan.standing


def test_a_direction_whose_flag_is_none_stays_untouched() -> None:
    plan, _ = undone([PUSHED], "Bergen", push="None")
    assert not plan.writes
    assert "Push Webstore Customers = None" in plan.withheld(Direction.PUSH)[0].reason


def test_a_created_customer_is_named_and_not_written() -> None:
    done = Done(Direction.PUSH, "create", "a", 1, {}, {"city": "Bergen"})
    plan, created = undone([done], "Bergen")
    assert not plan.writes
    assert created == [Created(Direction.PUSH, "a", "N-a", 1)]


def test_a_pair_of_which_one_side_has_gone_is_passed_over() -> None:
    plan, created = reversal("r1", [PUSHED], {}, terms())
    assert not plan.writes
    assert not created
