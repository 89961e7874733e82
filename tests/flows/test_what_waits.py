"""What waits for a person, counted as runs leave it and as people decide it, and told with where to look and to press."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest
from prefect.settings import PREFECT_UI_URL, temporary_settings

from connector.desk import activity, inbox
from connector.desk.open_matters import Matter, open_matters
from connector.report.panel import readable
from connector.report.run_tables import conflicts_shown, holds_shown, shown_table
from connector.setup import Approval, PersonalData
from tasks.overview import overview_text
from tests.by_hand import by_hand, seen
from tests.flows.shop import Shop
from tests.flows.test_plans_and_conflicts import conflict


def waiting(shop: Shop) -> dict[str, int]:
    return {matter.name: matter.count for matter in seen(open_matters, shop.setup)}


def test_it_is_counted_until_somebody_has_decided(shop: Shop) -> None:
    assert waiting(shop) == {}
    _, customer = conflict(shop)
    assert waiting(shop) == {"conflicts": 1}
    by_hand(inbox.decide, shop.setup, shop.number(customer), "city", take="webstore", actor="ann")
    assert waiting(shop) == {}
    shop.setup = shop.setup.model_copy(update={"approval": Approval.model_validate({"required": "always"})})
    shop.register("ola@nord.example", "Ola Dahl")
    shop.register("per@nord.example", "Per Lie", vat_number="x")
    run = shop.sync().summary.run_id
    (plan,) = seen(open_matters, shop.setup)
    assert (plan.name, plan.runs) == ("plans", (run,))


def test_a_hold_and_a_refused_write_wait_until_they_are_released(shop: Shop) -> None:
    shop.employ("kari@nord.example", ticked=True)
    shop.running.webstore.people_create({"email": "kari@nord.example", "role": "subscriber"})
    for _ in range(3):
        shop.sync(scheduled=True)
    assert waiting(shop) == {"holds": 1, "refused": 1}
    columns, rows = readable("holds", seen(holds_shown, shop.setup))
    assert (columns[0], rows[0][0][:1], rows[0][2]) == ("customer", "C", "3")
    by_hand(lambda desk: activity.release_holds(desk, [], everyone=True), shop.setup)
    assert "holds" not in waiting(shop)


def test_the_table_of_conflicts_is_the_same_for_runs_and_for_people(shop: Shop) -> None:
    _, customer = conflict(shop)
    number = shop.number(customer)
    before = readable("conflicts", seen(conflicts_shown, shop.setup))
    by_hand(inbox.decide, shop.setup, number, "city", take="webstore", actor="ann")
    columns, (row,) = readable("conflicts", seen(conflicts_shown, shop.setup))
    assert columns == before[0]
    assert before[1] == [[*row[:-1], ""]]
    assert (row[0].split()[0], row[1:5], row[5]) == (number, ["city", "Fana", "Oslo", "Bergen"], "webstore")
    masked = shop.setup.model_copy(
        update={"reports": shop.setup.reports.model_copy(update={"personal_data": PersonalData.MASK})}
    )
    frame: pd.DataFrame = shown_table(masked, "conflicts", seen(conflicts_shown, shop.setup)).frame
    assert readable("conflicts", frame)[1][0][2:5] == ["F****", "O****", "B****"]


@pytest.mark.parametrize("count", [1, 2])
def test_the_overview_counts_in_words_and_links_what_decides(count: int) -> None:
    names = "plans restored conflicts doubts suggestions ambiguous holds quarantined orphans refused".split()
    runs = tuple(f"{n}a1b2c3d-0000" for n in range(count))
    matters = [Matter(name, count, runs if name == "plans" else ()) for name in names]
    with temporary_settings({PREFECT_UI_URL: "http://prefect:4200/"}):
        told = overview_text("my_shop", matters, {"review-conflicts": "77"})
    lines = [line for line in told.splitlines() if re.match(r"\| \d", line)]
    assert len(lines) == len(names)
    assert (
        f"| {count} conflict{'s' * (count > 1)} to decide | [conflicts](http://prefect:4200/artifacts/key/conflicts-my-shop)"
        in told
    )
    assert "[review-conflicts](http://prefect:4200/deployments/deployment/77/run)" in told
    assert "release-holds, when the reason" in told
    assert f"page of [0a1b2c3d](http://prefect:4200/runs/flow-run/{runs[0]})" in told
    assert overview_text("my_shop", [], {}).endswith("Nothing does.")
    for line in lines:
        assert not re.search(
            r"\| 1 (?!ambiguous)[a-z]+s\b|\| 2 (?:\w+ )?(?:customer|pair|conflict|plan|field|write) ", line
        ), line


def test_many_plans_are_named_and_the_rest_counted() -> None:
    many: Any = tuple(f"{n:08d}-x" for n in range(9))
    told = overview_text("shop", [Matter("plans", 9, many)], {})
    assert "00000004]" in told and "00000005]" not in told and "and 4 more" in told
