"""What a window of webhooks asks both systems for, and that no request is saved at the price of an edit, or of a stranger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.clients import BusinessCentralClient
from connector.core.customer import Side
from connector.run import seen_lately
from connector.run.seen_lately import RECORDS_SECONDS, SIDES_SECONDS
from connector.store import boot_seconds, open_store
from sandbox.woocommerce.site import change_settings
from tests.flows.shop import Shop
from tests.flows.test_who_an_id_belongs_to import STRANGER, held
from tests.flows.windows import Receiver


@pytest.fixture
def receiver(shop: Shop) -> Iterator[Receiver]:
    """Three pairs, and a receiver that has carried out a window a moment ago."""
    for number in range(3):
        shop.register(f"p{number}@less.example", f"Ann{number} Lee", city="Bergen")
    shop.settle()
    store = open_store(shop.setup.store.url)
    made = Receiver(shop, store)
    account, _ = pair(shop, 2)
    shop.type_in_webstore(account, city="Moss")
    made.told_of_account(account)
    assert made.window() == 6  # who both sides are, the countries; the account, its customer, the write
    yield made
    store.close()


def pair(shop: Shop, number: int) -> tuple[int, str]:
    email = f"p{number}@less.example"
    return shop.accounts()[email], shop.customers()[email]


def test_a_window_reads_each_side_once_looks_again_before_a_write_and_writes(receiver: Receiver) -> None:
    shop = receiver.shop
    (account, its_card), (its_account, customer) = pair(shop, 0), pair(shop, 1)
    shop.type_in_webstore(account, city="Oslo")
    shop.type_in_company(customer, city="Voss")
    receiver.told_of_account(account)
    receiver.told_of_card(customer)
    assert receiver.window() == 5
    assert (shop.customer(its_card)["city"], shop.account(its_account)["billing"]["city"]) == ("Oslo", "Voss")


def test_business_central_is_asked_who_else_has_changed_with_the_same_request(receiver: Receiver) -> None:
    """Its hook comes half a minute late, and is an echo then."""
    shop = receiver.shop
    (account, _), (its_account, customer) = pair(shop, 0), pair(shop, 1)
    shop.type_in_company(customer, city="Voss")
    shop.type_in_webstore(account, city="Oslo")
    receiver.told_of_account(account)
    assert receiver.window() == 5
    assert shop.account(its_account)["billing"]["city"] == "Voss"
    receiver.told_of_card(customer)
    assert (receiver.waiting(), receiver.window()) == (set(), 0)


def test_a_company_whose_clock_was_wrong_once_is_asked_all_the_same(receiver: Receiver) -> None:
    shop = receiver.shop
    (account, _), (its_account, customer) = pair(shop, 0), pair(shop, 1)
    shop.company.clock.advance(86_400)
    shop.type_in_company(pair(shop, 2)[1], city="Moss i Vang")
    receiver.told_of_card(pair(shop, 2)[1])
    receiver.window()
    shop.company.clock.advance(-86_400)
    shop.type_in_company(customer, city="Voss")
    shop.type_in_webstore(account, city="Oslo")
    receiver.told_of_account(account)
    receiver.window()
    assert shop.account(its_account)["billing"]["city"] == "Voss"


def test_what_we_wrote_comes_back_and_nothing_is_asked(receiver: Receiver) -> None:
    shop = receiver.shop
    account, customer = pair(shop, 0)
    shop.type_in_company(customer, city="Oslo")
    receiver.told_of_card(customer)
    receiver.window()
    receiver.told_of_account(account)
    receiver.told_of_card(pair(shop, 2)[1])
    assert (receiver.waiting(), receiver.window()) == (set(), 0)


def test_an_echo_that_comes_late_takes_no_edit_away_that_waits(receiver: Receiver) -> None:
    shop = receiver.shop
    account, customer = pair(shop, 0)
    before, moment = shop.account(account), shop.customer(customer)["lastModifiedDateTime"]
    shop.type_in_webstore(account, city="Oslo")
    receiver.told_of_account(account)
    receiver.told_of_account(account, before)
    receiver.told_of_card(customer, moment)
    assert receiver.waiting() == {f"woo:{account}"}


def test_an_edit_in_the_second_of_our_write_is_no_echo(receiver: Receiver) -> None:
    shop = receiver.shop
    account, customer = pair(shop, 0)
    shop.type_in_company(customer, city="Oslo")
    receiver.told_of_card(customer)
    receiver.window()
    ours = shop.account(account)
    receiver.told_of_account(account, ours | {"billing": ours["billing"] | {"phone": "+47 22222222"}})
    assert receiver.waiting() == {f"woo:{account}"}


@pytest.mark.parametrize("moment", ["when it was sifted", "when it is planned"])
def test_an_edit_that_is_taken_back_while_it_is_carried_over_is_no_echo(receiver: Receiver, moment: str) -> None:
    """What comes back is what both sides agreed on until the run ends; then the run has moved the base. The run begins with what
    was read when the customers were sifted."""
    shop = receiver.shop
    account, customer = pair(shop, 0)
    shop.type_in_webstore(account, city="Oslo")
    receiver.told_of_account(account)

    def taken_back() -> None:
        shop.type_in_webstore(account, city="Bergen")
        receiver.told_of_account(account)

    if moment == "when it was sifted":
        receiver.meanwhile = taken_back
    else:
        receiver.how = {"when_planned": taken_back}
    receiver.window()
    assert receiver.waiting() == {f"woo:{account}"}
    receiver.window()
    assert (shop.account(account)["billing"]["city"], shop.customer(customer)["city"]) == ("Bergen", "Bergen")


def test_an_edit_that_a_dry_run_has_seen_is_no_echo(receiver: Receiver) -> None:
    shop = receiver.shop
    account, customer = pair(shop, 0)
    shop.type_in_company(customer, city="Oslo")
    shop.sync(dry_run=True)
    receiver.told_of_card(customer)
    receiver.window()
    assert shop.account(account)["billing"]["city"] == "Oslo"


def test_a_restored_webstore_is_no_echo(receiver: Receiver) -> None:
    """The backup is from before our write: what it tells is older than the base, and is looked at."""
    shop = receiver.shop
    account, customer = pair(shop, 0)
    backup = shop.running.webstore.snapshot()
    shop.type_in_company(customer, city="Oslo")
    receiver.told_of_card(customer)
    receiver.window()
    shop.running.webstore.restore(backup)
    receiver.told_of_account(account)
    assert receiver.waiting() == {f"woo:{account}"}
    receiver.window()
    assert shop.customer(customer)["city"] == "Oslo"


@pytest.mark.parametrize("side", list(Side))
def test_who_types_after_the_customers_were_sifted_wins(receiver: Receiver, side: Side) -> None:
    """The run begins with what was read before; the look before a write, and the tag, find the edit."""
    shop = receiver.shop
    account, customer = pair(shop, 0)
    if side is Side.WEBSTORE:
        shop.type_in_company(customer, city="Voss")
        receiver.told_of_card(customer)
        receiver.meanwhile = lambda: shop.type_in_webstore(account, city="Oslo")
        receiver.window()
        assert shop.account(account)["billing"]["city"] == "Oslo"
    else:
        shop.type_in_webstore(account, city="Voss")
        receiver.told_of_account(account)
        receiver.meanwhile = lambda: shop.type_in_company(customer, city="Oslo")
        receiver.window()
        assert shop.customer(customer)["city"] == "Oslo"


def test_a_shop_that_moved_a_moment_ago_gets_nobody_and_gives_nobody(receiver: Receiver) -> None:
    """Its ids are other people's; the next look at who both sides are is minutes away."""
    shop = receiver.shop
    account, customer = pair(shop, 0)
    cards = shop.customers()
    change_settings(shop.running.webstore, {"url": "https://other.example", "name": "The Other Shop"})
    newcomer = shop.register("nora@other.example", "Nora Berg")
    receiver.told_of_account(newcomer)
    receiver.window()
    assert shop.customers() == cards
    shop.running.webstore.people_replace(account, STRANGER)
    receiver.told_of_account(account)
    before = shop.customer(customer)
    receiver.window()
    assert (shop.customer(customer), held(shop)) == (before, [shop.number(customer)])


@pytest.mark.parametrize(("kept", "seconds"), [("sides", SIDES_SECONDS), ("records", RECORDS_SECONDS)])
def test_nothing_is_remembered_for_long(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, kept: str, seconds: float
) -> None:
    shop, lately = receiver.shop, receiver.lately
    account, _ = pair(shop, 0)
    form = (1,)

    def known() -> bool:
        if kept == "sides":
            with BusinessCentralClient(shop.setup.business_central) as company:
                return lately.recall_sides(shop.setup, company)
        return bool(lately.records(Side.WEBSTORE, [account], form))

    lately.note_records(Side.WEBSTORE, [(account, shop.account(account))], form)
    assert known()
    assert not lately.records(Side.WEBSTORE, [account], (2,))  # other properties were asked for
    monkeypatch.setattr(seen_lately, "boot_seconds", lambda: boot_seconds() + seconds)
    assert not known()
