"""What webhooks said, in the store: nothing that was taken is lost, and nothing is done twice."""

from __future__ import annotations

import time
from datetime import timedelta

from connector.store import NotedChange, Store, open_store


def note(store: Store, *keys: str, code: str = "shop") -> None:
    with store.work(code) as work:
        work.webhooks.note(keys)


def changes(store: Store, code: str = "shop") -> list[NotedChange]:
    with store.view(code) as view:
        return list(view.webhooks.changes())


def test_a_changed_customer_waits_through_a_restart(store: Store, url: str) -> None:
    note(store, "woo:17", "bc:b1")
    store.close()
    again = open_store(url)
    assert changes(again) == [NotedChange("bc:b1", 1), NotedChange("woo:17", 1)]
    again.close()


def test_a_customer_that_was_told_three_times_is_one_change(store: Store) -> None:
    for _ in range(3):
        note(store, "woo:17")
    assert changes(store) == [NotedChange("woo:17", 3)]


def test_the_oldest_and_the_newest_delivery_tell_how_long_to_wait(store: Store) -> None:
    with store.view("shop") as view:
        assert view.webhooks.waiting() is None
    note(store, "woo:17")
    time.sleep(0.02)
    note(store, "woo:18", "woo:17")
    with store.view("shop") as view:
        waiting = view.webhooks.waiting()
    assert waiting is not None
    assert waiting.count == 2
    assert timedelta(seconds=0.02) <= waiting.last_at - waiting.first_at < timedelta(seconds=10)


def test_a_customer_that_changes_again_while_a_run_is_at_work_stays(store: Store) -> None:
    note(store, "woo:17", "woo:18")
    taken = changes(store)
    note(store, "woo:18")
    with store.work("shop") as work:
        work.webhooks.done(taken)
    assert changes(store) == [NotedChange("woo:18", 2)]


def test_a_customer_of_another_webstore_is_another_change(store: Store) -> None:
    note(store, "woo:17")
    note(store, "woo:17", code="other")
    with store.work("shop") as work:
        work.webhooks.done(work.webhooks.changes())
    assert changes(store) == []
    assert len(changes(store, "other")) == 1


def test_a_delivery_is_remembered_until_it_is_too_old(store: Store) -> None:
    with store.work("shop") as work:
        work.webhooks.remember({"a", "b"})
        work.webhooks.remember({"b", "c"})
        assert work.webhooks.seen({"a", "c", "d"}) == {"a", "c"}
        assert work.webhooks.forget_seen(1) == 0
        assert work.webhooks.forget_seen(-1) == 3
        assert work.webhooks.seen({"a", "b", "c"}) == set()


def test_counters_add_up_over_restarts(store: Store) -> None:
    for _ in range(2):
        with store.work("shop") as work:
            work.webhooks.count({"accepted": 2, "forged": 5, "nothing": 0})
    with store.view("shop") as view:
        counters = view.webhooks.counters()
    assert {name: count for name, (count, _) in counters.items()} == {"accepted": 4, "forged": 10}


def test_a_thousand_customers_are_noted_and_done_in_one_go(store: Store) -> None:
    note(store, *(f"woo:{n}" for n in range(1000)))
    assert len(changes(store)) == 1000
    with store.work("shop") as work:
        work.webhooks.done(work.webhooks.changes())
    assert changes(store) == []
