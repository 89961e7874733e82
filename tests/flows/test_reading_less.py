"""Scheduled runs that read less: whom they look at, when they read everybody all the same, and what webhooks miss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connector.desk.editing import link
from connector.desk.inbox import decide
from connector.errors import PremiseBroken, SetupError
from connector.extract import changed
from connector.extract.changed import Everybody
from connector.run.request import RunReport
from connector.run.setup_source import opened_store
from connector.run.summary import ReadingSummary
from connector.setup import PullWebstoreCustomers
from connector.store.columns import now
from tests.by_hand import by_hand
from tests.flows.shop import Shop


@pytest.fixture
def reading_less(shop: Shop) -> Shop:
    """A shop with three pairs, whose runs read everybody once a day; everybody has just been read."""
    for number in range(3):
        shop.register(f"p{number}@less.example", f"Ann{number} Lee", city="Bergen")
    shop.change(hours_between_full_reads=24)
    shop.settle()
    return shop


def scheduled(shop: Shop) -> RunReport:
    shop.forget_requests()
    return shop.sync(scheduled=True)


def pages_of_all(shop: Shop) -> int:
    """Requests for the complete list of either side."""
    asked = [e for e in shop.running.webstore_log.entries if e.method == "GET" and e.path.endswith("/customers")]
    return sum("order=asc" in e.query for e in asked)


def told(shop: Shop, *keys: str) -> None:
    """Webhooks named customers, and nothing has been run for them yet."""
    with opened_store(shop.setup) as (_, store), store.work("shop") as work:
        work.webhooks.note(keys)


def pair(shop: Shop, number: int) -> tuple[int, str]:
    email = f"p{number}@less.example"
    return shop.accounts()[email], shop.customers()[email]


def test_with_nothing_to_do_nobody_is_read(reading_less: Shop) -> None:
    report = scheduled(reading_less)
    assert report.summary.mode == "changed"
    assert pages_of_all(reading_less) == 0
    assert reading_less.writes() == []


def test_an_edit_in_business_central_arrives_without_a_full_read(reading_less: Shop) -> None:
    account, customer = pair(reading_less, 1)
    reading_less.type_in_company(customer, city="Oslo")
    assert scheduled(reading_less).summary.mode == "changed"
    assert reading_less.account(account)["billing"]["city"] == "Oslo"
    assert pages_of_all(reading_less) == 0


def test_an_edit_that_a_webhook_named_arrives_though_its_own_run_has_not_begun(reading_less: Shop) -> None:
    account, customer = pair(reading_less, 1)
    reading_less.type_in_webstore(account, city="Oslo")
    told(reading_less, f"woo:{account}")
    assert scheduled(reading_less).summary.mode == "changed"
    assert reading_less.customer(customer)["city"] == "Oslo"


def test_what_webhooks_missed_is_found_by_the_next_full_read_and_counted(
    reading_less: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (missed, customer), (named, _) = pair(reading_less, 0), pair(reading_less, 1)
    reading_less.type_in_webstore(missed, city="Oslo")
    scheduled(reading_less)
    assert reading_less.customer(customer)["city"] == "Bergen"
    reading_less.type_in_webstore(named, city="Oslo")
    told(reading_less, f"woo:{named}")
    monkeypatch.setattr(changed, "now", lambda: now() + timedelta(hours=25))
    summary = scheduled(reading_less).summary
    assert (summary.mode, summary.reading) == ("all", ReadingSummary(Everybody.DUE, 1))
    assert "no webhook had told" in " ".join(summary.warnings)
    assert reading_less.customer(customer)["city"] == "Oslo"
    with opened_store(reading_less.setup) as (_, store), store.view("shop") as view:
        assert view.webhooks.counters()["missed"][0] == 1


def test_whom_a_run_was_started_for_is_looked_at_once_more(reading_less: Shop) -> None:
    """The run that a webhook started may have been cancelled, or its plan rejected."""
    account, customer = pair(reading_less, 1)
    reading_less.type_in_webstore(account, city="Oslo")
    told(reading_less, f"woo:{account}")
    with opened_store(reading_less.setup) as (_, store), store.work("shop") as work:
        work.webhooks.done(work.webhooks.changes(), looked_at_later=True)
        assert work.webhooks.waiting() is None
    assert scheduled(reading_less).summary.mode == "changed"
    assert reading_less.customer(customer)["city"] == "Oslo"
    with opened_store(reading_less.setup) as (_, store), store.view("shop") as view:
        assert view.webhooks.handed() == []


def test_what_a_breaker_stops_in_a_full_run_is_no_run_of_the_changed_ones(reading_less: Shop) -> None:
    """A bad import changes everybody; the percentages of the breakers count in runs over all alone."""
    breakers = reading_less.setup.breakers.model_copy(update={"floor": 1})
    reading_less.setup = reading_less.setup.model_copy(update={"breakers": breakers})
    for number in range(3):
        reading_less.type_in_company(pair(reading_less, number)[1], city="Oslo")
    with pytest.raises(PremiseBroken, match="updates_percent"):
        scheduled(reading_less)
    assert reading_less.account(pair(reading_less, 0)[0])["billing"]["city"] == "Bergen"


def test_who_registers_is_not_left_to_the_webhooks_alone(reading_less: Shop) -> None:
    reading_less.register("new@less.example", "Bo Lee")
    assert scheduled(reading_less).summary.mode == "changed"
    assert "new@less.example" in reading_less.customers()


def _tick(shop: Shop) -> Callable[[], bool]:
    shop.employ("new@less.example", "Bo Lee", ticked=True)
    return lambda: "new@less.example" in shop.accounts()


def _link(shop: Shop) -> Callable[[], bool]:
    shop.change(pull_webstore_customers="Mapped Only", policies={"first_link": "webstore"})
    account = shop.register("kai@less.example", "Kai Moe", city="Bergen")
    customer = shop.employ("moe@less.example", "Other Name", city="Bergen")
    shop.settle()
    by_hand(link, shop.setup, [(shop.number(customer), account)])
    return lambda: shop.customer(customer)["email"] == "kai@less.example"


def _decide(shop: Shop) -> Callable[[], bool]:
    account, customer = pair(shop, 1)
    shop.type_in_webstore(account, city="Oslo")
    shop.type_in_company(customer, city="Moss")
    told(shop, f"woo:{account}")
    assert scheduled(shop).summary.conflicts == 1
    by_hand(decide, shop.setup, shop.number(customer), "city", take="webstore")
    return lambda: shop.customer(customer)["city"] == "Oslo"


@pytest.mark.parametrize("edit", [_tick, _link, _decide])
def test_what_people_edit_here_is_carried_out_without_a_full_read(
    reading_less: Shop, edit: Callable[[Shop], Callable[[], bool]]
) -> None:
    done = edit(reading_less)
    assert not done()
    assert scheduled(reading_less).summary.mode == "changed"
    assert done()


def _other_policy(shop: Shop) -> None:
    shop.change(policies={"blank": "clear"})


def _other_role(shop: Shop) -> None:
    webstore = shop.setup.webstore.model_copy(update={"customer_role_filter": ("customer", "subscriber")})
    shop.setup = shop.setup.model_copy(update={"webstore": webstore})


def _left(shop: Shop) -> None:
    with opened_store(shop.setup) as (_, store), store.work("shop") as work:
        work.webhooks.count({"left to the schedule": 1})


def _over_all(shop: Shop) -> None:
    with opened_store(shop.setup) as (_, store), store.work("shop") as work:
        work.webhooks.count({"runs over all": 1})


def _killed(shop: Shop) -> None:
    with opened_store(shop.setup) as (_, store), store.work("shop") as work:
        work.runs.start("killed", "changed", "scheduled", "test")


def _deleted(shop: Shop) -> None:
    shop.running.webstore.people_delete(max(shop.accounts().values()))


def _company_restored(shop: Shop) -> None:
    before = shop.company.snapshot()
    shop.type_in_company(pair(shop, 1)[1], city="Oslo")
    scheduled(shop)
    shop.company.restore(before)


def _another_with_its_id(shop: Shop) -> None:
    before = shop.running.webstore.snapshot()
    shop.register("gone@less.example", "Bo Lee")
    scheduled(shop)
    shop.running.webstore.restore(before)
    shop.register("other@less.example", "Kai Moe")


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (_other_policy, Everybody.OTHER_RULES),
        (_other_role, Everybody.OTHER_RULES),
        (_left, Everybody.LEFT),
        (_over_all, Everybody.LEFT),
        (_killed, Everybody.NOT_DONE),
        (_deleted, Everybody.WENT_BACK),
        (_company_restored, Everybody.WENT_BACK),
        (_another_with_its_id, Everybody.WENT_BACK),
    ],
)
def test_where_somebody_may_have_been_left_everybody_is_read(
    reading_less: Shop, event: Callable[[Shop], Any], why: Everybody
) -> None:
    event(reading_less)
    summary = scheduled(reading_less).summary
    assert (summary.mode, summary.reading) == ("all", ReadingSummary(why))
    assert scheduled(reading_less).summary.mode == "changed"


def test_runs_by_hand_and_plans_read_everybody(reading_less: Shop) -> None:
    assert reading_less.sync().summary.mode == "all"
    assert reading_less.sync(dry_run=True).summary.mode == "all"
    assert scheduled(reading_less).summary.mode == "changed"


def test_a_change_that_a_flag_withholds_comes_through_when_the_flag_is_opened(reading_less: Shop) -> None:
    account, customer = pair(reading_less, 1)
    reading_less.change(pull_webstore_customers=PullWebstoreCustomers.NONE)
    scheduled(reading_less)
    reading_less.type_in_webstore(account, city="Oslo")
    told(reading_less, f"woo:{account}")
    scheduled(reading_less)
    assert reading_less.customer(customer)["city"] == "Bergen"
    reading_less.change(pull_webstore_customers=PullWebstoreCustomers.ALL)
    assert scheduled(reading_less).summary.reading == ReadingSummary(Everybody.OTHER_RULES)
    assert reading_less.customer(customer)["city"] == "Oslo"


def test_a_clock_that_went_back_reads_everybody(reading_less: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed, "now", lambda: now() - timedelta(hours=1))
    assert scheduled(reading_less).summary.mode == "all"


def test_without_webhooks_no_run_may_read_less(shop: Shop) -> None:
    with pytest.raises((SetupError, ValueError), match="needs webhooks"):
        type(shop.setup).model_validate(
            shop.setup.model_dump() | {"synchronization": {"hours_between_full_reads": 24}},
            context={"environ": {}},
        )
