"""Conflicts, quarantine, suggestions, decisions, tombstones and plans."""

from __future__ import annotations

import pytest

from connector.errors import InputError
from connector.store import KeptPlan, QuarantinedField, StandingConflict, StandingSuggestion, Store, StoredDecision


def conflict(bc_id: str, field: str = "city", webstore: str = "Oslo") -> StandingConflict:
    return StandingConflict(bc_id, f"C-{bc_id}", 5, field, None, webstore, "Rome", "run-1")


def test_a_full_run_replaces_all_conflicts_and_those_that_stay_keep_their_time(store: Store) -> None:
    with store.work("shop") as work:
        work.conflicts.replace([conflict("A"), conflict("b")])
    with store.view("shop") as view:
        before = view.conflicts.all()
    with store.work("shop") as work:
        work.conflicts.replace([conflict("a", webstore="Bergen"), conflict("c")])
    with store.view("shop") as view:
        after = view.conflicts.all()
    assert after[["bc_id", "webstore"]].to_numpy().tolist() == [["a", "Bergen"], ["c", "Oslo"]]
    assert after["base"].isna().all()
    assert after["since"].iloc[0] == before["since"].iloc[0] < after["since"].iloc[1]


def test_a_selected_run_replaces_only_the_conflicts_of_its_customers(store: Store) -> None:
    with store.work("shop") as work:
        work.conflicts.replace([conflict("a"), conflict("a", "name"), conflict("b")])
        work.conflicts.replace([conflict("a", "name")], only_bc_ids={"A"})
    with store.view("shop") as view, store.view("outlet") as other:
        assert view.conflicts.all()[["bc_id", "field"]].to_numpy().tolist() == [["a", "name"], ["b", "city"]]
        assert len(other.conflicts.all()) == 0


def test_the_quarantine_is_what_the_newest_run_found(store: Store) -> None:
    with store.work("shop") as work:
        work.quarantine.replace(
            [
                QuarantinedField("webstore", "woo:7", "email", "not an address"),
                QuarantinedField("webstore", "woo:8", "", "twice"),
            ]
        )
        work.quarantine.replace([QuarantinedField("webstore", "woo:8", "", "thrice")])
        work.quarantine.replace([], only_keys={"woo:9"})
    with store.view("shop") as view:
        assert view.quarantine.all()[["key", "reason"]].to_numpy().tolist() == [["woo:8", "thrice"]]


def test_an_answered_suggestion_is_not_asked_again(store: Store) -> None:
    found = [
        StandingSuggestion("A", 1, "email", 1.0, {"email": "x@example.com"}),
        StandingSuggestion("b", 2, "name", 0.7),
    ]
    with store.work("shop") as work:
        work.suggestions.replace(found)
        work.suggestions.answer("A", 1, "rejected")
        work.suggestions.replace([*found, StandingSuggestion("c", 3, "fuzzy", 0.25)])
    with store.view("shop") as view:
        frame = view.suggestions.all()
    assert sorted(frame[["bc_id", "state", "score"]].to_numpy().tolist()) == [
        ["a", "rejected", 1.0],
        ["b", "open", 0.7],
        ["c", "open", 0.25],
    ]
    assert '{"email":"x@example.com"}' in frame["evidence"].tolist()
    with store.work("shop") as work:
        work.suggestions.replace([])
        assert work.suggestions.all()["bc_id"].tolist() == ["a"]
    with pytest.raises(InputError, match="was suggested"), store.work("shop") as work:
        work.suggestions.answer("b", 2, "accepted")


def test_a_decision_is_kept_once_per_field_until_it_is_carried_out(store: Store) -> None:
    with store.work("shop") as work:
        work.decisions.put(StoredDecision("A", 5, "city", "webstore", "Oslo", "Rome", "ann"))
        work.decisions.put(StoredDecision("a", 5, "city", "value", "Oslo", "Rome", "bob", value="Paris"))
        work.decisions.put(StoredDecision("a", 5, "name", "business-central", "x", "y", "ann"))
    with store.view("shop") as view:
        frame = view.decisions.all()
    columns = ["field", "take", "value", "actor"]
    assert sorted(frame[columns].to_numpy().tolist()) == [
        ["city", "value", "Paris", "bob"],
        ["name", "business-central", "", "ann"],
    ]
    with store.work("shop") as work:
        assert work.decisions.remove("A", 5, "city") == 1
        assert work.decisions.remove("A", 5, "city") == 0
        assert work.decisions.remove("A", 5) == 1


def test_an_erased_customer_has_one_tombstone_until_it_is_taken_back(store: Store) -> None:
    with store.work("shop") as work:
        work.tombstones.add("A", None, "asked for it")
        work.tombstones.add("a", None, "asked again")
        work.tombstones.add(None, 7, "erased in the webstore")
        work.tombstones.add("b", 8, "both")
    with store.view("shop") as view:
        frame = view.tombstones.all()
    assert frame["bc_id"].fillna("").tolist() == ["a", "", "b"]
    assert frame["webstore_id"].fillna(0).tolist() == [0, 7, 8]
    assert frame["reason"].tolist() == ["asked again", "erased in the webstore", "both"]
    with store.work("shop") as work:
        assert work.tombstones.remove("a", None) == 1
        assert work.tombstones.remove("b", None) == 0
    with pytest.raises(InputError), store.work("shop") as work:
        work.tombstones.add(None, None, "nobody")


def test_a_plan_is_found_by_the_beginning_of_its_hash(store: Store) -> None:
    with store.work("shop") as work:
        work.plans.put("abcdef1", b"\x00\xff{}", {"writes": 3}, run_id="run-1")
        work.plans.put("abcdef2", b"{}", {})
        work.plans.put("abcdef2", b"[]", {})
    with store.view("shop") as view, store.view("outlet") as other:
        plan = view.plans.get(" ABCDEF1")
        assert plan is not None
        assert (plan.hash, plan.document, plan.summary, plan.run_id) == (
            "abcdef1",
            b"\x00\xff{}",
            {"writes": 3},
            "run-1",
        )
        assert view.plans.kept("abcdef1") == KeptPlan("abcdef1", plan.created_at, "run-1")
        assert view.plans.kept("abcdee") is None and other.plans.kept("abcdef1") is None
        assert view.plans.list()["hash"].tolist() == ["abcdef2", "abcdef1"]
        assert view.plans.get("abcdee") is None and other.plans.get("abcdef1") is None
        with pytest.raises(InputError, match=r"Several.*Nothing was written"):
            view.plans.get("abcdef")


@pytest.mark.parametrize("given", ["", " ", "abcde", "%", "abcdefg", "abcdef%", "a" * 65, "None", "--json"])
def test_what_is_no_beginning_of_a_hash_is_refused(store: Store, given: str) -> None:
    with store.view("shop") as view, pytest.raises(InputError, match="Nothing was written"):
        view.plans.get(given)
