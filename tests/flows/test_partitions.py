"""A run over partitions decides what a run over everybody at once decides, whatever their number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.desk.editing import unlink
from connector.pipeline import assess_readiness
from sandbox.server import Running, start
from tests.by_hand import by_hand
from tests.flows.runs import OneAtATime
from tests.flows.shop import SHIPPED, Shop

COUNTS = (1, 4)


def plans(shop: Shop, *, scheduled: bool = False) -> list[Plan]:
    """What would be done, decided over everybody at once and over partitions; nothing is written."""
    return [shop.sync(dry_run=True, scheduled=scheduled, partitions=count).plan for count in (0, *COUNTS)]


def assert_the_same(found: list[Plan]) -> Plan:
    whole, *divided = found
    for count, plan in zip(COUNTS, divided, strict=True):
        assert plan == whole, count
        assert plan.hash == whole.hash
        assert dict(plan.numbers) == dict(whole.numbers)
    return whole


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(seed=0) as running:
        for system in (running.webstore, running.business_central):
            for key in system.customer_ids():
                if crc32(str(system.people_get(key)["email"]).lower().encode()) % 3:
                    system.people_delete(key)
        yield running


@pytest.fixture(scope="module")
def shop(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A third of the recorded accounts, of whom the company knows some, after a run; then people go on working on both sides."""
    policies = {"conflict": "ask", "first_link": "business-central"}
    return Shop(
        running, tmp_path_factory.mktemp("divided"), policies=policies, mappings=str(SHIPPED),
        push_webstore_customers="Mapped Only", pull_webstore_customers="All",
    )  # fmt: skip


def test_a_first_run_matches_and_creates_the_same_customers(shop: Shop) -> None:
    plan = assert_the_same(plans(shop))
    assert len(plan.links) > 150
    assert len(plan.of(Direction.PULL, "create")) > 150
    assert plan.ambiguous


def test_readiness_finds_the_same_in_partitions(shop: Shop) -> None:
    setup = shop.setup
    reports = []
    for count in (0, *COUNTS):
        divided = setup.partitions.model_copy(update={"count": count} if count else {})
        report = assess_readiness(setup.model_copy(update={"partitions": divided}), OneAtATime())
        # what takes time, and which run it was, is another each time
        reports.append({name: what for name, what in report.items() if name in {"checks", "expectations", "accounts"}})
    assert reports[1:] == reports[:1] * len(COUNTS)
    topics = {check["topic"] for check in reports[0]["checks"] if check["count"]}
    assert {"no country", "several e-mails"} <= topics
    assert any(topic.startswith("same ") for topic in topics)


def test_what_people_did_since_is_found_in_every_partition(shop: Shop, running: Running) -> None:
    shop.sync()
    dice = random.Random(4)
    links = {bc_id: key for bc_id, key in shop.links().items() if key is not None}
    linked = dice.sample(sorted(links), 60)
    for bc_id in linked[:20]:
        shop.type_in_company(bc_id, city=f"Voss {dice.random():.3f}")
    for bc_id in linked[10:30]:
        shop.type_in_webstore(links[bc_id], city=f"Oslo {dice.random():.3f}", phone="+47 22 33 44 55")
    for bc_id in linked[30:33]:
        running.business_central.people_delete(bc_id)
    for bc_id in linked[33:36]:
        running.webstore.people_delete(links[bc_id])
    number = shop.number(linked[36])
    by_hand(unlink, shop.setup, number)
    for n in range(5):
        shop.register(f"new{n}@divided.example", f"Nils{n} Ny{n}", city="Bergen")
        shop.employ(f"new{n + 3}@divided.example", f"Nils{n + 3} Ny{n + 3}", city="Bergen", ticked=n % 2 == 0)
    shop.employ("post@divided.example; new0@divided.example", "Firma AS")
    # a linked namesake, whom nothing but the look-up before a create would find
    shop.type_in_company(linked[37], displayName="Nora Navn", email="", postalCode="")
    shop.register("", "Nora Navn")
    told = {"first_name", "last_name", "billing"}
    untouched = {row["bc_id"] for row in shop.journal() if row["operation"] == "create"} - set(linked[:37])
    brother = {name: value for name, value in shop.account(links[min(untouched)]).items() if name in told}
    twin = running.webstore.people_create({**brother, "email": "twin@divided.example"})
    plan = assert_the_same(plans(shop))
    assert twin in {write.webstore_id for write in plan.of(Direction.PULL, "create")}
    assert [(a.rung, a.bc_ids) for a in plan.ambiguous if a.rung == "name"] == [("name", (linked[37],))]
    assert {o.gone for o in plan.orphans} == {"webstore", "business_central"}
    assert plan.conflicts
    assert len(plan.writes) > 30
    assert plan.links or plan.ambiguous


@pytest.mark.parametrize("partitions", [0, 3])
def test_who_shares_what_must_be_unique_takes_no_part_in_a_selected_run_either(tmp_path: Path, partitions: int) -> None:
    with start(empty=True, seed=1) as running:
        shop = Shop(running, tmp_path)
        header = "expectation,field,value,when,severity,reason\n"
        rule = "is unique,billing.phone,,,quarantine,One phone number for one person.\n"
        (tmp_path / "rules" / "quality" / "webstore.csv").write_text(header + rule, encoding="utf-8")
        keys = [shop.register(f"p{n}@nord.example", f"Per{n} Nord{n}", phone="+47 22 33 44 55") for n in range(4)]
        done = shop.sync(f"woo:{keys[0]}", partitions=partitions)
        assert shop.customers() == {}
        assert {q.webstore_id for q in done.plan.quarantined} >= {keys[0]}
