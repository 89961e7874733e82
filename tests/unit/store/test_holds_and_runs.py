"""Holds, runs, watermarks, the activity log and its retention."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from connector.store import Base, Intent, Settlement, Store
from connector.store.columns import now
from connector.store.schema import JOURNAL, PLAN, RUN


def fail(store: Store, key: str = "bc:a", direction: str = "push", **changes: Any) -> None:
    values = {"signature": "400", "message": "no", "scheduled": True, "max_attempts": 3}
    with store.work("shop") as work:
        work.holds.failed(key, direction, **{**values, **changes})


def holds(store: Store) -> list[list[Any]]:
    with store.view("shop") as view:
        frame = view.holds.read()
    return frame[["key", "direction", "failed_attempts", "on_hold", "last_error"]].to_numpy().tolist()


def test_three_identical_failures_put_a_customer_on_hold_in_that_direction_only(store: Store) -> None:
    for _ in range(3):
        fail(store)
    fail(store, direction="pull")
    assert holds(store) == [["bc:a", "pull", 1, False, "no"], ["bc:a", "push", 3, True, "no"]]


def test_a_different_error_starts_counting_again_and_a_manual_failure_does_not_count(store: Store) -> None:
    fail(store)
    fail(store)
    fail(store, signature="500", message="ill")
    fail(store, message="by hand", scheduled=False)
    assert holds(store) == [["bc:a", "push", 1, False, "by hand"]]


def test_success_clears_and_says_when(store: Store) -> None:
    for _ in range(3):
        fail(store)
    with store.work("shop") as work:
        work.holds.succeeded({"bc:a"}, "push")
        work.holds.succeeded({"bc:never-failed"}, "push")
    assert holds(store) == [["bc:a", "push", 0, False, ""]]
    with store.view("shop") as view:
        assert view.holds.read()["last_synchronized_at"].notna().tolist() == [True]


def test_holds_are_released_one_by_one_or_all(store: Store) -> None:
    for key in ("bc:a", "bc:b", "woo:7"):
        fail(store, key, max_attempts=1)
    fail(store, "bc:c")
    with store.work("shop") as work:
        assert work.holds.release("bc:a", "pull") == 0
        assert work.holds.release("bc:a") == 1
        assert work.holds.release() == 3
        assert work.holds.release() == 0
    assert [row[2:4] for row in holds(store)] == [[0, False]] * 4


def test_a_run_is_listed_from_its_start_and_shown_with_its_summary(store: Store) -> None:
    with store.work("shop") as work:
        work.runs.start("run-1", "full", "scheduled", "timer", dry_run=False)
        work.runs.start("run-2", "selected", "manual", "ann", dry_run=True)
    with store.view("shop") as view:
        assert view.runs.list()[["run_id", "status"]].to_numpy().tolist() == [
            ["run-2", "running"],
            ["run-1", "running"],
        ]
    with store.work("shop") as work:
        work.runs.finish("run-1", "completed", {"push": {"created": 3}}, "abc", "def")
    with store.view("shop") as view:
        shown = view.runs.show("run-1")
        assert view.runs.show("run-9") is None
        last = view.runs.last("completed")
        assert view.runs.last("failed") is None
    assert shown is not None and last is not None and last["run_id"] == "run-1"
    assert (shown["status"], shown["summary"], shown["plan_hash"]) == ("completed", {"push": {"created": 3}}, "abc")
    assert shown["finished_at"] > shown["started_at"]


def test_a_run_that_goes_on_after_an_approval_keeps_its_start(store: Store) -> None:
    with store.work("shop") as work:
        work.runs.start("run-1", "full", "manual", "ann")
        work.runs.finish("run-1", "waiting", {}, "abc", None)
        before = work.runs.show("run-1")
        work.runs.start("run-1", "full", "manual", "ann")
        after = work.runs.show("run-1")
    assert before is not None and after is not None
    assert (after["status"], after["finished_at"], after["started_at"]) == ("running", None, before["started_at"])


def test_runs_that_were_killed_are_marked_by_the_next_one(store: Store) -> None:
    with store.work("shop") as work:
        for run in ("run-1", "run-2"):
            work.runs.start(run, "full", "manual", "ann")
        assert work.runs.close_interrupted(besides="run-2") == 1
    with store.view("shop") as view:
        assert view.runs.list()["status"].tolist() == ["running", "interrupted"]


def test_watermarks_move_per_system_and_webstore(store: Store) -> None:
    with store.work("shop") as work:
        assert work.watermarks.get("business_central") is None
        work.watermarks.set("business_central", "2026-01-01")
        work.watermarks.set("business_central", "2026-01-02")
    with store.view("shop") as view, store.view("outlet") as other:
        assert view.watermarks.get("business_central") == "2026-01-02"
        assert other.watermarks.get("business_central") is None


def test_everybody_has_a_time_of_the_last_synchronisation_and_of_the_last_error(store: Store) -> None:
    with store.work("shop") as work:
        work.bases.put([Base("a", 1, {}, {}, "", ""), Base("b", 2, {}, {}, "", "")])
    fail(store, "bc:b")
    fail(store, "woo:7", direction="pull", message="no e-mail", max_attempts=1)
    with store.view("shop") as view:
        found = view.activity.customers()
    assert found["key"].tolist() == ["bc:a", "bc:b", "woo:7"]
    assert found["last_synchronized_at"].notna().tolist() == [True, True, False]
    assert found["last_failed_at"].notna().tolist() == [False, True, True]
    assert found[["last_error", "on_hold"]].to_numpy().tolist() == [["", False], ["no", False], ["no e-mail", True]]


def test_retention_forgets_old_writes_runs_and_plans_but_no_open_intent_and_no_mapping(store: Store) -> None:
    intent = {"run_id": "r", "direction": "push", "system": "webstore", "operation": "update", "bc_id": "a"}
    intents = [Intent(**intent, bc_number="", webstore_id=1, natural_key="", payload={}, before={}, after={})] * 3
    with store.work("shop") as work:
        ids = work.journal.intend(intents)
        work.journal.settle([Settlement(i, "confirmed") for i in ids[:2]])
        for run in ("old", "new", "running"):
            work.runs.start(run, "full", "manual", "ann")
        for run in ("old", "new"):
            work.runs.finish(run, "completed", {}, None, None)
        work.plans.put("aa", b"{}", {})
        work.plans.put("bb", b"{}", {})
        work.describe(actor="ann", reason="test")
        work.mapping.link("a", "C100", 5)
        long_ago = now().replace(year=2020)
        connection = work._connection
        for table, column, condition in (
            (JOURNAL, "settled_at", JOURNAL.c.id == ids[0]),
            (JOURNAL, "intended_at", JOURNAL.c.id == ids[2]),
            (RUN, "finished_at", RUN.c.run_id == "old"),
            (RUN, "started_at", RUN.c.run_id == "running"),
            (PLAN, "created_at", PLAN.c.hash == "aa"),
        ):
            connection.execute(sa.update(table).where(condition).values({column: long_ago}))
    with store.work("outlet") as work:
        assert work.activity.purge(30) == {"writes": 0, "runs": 0, "plans": 0, "directory": 0}
    with store.work("shop") as work:
        assert work.activity.purge(30) == {"writes": 1, "runs": 1, "plans": 1, "directory": 0}
    with store.view("shop") as view:
        assert view.journal.of_run("r")["intent_id"].tolist() == ids[1:]
        assert sorted(view.runs.list()["run_id"]) == ["new", "running"]
        assert view.plans.list()["hash"].tolist() == ["bb"]
        assert len(view.mapping.current()) == 1


def test_retention_keeps_what_was_refused_of_customers_on_hold(store: Store) -> None:
    """Only that tells when they have other values, which ends the hold."""
    intent = {"run_id": "r", "system": "business_central", "operation": "update", "bc_number": "", "natural_key": ""}
    whom = [("pull", "a", 1), ("push", "a", 1), ("pull", None, 7), ("pull", "b", 2)]
    with store.work("shop") as work:
        intents = [
            Intent(**intent, direction=way, bc_id=bc_id, webstore_id=woo, payload={}, before={}, after={})
            for way, bc_id, woo in whom
        ]
        ids = work.journal.intend(intents)
        work.journal.settle([Settlement(i, "refused") for i in ids])
        for key in ("bc:a", "woo:7"):
            work.holds.failed(key, "pull", signature="no", message="no", scheduled=True, max_attempts=1)
        work.holds.failed("bc:b", "pull", signature="no", message="no", scheduled=True, max_attempts=0)
        work._connection.execute(sa.update(JOURNAL).values(settled_at=now().replace(year=2020)))
    with store.work("shop") as work:
        assert work.activity.purge(30)["writes"] == 2
    with store.view("shop") as view:
        assert view.journal.of_run("r")["intent_id"].tolist() == [ids[0], ids[2]]


def ran(
    store: Store, *run_ids: str, mode: str = "all", status: str = "completed", counted: bool = True, **how: Any
) -> None:
    """Runs that ended, one after the other."""
    summary = {"extracted": {"webstore": 7}, "orphans": 2} if counted else {"error": '"extracted": nothing'}
    with store.work("shop") as work:
        for run_id in run_ids:
            work.runs.start(run_id, mode, "manual", "ann", **how)
            work.runs.finish(run_id, status, summary, "ab" * 32, None)


def test_the_last_full_run_is_found_however_many_other_runs_there_were_since(store: Store) -> None:
    ran(store, "full")
    ran(store, *(f"selected {number}" for number in range(250)), mode="selected")
    ran(store, "dry", dry_run=True)
    ran(store, "broken", status="stopped", counted=False)
    ran(store, "waits", status="waiting")
    ran(store, "mine")
    with store.view("shop") as view, store.view("outlet") as other:
        found = view.runs.last_full(besides="mine")
        assert found is not None
        assert (found["run_id"], found["summary"]["extracted"]) == ("full", {"webstore": 7})
        assert other.runs.last_full() is None


def test_full_runs_that_wrote_are_the_newest_two_and_no_selected_dry_or_stopped_ones(store: Store) -> None:
    intent = Intent(
        run_id="killed", direction="push", system="webstore", operation="update", bc_id="a", bc_number="C1", webstore_id=1,
        natural_key="", payload={}, before={}, after={},
    )  # fmt: skip
    for run_id in ("first", "second"):
        ran(store, run_id)
    ran(store, "killed", status="interrupted", counted=False)
    with store.work("shop") as work:
        work.journal.intend([intent])
    ran(store, *(f"selected {number}" for number in range(250)), mode="selected")
    ran(store, "broken", status="stopped", counted=False)
    ran(store, "dry", dry_run=True)
    with store.view("shop") as view:
        assert list(view.runs.full_that_wrote(2)) == ["killed", "second"]
        assert list(view.runs.full_that_wrote(2, besides="killed")) == ["second", "first"]


def test_runs_that_wait_are_all_found(store: Store) -> None:
    ran(store, *(f"w{number}" for number in range(120)), status="waiting")
    ran(store, *(f"c{number}" for number in range(120)))
    with store.view("shop") as view:
        assert len(view.runs.waiting()) == 120


def test_a_run_is_found_by_its_id_or_by_the_beginning_of_it(store: Store) -> None:
    ran(store, "ab", "abc", "abd")
    with store.view("shop") as view:
        found = {text: list(view.runs.beginning(text)) for text in ("ab", "abc", "a", "x", "", "%", "a_")}
    assert found == {
        "ab": ["ab"], "abc": ["abc"], "a": ["ab", "abc", "abd"], "x": [], "": [], "%": [], "a_": []
    }  # fmt: skip


def tallied(store: Store) -> dict[str, float]:
    with store.view("shop") as view:
        return {f"{t.what} {' '.join(t.labels.values())}": t.total for t in view.tallies.all()}


def test_what_was_counted_stays_when_the_rows_are_purged_and_nothing_counts_twice(store: Store) -> None:
    """Monitoring takes a number that falls for one that began anew, and would add all of it again."""
    with store.work("shop") as work:
        for run_id, status in (("1", "completed"), ("2", "waiting"), ("3", "interrupted"), ("4", "running")):
            work.runs.start(run_id, "all", "manual", "ada")
            if status != "running":
                work.runs.finish(run_id, status, {}, None, None)
        work.runs.start("5", "selected", "manual", "ada")
        work.runs.finish("5", "completed", {"errors": [{"customer": "C00010"}]}, None, None)
        common = {"system": "webstore", "natural_key": "", "payload": {}, "before": {}, "after": {}}
        ids = work.journal.intend(
            [
                Intent(run_id="1", direction="push", operation=op, bc_id=bc, bc_number="", webstore_id=None, **common)
                for op, bc in (("create", "a"), ("update", "b"), ("update", "c"))
            ]
        )
        work.journal.settle([Settlement(ids[0], "not-happened"), Settlement(ids[1], "confirmed")])
        work.journal.settle([Settlement(ids[2], "refused")])
    before = {
        "runs false all completed": 1, "runs false all interrupted": 1, "runs false selected not-all-written": 1,
        "writes create push not-happened": 1, "writes update push confirmed": 1, "writes update push refused": 1,
    }  # fmt: skip
    assert tallied(store) == before
    with store.work("shop") as work:
        work.runs.finish("3", "cancelled", {}, None, None)  # Prefect tells afterwards why it was interrupted
        assert work.runs.close_interrupted(besides="") == 1
        work.runs.start("2", "all", "manual", "ada")  # approved
        work.runs.finish("2", "completed", {}, None, None)
        work.journal.settle([Settlement(ids[0], "adopted")], again=True)
        work.activity.purge(-1)
    after = {**before, "writes create push adopted": 1}
    after |= {"runs false all completed": 2, "runs false all interrupted": 2}
    assert tallied(store) == after
    with store.view("shop") as view:
        assert (view.runs.count(), view.runs.going_on()) == (0, {"running": 0, "waiting": 0})
