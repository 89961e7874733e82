"""What users of other connectors complain about, as stories of customers; the numbers of the list are in the names' order.

Duplicates are in test_never_twice.py, loops in the property of the round trip, mails and mass changes in
test_quality_and_breakers.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.desk.editing import tick
from sandbox.server import Running
from tests.by_hand import by_hand
from tests.flows.shop import SHIPPED, Shop


def agreed(shop: Shop, **billing: str) -> tuple[int, str]:
    """Kari, on both sides and linked."""
    account = shop.register("kari@nord.example", **{"address_1": "Storgata 1", "city": "Bergen", **billing})
    shop.settle()
    return account, shop.customers()["kari@nord.example"]


def test_a_visitor_who_checks_out_twice_becomes_one_customer(shop: Shop) -> None:
    shop.register("kari@nord.example", city="Bergen")
    shop.sync()
    shop.running.webstore.people_create(
        {"email": "KARI@nord.example.org", "first_name": "Kari", "last_name": "Nordmann"}
    )
    for _ in range(2):
        shop.sync()
    assert sorted(shop.customers()) == ["KARI@nord.example.org", "kari@nord.example"]
    assert len(shop.links()) == 2


def test_two_people_with_one_telephone_are_not_taken_for_one(shop: Shop) -> None:
    shop.register("kari@nord.example", "Kari Nordmann", phone="+47 22 00 00 00")
    customer = shop.employ("per@nord.example", "Per Hansen", phoneNumber="+47 22 00 00 00")
    done = shop.sync()
    assert done.summary.linked == 0
    assert shop.links().get(customer) is None


def test_an_e_mail_that_begins_like_another_one_is_not_that_one(shop: Shop) -> None:
    shop.register("ann@nord.example", "Ann Lee")
    customer = shop.employ("ann@nord.example.com", "Ann Lee")
    shop.sync()
    assert shop.links().get(customer) is None
    assert shop.customer(customer)["email"] == "ann@nord.example.com"


def test_one_e_mail_of_several_customers_is_asked_about_and_nobody_is_made(shop: Shop) -> None:
    shop.register("office@nord.example", "Kari Nordmann")
    for _ in range(2):
        shop.employ("office@nord.example", "Kari Nordmann")
    done = shop.sync()
    assert (done.summary.ambiguous, done.summary.linked, len(shop.customers())) == (3, 0, 1)
    assert len(shop.company.customer_ids()) == 2


@pytest.mark.parametrize("side", ["webstore", "business_central"])
def test_a_changed_e_mail_follows_its_customer_and_makes_nobody(shop: Shop, side: str) -> None:
    account, customer = agreed(shop)
    if side == "webstore":
        shop.running.webstore.people_update(account, {"email": "kari.new@nord.example"})
    else:
        by_hand(tick, shop.setup, [shop.number(customer)])
        shop.type_in_company(customer, email="kari.new@nord.example")
    shop.settle()
    assert shop.links() == {customer: account}
    assert list(shop.accounts()) == list(shop.customers()) == ["kari.new@nord.example"]


@pytest.mark.parametrize(("blank", "city"), [("keep", "Bergen"), ("clear", "")])
def test_an_emptied_field_overwrites_good_data_only_when_the_shop_says_so(shop: Shop, blank: str, city: str) -> None:
    account, customer = agreed(shop)
    shop.change(policies={"blank": blank})
    shop.type_in_webstore(account, city="")
    shop.sync()
    assert shop.customer(customer)["city"] == city
    assert shop.account(account)["billing"]["city"] == ""


def test_an_account_without_an_address_empties_nothing_when_it_is_linked(shop: Shop) -> None:
    customer = shop.employ("kari@nord.example", city="Voss", addressLine1="Nygaten 2", ticked=True)
    account = shop.register("kari@nord.example")
    shop.settle()
    assert shop.links() == {customer: account}
    assert (shop.customer(customer)["city"], shop.account(account)["billing"]["city"]) == ("Voss", "Voss")


@pytest.fixture
def greek(running: Running, tmp_path: Path, empty_store: Path) -> Shop:
    """A shop that knows the Greek regions."""
    shop = Shop(running, tmp_path, store=empty_store)
    header, *rows = (SHIPPED / "states.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    states = Path(str(shop.setup.synchronization.mappings)) / "states.csv"
    states.write_text("".join([header, *(row for row in rows if row.startswith("GR,"))]), encoding="utf-8")
    return shop


def test_attica_is_attica_and_not_a_cryptic_letter(greek: Shop) -> None:
    account = greek.register("eleni@nord.example", "Eleni Papa", country="GR", state="I", city="Athina")
    greek.settle()
    customer = greek.customers()["eleni@nord.example"]
    assert greek.customer(customer)["state"] == "Attica"
    greek.type_in_company(customer, state="Central Macedonia")
    greek.settle()
    assert greek.account(account)["billing"]["state"] == "B"


def test_a_vat_number_goes_back_to_the_plugin_s_key_from_which_it_came(shop: Shop) -> None:
    meta = [{"key": "billing_vat_id", "value": "NO123456789MVA"}]
    record = {"email": "as@nord.example", "first_name": "Kari", "last_name": "Nordmann", "billing": {"country": "NO"}}
    account = shop.running.webstore.people_create({**record, "meta_data": meta})
    shop.settle()
    customer = shop.customers()["as@nord.example"]
    assert shop.customer(customer)["taxRegistrationNumber"] == "NO123456789MVA"
    shop.type_in_company(customer, taxRegistrationNumber="NO987654321MVA")
    shop.settle()
    values: dict[str, Any] = {item["key"]: item["value"] for item in shop.account(account)["meta_data"]}
    assert values["billing_vat_id"] == "NO987654321MVA"
    assert "vat_number" not in values


def test_a_company_stays_a_company_when_its_contact_changes(shop: Shop) -> None:
    account, customer = agreed(shop, company="Nord AS")
    assert (shop.customer(customer)["type"], shop.customer(customer)["displayName"]) == ("Company", "Nord AS")
    shop.running.webstore.people_update(account, {"first_name": "Ola"})
    shop.settle()
    assert (shop.customer(customer)["type"], shop.customer(customer)["displayName"]) == ("Company", "Nord AS")


@pytest.mark.parametrize("later", ["webstore", "business_central"])
def test_the_newest_edit_wins_though_the_shop_s_clock_shows_another_hour(shop: Shop, later: str) -> None:
    account, customer = agreed(shop)
    shop.change(policies={"conflict": "newest"})
    edits = {
        "webstore": lambda: shop.type_in_webstore(account, city="Oslo"),
        "business_central": lambda: shop.type_in_company(customer, city="Voss"),
    }
    # the side that is edited first shows an hour that has not come yet on the other one
    ahead = {"webstore": shop.company.clock.advance, "business_central": shop.running.webstore.advance_clock}[later]
    ahead(3600)
    try:
        edits["business_central" if later == "webstore" else "webstore"]()
        shop.sync(dry_run=True)
        edits[later]()
        shop.settle()
    finally:
        ahead(-3600)
    wanted = "Oslo" if later == "webstore" else "Voss"
    assert (shop.account(account)["billing"]["city"], shop.customer(customer)["city"]) == (wanted, wanted)


def test_an_e_mail_of_somebody_with_another_role_makes_no_second_account(shop: Shop) -> None:
    shop.running.webstore.people_create(
        {"email": "kari@nord.example", "first_name": "Kari", "last_name": "Nordmann", "role": "subscriber"}
    )
    shop.employ("kari@nord.example", ticked=True)
    done = shop.sync()
    assert "subscriber" in done.summary.errors[0].message
    assert len(shop.running.webstore.customer_ids()) == 1


def test_one_bad_customer_of_a_batch_is_told_and_the_others_are_written(shop: Shop) -> None:
    for number in range(5):
        shop.register(f"p{number}@nord.example", f"Per{number} Lie{number}")
    shop.running.webstore.people_create(
        {"email": "bad@nord.example", "first_name": "Bad", "last_name": "Vat", "billing": {"country": "DE"},
         "meta_data": [{"key": "vat_number", "value": "1"}]}
    )  # fmt: skip
    done = shop.sync()
    assert (done.summary.pull.created, done.summary.pull.failed) == (5, 1)
    assert "VAT" in done.summary.errors[0].message
    again = shop.sync()
    assert (again.summary.pull.failed, again.summary.quarantined) == (0, 1), "the bad one blocks nobody for ever"


def test_a_run_without_news_asks_for_pages_and_not_for_customers(shop: Shop) -> None:
    for number in range(30):
        shop.register(f"p{number}@nord.example", f"Per{number} Lie{number}")
    shop.settle()
    shop.forget_requests()
    shop.sync()
    logs = (shop.running.webstore_log, shop.running.business_central_log)
    assert sum(not entry.is_token_request for log in logs for entry in log.entries) <= 6
