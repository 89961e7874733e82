"""A plan that memory need not hold is shown, approved, recorded and written like any other."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from connector.core import many, plan
from connector.core.customer import Direction
from connector.core.many import Many
from connector.core.plan import Plan
from connector.errors import InputError
from connector.load import recording
from connector.planning import leftovers, lots
from connector.planning.approvals import plan_shown
from connector.report.approval_question import question
from connector.report.run_page import report_of_run
from connector.run.setup_source import opened_view
from tests.flows.shop import Shop

FIRST = 2


@pytest.fixture(autouse=True)
def _however_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lots, "ONE_LOT", 0)
    monkeypatch.setattr(many, "FIRST", FIRST)
    monkeypatch.setattr(plan, "FIRST", FIRST)
    monkeypatch.setattr(recording, "_LINKS", 2)


def test_what_was_shown_of_a_large_plan_is_written_and_nothing_else(shop: Shop, tmp_path: Path) -> None:
    both = {shop.register(f"p{n}@x.example", f"Pia{n} Lund{n}"): f"p{n}@x.example" for n in range(7)}
    cards = {email: shop.employ(email, f"Pia{n} Lund{n}") for n, email in enumerate(both.values())}
    new = [shop.register(f"n{n}@x.example", f"Nils{n} Ny{n}") for n in range(6)]
    reports = shop.setup.reports.model_copy(update={"folder": tmp_path / "reports", "rows": 3})
    shop.setup = shop.setup.model_copy(update={"reports": reports})
    made = shop.sync(dry_run=True, partitions=3)
    assert isinstance(made.plan.writes, Many) and isinstance(made.plan.links, Many)
    assert (len(made.plan.links), len(made.plan.of(Direction.PULL, "create"))) == (7, 6)
    assert made.plan.hash == shop.sync(dry_run=True).plan.hash
    # the partitions have gone, and what was shown stands
    assert len(made.plan.table().query("action == 'link'")) == FIRST
    (file,) = (tmp_path / "reports").rglob(f"*{made.run_id[:8]}.parquet")
    assert pd.read_parquet(file).groupby("action")["webstore_id"].nunique().to_dict()["link"] == 7
    shop.sync(dry_run=True, partitions=3)  # kept once more as a large one
    shown = plan_shown(shop.setup, made.plan.hash, "because")
    assert shown.counts == {"link": 7, "pull create": 6}
    assert "13" not in question(shop.setup, shown) and "9 others" in question(shop.setup, shown)
    with opened_view(shop.setup) as view:
        stored = view.plans.get(made.plan.hash)
        assert stored is not None and "Nils5" not in stored.document.decode()
        assert "Nils0" in report_of_run(view, shop.setup, made.run_id)
    with pytest.raises(InputError, match="not clear"):
        shop.sync(approved_plan=made.plan.hash, leave_out=[f"woo:{new[-1]}"], partitions=3)
    # one account has changed since, and another has come
    shop.type_in_webstore(new[0], city="Tromsø")
    late = shop.register("late@x.example", "Lina Sen")
    report = shop.sync(approved_plan=made.plan.hash, partitions=3)
    assert shop.links() == {cards[email]: account for account, email in both.items()} | {
        bc_id: account for bc_id, account in shop.links().items() if account in new[1:]
    }
    assert late not in shop.links().values() and len(shop.links()) == 7 + 5
    assert shop.remembered().version == 1
    assert report.summary.approval is not None and report.summary.linked == 7
    rest = shop.sync(partitions=3)
    assert {write.webstore_id for write in rest.plan.writes} == {new[0], late}
    assert not shop.sync(partitions=3).plan.writes


def test_a_process_decides_about_one_lot_at_a_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(12):
        shop.register(f"p{n}@x.example", f"Pia{n} Lund{n}")
    at_work: list[int] = []
    most: list[int] = []
    conclude = leftovers._concluded

    def watched(*given: Any) -> Plan:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.05)
        try:
            return conclude(*given)
        finally:
            at_work.pop()

    monkeypatch.setattr(leftovers, "_concluded", watched)
    assert isinstance(shop.sync(dry_run=True, partitions=4).plan.writes, Many)
    assert len(most) > 4 and max(most) == 1
