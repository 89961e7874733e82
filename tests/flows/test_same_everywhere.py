"""One story in this process, as flow runs of a command, and as runs of a deployment: the same requests, plans and store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.core.undoing import UNDO
from sandbox.command import setup_text
from sandbox.server import Running, start
from tests.flows.server_world import World, world
from tests.flows.shop import Shop, small_rules

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

# what is different in every run
OWN = {"id", "run_id", "intended_at", "settled_at", "token", "webstore_code"}
# a deployment has no form for undoing as the command has; its flow is called like it
FLOWS = {"sync": "synchronize-customers", "selected": "synchronize-selected-customers", "undo": "undo-run"}


@dataclass
class Place:
    """Where runs take place, and the two systems that they are about."""

    served: World
    running: Running
    setup: Path
    option: str

    @property
    def shop(self) -> Shop:
        """The systems and the store, to be looked at as those of a scenario."""
        shop = Shop(self.running, self.setup.parent)
        url = f"sqlite:///{self.setup.parent / 'store.sqlite'}"
        shop.setup = shop.setup.model_copy(update={"store": shop.setup.store.model_copy(update={"url": url})})
        return shop

    def sync(self, *customers: str, dry_run: bool = False) -> dict[str, Any]:
        """A run; gives its summary."""
        if not self.option:
            more = {"customers": list(customers)} if customers else {}
            return self._deployed("selected" if customers else "sync", dry_run=dry_run, **more)
        names = [word for name in customers for word in ("--customer", name)]
        return self._command("sync", *names, *(["--dry-run"] if dry_run else []))

    def undo(self, run_id: str) -> dict[str, Any]:
        """Undo a run; gives the summary of that."""
        if not self.option:
            return self._deployed("undo", run_id=run_id)
        return self._command("runs", "undo", run_id, "--yes")

    def _command(self, *words: str) -> dict[str, Any]:
        line = self.served.command(*words, self.option, "--json", "--setup", str(self.setup))
        answer: dict[str, Any] = orjson.loads(line)
        return answer

    def _deployed(self, what: str, **parameters: Any) -> dict[str, Any]:
        run_id = self.served.start(FLOWS[what], setup=str(self.setup), **parameters)
        self.served.wait(run_id, "COMPLETED")
        answer: dict[str, Any] = self.served.stored_run(run_id)["summary"]
        return answer


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Place]]:
    """A server with a worker, and both systems three times with the same seed."""
    folder = tmp_path_factory.mktemp("everywhere")
    nobody = {"empty": True, "seed": 1}
    with world(folder, **nobody) as served, start(empty=True, seed=1) as here, start(empty=True, seed=1) as flows:
        made = [Place(served, served.running, served.setup, "")]
        for name, running, option in (("here", here, "--here"), ("flows", flows, "--on-prefect")):
            setup = folder / name / "setup.toml"
            setup.parent.mkdir()
            text = setup_text(running, webstore_code="shop", directory=setup.parent)
            rules = small_rules(setup.parent)
            setup.write_text(text.replace("[synchronization]", f'[synchronization]\nmappings = "{rules}"'), "utf-8")
            made.append(Place(served, running, setup, option))
        yield made


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


def one(found: list[Any]) -> Any:
    """What all of them are."""
    assert all(value == found[0] for value in found)
    return found[0]


def test_a_story_is_the_same_wherever_it_takes_place(places: list[Place]) -> None:
    def told(*runs: dict[str, Any]) -> None:
        """The runs planned the same, asked the same, and left the same store."""
        one([run["plan_hash"] for run in runs])
        one([requests(place.shop) for place in places])
        one([store(place.shop) for place in places])
        for place in places:
            place.shop.forget_requests()

    for place in places:
        some_life(place.shop)
        place.shop.forget_requests()
    told(*(place.sync() for place in places))
    for place in places:
        more_life(place.shop)
        place.shop.forget_requests()
    dry = [place.sync(dry_run=True) for place in places]
    second = [place.sync() for place in places]
    told(*dry, *second)
    assert second[0]["push"]["updated"] and second[0]["pull"]["updated"] and second[0]["conflicts"]
    shop = places[0].shop
    told(*(place.sync(shop.number(shop.customers()["kari@nord.example"])) for place in places))
    told(*(place.undo(run["run_id"]) for place, run in zip(places, second, strict=True)))
    assert ["flow-run" in run["seen_at"] for run in second] == [True, False, True]
