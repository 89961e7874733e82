"""What people type while a run is at work stands afterwards, whatever the run was about to write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.desk import editing
from connector.setup import UsernameRule
from connector.store import open_store
from tests.by_hand import by_hand
from tests.flows.moments import COMMIT, REQUEST, watched
from tests.flows.shop import Shop


def linked(shop: Shop, **properties: str) -> tuple[int, str]:
    """A pair on which both sides agree."""
    account = shop.register("kari@nord.example", address_1="Storgata 1", city="Bergen", postcode="5003")
    shop.sync()
    (customer,) = shop.customers().values()
    if properties:
        shop.type_in_company(customer, **properties)
        shop.settle()
    return account, customer


def edited_when(shop: Shop, number: int, kind: str, edit: Callable[[], None]) -> dict[str, int]:
    """Run while somebody types right before the number-th moment of a kind after the plan was made; gives push and pull."""
    with watched() as moments:
        done = shop.sync(when_planned=lambda: moments.before(number, edit, kind))
    return {"push": done.summary.push.dropped, "pull": done.summary.pull.dropped}


def test_an_address_that_the_office_types_after_the_extract_is_not_overwritten(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.type_in_webstore(account, address_1="Strandgaten 7")
    dropped = edited_when(shop, 1, REQUEST, lambda: shop.type_in_company(customer, addressLine1="Nygaten 2"))
    assert (dropped["pull"], shop.customer(customer)["addressLine1"]) == (1, "Nygaten 2")
    shop.sync()  # both have changed it now: somebody must decide
    assert shop.customer(customer)["addressLine1"] == "Nygaten 2"
    assert shop.account(account)["billing"]["address_1"] == "Strandgaten 7"


def test_an_edit_of_the_office_elsewhere_in_the_customer_does_not_stop_the_write(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.type_in_webstore(account, phone="+47 40000001")
    dropped = edited_when(shop, 1, REQUEST, lambda: shop.type_in_company(customer, addressLine1="Nygaten 2"))
    now = shop.customer(customer)
    assert (dropped["pull"], now["phoneNumber"], now["addressLine1"]) == (0, "+47 40000001", "Nygaten 2")


def test_a_city_typed_while_a_postal_code_is_on_its_way_stands(shop: Shop) -> None:
    """The four parts of an address travel together, so the city goes along with a new postal code."""
    account, customer = linked(shop)
    shop.type_in_webstore(account, postcode="5004")
    edited_when(shop, 1, REQUEST, lambda: shop.type_in_company(customer, city="Fana"))
    assert shop.customer(customer)["city"] == "Fana"
    shop.settle()
    assert (shop.customer(customer)["postalCode"], shop.customer(customer)["city"]) == ("5004", "Fana")
    assert shop.account(account)["billing"]["city"] == "Fana"


def test_a_second_address_typed_while_the_first_is_on_its_way_stands(shop: Shop) -> None:
    account, customer = linked(shop, email="kari@nord.example;lager@nord.example")
    shop.running.webstore.people_update(account, {"email": "kari.ny@nord.example"})
    typed = "kari@nord.example;faktura@nord.example"
    edited_when(shop, 1, REQUEST, lambda: shop.type_in_company(customer, email=typed))
    assert shop.customer(customer)["email"] == typed
    shop.settle()
    assert shop.customer(customer)["email"] == "kari.ny@nord.example;faktura@nord.example"


def test_an_address_that_a_visitor_types_after_the_extract_is_not_overwritten(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    dropped = edited_when(shop, 1, COMMIT, lambda: shop.type_in_webstore(account, address_1="Strandgaten 7"))
    assert (dropped["push"], shop.account(account)["billing"]["address_1"]) == (1, "Strandgaten 7")


def test_a_billing_email_that_a_visitor_types_while_the_account_follows_the_office_stands(shop: Shop) -> None:
    """A new e-mail goes into the billing address, too, as long as the two are one."""
    account, customer = linked(shop)
    shop.running.webstore.people_update(account, {"billing": {"email": "kari@nord.example"}})
    shop.settle()
    shop.type_in_company(customer, email="kari.ny@nord.example")
    edited_when(shop, 1, COMMIT, lambda: shop.type_in_webstore(account, email="regnskap@nord.example"))
    assert shop.account(account)["billing"]["email"] == "regnskap@nord.example"
    shop.settle()
    assert shop.account(account)["email"] == "kari.ny@nord.example"
    assert shop.account(account)["billing"]["email"] == "regnskap@nord.example"


# the mapping table is edited after it was read, or after the plan was made
MOMENTS = pytest.mark.parametrize("moment", ["when_read", "when_planned"])


@MOMENTS
@pytest.mark.parametrize("what", ["unlink", "untick"])
def test_a_customer_that_is_taken_out_of_the_mapping_during_the_run_is_not_written(
    shop: Shop, what: str, moment: str
) -> None:
    account, customer = linked(shop)
    number = shop.number(customer)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    edit = {
        "unlink": lambda: by_hand(editing.unlink, shop.setup, [number]),
        "untick": lambda: by_hand(editing.untick, shop.setup, [number]),
    }[what]
    with watched():
        done = shop.sync(**{moment: edit})
    assert done.summary.push.dropped == 1
    assert shop.account(account)["billing"]["address_1"] == "Storgata 1"
    assert "meanwhile" in shop.journal()[-1]["message"]


@MOMENTS
def test_a_customer_unticked_before_its_account_is_made_gets_none(shop: Shop, moment: str) -> None:
    customer = shop.employ("ola@nord.example", ticked=True)
    done = shop.sync(**{moment: lambda: by_hand(editing.untick, shop.setup, [shop.number(customer)])})
    assert (done.summary.push.created, shop.accounts(), shop.links()) == (0, {}, {})


@MOMENTS
def test_an_account_is_never_made_under_a_user_name_that_was_corrected_during_the_run(shop: Shop, moment: str) -> None:
    customer = shop.employ("ola@nord.example")
    accounts = shop.setup.accounts.model_copy(update={"username": UsernameRule.MAPPING})
    shop.setup = shop.setup.model_copy(update={"accounts": accounts})

    def name_account(username: str) -> None:
        store = open_store(shop.setup.store.url)
        with store.work(shop.setup.webstore_code) as work:
            work.describe(actor="the office", reason="imported")
            work.mapping.tick(customer, shop.number(customer), username=username)
        store.close()

    name_account("ola.n")
    done = shop.sync(**{moment: lambda: name_account("olan")})
    assert (done.summary.push.dropped, shop.accounts()) == (1, {})
    shop.sync()
    assert shop.account(shop.accounts()["ola@nord.example"])["username"] == "olan"


@MOMENTS
def test_a_customer_linked_by_hand_before_its_account_is_made_gets_no_second_one(shop: Shop, moment: str) -> None:
    customer = shop.employ("ola@nord.example", ticked=True)

    def link() -> None:
        account = shop.register("ola.privat@nord.example")
        by_hand(editing.link, shop.setup, [(shop.number(customer), account)])

    done = shop.sync(**{moment: link})
    assert done.summary.push.dropped == 1
    assert list(shop.links().values()) == list(shop.accounts().values())
    assert len(shop.accounts()) == 1


@MOMENTS
def test_links_that_the_office_makes_during_a_run_stay_and_stop_nobody_else(shop: Shop, moment: str) -> None:
    """The run wants to link by e-mail whom the office has just linked to somebody else."""
    shop.register("ola@nord.example", "Ola Nordmann")
    shop.register("per@nord.example", "Per Hansen")
    ola = shop.employ("ola@nord.example", "Ola Nordmann")
    per = shop.employ("per@nord.example", "Per Hansen")

    def link() -> None:
        other = shop.register("ola.privat@nord.example", "Ola Nordmann")
        by_hand(editing.link, shop.setup, [(shop.number(ola), other)])

    done = shop.sync(**{moment: link})
    accounts = shop.accounts()
    assert shop.links() == {ola: accounts["ola.privat@nord.example"], per: accounts["per@nord.example"]}
    assert done.summary.stopped == ()
