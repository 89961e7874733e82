"""Runs of selected customers touch nobody else; webstores that share a company, and a store, do not touch each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.desk import inbox
from connector.desk.quarantine import list_quarantine
from connector.errors import InputError
from sandbox.server import Running, start
from tests.by_hand import seen
from tests.flows.shop import Shop


def linked(shop: Shop, number: int) -> tuple[int, str]:
    account = shop.register(f"p{number}@nord.example", f"Person{number} Family{number}", city="Bergen")
    shop.sync()
    return account, shop.customers()[f"p{number}@nord.example"]


@pytest.mark.parametrize("how", ["number", "id", "account", "e-mail"])
def test_only_the_selected_customer_is_written(shop: Shop, how: str) -> None:
    (one, other) = linked(shop, 1), linked(shop, 2)
    for account, customer in (one, other):
        shop.type_in_webstore(account, city="Oslo")
        shop.type_in_company(customer, phoneNumber="+47 40000001")
    name = {"number": shop.number(one[1]), "id": one[1], "account": f"woo:{one[0]}", "e-mail": "p1@nord.example"}[how]
    shop.forget_requests()
    done = shop.sync(name)
    assert (done.summary.push.updated, done.summary.pull.updated) == (1, 1)
    assert {target.split("/")[-1] for _, target in shop.writes()} == {str(one[0]), one[1]}
    assert shop.customer(other[1])["city"] == "Bergen"


def test_an_unknown_customer_stops_the_run_and_nobody_is_written(shop: Shop) -> None:
    account, customer = linked(shop, 1)
    shop.type_in_webstore(account, city="Oslo")
    with pytest.raises(InputError, match="C99999: in neither system"):
        shop.sync(shop.number(customer), "C99999")
    assert shop.customer(customer)["city"] == "Bergen"


def test_a_selected_customer_who_is_there_under_another_e_mail_is_linked_and_not_made_again(shop: Shop) -> None:
    """Only the VAT number tells: whoever looks for the e-mail alone creates a second customer."""
    vat = {"meta_data": [{"key": "vat_number", "value": "NO918273645"}]}
    record = {
        "email": "kari@nord.example",
        "billing": {"company": "Nord AS", "country": "NO", "phone": "+47 40000001"},
        **vat,
    }
    account = shop.running.webstore.people_create(record)
    customer = shop.employ(
        "post@nord.example", "Nord AS", taxRegistrationNumber="NO918273645", phoneNumber="+47 40000001", type="Company"
    )
    shop.sync(f"woo:{account}")
    assert shop.links() == {customer: account}
    assert len(shop.customers()) == 1


def test_a_selected_customer_with_a_namesake_at_the_same_number_waits_as_in_a_full_run(shop: Shop) -> None:
    account = shop.register("kari.privat@nord.example", "Kari Nordmann", phone="+47 40000001")
    shop.employ("kari@nord.example", "Kari Nordmann", phoneNumber="40 00 00 01")
    done = shop.sync(f"woo:{account}")
    assert (done.summary.ambiguous, len(shop.customers())) == (2, 1)
    assert shop.sync().summary.ambiguous == 2


def test_a_selected_run_creates_its_customer_and_no_other(shop: Shop) -> None:
    first = shop.register("p1@nord.example", "Person1 Family1")
    shop.register("p2@nord.example", "Person2 Family2")
    ticked = shop.employ("c1@nord.example", "Other1 Family1", ticked=True)
    shop.employ("c2@nord.example", "Other2 Family2", ticked=True)
    shop.sync(f"woo:{first}", ticked)
    assert set(shop.customers()) == {"p1@nord.example", "c1@nord.example", "c2@nord.example"}
    assert set(shop.accounts()) == {"p1@nord.example", "p2@nord.example", "c1@nord.example"}


def test_whoever_is_selected_by_one_name_is_selected_by_all_of_his(shop: Shop) -> None:
    """Webhooks name the account; what waits for people is kept under the number of the customer, or under the account's."""
    account, customer = linked(shop, 1)
    shop.type_in_company(customer, city="Oslo")
    shop.type_in_webstore(account, city="Voss", phone="40000001 linje A")
    shop.sync()
    assert (len(seen(inbox.list_conflicts, shop.setup)), len(seen(list_quarantine, shop.setup))) == (1, 1)
    shop.type_in_webstore(account, city="Oslo", phone="+47 40000001")
    shop.sync(f"woo:{account}")
    assert seen(inbox.list_conflicts, shop.setup) == seen(list_quarantine, shop.setup) == []

    shop.running.webstore_faults.add("altered-records", records={str(account): {"email": ["odd"]}}, count=50)
    shop.sync()
    assert [row["key"] for row in seen(list_quarantine, shop.setup)] == [f"woo:{account}"]
    shop.running.webstore_faults.clear()
    shop.sync(shop.number(customer))
    assert seen(list_quarantine, shop.setup) == []


