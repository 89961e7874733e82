"""Webhooks of both emulated systems: hints that become runs, echoes that do not, and subscriptions that stay alive."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from connector.errors import InputError, PremiseBroken, RemoteTrouble
from connector.extract.sifting import Sifted, sift
from connector.rules import load_rules
from connector.run.run import Run
from connector.run.setup_source import opened_store
from connector.webhooks.genuine import client_state
from connector.webhooks.serving import WANTED, Renewal, subscriptions_of
from connector.webhooks.subscribing import Done, address_of
from tests.flows.shop import Shop
from tests.servers.receiver import SECRET, Served, served


@contextmanager
def listening(shop: Shop, debounce: float = 0.4, **webhooks: Any) -> Iterator[Served]:
    """A receiver that both systems tell; runs are carried out."""

    def run(customers: Sequence[str] | None) -> None:
        shop.sync(*(customers or ()), scheduled=True)

    with served(shop.setup, run, debounce_seconds=debounce, **webhooks) as receiver:
        shop.setup = receiver.setup
        subscribe(receiver)
        yield receiver


def subscribe(receiver: Served) -> list[Done]:
    with subscriptions_of(receiver.setup, SECRET) as subscriptions:
        done = subscriptions.subscribe()
    assert not [one.problem for one in done if one.problem]
    return done


def deliver(shop: Shop) -> int:
    """Both systems call their subscribers now; gives the number of requests."""
    return sum(
        requests.post(f"{control}/deliver", timeout=300).json()["delivered"]
        for control in (shop.running.webstore_control, shop.running.business_central_control)
    )


def sifted(shop: Shop, *keys: str, most: int = 1000) -> Sifted:
    rules = load_rules(shop.setup.synchronization.mappings, shop.setup.webstore_code)
    with opened_store(shop.setup) as (_, store), Run(shop.setup, store, rules, run_id="sift", dry_run=True) as run:
        return sift(run, keys, most)


def test_an_account_that_is_made_in_the_webstore_is_in_business_central_soon(shop: Shop) -> None:
    with listening(shop) as receiver:
        account = shop.register("kari@hook.example", city="Bergen")
        deliver(shop)
        receiver.quiet()
        assert "kari@hook.example" in shop.customers()
        assert receiver.runs == [(f"woo:{account}",)]


def test_an_edit_in_business_central_is_in_the_webstore_soon(shop: Shop) -> None:
    account = shop.register("kari@hook.example", city="Bergen")
    shop.sync()
    customer = shop.customers()["kari@hook.example"]
    with listening(shop) as receiver:
        shop.type_in_company(customer, city="Oslo")
        deliver(shop)
        receiver.quiet()
        assert shop.account(account)["billing"]["city"] == "Oslo"
        assert receiver.runs == [(customer.lower(),)]


def test_the_pipelines_own_writes_come_back_and_start_no_run(shop: Shop) -> None:
    with listening(shop) as receiver:
        for number in range(5):
            shop.register(f"w{number}@hook.example", f"Ann{number} Lee")
            shop.employ(f"c{number}@hook.example", f"Bo{number} Lee", ticked=True)
        shop.settle()
        shop.type_in_webstore(shop.accounts()["w0@hook.example"], city="Bergen")
        shop.type_in_company(shop.customers()["c0@hook.example"], city="Oslo")
        shop.settle()
        deliver(shop)
        receiver.quiet()
        assert receiver.runs == []
        assert receiver.counted()["echoes"] >= 10


def test_a_run_that_a_hook_started_comes_to_rest(shop: Shop) -> None:
    with listening(shop) as receiver:
        shop.register("kari@hook.example", city="Bergen")
        for _ in range(4):
            deliver(shop)
            receiver.quiet()
        assert len(receiver.runs) == 1


@pytest.mark.live
def test_a_thousand_deliveries_in_a_burst_lead_to_one_run_and_no_lost_customer(shop: Shop) -> None:
    breakers = shop.setup.breakers.model_copy(
        update={"floor": 1000}
    )  # a selected run of as many, whatever the percentages
    shop.setup = shop.setup.model_copy(update={"breakers": breakers})
    with listening(shop, debounce=3) as receiver:
        deliver(shop)  # from now on nothing is delivered by itself
        for number in range(1000):
            shop.register(f"p{number}@burst.example", f"Ann{number} Lee", address_1=f"Street {number}", city="Bergen")
        assert deliver(shop) >= 1000
        receiver.quiet(120)
        assert len(receiver.runs) == 1
        assert len(receiver.runs[0] or ()) == 1000
        customers = shop.customers()
        assert len(customers) == 1000
        assert set(customers) == {f"p{number}@burst.example" for number in range(1000)}


def test_a_collection_of_business_central_becomes_a_run_of_what_changed_since(shop: Shop) -> None:
    numbers = [shop.number(shop.employ(f"c{n}@hook.example", f"Bo{n} Lee", ticked=True)) for n in range(12)]
    shop.settle()
    keys = shop.customers()
    with listening(shop) as receiver:
        told = {"changeType": "collection", "lastModifiedDateTime": "2030-01-01T00:00:00Z"}
        moment = datetime.fromtimestamp(shop.running.business_central.clock.now(), UTC)
        since = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        for n in range(3):
            shop.type_in_company(keys[f"c{n}@hook.example"], city=f"City {n}")
        notify(
            receiver, resource=f"api/v2.0/companies(x)/customers?$filter=lastModifiedDateTime%20gt%20{since}", **told
        )
        receiver.quiet()
        assert [set(run or ()) for run in receiver.runs] == [{keys[f"c{n}@hook.example"].lower() for n in range(3)}]
        assert (
            sum(row["billing"]["city"].startswith("City") for row in map(shop.account, shop.accounts().values())) == 3
        )
        assert len(numbers) == 12


def notify(receiver: Served, **item: Any) -> None:
    state = client_state(SECRET, receiver.setup.webstore_code)
    answer = requests.post(
        receiver.company_address, json={"value": [{"subscriptionId": "s", "clientState": state, **item}]}, timeout=30
    )
    assert answer.status_code == 200


def test_a_collection_that_names_no_moment_becomes_a_run_over_all(shop: Shop) -> None:
    shop.register("kari@hook.example")
    assert sifted(shop, "since:").customers is None


def test_more_customers_than_the_setup_selects_become_a_run_over_all(shop: Shop) -> None:
    keys = [f"woo:{shop.register(f'p{n}@hook.example')}" for n in range(4)]
    assert sifted(shop, *keys, most=3).customers is None
    assert sifted(shop, *keys, most=4).customers == tuple(keys)


def test_a_mapped_account_that_is_deleted_is_looked_at_through_its_counterpart(shop: Shop) -> None:
    account = shop.register("kari@hook.example")
    shop.sync()
    customer = shop.customers()["kari@hook.example"].lower()
    shop.running.webstore.people_delete(account)
    assert sifted(shop, f"woo:{account}") == Sifted((customer,))
    assert shop.sync(customer).summary.orphans == 1


def test_a_mapped_customer_that_is_deleted_is_looked_at_through_its_account(shop: Shop) -> None:
    account = shop.register("kari@hook.example")
    shop.sync()
    customer = shop.customers()["kari@hook.example"]
    shop.running.business_central.people_delete(customer)
    assert sifted(shop, f"bc:{customer.lower()}") == Sifted((f"woo:{account}",))


def test_who_is_gone_on_both_sides_or_never_was_there_disturbs_nobody(shop: Shop) -> None:
    account = shop.register("kari@hook.example")
    shop.sync()
    customer = shop.customers()["kari@hook.example"]
    other = shop.register("ola@hook.example")
    shop.running.business_central.people_delete(customer)
    shop.running.webstore.people_delete(account)
    keys = (f"woo:{account}", "woo:999999", f"bc:{customer.lower()}", "bc:00000000-0000-4000-8000-000000000000")
    assert sifted(shop, *keys, f"woo:{other}") == Sifted((f"woo:{other}",), others=4)


def test_accounts_of_other_roles_and_customers_outside_of_the_webstore_start_no_run(shop: Shop) -> None:
    staff = shop.running.webstore.people_create({"email": "s@hook.example", "role": "subscriber"})
    outside = shop.employ("bo@hook.example")
    assert sifted(shop, f"woo:{staff}", f"bc:{outside.lower()}") == Sifted((), others=2)
    account = shop.register("kari@hook.example")
    shop.change(pull_webstore_customers="Mapped Only")
    assert sifted(shop, f"woo:{account}") == Sifted((), others=1)


def test_a_customer_that_was_ticked_or_renumbered_is_run(shop: Shop) -> None:
    ticked = shop.employ("bo@hook.example", ticked=True)
    assert sifted(shop, f"bc:{ticked.lower()}").customers == (ticked.lower(),)
    shop.settle()
    assert sifted(shop, f"bc:{ticked.lower()}") == Sifted((), echoes=1)
    shop.type_in_company(ticked, number="RENAMED")
    assert sifted(shop, f"bc:{ticked.lower()}").customers == (ticked.lower(),)


def test_a_saved_account_whose_synchronised_fields_are_the_same_starts_no_run(shop: Shop) -> None:
    account = shop.register("kari@hook.example", city="Bergen")
    shop.sync()
    shop.running.webstore.people_update(account, {"shipping": {"city": "Elsewhere"}})
    assert sifted(shop, f"woo:{account}") == Sifted((), echoes=1)


class Flaky:
    """Runs that do not do their work the first times."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self, _: Sequence[str] | None) -> None:
        if self.errors:
            raise self.errors.pop(0)


