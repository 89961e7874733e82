"""The list of all customers is the same in both databases: one world that has everything."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from connector.desk import customer_list, listed_places
from connector.setup import Synchronization
from connector.store import MappingRow, Store
from tests.property import test_customer_list as model

WORLD = model.World(
    cards={card: model.NAMES[n] for n, card in enumerate("abcdefg")},
    accounts={account: model.NAMES[account] for account in (1, 2, 3, 4, 5, 8)},
    linked={"a": 1, "b": 2, "c": 3, "d": 7, "e": None, "f": None, "h": 4},
    unticked=frozenset("bf"),
    late=frozenset("h"),
    conflicts=frozenset("a"),
    decided={},
    changes={"b": ("business_central", "x"), "c": ("webstore", "x")},
    quarantined=frozenset(["g", 5, 3]),
    held=frozenset(["a", 8]),
    asked=frozenset([("g", 5), ("a", 8)]),
    directory=True,
)
SETUP: Any = SimpleNamespace(synchronization=Synchronization.model_validate({"pull_webstore_customers": "All"}))


@pytest.mark.parametrize("sort", customer_list.SORTS)
def test_both_databases_give_the_list_of_the_model(store: Store, sort: str) -> None:
    model.fill(store, WORLD)
    expected = model.states(WORLD, SETUP)
    with store.view("shop") as view:
        lines = list(model.listed(view, SETUP, 3, sort=sort))
        assert {line.key: set(line.states) for line in lines} == expected
        assert [*model.listed(view, SETUP, 3, sort=sort, descending=True)] == lines[::-1]
        counted = customer_list.counts(view, SETUP)
        for name in customer_list.FILTERS:
            found = list(model.listed(view, SETUP, 3, filter=name, sort=sort))
            assert len(found) == counted[name]
            for search in model.SEARCHES:
                mine = [line.key for line in model.listed(view, SETUP, 3, filter=name, sort=sort, search=search)]
                assert mine == [line.key for line in found if model.has_all(WORLD, line.key, search)], (name, search)
        held = next(line for line in lines if line.key == "a")
    assert (held.on_hold, held.failed_attempts, held.last_error) == (True, 1, "no")


def test_whatever_is_written_changes_the_state_by_which_lists_are_kept(store: Store) -> None:
    states = []
    for change in (
        lambda work: work.mapping.put([MappingRow("a", "A", 1, True)]),
        lambda work: work.holds.failed("bc:a", "push", signature="1", message="no", scheduled=True, max_attempts=1),
        lambda work: work.holds.failed("bc:a", "push", signature="1", message="no", scheduled=True, max_attempts=1),
        lambda work: work.directory.clear(),
    ):
        with store.work("shop") as work:
            work.describe(actor="ann", reason="by hand")
            change(work)
        with store.view("shop") as view:
            states.append(view.state)
            assert view.state == states[-1]
    with pytest.raises(ZeroDivisionError), store.work("shop") as work:
        work.directory.clear()
        raise ZeroDivisionError
    with store.view("shop") as view, store.view("other") as other:
        assert view.state == states[-1], "what was undone changed nothing"
        assert other.state == ""
    assert len({*states}) == len(states)


def test_more_than_can_be_shown_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that stand in more customers than a search shows: the first of them in order, and that there are more."""
    monkeypatch.setattr(listed_places, "MOST", 3)
    model.fill(store, WORLD)
    with store.view("shop") as view:
        many = customer_list.list_customers(view, SETUP, search="example")
        assert (many.total, many.more) == (3, True)
        assert [line.bc_number for line in many.lines] == sorted(line.bc_number for line in many.lines)
        both = customer_list.list_customers(view, SETUP, search="example müller")
        assert [line.key for line in both.lines] == ["a"] and not both.more


def test_edits_that_are_not_committed_are_seen_and_not_remembered(store: Store) -> None:
    model.fill(store, WORLD)
    with store.view("shop") as view:
        before = customer_list.counts(view, SETUP)
    with pytest.raises(RuntimeError, match="undone"), store.work("shop") as work:
        work.describe(actor="ann", reason="test")
        work.mapping.unlink("a")
        assert customer_list.counts(work, SETUP)["linked"] == before["linked"] - 1
        raise RuntimeError("undone")
    with store.view("shop") as view:
        assert customer_list.counts(view, SETUP) == before
