"""The HTML report of a run that the store remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.errors import InputError
from connector.private_files import write_private
from connector.report.run_page import leave_report, report_of_run
from connector.run.setup_source import opened_store, opened_view
from connector.setup import Setup
from connector.store import Intent, Settlement
from tests.by_hand import seen

ROW = {
    "action": "update", "direction": "push", "bc_number": "C00010", "webstore_id": 17, "field": "phone", "base": "111",
    "before": "+47 22 11 22 33", "after": "+47 22 11 22 39", "reason": "only Business Central changed",
}  # fmt: skip
HELD = {**ROW, "action": "quarantined", "direction": "", "field": "state", "reason": "'Oslo fylke' is no state of NO"}
COUNTERS = {"created": 0, "updated": 0, "unchanged": 9, "withheld": 0, "held": 0, "failed": 0, "dropped": 0}
SUMMARY = {
    "push": {**COUNTERS, "updated": 1}, "pull": COUNTERS, "linked": 0, "conflicts": 0, "ambiguous": 0, "orphans": 0,
    "quarantined": 0, "seconds": 1.5, "errors": [], "stopped": [], "warnings": [], "mapping_version": 1,
    "extracted": {"webstore": 3, "business_central": 3},
}  # fmt: skip
QUIET = {**SUMMARY, "push": COUNTERS}


def made_setup(folder: Path, **reports: str) -> Setup:
    return Setup.model_validate(
        {
            "webstore_code": "shop",
            "webstore": {"url": "http://127.0.0.1:1", "consumer_key": "ck", "consumer_secret": "cs"},
            "business_central": {
                "base_url": "http://127.0.0.1:1/api/v2.0", "company": "C", "auth": "basic", "username": "u", "password": "p",
            },
            "store": {"url": f"sqlite:///{folder / 'store.sqlite'}"},
            "reports": {"folder": str(folder / "reports"), **reports},
        }
    )  # fmt: skip


def ran(
    setup: Setup, run_id: str, rows: list[dict[str, object]], summary: dict[str, object] = SUMMARY, **more: str
) -> None:
    """A run that ended, with its plan."""
    plan_hash = more.get("plan_hash", run_id.replace("-", "") * 2)
    with opened_store(setup) as (_, store), store.work("shop") as work:
        work.runs.start(run_id, "full", "manual", "anne")
        work.plans.put(plan_hash, orjson.dumps({"rows": rows}), {}, run_id=run_id)
        work.runs.finish(run_id, more.get("status", "completed"), summary, plan_hash, "r")


def wrote(setup: Setup, run_id: str, outcome: str, message: str = "") -> None:
    """The run's write of the customer, and its outcome."""
    intent = Intent(
        run_id=run_id, direction="push", system="webstore", operation="update", bc_id="b1", bc_number="C00010",
        webstore_id=17, natural_key="", payload={}, before={}, after={},
    )  # fmt: skip
    with opened_store(setup) as (_, store), store.work("shop") as work:
        (number,) = work.journal.intend([intent])
        work.journal.settle([Settlement(number, outcome, code="a-code" if message else "", message=message)])


def page(setup: Setup, *given: Any, **more: Any) -> str:
    return str(seen(report_of_run, setup, setup, *given, **more))


def left(setup: Setup, run_id: str) -> Path | None:
    with opened_view(setup) as view:
        return leave_report(view, setup, run_id)


def test_a_run_is_reported_with_what_became_of_its_writes(tmp_path: Path) -> None:
    setup = made_setup(tmp_path)
    ran(setup, "aaaa1111-0000", [ROW])
    wrote(setup, "aaaa1111-0000", "confirmed")
    text = page(setup, "aaaa")
    assert '<small class="outcome confirmed">confirmed</small>' in text
    assert "+47 22 11 22 3<mark>3</mark>" in text


def test_without_a_name_the_newest_run_is_reported(tmp_path: Path) -> None:
    setup = made_setup(tmp_path)
    ran(setup, "aaaa1111-0000", [ROW])
    ran(setup, "bbbb1111-0000", [ROW])
    text = page(setup)
    assert "bbbb1111-0000" in text
    assert "The last 2 runs" in text


def test_an_old_run_is_compared_with_those_before_it_only(tmp_path: Path) -> None:
    setup = made_setup(tmp_path)
    for name in ("aaaa1111-0000", "bbbb1111-0000", "cccc1111-0000"):
        ran(setup, name, [ROW])
    assert "The last 2 runs" in page(setup, "bbbb")