@pytest.mark.parametrize(
    ("errors", "runs", "counter"),
    [
        ([RemoteTrouble("The webstore does not answer.")], 2, "tried again"),
        ([InputError("somebody is unknown")], 2, "tried again"),
        ([InputError("it needs an approval")] * 2, 2, "left to the schedule"),
        ([PremiseBroken("too many")], 1, "left to the schedule"),
        ([ZeroDivisionError("a bug")], 2, "tried again"),
    ],
)
def test_a_run_that_could_not_do_its_work_is_tried_again_or_left_to_the_schedule(
    shop: Shop, errors: list[Exception], runs: int, counter: str
) -> None:
    account = shop.register("kari@hook.example")
    with served(shop.setup, Flaky(*errors), debounce_seconds=0.05) as receiver:
        receiver.deliver(b'{"id":%d}' % account)
        receiver.quiet()
        assert len(receiver.runs) == runs
        assert receiver.counted()[counter] == 1


def test_a_webstore_that_is_down_while_customers_are_looked_up_loses_nobody(shop: Shop) -> None:
    account = shop.register("kari@hook.example")
    shop.running.webstore_faults.add("503", path="/customers", count=50)
    with served(shop.setup, None, debounce_seconds=0.05) as receiver:
        receiver.deliver(b'{"id":%d}' % account)
        deadline = time.monotonic() + 60
        while "tried again" not in receiver.counted():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert receiver.waiting() == [f"woo:{account}"]
        shop.running.webstore_faults.clear()
        receiver.quiet()
        assert receiver.runs == [(f"woo:{account}",)]


