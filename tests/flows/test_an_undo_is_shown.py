"""What an undo does and leaves is shown wherever people look at it: each value with its side, who is unlinked, and why not."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest

from connector.core.approval import approved_of
from connector.planning.approvals import PlanShown
from connector.report.approval_question import question
from connector.report.panel import readable
from connector.report.run_page import report_of_run
from connector.run.request import RunReport
from connector.setup import PersonalData
from connector.store import open_store
from console.plan_rows import planned_work
from flows import activity_commands
from tasks.pressing import pressed
from tests.flows.shop import Shop


def overwritten(shop: Shop) -> str:
    """A run wrote over an address and made an account; then the flag was closed. Gives the run's id."""
    shop.register("kari@nord.example", address_1="Storgata 1")
    shop.sync()
    shop.employ("ola@nord.example", "Ola Nordmann", ticked=True)
    shop.type_in_company(shop.customers()["kari@nord.example"], addressLine1="Nygaten 2")
    run = shop.sync()
    shop.change(push_webstore_customers="None")
    return run.run_id


def rows_of(report: RunReport) -> list[dict[str, Any]]:
    table = report.plan.table()
    rows: list[dict[str, Any]] = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    return rows


def everywhere(shop: Shop, report: RunReport, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The undo as each place shows it, on one line."""
    rows, approved = rows_of(report), approved_of(report.plan)
    shown = PlanShown(approved, tuple(rows), "every plan needs an approval")
    work = planned_work(orjson.loads(orjson.dumps(approved.as_document() | {"rows": rows})))
    store = open_store(f"sqlite:///{shop.store_file}")
    with store.view("shop") as view:
        page = report_of_run(view, shop.setup, report.run_id)
    store.close()
    activity_commands._show_undo(report, as_json=True)
    files = sorted(shop.folder.rglob("plan-*.csv"), key=lambda path: path.stat().st_mtime)
    return {
        "artifact": " ".join(" ".join(row) for row in readable("plan", report.plan.table())[1]),
        "form": html.unescape(question(shop.setup, shown, in_browser=True)),
        "terminal": question(shop.setup, shown),
        "command": capsys.readouterr().out,
        "file": files[-1].read_text(encoding="utf-8"),
        "report": re.sub(r"\s+", " ", html.unescape(re.sub(r"</?(?!br|td|tr)[^>]+>", "", page))),
        "console": " ".join(" ".join(map(str, row)) for one in work.customers for row in one.rows),
    }


def test_what_a_closed_flag_withholds_is_shown_with_every_value_and_with_the_way_out(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.setup = shop.setup.model_copy(
        update={"reports": shop.setup.reports.model_copy(update={"folder": tmp_path / "reports"})}
    )
    run_id = overwritten(shop)
    report = shop.undo(run_id, dry_run=True)

    (withheld,) = [row for row in rows_of(report) if row["action"] == "withheld"]
    values = [withheld[name] for name in ("direction", "field", "before", "after", "other_side")]
    assert values == ["push", "address_1", "Nygaten 2", "Storgata 1", "Nygaten 2"]
    for place, text in everywhere(shop, report, capsys).items():
        assert "Storgata 1" in text, place
        assert text.count("Nygaten 2") >= 2, place
        assert "Push Webstore Customers = None" in text, place
        assert "unlink" in text, place
        assert "Nygaten 2 → Nygaten 2" not in text, place
    assert "--its-flags" in report.summary.warnings[0] and "(its_flags;" in pressed(report.summary.warnings[0])

    masked = shop.setup.reports.model_copy(update={"personal_data": PersonalData.MASK})
    shown = PlanShown(approved_of(report.plan), tuple(rows_of(report)), "")
    hidden = question(shop.setup.model_copy(update={"reports": masked}), shown, in_browser=True)
    assert "Nygaten" not in hidden and "N**** → S**** (Business Central: N****)" in html.unescape(hidden)


def test_with_the_flags_of_the_undone_run_its_values_come_back_though_the_flag_is_closed(shop: Shop) -> None:
    run_id = overwritten(shop)
    account = next(key for email, key in shop.accounts().items() if email == "kari@nord.example")
    shop.forget_requests()
    shop.undo(run_id)
    assert shop.writes() == []
    shop.settle(1)
    undone = shop.undo(run_id, its_flags=True)
    assert shop.account(account)["billing"]["address_1"] == "Storgata 1"
    assert (undone.summary.warnings, undone.summary.undo and undone.summary.undo.its_flags) == ((), True)
    assert [row["now"] for row in undone.created] == ["kept: it is not linked any more"]
    shop.settle(1)
    assert shop.account(account)["billing"]["address_1"] == "Storgata 1", "the setup's flag counts again"


def test_a_field_typed_since_is_shown_with_what_would_have_been_put_back(shop: Shop) -> None:
    account = shop.register("kari@nord.example", address_1="Storgata 1")
    shop.sync()
    shop.type_in_company(shop.customers()["kari@nord.example"], addressLine1="Nygaten 2")
    run = shop.sync()
    shop.type_in_webstore(account, address_1="Strandgaten 7")
    (kept,) = rows_of(shop.undo(run.run_id, dry_run=True))
    values = [kept[name] for name in ("action", "before", "after", "other_side")]
    assert values == ["kept", "Strandgaten 7", "Storgata 1", "Nygaten 2"]
    _, (shown,) = readable("plan", pd.DataFrame([{**kept, "other_side": ""}]))
    assert "Strandgaten 7 → Storgata 1 (other side: (blank))" in shown


def test_rows_of_other_runs_say_nothing_of_the_other_side(shop: Shop) -> None:
    shop.register("kari@nord.example", address_1="Storgata 1", state="", phone="+47 40000001")
    shop.employ("ola@nord.example", "Ola Nordmann", ticked=True)
    report = shop.sync(dry_run=True)
    assert len(report.plan.writes) == 2
    assert {row["other_side"] for row in rows_of(report)} == {None}
