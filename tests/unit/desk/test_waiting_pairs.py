"""Which pairs wait for a person, and how sure each is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.desk.waiting_pairs import found_pairs, together, waiting_pairs
from connector.store import MappingRow, StandingSuggestion, Store, open_store

A, B, C = (f"00000000-0000-0000-0000-00000000000{letter}" for letter in "abc")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def left_by_a_run(store: Store, *pairs: tuple[str, int, dict[str, Any]]) -> None:
    with store.work("shop") as work:
        work.suggestions.replace([StandingSuggestion(bc_id, key, "name", evidence=said) for bc_id, key, said in pairs])


def standings(store: Store) -> dict[tuple[str, int], str]:
    with store.view("shop") as view:
        return {pair.key: pair.standing for pair in waiting_pairs(view)}


def test_only_what_the_run_found_without_rivals_and_contradictions_is_plain(store: Store) -> None:
    left_by_a_run(
        store,
        (A, 1, {"name": "kari", "plain": True}),
        (B, 2, {"name": "ola", "plain": True}),
        (B, 3, {"name": "ola", "plain": True}),
        (C, 4, {"name": "per", "reason": "this evidence only suggests", "against": "the e-mails differ"}),
    )
    assert standings(store) == {(A, 1): "plain", (B, 2): "rivals", (B, 3): "rivals", (C, 4): "doubtful"}


def test_what_a_run_of_an_older_version_left_is_never_plain(store: Store) -> None:
    left_by_a_run(store, (A, 1, {"name": "kari", "reason": "this evidence only suggests"}))
    assert standings(store) == {(A, 1): "doubtful"}


def test_linked_and_rejected_pairs_wait_no_more_and_a_customer_linked_elsewhere_is_taken(store: Store) -> None:
    left_by_a_run(store, (A, 1, {"plain": True}), (B, 2, {"plain": True}), (C, 3, {"plain": True}))
    with store.work("shop") as work:
        work.describe(actor="ann", reason="test")
        work.mapping.link_many([MappingRow(A, "C1", 1, True), MappingRow(C, "C3", 4, True)])
        work.mapping.reject(B, 2, "no")
    assert standings(store) == {(C, 3): "taken"}


def test_a_search_says_more_than_the_run_and_knows_nothing_of_whoever_was_linked_since(store: Store) -> None:
    left_by_a_run(store, (A, 1, {"reason": "this evidence only suggests"}))
    with store.work("shop") as work:
        work.describe(actor="ann", reason="test")
        work.mapping.link_many([MappingRow(C, "C3", 4, True)])
    rows = [
        {"bc_id": A, "webstore_id": 1, "standing": "plain", "because": "same name: kari"},
        {"bc_id": B, "webstore_id": 2, "standing": "doubtful", "because": "same name: ola; but the e-mails differ"},
        {"bc_id": C, "webstore_id": 3, "standing": "plain", "because": "same name: per"},
    ]
    with store.view("shop") as view:
        pairs = together(waiting_pairs(view), found_pairs(view, rows))
    assert [(pair.key, pair.standing, pair.against) for pair in pairs] == [
        ((A, 1), "plain", ""),
        ((B, 2), "doubtful", "the e-mails differ"),
    ]
    assert pairs[0].since is not None and pairs[1].since is None