def test_of_two_receivers_of_one_store_one_runs_what_both_take(shop: Shop) -> None:
    accounts = [shop.register(f"p{n}@hook.example") for n in range(2)]
    with served(shop.setup, debounce_seconds=0.5) as one, served(shop.setup, debounce_seconds=0.5) as other:
        one.deliver(b'{"id":%d}' % accounts[0])
        other.deliver(b'{"id":%d}' % accounts[1])
        one.quiet()
        assert sorted(name for run in [*one.runs, *other.runs] for name in run or ()) == sorted(
            f"woo:{a}" for a in accounts
        )


# subscriptions


def listed(receiver: Served) -> list[tuple[str, str, str]]:
    with subscriptions_of(receiver.setup, SECRET) as subscriptions:
        return [(row["system"], row["what"], row["status"]) for row in subscriptions.listed() if row["mine"]]


ALL = [
    ("webstore", "customer.created", "active"),
    ("webstore", "customer.updated", "active"),
    ("webstore", "customer.deleted", "active"),
    ("business_central", "customers", "active"),
]


@pytest.fixture
def receiver(shop: Shop) -> Iterator[Served]:
    with served(shop.setup, debounce_seconds=100) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_subscriptions(shop: Shop) -> Iterator[None]:
    yield
    for hook in shop.running.webstore.webhooks():
        shop.running.webstore.remove_webhook(hook["id"])
    shop.running.business_central.database.change("DELETE FROM subscriptions")