def test_a_selected_run_leaves_the_conflicts_of_others_in_the_inbox(shop: Shop) -> None:
    pairs = [linked(shop, 1), linked(shop, 2)]
    for account, customer in pairs:
        shop.type_in_webstore(account, city="Oslo")
        shop.type_in_company(customer, city="Fana")
    shop.sync()
    shop.sync(pairs[0][1])
    assert len(seen(inbox.list_conflicts, shop.setup)) == 2


@pytest.fixture
def second_webstore() -> Iterator[Running]:
    """Another webstore (its company is not used)."""
    with start(empty=True, seed=2) as running:
        yield running


@pytest.fixture
def shops(running: Running, second_webstore: Running, tmp_path: Path, empty_store: Path) -> tuple[Shop, Shop]:
    """Two webstores with one company and one store."""
    first = Shop(running, tmp_path / "oslo", code="oslo", store=empty_store)
    second = Shop(second_webstore, tmp_path / "bergen", code="bergen", store=empty_store)
    second.setup = second.setup.model_copy(
        update={"business_central": first.setup.business_central, "store": first.setup.store}
    )
    second.store_file = first.store_file
    second.company = running.business_central
    return first, second


def test_a_customer_of_both_webstores_is_one_customer_of_the_company(shops: tuple[Shop, Shop]) -> None:
    for shop in shops:
        shop.register("kari@nord.example", "Kari Nordmann")
        shop.sync()
    assert len(shops[0].customers()) == 1
    assert shops[0].links().keys() == shops[1].links().keys()


def test_each_webstore_has_its_own_mapping_versions_runs_and_holds(shops: tuple[Shop, Shop]) -> None:
    oslo, bergen = shops
    oslo.register("kari@nord.example", "Kari Nordmann")
    oslo.sync()
    before = oslo.remembered()
    bergen.register("per@nord.example", "Per Hansen")
    bergen.sync()
    after = oslo.remembered()
    assert before == after
    assert set(bergen.links()) == {bergen.customers()["per@nord.example"]}
    assert (oslo.remembered().version, bergen.remembered().version) == (1, 1)


def test_an_edit_in_one_webstore_reaches_the_other_through_the_company(shops: tuple[Shop, Shop]) -> None:
    oslo, bergen = shops
    accounts = [shop.register("kari@nord.example", "Kari Nordmann", city="Oslo") for shop in shops]
    for shop in shops:
        shop.sync()
    oslo.type_in_webstore(accounts[0], city="Voss")
    oslo.sync()
    bergen.sync()
    assert bergen.account(accounts[1])["billing"]["city"] == "Voss"
    for shop in (oslo, bergen, oslo):
        shop.settle(1)


def test_undoing_a_run_of_one_webstore_leaves_the_other_alone(shops: tuple[Shop, Shop]) -> None:
    oslo, bergen = shops
    accounts = [shop.register("kari@nord.example", "Kari Nordmann", city="Oslo") for shop in shops]
    for shop in shops:
        shop.sync()
    (customer,) = oslo.customers().values()
    oslo.type_in_company(customer, city="Voss")
    run = oslo.sync()
    bergen.sync()
    before = bergen.remembered()
    oslo.undo(run.run_id)
    assert oslo.account(accounts[0])["billing"]["city"] == "Oslo"
    assert (bergen.account(accounts[1])["billing"]["city"], bergen.remembered()) == ("Voss", before)


def test_a_run_of_one_webstore_does_not_wait_for_the_other(shops: tuple[Shop, Shop]) -> None:
    oslo, bergen = shops
    oslo.register("kari@nord.example", "Kari Nordmann")
    done = []
    oslo.sync(when_planned=lambda: done.append(bergen.sync()))
    assert len(done) == 1
