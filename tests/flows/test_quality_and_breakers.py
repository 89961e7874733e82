"""Whole synchronisations between emulated systems: who is left out, what stops a run, and what a person may allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.desk.activity import list_holds
from connector.desk.quarantine import list_quarantine
from connector.errors import PremiseBroken
from connector.pipeline import assess_readiness
from connector.run.request import RunReport
from connector.run.run import Starter, started_by
from connector.run.setup_source import opened_store
from connector.setup import load_setup
from sandbox.command import announcement, setup_text
from sandbox.server import Running, start
from tests.by_hand import seen
from tests.flows import runs
from tests.flows.shop import small_rules
from tests.servers.prefect import prefect_here


@dataclass
class Shop:
    running: Running
    setup: Path

    def account(self, number: int, **more: Any) -> int:
        """Somebody registers in the webstore."""
        billing = {"address_1": f"Street {number}", "city": "Bergen", "country": "NO", **more.pop("billing", {})}
        record = {"email": f"p{number}@shop.example", "first_name": f"Ann{number}", "last_name": f"Lee{number}"}
        return self.running.webstore.people_create({**record, "billing": billing, **more})

    def everybody(self, count: int) -> list[int]:
        """So many accounts, all of them synchronised."""
        keys = [self.account(number) for number in range(count)]
        assert self.sync().summary.pull.created == count
        return keys

    def sync(self, *customers: str, **how: Any) -> RunReport:
        """All customers, or the given ones, with the rules and the expectations that are shipped."""
        return runs.synchronize(load_setup(self.setup), customers, **how)

    def customers(self) -> list[dict[str, Any]]:
        store = self.running.business_central
        return [store.people_get(key) for key in store.customer_ids()]

    def writes(self) -> int:
        """Write requests that reached the two systems since the last look."""
        logs = (self.running.webstore_log, self.running.business_central_log)
        count = sum(len(log.writes()) for log in logs)
        for log in logs:
            log.clear()
        return count

    def add(self, text: str) -> None:
        """More lines of the setup."""
        self.setup.write_text(self.setup.read_text(encoding="utf-8") + text, encoding="utf-8")

    def reasons(self) -> list[tuple[str, str]]:
        return [(row["key"], row["reason"]) for row in seen(list_quarantine, self.setup)]


@pytest.fixture
def checked_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop with the expectations that are shipped."""
    with start(empty=True) as running:
        setup = tmp_path / "setup.toml"
        setup.write_text(setup_text(running, webstore_code="test", directory=tmp_path), encoding="utf-8")
        for name, value in announcement(running, setup)["env"].items():
            monkeypatch.setenv(name, value)
        yield Shop(running, setup)


@pytest.fixture
def shop(checked_shop: Shop) -> Shop:
    """A shop without expectations, whose runs take a fifth of the time."""
    text, rules = checked_shop.setup.read_text(encoding="utf-8"), small_rules(checked_shop.setup.parent)
    checked_shop.setup.write_text(text.replace("[synchronization]", f'[synchronization]\nmappings = "{rules}"'))
    return checked_shop


def test_a_damaged_name_is_left_out_and_comes_back_by_itself_when_it_is_mended(checked_shop: Shop) -> None:
    shop = checked_shop
    damaged = shop.account(1, last_name="M\ufffdller")
    shop.account(2)
    assert shop.sync().summary.pull.created == 1
    ((key, reason),) = shop.reasons()
    assert key == f"woo:{damaged}"
    assert reason.startswith("last_name: The name was damaged")
    shop.running.webstore.people_update(damaged, {"last_name": "Müller"})
    assert shop.sync().summary.pull.created == 1
    assert shop.reasons() == []


def test_a_linked_customer_who_is_left_out_is_neither_written_nor_taken_for_gone(checked_shop: Shop) -> None:
    shop = checked_shop
    (key,) = shop.everybody(1)
    shop.running.webstore.people_update(key, {"last_name": "M\ufffdller", "billing": {"city": "Oslo"}})
    shop.writes()
    summary = shop.sync().summary
    assert (summary.quarantined, summary.orphans, shop.writes()) == (1, 0, 0)
    shop.running.webstore.people_update(key, {"last_name": "Lee0"})
    assert shop.sync().summary.pull.updated == 1
    assert shop.customers()[0]["city"] == "Oslo"


