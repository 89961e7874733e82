"""`customer-sync rules check` and `check` beside a partner's page: what is there, what is wrong, and the copy that is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from connector.rules.page import COPY
from flows.cli import app
from sandbox.business_central.custom_page import CustomPage
from sandbox.command import announcement, setup_text
from sandbox.server import Running, start
from tests.flows.partner_page import EXTENSION, SHIP_TO
from tests.flows.shop import SHIPPED, small_rules

FIELDS = (SHIPPED / "fields.csv").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def partner() -> Iterator[Running]:
    with start(empty=True, business_central_settings={"custom_page": CustomPage()}) as running:
        yield running


@pytest.fixture
def setup(partner: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A setup of that company with a field map that names all of its page."""
    page = partner.business_central.custom_page
    assert page is not None
    page.hidden.clear()
    page.read_only.clear()
    monkeypatch.setenv("COLUMNS", "400")
    for name, value in announcement(partner, tmp_path)["env"].items():
        monkeypatch.setenv(name, value)
    rules = small_rules(tmp_path)
    (rules / "fields.csv").write_text(FIELDS + EXTENSION + SHIP_TO, encoding="utf-8")
    path = tmp_path / "setup.toml"
    text = setup_text(partner, webstore_code="shop", directory=tmp_path)
    path.write_text(text.replace("[synchronization]", f'[synchronization]\nmappings = "{rules}"', 1), encoding="utf-8")
    return path


def called(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def there(setup: Path) -> dict[str, Any]:
    """What `rules check` says of the property of each field."""
    told = called("rules", "check", "--json", "--setup", str(setup))
    assert told.exit_code == 0, told.output
    return {row["field"]: row["there"] for row in map(json.loads, told.stdout.splitlines())}


def test_what_the_page_has_is_said_of_each_field_and_a_copy_is_kept(setup: Path) -> None:
    seen = there(setup)
    assert seen["points"] == "whole number (Int64)"
    assert seen["gln"] == "text (String), 13 characters"
    assert seen["salesperson"] == "text (String), 50 characters, read only"
    assert seen["delivery_day"] == "option (customerDeliveryDay), one of Monday, Friday, Any Day"
    assert seen["ship_city"] == "text (String), 30 characters"
    assert seen["country"] == "code (String), 10 characters"
    copy = setup.parent / "rules" / COPY
    assert json.loads(copy.read_text(encoding="utf-8"))["properties"]["gln"]["length"] == 13


@pytest.mark.parametrize("without", ["server", "secret", "copy"])
def test_where_the_page_is_not_reached_its_copy_is_checked_against(
    setup: Path, partner: Running, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    assert "points" in there(setup)
    if without == "secret":
        monkeypatch.delenv("SANDBOX_CLIENT_SECRET")
    else:
        partner.business_central_faults.add("drop-before", path="metadata", count=1)
    if without == "copy":
        (setup.parent / "rules" / COPY).write_text("{}", encoding="utf-8")
    told = called("rules", "check", "--json", "--setup", str(setup))
    partner.business_central_faults.clear()
    assert told.exit_code == 0
    assert ("whole number (Int64)" in told.output) == (without != "copy")
    assert ("there is no copy of it" if without == "copy" else "its copy of 20") in told.output


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (('"contoso/webshop/v1.0"', '"contoso/webshp/v1.0"'), "does not know the address"),
        (('"customers"', '"customer"'), "there are: customers"),
    ],
)
def test_a_page_that_is_not_there_is_no_reason_to_take_a_copy(setup: Path, wrong: tuple[str, str], told: str) -> None:
    assert "points" in there(setup)
    setup.write_text(setup.read_text(encoding="utf-8").replace(*wrong), encoding="utf-8")
    answer = called("rules", "check", "--json", "--setup", str(setup))
    assert (answer.exit_code, told in answer.output) == (2, True), answer.output


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("x,meta:x,loyaltyPoint,both,,,,,integer,quarantine,,", "x: the page has no loyaltyPoint; do you mean loyaltyPoints"),
        ("x,meta:x,shipTo.cty,both,,,,,text,quarantine,,", "the page has no shipTo.cty; do you mean shipTo.city"),
        ("x,meta:x,loyaltyPoints,push,,,,,text,quarantine,,", "a whole number (Int64) there, so normalizer must be integer"),
        ("x,meta:x,salespersonName,both,,,,50,text,quarantine,,", "salespersonName cannot be written; direction must be push"),
        ("x,meta:x,name2,push,,,,99,text,quarantine,,", "max_length is 99, but name2 has 50 characters there"),
        ("x,meta:x,deliveryDay,push,,,,,option,quarantine,,Monday|Sunday", "options Sunday are none of deliveryDay"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_page_is_said_by_both_commands(setup: Path, line: str, problem: str) -> None:
    rules = setup.parent / "rules" / "fields.csv"
    rules.write_text(FIELDS + line + "\n", encoding="utf-8")
    told = called("rules", "check", "--setup", str(setup))
    assert (told.exit_code, problem in told.output) == (2, True), told.output
    told = called("check", "--json", "--setup", str(setup))
    wrong = [finding["what"] for finding in json.loads(told.stdout)["findings"] if not finding["ok"]]
    assert (told.exit_code, len(wrong), problem in wrong[0]) == (2, 1, True)


def test_a_life_with_the_page_on_the_command_line(setup: Path, partner: Running) -> None:
    shop, company = partner.webstore, partner.business_central
    page = company.custom_page
    assert page is not None

    def done(*words: str, code: int = 0) -> Any:
        told = called(*words, "--json", "--setup", str(setup))
        assert told.exit_code == code, told.output
        return json.loads(told.stdout.splitlines()[0]) if told.stdout else told.output

    def delivery() -> tuple[str, str, Any]:
        """The city of the delivery address on either side, and the points there."""
        (there,) = company.ship_to_addresses.of_customer(card, "WEBSHOP")
        row = company.customer(card) or {}
        return shop.people_get(account)["shipping"]["city"], there["city"], row["loyaltyPoints"]

    record = {"email": "kari@nord.example", "first_name": "Kari", "last_name": "Nordmann"}
    meta = [{"key": "points", "value": "12"}]
    account = shop.people_create({**record, "meta_data": meta, "shipping": {"city": "Geilo", "country": "NO"}})
    assert done("sync", "--here")["pull"]["created"] == 1
    (card,) = company.customer_ids()
    assert delivery() == ("Geilo", "Geilo", 12)

    shop.people_update(account, {"shipping": {"city": "Hol"}, "meta_data": [{"key": "points", "value": "20"}]})
    run = done("sync", "--here")["run_id"]
    assert delivery() == ("Hol", "Hol", 20)
    done("runs", "undo", run, "--yes", "--here")
    assert delivery() == ("Hol", "Geilo", 12)

    shop.people_update(account, {"shipping": {"city": "Voss"}})
    company.people_ship_to(card, "WEBSHOP", {"city": "Moss"})
    assert done("sync", "--here")["conflicts"] == 1
    number = str(company.people_get(card)["number"])
    done("conflicts", "decide", number, "ship_city", "--take", "webstore")
    done("sync", "--here")
    assert delivery()[:2] == ("Voss", "Voss")

    page.read_only.add("loyaltyPoints")
    shop.people_update(account, {"meta_data": [{"key": "points", "value": "30"}]})
    told = done("sync", "--here")
    assert (told["pull"]["withheld"], delivery()[2]) == (1, 12)
    assert any("so they were only read: points" in warning for warning in told["warnings"])
    page.hidden.add("gln")
    assert "gln: the page has no gln" in str(done("sync", "--here", code=3))
