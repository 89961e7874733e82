"""Old copies are no edits: a cache answers, a database lags, a backup was restored. Nothing that people typed since is taken
back, and it is told."""

from __future__ import annotations

import pytest

from connector.desk import inbox
from sandbox.woocommerce import accounts
from tests.by_hand import by_hand, seen
from tests.flows.agreed import NEW, OLD, WAYS, later, linked, phones, sync
from tests.flows.shop import Shop


@pytest.mark.parametrize(
    ("by", "way"),
    [("cache", "all"), ("cache-path", "selected"), ("replica", "all"), ("replica", "selected"), ("replica", "divided")],
)
def test_an_old_list_of_the_webstore_takes_nothing_back(shop: Shop, by: str, way: str) -> None:
    ((account, customer),) = linked(shop)
    shop.running.webstore_faults.add("stale", by=by)
    sync(shop, way, customer)  # fills the cache
    shop.type_in_company(customer, phoneNumber=NEW)
    sync(shop, way, customer)
    assert phones(shop, account, customer) == (NEW, NEW)
    shop.forget_requests()
    done = sync(shop, way, customer)
    assert phones(shop, account, customer) == (NEW, NEW)
    assert shop.writes() == []
    told = done.summary.conflicts or any("before; asked for by id" in text for text in done.summary.warnings)
    assert told or by == "cache"  # no cache of whole addresses answers: every read has one of its own
    shop.running.webstore_faults.clear()
    done = sync(shop, way, customer)
    assert (done.summary.conflicts, shop.writes()) == (0, [])


@WAYS
def test_a_restored_webstore_takes_nothing_back(shop: Shop, way: str) -> None:
    ((account, customer),) = linked(shop)
    yesterday = shop.running.webstore.snapshot()
    shop.type_in_company(customer, phoneNumber=NEW)
    sync(shop, way, customer)
    shop.running.webstore.restore(yesterday)
    done = sync(shop, way, customer)
    assert phones(shop, account, customer) == (OLD, NEW)
    assert done.summary.conflicts == 1
    assert "older than what was seen" in done.plan.conflicts[0].reason


@WAYS
def test_a_restored_company_takes_nothing_back(shop: Shop, way: str) -> None:
    ((account, customer),) = linked(shop)
    yesterday = shop.company.snapshot()
    shop.type_in_webstore(account, phone=NEW)
    sync(shop, way, customer)
    shop.company.restore(yesterday)
    done = sync(shop, way, customer)
    assert phones(shop, account, customer) == (NEW, OLD)
    assert done.summary.conflicts == 1


@pytest.mark.parametrize("policy", ["webstore", "business-central", "newest"])
def test_no_policy_decides_about_a_record_that_went_back(shop: Shop, policy: str) -> None:
    ((account, customer),) = linked(shop)
    yesterday = shop.running.webstore.snapshot()
    shop.type_in_company(customer, phoneNumber=NEW)
    shop.sync()
    shop.running.webstore.restore(yesterday)
    shop.type_in_company(customer, phoneNumber="+47 40000003")
    shop.change(policies={"conflict": policy})
    shop.sync()
    assert phones(shop, account, customer) == (OLD, "+47 40000003")


