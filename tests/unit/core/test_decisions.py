"""A person answers a conflict once; the answer is applied, or dropped when the customer has been edited since."""

from __future__ import annotations

from connector.core.customer import Direction
from connector.core.decisions import Decision
from tests.unit.core.customers import (
    account,
    bases,
    business_central,
    customer,
    mapping,
    planned,
    terms,
    values,
    webstore,
)

BEFORE_W = account(1, "Ann Lee", "ann@x.example", city="Oslo")
BEFORE_C = customer("a", "Ann Lee", "ann@x.example", city="Oslo")
NOW_W = account(1, "Ann Lee", "ann@x.example", city="Bergen")
NOW_C = customer("a", "Ann Lee", "ann@x.example", city="Tromsø")


def decided(decision: Decision, w: object = NOW_W, c: object = NOW_C, **flags: str) -> object:
    base = bases(("a", 1, values(webstore([BEFORE_W], terms())), values(business_central([BEFORE_C], terms()))))
    rules = terms(**flags, decisions={("a", 1, "city"): decision})
    return planned([w], [c], mapping(("a", 1, True)), base, rules)


def test_without_a_decision_the_conflict_waits() -> None:
    base = bases(("a", 1, values(webstore([BEFORE_W], terms())), values(business_central([BEFORE_C], terms()))))
    plan = planned([NOW_W], [NOW_C], mapping(("a", 1, True)), base)
    assert [s.field for s in plan.conflicts] == ["city"]
    assert not plan.writes


def test_taking_the_webstores_value_pulls_it() -> None:
    plan = decided(Decision("webstore", "", "Bergen", "Tromsø"))
    (write,) = plan.writes
    assert (write.direction, write.payload["city"]) == (Direction.PULL, "Bergen")
    assert "a person decided" in write.changes[0].reason
    assert not plan.conflicts


def test_taking_business_centrals_value_pushes_it() -> None:
    (write,) = decided(Decision("business-central", "", "Bergen", "Tromsø")).writes
    assert (write.direction, write.payload) == (Direction.PUSH, {"billing": {"city": "Tromsø"}})


def test_a_state_that_somebody_decided_for_is_written_as_the_webstore_writes_it() -> None:
    """The company keeps no country, and the name that its people use: see `states_of_country`."""
    before_w, w = (account(1, "Ann Lee", "ann@x.example", country="DE", state=state) for state in ("DE-BE", "DE-HH"))
    before_c, c = (customer("a", "Ann Lee", "ann@x.example", state=state) for state in ("Berlin", "Bayern"))
    base = bases(("a", 1, values(webstore([before_w], terms())), values(business_central([before_c], terms()))))
    waiting = planned([w], [c], mapping(("a", 1, True)), base)
    (conflict,) = (one for one in waiting.conflicts if one.field == "state")
    answer = Decision("business-central", "", conflict.webstore, conflict.business_central)
    plan = planned([w], [c], mapping(("a", 1, True)), base, terms(decisions={("a", 1, "state"): answer}))
    pushed = [write.payload for write in plan.writes if write.direction is Direction.PUSH]
    assert pushed == [{"billing": {"state": "DE-BY"}}]


def test_a_typed_value_goes_to_both_sides_and_moves_no_base_before_both_hold_it() -> None:
    plan = decided(Decision("value", "Bodø", "Bergen", "Tromsø"))
    assert {(w.direction, w.changes[0].after) for w in plan.writes} == {
        (Direction.PUSH, "Bodø"),
        (Direction.PULL, "Bodø"),
    }
    assert all(w.both_sides == {"city"} for w in plan.writes)


def test_half_carried_out_typed_value_is_finished_by_the_next_run() -> None:
    plan = decided(Decision("value", "Bodø", "Bergen", "Tromsø"), account(1, "Ann Lee", "ann@x.example", city="Bodø"))
    assert [(w.direction, w.changes[0].after) for w in plan.writes] == [(Direction.PULL, "Bodø")]
    assert not plan.spent_decisions


def test_a_decision_on_values_that_changed_since_is_dropped_and_asked_again() -> None:
    plan = decided(
        Decision("webstore", "", "Bergen", "Tromsø"), c=customer("a", "Ann Lee", "ann@x.example", city="Vadsø")
    )
    assert not plan.writes
    assert [s.field for s in plan.conflicts] == ["city"]
    assert plan.spent_decisions == (("a", 1, "city"),)


def test_a_decision_waits_for_its_gate() -> None:
    plan = decided(Decision("webstore", "", "Bergen", "Tromsø"), pull="None")
    assert not plan.writes
    assert len(plan.conflicts) == 1
    assert not plan.spent_decisions


def test_a_decision_whose_customers_agree_by_now_is_spent() -> None:
    plan = decided(
        Decision("webstore", "", "Bergen", "Tromsø"), c=customer("a", "Ann Lee", "ann@x.example", city="Bergen")
    )
    assert not plan.writes
    assert plan.spent_decisions == (("a", 1, "city"),)
