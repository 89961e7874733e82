"""What people do besides synchronising, from the forms of flows: look things up, import and export the mapping table, what if."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.desk import editing, versions
from flows.exchange_customer_mapping import export_customer_mapping, import_customer_mapping
from flows.look_up import Subject, look_up
from flows.overrides import Overrides, PullOverride
from flows.plan_what_if import plan_what_if
from sandbox.command import announcement, setup_text
from tests.by_hand import by_hand, seen
from tests.flows.answering import answering, artifact
from tests.flows.shop import Shop
from tests.servers.prefect import prefect_here

pytestmark = pytest.mark.live


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    with prefect_here():
        yield


@pytest.fixture
def file(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The setup file of the shop, which keeps what runs read."""
    for name, value in announcement(shop.running, tmp_path)["env"].items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "setup.toml"
    text = setup_text(shop.running, webstore_code="shop", directory=tmp_path)
    text = text.replace("[synchronization]", f'[synchronization]\nmappings = "{shop.setup.synchronization.mappings}"')
    path.write_text(text, encoding="utf-8")
    shop.keep_extracts()
    return path


def shown(key: str = "looked-up-shop") -> str:
    """The newest artifact as people read it, on one line."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", artifact(key))))


def test_everything_that_only_looks_is_one_form_with_a_choice(shop: Shop, file: Path) -> None:
    def looked(subject: Subject, **more: Any) -> str:
        state = look_up(subject=subject, setup=str(file), return_state=True, **more)
        return str(state.message)

    assert looked(Subject.RUN) == "There was no run yet. Start synchronize-customers."
    account = shop.register("kari@nord.example", address_1="Storgata 1")
    first = shop.sync()
    number = shop.number(shop.customers()["kari@nord.example"])
    shop.type_in_webstore(account, address_1="Nygaten <b>2</b>")
    shop.sync()

    assert looked(Subject.RUNS) == "The newest 2 of 2 runs."
    assert "Synchronisation of all customers" in shown() and "created 1" in shown() and "updated 1" in shown()
    assert first.run_id[:8] in shown()
    assert "created 1" in looked(Subject.RUN, run_id=first.run_id[:6])
    assert "create" in shown() and "confirmed" in shown()
    assert looked(Subject.COMPARE, older=0) == "From version 0 to 1: 1 row of the mapping table."
    assert "added" in shown()
    assert "change" in looked(Subject.HISTORY, customer=f" {number} ")
    assert "Nygaten <b>2</b>" in shown()
    assert looked(Subject.CUSTOMERS, search="kari nord") == "1 customer."
    assert looked(Subject.VERSIONS) == "Versions of the mapping table: 1 row."
    assert looked(Subject.RULES).startswith("The rules can work: ")

    assert "No customer is named" in looked(Subject.HISTORY)
    for wrong in ({"customer": "C99999"}, {"customer": "woo:"}):
        assert looked(Subject.HISTORY, **wrong).startswith("Nobody is meant")
    assert "ffffff" in looked(Subject.RUN, run_id="ffffff")
    assert "version" in looked(Subject.COMPARE, older=7).lower()
    assert "no-such-folder" in looked(Subject.RULES, folder="no-such-folder")
    assert "filter" in looked(Subject.CUSTOMERS, filter="likned").lower()


def test_an_import_shows_its_plan_and_imports_exactly_it_and_an_export_goes_in_again(shop: Shop, file: Path) -> None:
    accounts = [shop.register(f"kari{n}@nord.example", f"Kari{n} Nord", phone=f"+47 4000000{n}") for n in (1, 2)]
    cards = [shop.employ(f"ola{n}@nord.example", f"Kari{n} Nord") for n in (1, 2)]
    numbers = [shop.number(card) for card in cards]

    def imported(table: str, *answers: Any, **more: Any) -> str:
        with answering(*answers) as forms:
            state = import_customer_mapping(table=table, setup=str(file), return_state=True, **more)
        texts.append(str(forms))
        return str(state.message)

    texts: list[str] = []
    pairs = [f"{number}\t{account}" for number, account in zip(numbers, accounts, strict=True)]
    table = "\n".join(["bc_number\twebstore_id", *pairs])
    assert imported("").startswith("Which table? None is given.")
    assert imported(table, file="x.csv").startswith("Which table? Both")
    assert "line 2" in imported(f"bc_number,webstore_id\n{numbers[0]},{accounts[0]}x")
    assert imported(table, dry_run=True).startswith("Would be: 2 added")
    assert "Kari1 Nord" in shown() and numbers[0] in shown()
    assert "rejected by Ada" in imported(table, {"decision": "reject", "name": "Ada"})
    assert shop.links() == {}

    def one_by_hand() -> dict[str, str]:
        """Somebody links one of the two while the form waits: what was approved would change less than it showed."""
        by_hand(editing.link, shop.setup, [(numbers[0], accounts[0])])
        return {"decision": "approve", "name": "Ada"}

    yes = {"decision": "approve", "name": "Ada"}
    said = imported(table, one_by_hand, yes, reason="the spring list")
    assert said == "1 added, 0 changed, 0 removed, 1 stay. Version 2 of the mapping table. By Ada."
    assert "2 added, 0 changed" in texts[-1] and "1 added, 0 changed" in texts[-1], "asked again about what it is now"
    newest = seen(versions.list_versions, shop.setup)[-1]
    assert (newest["actor"], newest["reason"]) == ("Ada", "the spring list")

    exported = export_customer_mapping(setup=str(file), return_state=True)
    assert "2 rows of the mapping table" in str(exported.message)
    text = artifact("export-shop").partition("```text\n")[2].partition("\n```")[0]
    assert imported(text).startswith("Nothing is to be changed: 0 added, 0 changed, 0 removed, 2 stay")
    target = file.parent / "mapping.csv"
    assert str(target) in str(export_customer_mapping(file=str(target), setup=str(file), return_state=True).message)
    assert "exists" in str(export_customer_mapping(file=str(target), setup=str(file), return_state=True).message)
    assert "2 stay" in imported("", file=str(target))


def test_other_settings_are_tried_from_a_form(shop: Shop, file: Path) -> None:
    shop.register("kari@nord.example", "Kari Nordmann")
    shop.sync(dry_run=True)
    state = plan_what_if(setup=str(file), overrides=Overrides(pull=PullOverride.NONE), return_state=True)
    assert str(state.message).startswith("1 customer would be planned otherwise; nothing was written.")
    assert "pull create" in shown("what-if-shop") and "Made of what run" in shown("what-if-shop")
    assert "Nothing is given" in str(plan_what_if(setup=str(file), return_state=True).message)
    wrong = plan_what_if(setup=str(file), settings="policies.blnak=clear", return_state=True)
    assert "policies.blnak" in str(wrong.message)
    assert shop.writes() == []