def test_what_is_typed_after_the_restore_does_not_make_the_rest_an_edit(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    yesterday = shop.running.webstore.snapshot()
    shop.type_in_company(customer, phoneNumber=NEW)
    shop.sync()
    shop.running.webstore.restore(yesterday)
    shop.sync()
    later(shop)
    shop.type_in_webstore(account, address_1="Nygaten 9")
    done = shop.sync()
    assert phones(shop, account, customer) == (OLD, NEW)
    assert {row["field"] for row in seen(inbox.list_conflicts, shop.setup)} == {"phone", "address_1"}
    assert done.summary.conflicts == 2


def test_what_is_typed_before_the_restore_is_noticed_does_not_make_the_rest_an_edit(shop: Shop) -> None:
    """Another account, untouched since, shows that the side went back."""
    (account, customer), (_, other) = linked(shop, 2)
    yesterday = shop.running.webstore.snapshot()
    for key in (customer, other):
        shop.type_in_company(key, phoneNumber=NEW)
    shop.sync()
    shop.running.webstore.restore(yesterday)
    later(shop)
    shop.type_in_webstore(account, address_1="Nygaten 9")
    shop.sync()
    assert phones(shop, account, customer) == (OLD, NEW)
    assert shop.customer(customer)["addressLine1"] == "Nygaten 9"


def test_a_write_within_one_second_of_the_stamp_before_is_not_taken_back_by_an_old_copy(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = accounts.now_utc()
    monkeypatch.setattr(accounts, "now_utc", lambda: moment)
    account = shop.register("kari@nord.example", phone=OLD)
    shop.sync()
    ((customer, _),) = shop.links().items()
    yesterday = shop.running.webstore.snapshot()
    shop.type_in_company(customer, phoneNumber=NEW)
    shop.sync()
    shop.running.webstore.restore(yesterday)
    shop.sync()
    assert phones(shop, account, customer) == (OLD, NEW)


def test_a_person_who_takes_a_written_value_back_edits(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    shop.type_in_company(customer, phoneNumber=NEW)
    shop.sync()
    later(shop)
    shop.type_in_webstore(account, phone=OLD)
    shop.sync()
    assert phones(shop, account, customer) == (OLD, OLD)


@pytest.mark.parametrize(("take", "expected"), [("business-central", (NEW, NEW)), ("webstore", (OLD, OLD))])
def test_a_person_says_which_side_is_right_after_a_restore(shop: Shop, take: str, expected: tuple[str, str]) -> None:
    ((account, customer),) = linked(shop)
    yesterday = shop.running.webstore.snapshot()
    shop.type_in_company(customer, phoneNumber=NEW)
    shop.sync()
    shop.running.webstore.restore(yesterday)
    shop.sync()
    later(shop)
    by_hand(inbox.decide, shop.setup, shop.number(customer), "phone", take=take)
    shop.sync()
    assert phones(shop, account, customer) == expected
    assert shop.settle().summary.conflicts == 0
    later(shop)
    shop.type_in_webstore(account, phone="+47 40000009")  # an edit is an edit again
    shop.sync()
    assert phones(shop, account, customer) == ("+47 40000009",) * 2


def test_after_a_clock_was_a_year_ahead_the_next_edit_is_asked_about_once(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    webstore, year = shop.running.webstore, 365 * 86_400
    webstore.advance_clock(year)
    shop.type_in_webstore(account, phone=NEW)
    shop.sync()
    assert phones(shop, account, customer) == (NEW, NEW)
    webstore.advance_clock(60 - year)
    shop.type_in_webstore(account, phone="+47 40000003")
    assert shop.sync().summary.conflicts == 1
    assert phones(shop, account, customer) == ("+47 40000003", NEW)
    by_hand(inbox.decide, shop.setup, shop.number(customer), "phone", take="webstore")
    shop.settle()
    later(shop)
    shop.type_in_webstore(account, phone="+47 40000004")
    shop.sync()
    assert phones(shop, account, customer) == ("+47 40000004",) * 2


@pytest.mark.parametrize("by", ["cache-path", "cache"])
def test_an_account_that_only_an_old_list_shows_makes_no_customer(shop: Shop, by: str) -> None:
    account = shop.register("kari@nord.example", phone=OLD)
    shop.running.webstore_faults.add("stale", by=by, path=r"/customers$")
    shop.sync(dry_run=True)
    shop.running.webstore.people_delete(account)
    shop.sync()
    assert shop.customers() == {}


def test_a_customer_that_was_deleted_after_the_list_was_read_makes_no_account(shop: Shop) -> None:
    customer = shop.employ("kari@nord.example", ticked=True)
    shop.register("bo@nord.example", "Bo Berg")
    shop.sync(when_planned=lambda: shop.company.people_delete(customer))
    assert set(shop.accounts()) == {"bo@nord.example"}


def test_of_a_source_that_changed_after_the_list_was_read_nothing_old_is_created(shop: Shop) -> None:
    account = shop.register("kari@nord.example", phone=OLD)
    done = shop.sync(when_planned=lambda: shop.type_in_webstore(account, phone=NEW))
    assert (shop.customers(), done.summary.pull.dropped) == ({}, 1)
    shop.sync()
    ((customer, _),) = shop.links().items()
    assert phones(shop, account, customer) == (NEW, NEW)


def _typed_over_an_edit_that_a_restore_took_back(shop: Shop, way: str) -> tuple[int, str]:
    """A cache has an edit of the office that a restore then takes back; a run meets both; then the office types again, and
    Business Central gives that the very tag of the lost edit."""
    ((account, customer),) = linked(shop)
    yesterday = shop.company.snapshot()
    shop.type_in_company(customer, city="Lost")
    sync(shop, way, customer)
    shop.running.business_central_faults.add("stale", by="cache-path")
    sync(shop, way, customer)  # fills the cache
    lost = shop.customer(customer)["@odata.etag"]
    shop.company.restore(yesterday)
    later(shop)
    shop.type_in_webstore(account, postcode="5004")
    done = sync(shop, way, customer)
    assert len(done.summary.dropped_customers) == 1
    shop.type_in_company(customer, city="Typed")
    assert shop.customer(customer)["@odata.etag"] == lost
    return account, customer


@WAYS
def test_a_tag_that_comes_twice_lets_no_old_copy_through(shop: Shop, way: str) -> None:
    account, customer = _typed_over_an_edit_that_a_restore_took_back(shop, way)
    shop.forget_requests()
    done = sync(shop, way, customer)
    assert (shop.customer(customer)["city"], shop.writes()) == ("Typed", [])
    assert ["made of an old copy" in one.reason for one in done.summary.dropped_customers] == [True]
    shop.running.business_central_faults.clear()
    shop.settle()
    assert (shop.customer(customer)["city"], shop.account(account)["billing"]["city"]) == ("Typed", "Typed")
    assert shop.customer(customer)["postalCode"] == "5004"


def test_a_cache_in_front_of_the_webstore_holds_up_no_second_write(shop: Shop) -> None:
    """The look before the first write has filled the cache."""
    ((account, customer),) = linked(shop)
    shop.running.webstore_faults.add("stale", by="cache-path")
    for phone in (NEW, "+47 40000003"):
        later(shop)
        shop.type_in_company(customer, phoneNumber=phone)
        shop.sync()
        assert phones(shop, account, customer) == (phone, phone)
