"""The write journal and the history of a customer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import InternalError
from connector.store import Intent, Settlement, Store


def intent(**changes: Any) -> Intent:
    values: dict[str, Any] = {
        "run_id": "run-1",
        "direction": "push",
        "system": "webstore",
        "operation": "update",
        "bc_id": "a",
        "bc_number": "C100",
        "webstore_id": 5,
        "natural_key": "ann@example.com",
        "payload": {"last_name": "Ω"},
        "before": {"last_name": "Old"},
        "after": {"last_name": "Ω"},
        "rule": "only Business Central changed",
    }
    return Intent(**{**values, **changes})


def test_an_intent_is_open_until_it_is_settled(store: Store) -> None:
    with store.work("shop") as work:
        ids = work.journal.intend([intent(), intent(bc_id="b")])
    with store.view("shop") as view:
        found = view.journal.open()
    assert [(i.intent_id, i.bc_id, i.payload) for i in found] == [
        (ids[0], "a", {"last_name": "Ω"}),
        (ids[1], "b", {"last_name": "Ω"}),
    ]
    assert abs((datetime.now(UTC) - found[0].intended_at).total_seconds()) < 60
    with store.work("shop") as work:
        work.journal.settle([Settlement(ids[0], "refused", code="400", message="no")])
    with store.view("shop") as view:
        assert [i.bc_id for i in view.journal.open()] == ["b"]


def test_ids_come_in_the_order_of_the_intents(store: Store) -> None:
    with store.work("shop") as work:
        ids = work.journal.intend([intent(bc_id=f"{n}") for n in range(2500)])
        assert work.journal.intend([]) == []
    with store.view("shop") as view:
        assert {i.intent_id: i.bc_id for i in view.journal.open()} == {i: f"{n}" for n, i in enumerate(ids)}


def test_nothing_is_settled_twice_nor_in_another_webstore(store: Store) -> None:
    with store.work("shop") as work:
        ids = work.journal.intend([intent(), intent()])
        work.journal.settle([Settlement(ids[0], "confirmed")])
    with pytest.raises(InternalError, match="1 of 2"), store.work("shop") as work:
        work.journal.settle([Settlement(i, "not-happened") for i in ids])
    with pytest.raises(InternalError), store.work("outlet") as work:
        work.journal.settle([Settlement(ids[1], "confirmed")])
    with store.view("shop") as view:
        assert len(view.journal.open()) == 1


def test_a_created_customer_is_found_by_the_id_that_the_other_system_gave(store: Store) -> None:
    pull = intent(direction="pull", system="business_central", operation="create", bc_id=None, webstore_id=7)
    push = intent(operation="create", bc_id="b", webstore_id=None)
    with store.work("shop") as work:
        ids = work.journal.intend([pull, push])
        work.journal.settle(
            [Settlement(ids[0], "confirmed", remote_id="AAAA-01"), Settlement(ids[1], "adopted", remote_id="8")]
        )
    with store.view("shop") as view:
        assert view.journal.of_customer(bc_id="aaaa-01")["webstore_id"].tolist() == [7]
        assert view.journal.of_customer(webstore_id=8)["bc_id"].tolist() == ["b"]
        assert view.journal.of_customer(bc_id="aaaa-01", webstore_id=8)["intent_id"].tolist() == ids
        assert len(view.journal.of_customer()) == 0


def test_the_writes_of_a_run_are_listed_and_counted(store: Store) -> None:
    with store.work("shop") as work:
        ids = work.journal.intend([intent(), intent(), intent(operation="create"), intent(run_id="run-2")])
        work.journal.settle(
            [Settlement(ids[0], "confirmed", record={"last_name": "Ω"}), Settlement(ids[1], "confirmed")]
        )
    with store.view("shop") as view:
        of_run = view.journal.of_run("run-1")
        counts = view.journal.counts("run-1")
        assert view.journal.counts()["writes"].sum() == 4
    assert of_run["outcome"].fillna("").tolist() == ["confirmed", "confirmed", ""]
    assert of_run["record"].fillna("").tolist() == ['{"last_name":"Ω"}', "", ""]
    assert counts[["operation", "outcome", "writes"]].to_numpy().tolist() == [
        ["create", "", 1],
        ["update", "confirmed", 2],
    ]


def test_the_newest_writes_come_first_and_failed_ones_can_be_asked_for_alone(store: Store) -> None:
    with store.work("shop") as work:
        ids = work.journal.intend([intent() for _ in range(5)])
        outcomes = ("confirmed", "refused", "held", "dropped")
        work.journal.settle([Settlement(i, outcome) for i, outcome in zip(ids, outcomes, strict=False)])
    with store.work("outlet") as work:
        work.journal.intend([intent()])
    with store.view("shop") as view:
        assert view.journal.newest(3)["intent_id"].tolist() == ids[:1:-1]
        assert view.journal.newest(9, failed_only=True)["intent_id"].tolist() == [ids[4], ids[2], ids[1]]


def test_the_history_of_a_customer_tells_every_field_with_who_and_why(store: Store) -> None:
    with store.work("shop") as work:
        work.runs.start("run-1", "full", "manual", "ann", dry_run=False)
        work.describe(actor="ann", reason="matched", run_id="run-1")
        work.mapping.link("A", "C100", 5)
        ids = work.journal.intend([intent(after={"last_name": "Ω", "city": "Oslo"}), intent(run_id="run-0")])
    with store.work("shop") as work:
        work.journal.settle(
            [
                Settlement(ids[0], "confirmed", record={"last_name": "OMEGA", "city": "Oslo"}),
                Settlement(ids[1], "refused", message="invalid"),
            ]
        )
        work.describe(actor="bob", reason="wrong person")
        work.mapping.unlink("a")
    with store.view("shop") as view:
        found = view.history(bc_id="A")
        by_account = view.history(webstore_id=5)
        assert len(view.history(bc_id="b")) == 0
    told = found.fillna("")[["actor", "direction", "field", "before", "after", "outcome", "reason"]].to_numpy().tolist()
    changed = "only Business Central changed"
    assert told == [
        ["ann", "mapping", "bc_number", "", "C100", "recorded", "matched"],
        ["ann", "mapping", "webstore_id", "", "5", "recorded", "matched"],
        ["ann", "mapping", "webstore_customer", "", "yes", "recorded", "matched"],
        ["ann", "push", "last_name", "Old", "OMEGA", "confirmed", changed],
        ["ann", "push", "city", "", "Oslo", "confirmed", changed],
        ["", "push", "last_name", "Old", "Ω", "refused", f"{changed}; invalid"],
        ["bob", "mapping", "bc_number", "C100", "", "recorded", "wrong person"],
        ["bob", "mapping", "webstore_id", "5", "", "recorded", "wrong person"],
        ["bob", "mapping", "webstore_customer", "yes", "", "recorded", "wrong person"],
    ]
    assert len(by_account) == len(found)


def test_an_account_that_moved_to_another_customer_has_its_own_history(store: Store) -> None:
    for bc_id, number, webstore_id in (("a", "C100", 5), ("a", "C100", 6), ("b", "C200", 5)):
        with store.work("shop") as work:
            work.describe(actor="ann", reason=f"{number} is woo:{webstore_id}")
            if work.mapping.row(bc_id=bc_id):
                work.mapping.set_webstore_id(bc_id, webstore_id)
            else:
                work.mapping.link(bc_id, number, webstore_id)
    with store.view("shop") as view:
        found = view.history(webstore_id=5)
    moves = found[found["field"] == "webstore_id"]
    assert moves[["before", "after"]].to_numpy().tolist() == [["", "5"], ["5", "6"], ["", "5"]]


def test_who_was_made_or_given_a_field_by_a_run_is_known(store: Store) -> None:
    with store.work("shop") as work:
        create, given, other, refused = work.journal.intend(
            [
                intent(operation="create", webstore_id=None),
                intent(bc_id="b", after={"city": "Oslo"}),
                intent(bc_id="c", after={"phone": "1"}),
                intent(bc_id="d", operation="create", webstore_id=None),
            ]
        )
        happened = [
            Settlement(create, "confirmed", remote_id="5"),
            Settlement(given, "adopted"),
            Settlement(other, "confirmed"),
        ]
        work.journal.settle([*happened, Settlement(refused, "refused")])
    with store.view("shop") as view:
        assert view.journal.made(["A", "b", "c", "d"], {"city", "name"}) == {"a", "b"}
        assert view.journal.made([], {"city"}) == frozenset()
    with store.view("outlet") as view:
        assert view.journal.made(["a"], {"city"}) == frozenset()