def test_both_systems_are_subscribed_to_once_however_often(receiver: Served) -> None:
    assert [one.action for one in subscribe(receiver)] == ["made"] * 4
    assert listed(receiver) == ALL
    assert [one.action for one in subscribe(receiver)] == ["kept"] * 3 + ["renewed"]
    assert listed(receiver) == ALL


def test_a_webhook_that_the_shop_has_switched_off_is_woken(shop: Shop, receiver: Served) -> None:
    subscribe(receiver)
    hook = shop.running.webstore.webhooks()[0]
    shop.running.webstore.put_webhook({**hook, "status": "disabled"})
    assert "woken" in [one.action for one in subscribe(receiver)]
    assert listed(receiver) == ALL


def test_a_renewed_subscription_outlives_its_three_days(shop: Shop, receiver: Served) -> None:
    subscribe(receiver)
    for _ in range(3):
        shop.running.business_central.clock.advance(2 * 86_400)
        with subscriptions_of(receiver.setup, SECRET) as subscriptions:
            assert {one.action for one in subscriptions.renew() if one.system == "business_central"} == {"renewed"}
    assert listed(receiver) == ALL


def test_a_subscription_that_ended_is_made_again(shop: Shop, receiver: Served) -> None:
    subscribe(receiver)
    shop.running.business_central.clock.advance(4 * 86_400)
    assert listed(receiver) == ALL[:3]
    with subscriptions_of(receiver.setup, SECRET) as subscriptions:
        assert [one.action for one in subscriptions.renew()] == ["kept"] * 3 + ["made"]
    assert listed(receiver) == ALL


def test_subscriptions_of_others_are_never_touched(shop: Shop, receiver: Served) -> None:
    with served(shop.setup, debounce_seconds=100) as theirs:
        subscribe(theirs)
        subscribe(receiver)
        with subscriptions_of(receiver.setup, SECRET) as subscriptions:
            assert [one.action for one in subscriptions.unsubscribe()] == ["removed"] * 4
        assert listed(receiver) == []
        assert listed(theirs) == ALL


def test_a_receiver_that_cannot_be_reached_is_told_and_the_webstore_is_subscribed_all_the_same(shop: Shop) -> None:
    with served(shop.setup) as receiver:
        setup = receiver.setup
    with subscriptions_of(setup, SECRET) as subscriptions:
        done = subscriptions.subscribe()
    assert [one.action for one in done] == ["made"] * 3 + [""]
    assert "webhooks serve" in done[-1].problem


def test_subscriptions_are_kept_alive_only_once_they_were_asked_for(shop: Shop, receiver: Served) -> None:
    told: list[Done] = []
    renewal = Renewal(receiver.setup, receiver.store, SECRET, told.append)
    assert not renewal.step(datetime.now(UTC))
    with receiver.store.work("shop") as work:
        work.watermarks.set(WANTED, receiver.setup.webhooks.public_url)
    assert renewal.step(datetime.now(UTC))
    assert listed(receiver) == ALL
    assert not renewal.step(datetime.now(UTC))
    with subscriptions_of(receiver.setup, SECRET) as subscriptions:
        ends = datetime.fromisoformat(subscriptions.listed()[-1]["expires"])
    assert not renewal.step(ends - timedelta(hours=49))
    assert renewal.step(ends - timedelta(hours=47))
    assert [one.action for one in told] == ["made"] * 4 + ["kept"] * 3 + ["renewed"]


def test_without_a_public_address_there_is_nothing_to_subscribe(shop: Shop) -> None:
    with pytest.raises(Exception, match="public_url"):
        address_of(shop.setup, "woocommerce")