def test_who_is_left_out_by_a_full_run_is_left_out_by_a_selected_one(checked_shop: Shop) -> None:
    shop = checked_shop
    key = shop.account(1, last_name="M\ufffdller")
    assert shop.sync(f"woo:{key}").summary.quarantined == 1
    assert shop.customers() == []


def test_a_shop_stops_every_run_with_an_expectation_of_its_own(checked_shop: Shop) -> None:
    shop = checked_shop
    folder = shop.setup.parent / "rules" / "quality"
    folder.mkdir(parents=True)
    (folder / "webstore.csv").write_text(
        "expectation,field,value,severity,reason\nis one of,billing.country,DE,stop,We sell to Germany alone.\n"
    )
    text = shop.setup.read_text(encoding="utf-8")
    shop.setup.write_text(text.replace("[synchronization]", '[synchronization]\nmappings = "rules"'), encoding="utf-8")
    shop.account(1)
    with pytest.raises(PremiseBroken, match="We sell to Germany alone"):
        shop.sync()
    assert shop.writes() == 0


def test_a_shrunken_extract_stops_until_a_person_approves_the_plan(shop: Shop) -> None:
    keys = shop.everybody(60)
    for key in keys[:30]:
        shop.running.webstore.people_delete(key)
    shop.running.webstore.people_update(keys[-1], {"billing": {"city": "Oslo"}})
    shop.writes()
    for _ in range(2):
        with pytest.raises(PremiseBroken, match=r"shows 30 customers, 60 in the last full run: 50.0 % are missing"):
            shop.sync(scheduled=True)
    looked_at = shop.sync(dry_run=True)
    assert any("shrunken_extract_percent" in warning for warning in looked_at.summary.warnings)
    assert shop.writes() == 0
    assert shop.sync(approved_plan=looked_at.plan.hash).summary.pull.updated == 1
    assert shop.sync(scheduled=True).summary.stopped == ()


def test_an_emptied_side_stops_the_run(shop: Shop) -> None:
    for key in shop.everybody(3):
        shop.running.webstore.people_delete(key)
    with pytest.raises(PremiseBroken, match="the webstore shows no customer, where 3 were known"):
        shop.sync()


def test_a_small_shop_may_change_everybody(shop: Shop) -> None:
    for key in shop.everybody(2):
        shop.running.webstore.people_update(key, {"billing": {"city": "Oslo"}})
    assert shop.sync().summary.pull.updated == 2


def test_a_mass_change_stops_before_the_first_write_and_is_written_when_approved(shop: Shop) -> None:
    for key in shop.everybody(30):
        shop.running.webstore.people_update(key, {"billing": {"city": "Oslo"}})
    shop.writes()
    with pytest.raises(PremiseBroken, match="30 customers would be changed in Business Central"):
        shop.sync()
    assert shop.writes() == 0
    report = shop.sync(dry_run=True)
    assert shop.sync(approved_plan=report.plan.hash).summary.pull.updated == 30


def test_a_limit_of_account_mails_stops_the_run(shop: Shop) -> None:
    shop.add("\n[breakers]\naccount_mails = 0\n")
    key = shop.running.business_central.people_create(
        {"displayName": "Ann Lee", "type": "Person", "email": "ann@shop.example"}
    )
    number = shop.running.business_central.people_get(key)["number"]
    with opened_store(shop.setup) as (setup, store), store.work(setup.webstore_code) as work:
        work.describe(actor="ann", reason="test")
        work.mapping.tick(key.lower(), number)
    with pytest.raises(PremiseBroken, match="1 people would be sent the shop's new-account mail, more than 0"):
        shop.sync()
    assert shop.writes() == 0


BAD_VAT = {"meta_data": [{"key": "vat_number", "value": "1"}]}


def test_loading_stops_between_batches_when_most_writes_fail(shop: Shop) -> None:
    for number in range(130):
        shop.account(number, billing={"country": "DE"}, **BAD_VAT)
    summary = shop.sync().summary
    assert "100 of 100 writes failed" in summary.stopped[0]
    assert (summary.pull.failed, len(shop.customers())) == (100, 0)


