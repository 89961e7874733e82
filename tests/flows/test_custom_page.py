"""A partner's page of Business Central: fields of every kind and ship-to addresses go both ways, and nothing of them is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import requests

from connector.core.customer import Direction
from connector.desk import inbox
from connector.errors import PremiseBroken, SetupError
from connector.planning.what_if import what_if
from connector.setup import PartitionSettings, Template
from connector.setup.other_settings import with_settings
from connector.webhooks.serving import subscriptions_of
from sandbox.server import Running
from tests.by_hand import by_hand
from tests.flows.agreed import later
from tests.flows.conftest import emptied
from tests.flows.moments import REQUEST, Killed, bury, watched
from tests.flows.partner_page import PartnerShop, partner_systems
from tests.flows.test_going_on import interrupted, marks
from tests.servers.receiver import SECRET, served

__all__ = ["partner_systems"]

PARTNER = "a1b2c3d4-5001-4f11-8a6b-6045bd9c4e10"
META = {
    "name_2": "Salg & Service", "contact": "Ola", "price_group": "GOLD", "language": "NOR", "gln": "7080000000005",
    "points": "12", "discount": "2.5", "newsletter": "1", "since": "2024-02-29", "last_visit": "2026-01-31T10:00:00Z",
    "delivery_day": "Any Day", "partner": PARTNER,
}  # fmt: skip
STORED = {
    "name2": "Salg & Service", "contactName": "Ola", "customerPriceGroup": "GOLD", "languageCode": "NOR",
    "gln": "7080000000005", "loyaltyPoints": 12, "discountPercent": 2.5, "newsletter": 1, "customerSince": "2024-02-29",
    "lastVisitAt": 1769853600000, "deliveryDay": "Any_x0020_Day", "partnerId": PARTNER,
}  # fmt: skip
TYPED = STORED | {"lastVisitAt": META["last_visit"], "newsletter": True}
CABIN = {"company": "Hytta", "address_1": "Fjellveien 1", "city": "Geilo", "postcode": "3580", "country": "NO"}


@pytest.fixture
def shop(partner_systems: Running, tmp_path: Path, empty_store: Path) -> PartnerShop:
    emptied(partner_systems)
    page = partner_systems.business_central.custom_page
    assert page is not None
    page.hidden.clear()
    page.read_only.clear()
    return PartnerShop(partner_systems, tmp_path, store=empty_store)


def linked(shop: PartnerShop, **shipping: str) -> tuple[int, str]:
    """A pair that a run has made: account and card."""
    shipping = shipping or CABIN

    def first_run() -> None:
        shop.register_with("kari@nord.example", META, **shipping)
        shop.sync()

    shop.begin_with(repr(shipping), first_run)
    (account,), (customer,) = shop.accounts().values(), shop.customers().values()
    return account, customer


def cabins(shop: PartnerShop, account: int, customer: str) -> tuple[dict[str, str], dict[str, str]]:
    """The delivery address as either side has it."""
    shipping, there = shop.account(account)["shipping"], shop.ship_to(customer)
    names = ("displayName", "addressLine1", "city", "postalCode", "country")
    return {name: shipping[name] for name in CABIN}, {key: there[name] for key, name in zip(CABIN, names, strict=True)}


def test_a_first_synchronisation_carries_fields_of_every_kind_and_the_delivery_address_both_ways(
    shop: PartnerShop,
) -> None:
    account = shop.register_with("kari@nord.example", META, **CABIN)
    card = shop.employ("ola@nord.example", "Ola Nordmann", ticked=True, **TYPED, salespersonCode="JO")
    shop.company.people_ship_to(card, "WEBSHOP", {"addressLine1": "Strandveien 2", "city": "Moss", "country": "NO"})
    shop.company.people_ship_to(card, "OTHER", {"addressLine1": "Industriveien 3", "city": "Ski", "country": "SE"})
    shop.sync()
    made = shop.customers()["kari@nord.example"]
    assert {name: shop.properties(made)[name] for name in STORED} == STORED
    assert cabins(shop, account, made) == (CABIN, CABIN)
    fresh = shop.accounts()["ola@nord.example"]
    meta = shop.meta(fresh)
    assert {name: meta[name] for name in META} == META
    assert meta["salesperson"] == shop.properties(card)["salespersonName"] != ""
    assert shop.account(fresh)["shipping"]["address_1"] == "Strandveien 2"
    shop.settle(2)
    assert shop.account(account)["shipping"]["city"] == "Geilo"


def test_edits_on_both_sides_meet_and_each_side_gets_the_other_ones(shop: PartnerShop) -> None:
    account, customer = linked(shop)
    shop.type_meta(account, points="20", delivery_day="Monday", since="")
    shop.type_shipping(account, address_1="Fjellveien 9")
    shop.type_in_company(customer, name2="Butikken", newsletter=0, lastVisitAt="2026-02-01T08:00:00Z")
    shop.company.people_ship_to(customer, "WEBSHOP", {"phoneNumber": "+47 40000009"})
    shop.sync()
    kept = shop.properties(customer)
    assert (kept["loyaltyPoints"], kept["deliveryDay"], kept["customerSince"]) == (20, "Monday", "0001-01-01")
    assert shop.ship_to(customer)["addressLine1"] == "Fjellveien 9"
    meta = shop.meta(account)
    assert (meta["name_2"], meta["newsletter"], meta["last_visit"]) == ("Butikken", "", "2026-02-01T08:00:00Z")
    assert shop.account(account)["shipping"]["phone"] == "+47 40000009"
    shop.settle(1)


@pytest.mark.parametrize("take", ["webstore", "business-central"])
def test_a_conflict_about_the_delivery_address_waits_and_is_then_written(shop: PartnerShop, take: str) -> None:
    account, customer = linked(shop)
    shop.type_shipping(account, address_1="Fjellveien 9")
    shop.company.people_ship_to(customer, "WEBSHOP", {"addressLine1": "Dalveien 4"})
    assert shop.sync().summary.conflicts == 1
    by_hand(inbox.decide, shop.setup, shop.number(customer), "ship_address_1", take=take)
    shop.settle(3)
    expected = "Fjellveien 9" if take == "webstore" else "Dalveien 4"
    assert (shop.account(account)["shipping"]["address_1"], shop.ship_to(customer)["addressLine1"]) == (
        expected,
        expected,
    )


def test_an_undone_run_puts_fields_and_the_delivery_address_back(shop: PartnerShop) -> None:
    account, customer = linked(shop)
    shop.type_meta(account, points="20", discount="3")
    shop.type_shipping(account, city="Hol", address_1="Fjellveien 9")
    run = shop.sync()
    shop.company.people_ship_to(customer, "WEBSHOP", {"addressLine1": "Dalveien 4"})  # typed since
    undone = shop.undo(run.run_id)
    assert undone.summary.pull.updated == 1
    kept = shop.properties(customer)
    assert (kept["loyaltyPoints"], kept["discountPercent"]) == (12, 2.5)
    assert (shop.ship_to(customer)["city"], shop.ship_to(customer)["addressLine1"]) == ("Geilo", "Dalveien 4")
    assert [row.field for row in undone.plan.standing] == ["ship_address_1"]


def test_an_undone_run_that_made_an_address_leaves_a_blank_one(shop: PartnerShop) -> None:
    account, customer = linked(shop, address_1="")
    assert shop.ship_to(customer) == {}
    shop.type_shipping(account, **CABIN)
    run = shop.sync()
    assert shop.ship_to(customer)["city"] == "Geilo"
    shop.undo(run.run_id)
    there = shop.ship_to(customer)
    assert (there["city"], there["addressLine1"], there["country"]) == ("", "", "")


def test_a_field_that_becomes_read_only_is_withheld_and_comes_through_later(shop: PartnerShop) -> None:
    account, customer = linked(shop)
    shop.page.read_only |= {"loyaltyPoints", "shipTo.city"}
    shop.type_meta(account, points="20", contact="Per")
    shop.type_shipping(account, city="Hol", address_1="Fjellveien 9")
    run = shop.sync()
    kept = shop.properties(customer)
    assert (kept["loyaltyPoints"], kept["contactName"]) == (12, "Per")
    assert (shop.ship_to(customer)["city"], shop.ship_to(customer)["addressLine1"]) == ("Geilo", "Fjellveien 9")
    assert {row.field for row in run.plan.withheld(Direction.PULL)} == {"points", "ship_city"}
    assert any("points, ship_city" in warning for warning in run.summary.warnings)
    shop.settle(1)
    shop.page.read_only.clear()
    shop.sync()
    assert (shop.properties(customer)["loyaltyPoints"], shop.ship_to(customer)["city"]) == (20, "Hol")


def test_a_page_that_lacks_what_no_field_needs_is_enough(shop: PartnerShop) -> None:
    shop.page.hidden |= {"type", "blocked", "creditLimit", "website", "taxAreaDisplayName"}
    account = shop.register_with("kari@nord.example", META)
    shop.sync()
    (customer,) = shop.company.customer_ids()
    shop.type_meta(account, points="20")
    assert not shop.sync().summary.warnings
    assert shop.properties(customer)["loyaltyPoints"] == 20
    template = Template(credit_limit=5.0)
    shop.setup = shop.setup.model_copy(update={"templates": (template,)})
    with pytest.raises(SetupError, match="does not let creditLimit be written"):
        shop.sync()


def test_an_edit_on_the_page_comes_by_its_webhook(shop: PartnerShop) -> None:
    account, customer = linked(shop)
    done: list[str] = []

    def run(customers: Sequence[str] | None) -> None:
        shop.sync(*(customers or ()), scheduled=True)
        done.extend(customers or ())

    with served(shop.setup, run, debounce_seconds=0.2) as receiver:
        with subscriptions_of(receiver.setup, SECRET) as subscriptions:
            told = [(one.system, one.what, one.problem) for one in subscriptions.subscribe()]
        assert ("business_central", "customers", "") in told
        shop.type_in_company(customer, loyaltyPoints=30)
        requests.post(f"{shop.running.business_central_control}/deliver", timeout=60)
        receiver.quiet()
    assert (done, shop.meta(account)["points"]) == ([customer], "30")


def test_an_undo_leaves_a_field_that_cannot_be_written_any_more(shop: PartnerShop) -> None:
    account, customer = linked(shop)
    shop.type_meta(account, points="20", contact="Per")
    run = shop.sync()
    shop.page.read_only.add("loyaltyPoints")
    undone = shop.undo(run.run_id)
    kept = shop.properties(customer)
    assert (kept["loyaltyPoints"], kept["contactName"], undone.summary.pull.failed) == (20, "Ola", 0)
    assert [row.field for row in undone.plan.standing] == ["points"]


@pytest.mark.parametrize("gone", ["loyaltyPoints", "shipTo.city", "city"])
def test_a_field_that_disappears_from_the_page_stops_the_run_and_clears_nothing(shop: PartnerShop, gone: str) -> None:
    account, customer = linked(shop)
    before = (shop.account(account), shop.properties(customer), shop.ship_to(customer))
    shop.page.hidden.add(gone)
    shop.type_meta(account, contact="Per")
    shop.forget_requests()
    with pytest.raises(PremiseBroken, match=rf"the page has no {gone}.*[Nn]othing counts as cleared"):
        shop.sync()
    assert shop.writes() == []
    shop.page.hidden.clear()
    shop.sync()
    assert shop.properties(customer)["contactName"] == "Per"
    assert (shop.ship_to(customer), shop.properties(customer)["loyaltyPoints"]) == (before[2], 12)


@pytest.mark.parametrize(
    ("begin", "kind", "after"),
    [
        ("made", "drop-after-write", 0),
        ("made", "drop-after-write", 1),
        ("made", "500", 1),
        ("address", "504-after-write", 0),
        ("both", "drop-after-write", 0),
    ],
)
def test_whatever_answer_is_lost_nobody_is_made_twice_and_both_sides_agree(
    shop: PartnerShop, begin: str, kind: str, after: int
) -> None:
    if begin == "made":
        account = shop.register_with("kari@nord.example", META, **CABIN)
    else:
        account, _ = linked(shop, address_1="")
        shop.type_shipping(account, **CABIN)
        shop.type_meta(account, **({"points": "20"} if begin == "both" else {}))
    shop.running.business_central_faults.add(kind, writes_only=True, after=after)
    shop.sync()
    assert shop.running.business_central_faults.fired
    shop.settle()
    (customer,) = shop.company.customer_ids()
    assert cabins(shop, account, customer) == (CABIN, CABIN)
    assert str(shop.properties(customer)["loyaltyPoints"]) == shop.meta(account)["points"]


@pytest.mark.parametrize("moment", range(1, 4))
def test_whatever_is_killed_while_a_customer_is_made_nobody_is_made_twice_and_the_address_comes(
    shop: PartnerShop, moment: int
) -> None:
    account = shop.register_with("kari@nord.example", META, **CABIN)
    with watched() as moments:
        try:
            shop.sync(run_id="interrupted", when_planned=lambda: moments.kill_before(moment, REQUEST))
        except Killed:
            bury(shop.store_file)
    shop.settle()
    (customer,) = shop.company.customer_ids()
    assert cabins(shop, account, customer) == (CABIN, CABIN)


def test_an_address_that_somebody_edits_between_reading_and_writing_stands(shop: PartnerShop) -> None:
    account, customer = linked(shop)
    shop.type_shipping(account, address_1="Fjellveien 9")

    def meanwhile() -> None:
        shop.company.people_ship_to(customer, "WEBSHOP", {"addressLine1": "Dalveien 4"})

    run = shop.sync(when_planned=meanwhile)
    assert shop.ship_to(customer)["addressLine1"] == "Dalveien 4"
    assert run.summary.pull.dropped == 1
    assert shop.sync().summary.conflicts == 1


def test_other_rules_are_tried_on_what_the_page_has(shop: PartnerShop) -> None:
    shop.keep_extracts()
    account, customer = linked(shop)
    shop.setup = shop.setup.model_copy(update={"templates": (Template(country="NO", payment_terms="14 DAYS"),)})
    shop.type_meta(account, points="20", gln="")
    shop.type_shipping(account, address_1="Fjellveien 9")
    shop.type_in_company(customer, name2="Butikken")
    shop.page.read_only.add("loyaltyPoints")
    planned = shop.sync(dry_run=True).plan
    found = what_if(shop.setup, with_settings(shop.setup, ["policies.blank=clear"]))
    assert found.now.plan.hash == planned.hash, "today's plan is what a run would do, read-only properties and all"
    assert {(one.field, one.then[0].kind) for one in found.differences} == {("gln", "pull update")}
    # its own writes are no edits to what a run has kept; of a card that was written alone nobody knows the address
    shop.sync()
    after = what_if(shop.setup, shop.setup)
    assert (after.now.plan.writes, after.left_out) == ((), 0)
    shop.type_meta(account, contact="Per")
    shop.sync()
    after = what_if(shop.setup, shop.setup)
    assert (after.now.plan.writes, after.left_out) == ((), 1)


@pytest.mark.parametrize("then", ["", "Geilo"])
def test_an_address_that_was_written_after_a_killed_run_had_read_it_is_not_taken_back(
    shop: PartnerShop, then: str
) -> None:
    """Also where somebody has typed the old value again since: that the landed copy has it, too, is no agreement."""
    shop.setup = shop.setup.model_copy(update={"partitions": PartitionSettings(folder=str(shop.folder / "partitions"))})
    account, customer = linked(shop)
    later(shop)
    shop.type_shipping(account, city="Hol")
    interrupted(shop)
    [path.unlink() for path in marks(shop) if path.stem == "webstore"]  # it was not read to its end
    shop.sync(shop.number(customer), partitions=2)
    assert shop.ship_to(customer)["city"] == "Hol"
    later(shop)
    if then:
        shop.type_shipping(account, city=then)
    for _ in range(2):
        shop.sync(partitions=2)
    assert (shop.account(account)["shipping"]["city"], shop.ship_to(customer)["city"]) == (then or "Hol",) * 2


@pytest.mark.parametrize("by", ["cache", "cache-path"])
def test_an_old_copy_of_an_address_takes_nothing_back(shop: PartnerShop, by: str) -> None:
    """An address moves no stamp of its card."""
    account, customer = linked(shop)
    shop.running.business_central_faults.add("stale", by=by)
    shop.sync()  # fills the cache
    later(shop)
    shop.type_shipping(account, city="Hol")
    shop.sync()
    done = shop.sync()
    assert (shop.account(account)["shipping"]["city"], shop.ship_to(customer)["city"]) == ("Hol", "Hol")
    assert done.summary.push.dropped == 1
    shop.running.business_central_faults.clear()
    shop.settle(1)