def test_a_masked_report_holds_no_value_and_nothing_that_a_system_said(tmp_path: Path) -> None:
    setup = made_setup(tmp_path)
    error = {"customer": "C00010", "system": "webstore", "code": "a-code", "message": "anne@berg.example is in use"}
    ran(setup, "aaaa1111-0000", [ROW, HELD], {**SUMMARY, "errors": [error]})
    wrote(setup, "aaaa1111-0000", "refused", "anne@berg.example is in use")
    whole, masked = page(setup), page(setup, masked=True)
    for value in ("22 11 22", "anne@berg.example", "Oslo fylke"):
        assert value in whole
        assert value not in masked
    assert "a-code" in masked
    assert "C00010" in masked


def test_the_setup_can_ask_for_masked_reports(tmp_path: Path) -> None:
    setup = made_setup(tmp_path, personal_data="mask")
    ran(setup, "aaaa1111-0000", [ROW])
    assert "22 11 22" not in page(setup)


def test_of_a_large_plan_rare_actions_are_shown_and_the_rest_is_said_to_be_elsewhere(tmp_path: Path) -> None:
    setup = made_setup(tmp_path)
    ran(setup, "aaaa1111-0000", [{**ROW, "bc_number": f"C{n:05d}"} for n in range(300)] + [HELD])
    text = " ".join(page(setup, rows=20).split())
    assert "20 of 301 rows are shown here." in text
    assert "Oslo fylke" in text


def test_a_plan_that_a_later_run_made_again_is_said_to_be_that_runs(tmp_path: Path) -> None:
    setup = made_setup(tmp_path)
    ran(setup, "aaaa1111-0000", [ROW], plan_hash="ab" * 32)
    ran(setup, "bbbb1111-0000", [ROW, HELD], plan_hash="ab" * 32)
    assert "shown as run bbbb1111-0000 had it" in page(setup, "aaaa")


def test_a_run_whose_plan_was_purged_is_still_reported(tmp_path: Path) -> None:
    setup = made_setup(tmp_path)
    ran(setup, "aaaa1111-0000", [ROW])
    with opened_store(setup) as (_, store), store.work("shop") as work:
        work.runs.start("bbbb1111-0000", "full", "manual", "anne")
        work.runs.finish("bbbb1111-0000", "completed", SUMMARY, "cd" * 32, "r")
    assert "is not kept" in page(setup, "bbbb")


def test_an_unknown_run_is_refused(tmp_path: Path) -> None:
    setup = made_setup(tmp_path)
    with pytest.raises(InputError, match="There was no run yet"):
        page(setup)
    ran(setup, "aaaa1111-0000", [ROW])
    with pytest.raises(InputError, match="There is no run dddd"):
        page(setup, "dddd")


def test_a_report_is_readable_by_its_owner_only_and_replaces_nothing_unasked(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_private(target, "first")
    assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="exists"):
        write_private(target, "second")
    write_private(target, "2", overwrite=True)
    assert target.read_text() == "2"
    with pytest.raises(InputError, match="cannot be written"):
        write_private(tmp_path / "nowhere" / "report.html", "x")


def test_a_setup_that_wants_no_reports_gets_none(tmp_path: Path) -> None:
    setup = made_setup(tmp_path)
    ran(setup, "aaaa1111-0000", [ROW])
    assert left(setup, "aaaa1111-0000") is None
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("summary", "status", "wanted"),
    [(SUMMARY, "completed", True), (QUIET, "completed", False), ({"error": "x"}, "stopped", True),
     ({**QUIET, "shown": {"conflicts": "ab"}}, "completed", True), ({**QUIET, "linked": 1}, "completed", True)],
)  # fmt: skip
def test_a_run_that_did_and_found_nothing_new_leaves_no_report(
    tmp_path: Path, summary: dict[str, object], status: str, wanted: bool
) -> None:
    setup = made_setup(tmp_path, html="changes")
    ran(setup, "aaaa1111-0000", [], summary, status=status)
    target = left(setup, "aaaa1111-0000")
    assert (target is not None) == wanted


def test_every_run_leaves_a_report_when_the_setup_says_so(tmp_path: Path) -> None:
    setup = made_setup(tmp_path, html="every run")
    ran(setup, "aaaa1111-0000", [], QUIET)
    target = left(setup, "aaaa1111-0000")
    assert target is not None
    assert target.parent == tmp_path / "reports" / "shop"
    assert target.name.startswith("report-")
    assert target.name.endswith("-aaaa1111.html")


def test_a_run_that_never_began_leaves_no_report(tmp_path: Path) -> None:
    assert left(made_setup(tmp_path, html="every run"), "aaaa1111-0000") is None
