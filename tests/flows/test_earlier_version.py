"""What an earlier version left works on: its store, its setup, its mapping file, the hashes of its plans.

The data were written by the first version, when every command still started a Prefect server: the story below, told on systems
with the same seed.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from tests.flows.shop import Shop

DATA = Path(__file__).parents[1] / "data" / "earlier-version"
TOLD = json.loads((DATA / "told.json").read_text(encoding="utf-8"))


@pytest.fixture
def setup(tmp_path: Path) -> Path:
    """The setup file, with the store beside it."""
    (tmp_path / "store.sqlite").write_bytes(gzip.decompress((DATA / "store.sqlite.gz").read_bytes()))
    text = (DATA / "shop.toml").read_text(encoding="utf-8").replace("FOLDER", str(tmp_path))
    (tmp_path / "setup.toml").write_text(text, encoding="utf-8")
    return tmp_path / "setup.toml"


def command(setup: Path, *words: str) -> list[dict[str, Any]]:
    """A command's objects."""
    done = CliRunner().invoke(app, [*words, "--setup", str(setup), "--json"])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_its_store_and_setup_are_opened(setup: Path) -> None:
    assert command(setup, "store", "check")
    rows = command(setup, "mapping", "list")
    assert [{name: row[name] for name in old} for row, old in zip(rows, TOLD["mapping"], strict=True)] == TOLD[
        "mapping"
    ]
    conflicts = command(setup, "conflicts", "list")
    assert [{name: row[name] for name in row if name != "since"} for row in conflicts] == TOLD["conflicts"]
    runs = command(setup, "runs", "list")
    assert [(run["dry_run"], run["status"]) for run in runs] == [(True, "completed"), (False, "completed")]
    run = command(setup, "runs", "show", TOLD["first_run"])[0]
    assert run["summary"]["plan_hash"] == TOLD["first"]
    assert {write["outcome"] for write in run["writes"]} == {"confirmed"}


def test_its_mapping_table_is_exported_as_it_was(setup: Path) -> None:
    exported = setup.with_name("mapping.csv")
    command(setup, "mapping", "export", str(exported))
    assert exported.read_bytes() == (DATA / "mapping.csv").read_bytes()


def test_the_same_customers_give_plans_of_the_same_hash(shop: Shop) -> None:
    shop.register("kari@nord.example", "Kari Nordmann", city="Bergen")
    shop.employ("ola@nord.example", "Ola Nordmann", ticked=True, city="Voss")
    shop.register("per@nord.example", "Per Hansen", city="Oslo")
    shop.employ("per@nord.example", "Per Hansen", phoneNumber="+47 40000001")
    assert shop.sync().plan.hash == TOLD["first"]
    shop.type_in_company(shop.customers()["kari@nord.example"], city="Askøy")
    shop.type_in_webstore(shop.accounts()["kari@nord.example"], city="Fana")
    shop.type_in_company(shop.customers()["ola@nord.example"], addressLine1="Nygaten 2")
    planned = shop.sync(dry_run=True)
    assert planned.plan.hash == TOLD["planned"]
    assert shop.sync(approved_plan=TOLD["planned"][:12]).summary.push.updated == 1
