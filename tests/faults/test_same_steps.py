"""The steps that the scenario tests play without Prefect are those of the flows: the same requests, the same store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.core.undoing import UNDO
from sandbox.server import start
from tests.faults.conftest import Office
from tests.flows.shop import Shop

pytestmark = pytest.mark.live

# what is different in every run
OWN = {"id", "run_id", "intended_at", "settled_at", "token", "webstore_code"}


@pytest.fixture
def twin(tmp_path: Path, empty_store: Path) -> Iterator[Shop]:
    """Both systems once more, with the same seed, and the steps beside them."""
    with start(empty=True, seed=1) as running:
        yield Shop(running, tmp_path, store=empty_store)


def beside(office: Office) -> Shop:
    """The office's systems and store, to be looked at as those of a scenario."""
    shop = Shop(office.running, office.folder)
    shop.store_file = office.store
    shop.setup = shop.setup.model_copy(
        update={"store": shop.setup.store.model_copy(update={"url": f"sqlite:///{office.store}"})}
    )
    return shop


def some_life(shop: Shop) -> None:
    """Somebody to be created on either side, to be linked, and to be updated later."""
    shop.register("kari@nord.example", "Kari Nordmann", city="Bergen")
    shop.employ("ola@nord.example", "Ola Nordmann", ticked=True, city="Voss")
    shop.register("per@nord.example", "Per Hansen", city="Oslo")
    shop.employ("per@nord.example", "Per Hansen", phoneNumber="+47 40000001")


def more_life(shop: Shop) -> None:
    """An edit on either side, a conflict, and somebody who goes."""
    accounts, customers = shop.accounts(), shop.customers()
    shop.type_in_webstore(accounts["kari@nord.example"], address_1="Storgata 1", city="Fana")
    shop.type_in_company(customers["kari@nord.example"], city="Askøy")
    shop.type_in_company(customers["ola@nord.example"], addressLine1="Nygaten 2")
    shop.running.webstore.people_delete(accounts["per@nord.example"])
    shop.register("liv@nord.example", "Liv Berg")


def requests(shop: Shop) -> dict[str, list[Any]]:
    """What was asked, system by system, where it was read, and all writes: push and pull
    are at work at the same time, and what one of them looks up depends on how far the other is."""
    logs = {"webstore": shop.running.webstore_log, "business_central": shop.running.business_central_log}
    return {
        name: sorted({(e.method, e.path) for e in log if not e.is_token_request})
        + sorted(repr((e.method, e.path, e.operations)) for e in log if e.is_write)
        for name, log in logs.items()
    }


def store(shop: Shop) -> dict[str, Any]:
    """What is remembered, without times and run ids. Push and pull are recorded in either order."""
    known = shop.remembered()
    journal = [{name: value for name, value in row.items() if name not in OWN} for row in known.journal]
    journal = [row | {"rule": re.sub(f"(?<={UNDO}).*", "…", row["rule"])} for row in journal]
    return {
        "links": known.links, "ticked": known.ticked, "version": known.version, "bases": known.bases,
        "journal": sorted(journal, key=lambda row: (row["direction"], row["operation"], str(row["bc_number"]))),
    }  # fmt: skip


def same(office: Office, by_flow: Shop, by_steps: Shop) -> None:
    assert requests(by_flow) == requests(by_steps)
    assert store(by_flow) == store(by_steps)
    by_flow.forget_requests()
    by_steps.forget_requests()


def test_flow_and_steps_ask_and_remember_the_same(office: Office, twin: Shop) -> None:
    by_flow = beside(office)
    for shop in (by_flow, twin):
        some_life(shop)
        shop.forget_requests()
    first = office.run("sync", "--json").result
    assert first["plan_hash"] == twin.sync().plan.hash
    same(office, by_flow, twin)
    for shop in (by_flow, twin):
        more_life(shop)
        shop.forget_requests()
    dry, second = office.run("sync", "--dry-run", "--json").result, office.run("sync", "--json").result
    assert dry["plan_hash"] == second["plan_hash"] == twin.sync(dry_run=True).plan.hash == twin.sync().plan.hash
    same(office, by_flow, twin)
    number = by_flow.number(by_flow.customers()["kari@nord.example"])
    office.run("sync", "--json", "--customer", number)
    twin.sync(number)
    same(office, by_flow, twin)
    office.run("runs", "undo", second["run_id"], "--yes", "--json")
    twin.undo(_last_full_run(twin))
    same(office, by_flow, twin)


def _last_full_run(shop: Shop) -> str:
    return next(str(row["run_id"]) for row in reversed(shop.journal()) if row["operation"] == "update")