def test_a_write_refused_for_its_value_is_not_sent_again_until_the_value_changes(shop: Shop) -> None:
    key = shop.account(1, billing={"country": "DE"}, **BAD_VAT)
    assert shop.sync().summary.pull.failed == 1
    shop.writes()
    summary = shop.sync().summary
    assert (summary.pull.failed, summary.quarantined, shop.writes()) == (0, 1, 0)
    assert "VAT Registration number" in shop.reasons()[0][1]
    assert shop.sync(f"woo:{key}").summary.pull.failed == 1
    shop.running.webstore.people_update(key, {"meta_data": [{"key": "vat_number", "value": "DE123456789"}]})
    assert shop.sync().summary.pull.created == 1
    assert shop.reasons() == []


def test_scheduled_runs_try_a_refused_write_until_the_hold(shop: Shop) -> None:
    shop.account(1, billing={"country": "DE"}, **BAD_VAT)
    for attempt in (1, 2, 3):
        assert shop.sync(scheduled=True).summary.pull.failed == 1
        (row,) = seen(list_holds, shop.setup, everyone=True)
        assert (row["failed_attempts"], row["on_hold"]) == (attempt, attempt == 3)
    assert shop.sync(scheduled=True).summary.pull.failed == 0


def test_without_holds_scheduled_runs_leave_a_known_refusal_alone(shop: Shop) -> None:
    text = shop.setup.read_text(encoding="utf-8")
    shop.setup.write_text(text.replace("max_attempts = 3", "max_attempts = 0"), encoding="utf-8")
    assert "max_attempts = 0" in shop.setup.read_text(encoding="utf-8")
    shop.account(1, billing={"country": "DE"}, **BAD_VAT)
    for _ in range(3):
        assert shop.sync(scheduled=True).summary.pull.failed == 1
    shop.writes()
    summary = shop.sync(scheduled=True).summary
    assert (summary.pull.failed, summary.quarantined, shop.writes()) == (0, 1, 0)


def test_a_field_that_goes_back_and_forth_is_held_with_both_rules_until_somebody_decides(shop: Shop) -> None:
    (key,) = shop.everybody(1)
    bc_id = shop.customers()[0]["id"]

    def in_webstore(city: str) -> None:
        # within the second of a write nobody could tell the edit from an old copy
        shop.running.webstore.advance_clock(60)
        shop.running.webstore.people_update(key, {"billing": {"city": city}})

    def in_business_central(city: str) -> None:
        shop.running.business_central.people_update(bc_id, {"city": city})

    in_webstore("Oslo")
    assert shop.sync().summary.pull.updated == 1
    in_business_central("Bergen")
    assert shop.sync().summary.push.updated == 1
    in_webstore("Oslo")
    for _ in range(2):
        shop.writes()
        done = shop.sync().summary
        assert (done.quarantined, shop.writes()) == (1, 0), (_, done.conflicts, done.pull, done.warnings)
    ((_, reason),) = shop.reasons()
    assert "“only the webstore changed” (pull) against “only Business Central changed” (push)" in reason
    assert shop.sync(f"woo:{key}").summary.pull.updated == 1


def in_this_process(setup: Path) -> dict[str, Any]:
    return assess_readiness(load_setup(setup), runs.OneAtATime(actor="ann"))


def as_a_flow(setup: Path) -> dict[str, Any]:
    with prefect_here():
        from flows.readiness import readiness  # noqa: PLC0415 - it imports Prefect

        token = started_by.set(Starter("ann"))
        try:
            return readiness(setup=str(setup)).data
        finally:
            started_by.reset(token)


@pytest.mark.parametrize("assess", [in_this_process, pytest.param(as_a_flow, marks=pytest.mark.live)])
def test_readiness_counts_and_writes_nothing(checked_shop: Shop, assess: Callable[[Path], dict[str, Any]]) -> None:
    shop = checked_shop
    shop.account(1)
    shop.account(2, last_name="M\ufffdller")
    customer = {"displayName": "Ann1 Lee1", "type": "Person", "email": "P1@shop.example", "country": "NO"}
    for _ in range(2):
        shop.running.business_central.people_create({**customer, "email": "info@shop.example"})
    shop.running.business_central.people_create(customer)
    report = assess(shop.setup)
    counts = {(check["topic"], check["system"]): check["count"] for check in report["checks"]}
    assert counts["same e-mail", "business_central"] == 2
    assert counts["shared mailbox", "business_central"] == 2
    assert counts["damaged characters", "webstore"] == 1
    assert report["with_everything_on"]["linked"] == 1
    assert shop.writes() == 0
    assert shop.reasons() == []
