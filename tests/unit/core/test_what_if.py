"""Where two plans for the same customers differ."""

from __future__ import annotations

from typing import Any

from connector.core.customer import Direction
from connector.core.matching import Ambiguity, Match
from connector.core.plan import Change, Plan, Quarantined, Standing, Write
from connector.core.what_if import State, counts_of, differences, groups_of

CARD = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"


def write(operation: str = "update", bc_id: str | None = CARD, account: int | None = 17, **more: Any) -> Write:
    changes = tuple(
        Change(name, "", value, None, "because") for name, value in more.pop("fields", {"city": "Oslo"}).items()
    )
    direction = more.pop("direction", Direction.PULL)
    payload = more.pop("payload", {})
    return Write(direction, operation, bc_id, "C1" if bc_id else None, account, "", changes, payload, {})


def kept(field: str = "city") -> Standing:
    return Standing("kept", None, CARD, "C1", 17, field, "Oslo", "", "Oslo", "cleared")


def test_a_value_that_is_kept_now_and_cleared_then_is_one_difference() -> None:
    [one] = differences(Plan(standing=(kept(),)), Plan(writes=(write(fields={"city": ""}),)))
    assert (one.who.bc_number, one.who.webstore_id, one.field) == ("C1", 17, "city")
    assert [s.kind for s in one.now] == ["kept"] and [s.kind for s in one.then] == ["pull update"]
    assert {(g.kind, g.more, g.fewer) for g in groups_of([one])} == {("kept", 0, 1), ("pull update", 1, 0)}


def test_who_is_created_now_and_linked_then_is_one_customer() -> None:
    now = Plan(writes=(write("create", bc_id=None, fields={"name": "Kari", "city": "Oslo"}),))
    then = Plan(links=(Match(17, CARD, "vat", bc_number="C1"),))
    [one] = differences(now, then)
    assert (one.who.bc_id, one.who.webstore_id) == (CARD, 17)
    assert one.now == (State("pull create", "", "", "Kari", "because"),), "as a whole, not field by field"
    assert one.then == (State("link", "", reason="same vat"),)


def test_who_is_linked_with_one_card_now_and_with_another_then_stays_two_customers() -> None:
    now, then = Plan(links=(Match(17, CARD, "vat"),)), Plan(links=(Match(17, OTHER, "email"),))
    assert {(one.who.bc_id, len(one.now), len(one.then)) for one in differences(now, then)} == {
        (CARD, 1, 0),
        (OTHER, 0, 1),
    }


def test_two_who_are_created_differ_by_field_and_by_what_they_get_besides() -> None:
    now = write("create", bc_id=None, fields={"name": "Kari", "city": "Oslo"}, payload={"paymentTermsId": "id-30"})
    then = write("create", bc_id=None, fields={"name": "Kari", "city": "OSLO"}, payload={"paymentTermsId": "id-14"})
    found = differences(Plan(writes=(now,)), Plan(writes=(then,)), {"id-30": "30 DAYS", "id-14": "14 DAYS"})
    said = {one.field: (one.now[0].after, one.then[0].after) for one in found}
    assert said == {"city": ("Oslo", "OSLO"), "(paymentTermsId)": ("30 DAYS", "14 DAYS")}


def test_the_same_value_for_another_reason_is_no_difference_but_a_question_for_another_reason_is() -> None:
    now, then = write(), write()
    then = Write(
        **{n: getattr(then, n) for n in Write.__slots__} | {"changes": (Change("city", "", "Oslo", None, "else"),)}
    )
    assert differences(Plan(writes=(now,)), Plan(writes=(then,))) == []
    asked = [Plan(ambiguous=(Ambiguity("email", (17,), (CARD,), reason),)) for reason in ("one", "two")]
    assert len(differences(*asked)) == 2
    apart = [Plan(quarantined=(Quarantined("webstore", None, None, 17, "city", reason),)) for reason in ("one", "two")]
    assert len(differences(*apart)) == 1


def test_customers_are_counted_once_by_kind() -> None:
    plan = Plan(writes=(write(fields={"city": "Oslo", "phone": "1"}),), standing=(kept("email"), kept("name")))
    assert counts_of(plan) == {"pull update": 1, "kept": 1}
    assert differences(plan, plan) == []
