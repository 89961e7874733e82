"""A run's summary as programs and the store read it, and rows of runs as earlier versions left them."""

from __future__ import annotations

import json
from typing import Any

from connector.core.approval import Lost
from connector.core.intended import Intended
from connector.run.result import Failure
from connector.run.summary import ApprovalSummary, DirectionSummary, RunSummary, SideCounts, UndoSummary
from tasks.report import summary_text

SUMMARY = RunSummary(
    run_id="r1", webstore_code="shop", mode="undo", dry_run=True, extracted=SideCounts(3, 4),
    push=DirectionSummary(1, 2, 3, 4, 5, 6, 7), linked=1, conflicts=2, ambiguous=3, orphans=4, quarantined=5,
    mapping_version=6, requests=SideCounts(7, 8), seconds=1.25, plan_hash="ab",
    errors=(Failure("C1 and another", "webstore", "x", "no", 2), Failure("C3", "business_central", "y", "never")),
    dropped_customers=(Lost(Intended("update", "push", "b1", "C4", 17, ("city", "phone")), "left out by Ada"),),
    stopped=("too much failed",), warnings=("odd",), shown={"plan": "cd", "where": "here"}, trigger="manual",
    validated={"webstore": {"digest": "ef", "findings": []}}, seen_at="customer-sync runs show r1",
    undo=UndoSummary("r0", 1, 2, 3), approval=ApprovalSummary("gh", 1, "Ada", ("C4",)),
)  # fmt: skip
NOTHING = {"created": 0, "updated": 0, "unchanged": 0, "withheld": 0, "held": 0, "failed": 0, "dropped": 0}
DOCUMENT: dict[str, Any] = {
    "run_id": "r1", "webstore_code": "shop", "mode": "undo", "dry_run": True,
    "extracted": {"webstore": 3, "business_central": 4},
    "push": {"created": 1, "updated": 2, "unchanged": 3, "withheld": 4, "held": 5, "failed": 6, "dropped": 7},
    "pull": NOTHING, "linked": 1, "conflicts": 2, "ambiguous": 3, "orphans": 4, "quarantined": 5, "mapping_version": 6,
    "requests": {"webstore": 7, "business_central": 8}, "seconds": 1.25, "plan_hash": "ab",
    "errors": [
        {"customer": "C1 and another", "system": "webstore", "code": "x", "message": "no", "customers": 2},
        {"customer": "C3", "system": "business_central", "code": "y", "message": "never", "customers": 1},
    ],
    "dropped_customers": [
        {"bc_id": "b1", "bc_number": "C4", "webstore_id": 17, "direction": "push", "action": "update",
         "fields": ["city", "phone"], "reason": "left out by Ada"},
    ],
    "stopped": ["too much failed"], "warnings": ["odd"], "shown": {"plan": "cd", "where": "here"}, "trigger": "manual",
    "validated": {"webstore": {"digest": "ef", "findings": []}}, "seen_at": "customer-sync runs show r1",
    "undone_run": "r0", "created_by_undone_run": 1, "unlinked": 2, "deleted": 3, "its_flags": False,
    "approved_plan": "gh", "dropped_from_plan": 1, "approved_by": "Ada", "left_out": ["C4"],
}  # fmt: skip


def test_its_json_has_these_names_in_this_order() -> None:
    assert json.dumps(SUMMARY.as_json()) == json.dumps(DOCUMENT)


def test_what_the_store_kept_is_the_same_summary_again() -> None:
    assert RunSummary.from_stored(json.loads(json.dumps(SUMMARY.as_json()))) == SUMMARY


def test_parts_that_a_run_does_not_have_do_not_stand_in_its_json() -> None:
    plain = set(DOCUMENT) - {"undone_run", "created_by_undone_run", "unlinked", "deleted", "its_flags"}
    plain -= {"approved_plan", "dropped_from_plan", "approved_by", "left_out"}
    assert set(RunSummary().as_json()) == plain


def test_a_row_of_an_earlier_version_has_defaults_for_what_it_did_not_know() -> None:
    push = {"created": 1, "updated": 0, "unchanged": 9, "withheld": 0, "held": 0, "failed": 1, "merged": 3}
    error = {"customer": "C1", "system": "webstore", "message": "no"}
    told = RunSummary.from_stored({"push": push, "linked": 2, "errors": [error], "colour": "red", "counted": False})
    assert told.counted
    assert told.push == DirectionSummary(created=1, unchanged=9, failed=1)
    assert (told.pull, told.linked, told.extracted) == (DirectionSummary(), 2, SideCounts())
    assert (told.not_written, told.errors[0].code, told.dropped_lines) == (1, "", [])
    assert "C1 (webstore): no" in summary_text(told)


def test_a_run_that_came_to_no_end_counted_nothing_and_says_why() -> None:
    told = RunSummary.from_stored({"error": "The webstore does not answer."})
    assert (told.counted, told.error, told.seconds) == (False, "The webstore does not answer.", 0.0)


def test_how_many_were_not_written_and_who_was_dropped_is_told_in_words() -> None:
    assert SUMMARY.not_written == 3
    assert SUMMARY.dropped_lines == ["C4 (push update: city, phone): left out by Ada"]
