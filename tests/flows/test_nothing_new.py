"""The import of Great Expectations takes seconds: it is started while a run reads where something is surely new, and not at all
where nobody has changed since everybody was validated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connector import reading
from sandbox.command import announcement, setup_text
from tests.flows.shop import SHIPPED, Shop

_SYNC = """
import sys
from pathlib import Path
from typing import Any
from connector.setup import load_setup
from tests.flows import runs
report = runs.synchronize(load_setup(Path(sys.argv[1])), side_by_side=True)
print(report.plan.pairs, len(report.plan.writes), "great_expectations" in sys.modules)
"""


def test_a_run_with_nothing_to_do_does_not_import_great_expectations(shop: Shop, tmp_path: Path) -> None:
    for number in range(3):
        shop.register(f"p{number}@shop.example", f"Ann{number} Lee")
    shop.settle(2)
    env = announcement(shop.running, tmp_path)["env"]
    text = setup_text(shop.running, webstore_code=shop.setup.webstore_code, directory=tmp_path)
    file = tmp_path / "again.toml"
    file.write_text(text)
    command = [sys.executable, "-c", _SYNC, str(file)]
    told = []
    for _ in range(2):  # the first one may have other rules than the shop had
        done = subprocess.run(
            command, env={**os.environ, **env}, capture_output=True, text=True, check=True, timeout=120
        )
        told.append(done.stdout.split())
    assert told[-1] == ["3", "0", "False"]


@pytest.mark.parametrize(
    ("edit", "prepared"),
    [
        ("nothing", 0),
        ("in the company", 1),
        ("in the webstore", 0),
        ("a tick", 1),
        ("selected", 1),
        ("everything lost", 1),
    ],
)
def test_the_import_begins_while_the_run_reads_where_something_is_surely_new(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, edit: str, prepared: int
) -> None:
    flags = shop.setup.synchronization.model_copy(update={"mappings": SHIPPED})
    shop.setup = shop.setup.model_copy(update={"synchronization": flags})
    account = shop.register("ann@shop.example", "Ann Lee")
    shop.settle(2)
    begun: list[None] = []
    monkeypatch.setattr(reading, "prepare", lambda: begun.append(None))
    (number,) = shop.links()
    if edit == "in the company":
        shop.type_in_company(number, city="Bergen")
    if edit == "in the webstore":  # it is read last, and known when there is nothing left to hide the import behind
        shop.type_in_webstore(account, city="Bergen")
    if edit == "a tick":
        shop.employ("bo@shop.example", "Bo Berg", ticked=True)
    if edit == "everything lost":
        monkeypatch.setattr(reading, "last_validated", lambda _run: {})
    shop.sync(*([shop.number(number)] if edit == "selected" else []))
    assert len(begun) == prepared


@pytest.mark.parametrize("partitions", [0, 2])
def test_reading_waits_for_the_mapping_table_only_where_it_says_who_goes_where(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, partitions: int
) -> None:
    shop.register("ann@shop.example", "Ann Lee")
    shop.settle(2)
    began: list[str] = []
    divide = reading.divide_mapping

    def step(name: str) -> Any:
        extract = getattr(reading, name)

        def extracted(*given: Any) -> Any:
            began.append(name)
            return extract(*given)

        return extracted

    def divided(*given: Any) -> Any:
        began.append("divide_mapping")
        return divide(*given)

    for name in ("extract_webstore", "extract_business_central"):
        monkeypatch.setattr(reading, name, step(name))
    monkeypatch.setattr(reading, "divide_mapping", divided)
    assert not shop.sync(partitions=partitions).plan.writes
    assert began.index("divide_mapping") == (0 if partitions else 2)
