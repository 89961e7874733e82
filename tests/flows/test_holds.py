"""Failed attempts and holds, as the product counts them: for both directions, by scheduled runs only."""

from __future__ import annotations

from typing import Any

from connector.desk import activity
from connector.run.request import RunReport
from tests.by_hand import by_hand, seen
from tests.flows.shop import Shop

BAD, GOOD = "12", "DK12345678"


def count(shop: Shop) -> dict[str, tuple[int, bool]]:
    """Direction → failed attempts and hold of the only customer who failed."""
    rows = seen(activity.list_holds, shop.setup, everyone=True)
    return {row["direction"]: (row["failed_attempts"], row["on_hold"]) for row in rows}


def scheduled(shop: Shop, times: int = 1) -> RunReport:
    """So many scheduled runs; gives the last."""
    for _ in range(times):
        done = shop.sync(scheduled=True)
    return done


def with_a_vat_number(number: str) -> dict[str, Any]:
    return {"meta_data": [{"key": "vat_number", "value": number}]}


def refused_pull(shop: Shop) -> int:
    """A linked account whose VAT number Business Central refuses: it does not look like one of Denmark."""
    account = shop.register("kari@nord.example", country="DK")
    shop.sync()
    shop.running.webstore.people_update(account, with_a_vat_number(BAD))
    return account


def refused_push(shop: Shop) -> int:
    """A ticked customer whose e-mail has an account of another role; gives that account."""
    shop.employ("kari@nord.example", ticked=True)
    return shop.running.webstore.people_create({"email": "kari@nord.example", "role": "subscriber"})


def test_a_refused_pull_is_tried_three_times_and_then_skipped_without_a_trace(shop: Shop) -> None:
    refused_pull(shop)
    for attempts in (1, 2, 3):
        done = scheduled(shop)
        assert (done.summary.pull.failed, count(shop)) == (1, {"pull": (attempts, attempts == 3)})
    written = len(shop.journal())
    shop.forget_requests()
    done = scheduled(shop)
    assert (done.summary.pull.failed, done.summary.pull.held, shop.writes()) == (0, 1, [])
    assert len(shop.journal()) == written


def test_a_refused_push_is_tried_three_times_and_then_skipped_without_a_trace(shop: Shop) -> None:
    refused_push(shop)
    for attempts in (1, 2, 3):
        assert scheduled(shop).summary.push.failed == 1
        assert count(shop) == {"push": (attempts, attempts == 3)}
    written = len(shop.journal())
    done = scheduled(shop)
    assert (done.summary.push.failed, done.summary.push.held, len(shop.journal())) == (0, 1, written)
    assert len(done.plan.held) == 1


def test_another_error_begins_to_count_anew(shop: Shop) -> None:
    account = refused_pull(shop)
    scheduled(shop, 2)
    assert count(shop) == {"pull": (2, False)}
    # the next attempt finds the customer gone
    shop.running.webstore.people_update(account, with_a_vat_number(""))
    shop.type_in_webstore(account, phone="+47 40000001")
    (customer,) = shop.customers().values()
    shop.sync(scheduled=True, when_planned=lambda: shop.running.business_central.people_delete(customer))
    assert count(shop) == {"pull": (1, False)}


def test_a_success_clears_what_was_counted(shop: Shop) -> None:
    account = refused_pull(shop)
    scheduled(shop, 2)
    shop.running.webstore.people_update(account, with_a_vat_number(GOOD))
    assert scheduled(shop).summary.pull.updated == 1
    assert count(shop) == {"pull": (0, False)}


def test_a_manual_run_ignores_the_hold_and_does_not_count(shop: Shop) -> None:
    refused_push(shop)
    scheduled(shop, 3)
    done = shop.sync()
    assert done.summary.push.failed == 1
    assert count(shop) == {"push": (3, True)}
    fresh = seen(activity.list_holds, shop.setup)
    assert [row["on_hold"] for row in fresh] == [True]


def test_a_manual_failure_is_no_attempt(shop: Shop) -> None:
    refused_push(shop)
    for _ in range(4):
        shop.sync()
    assert count(shop) == {"push": (0, False)}
    scheduled(shop)
    assert count(shop) == {"push": (1, False)}


def test_a_manual_success_ends_the_hold(shop: Shop) -> None:
    taken = refused_push(shop)
    scheduled(shop, 3)
    shop.running.webstore.people_delete(taken)
    assert shop.sync().summary.push.created == 1
    assert count(shop) == {"push": (0, False)}


def test_a_released_customer_is_tried_again(shop: Shop) -> None:
    taken = refused_push(shop)
    scheduled(shop, 3)
    shop.running.webstore.people_delete(taken)
    assert scheduled(shop).summary.push.created == 0
    assert by_hand(activity.release_holds, shop.setup, [], everyone=True) == 1
    assert scheduled(shop).summary.push.created == 1


def test_nobody_is_held_when_the_limit_is_zero(shop: Shop) -> None:
    shop.change(max_attempts=0)
    refused_push(shop)
    scheduled(shop, 5)
    assert count(shop) == {"push": (5, False)}


def test_a_hold_of_one_direction_leaves_the_other_open(shop: Shop) -> None:
    account = refused_pull(shop)
    scheduled(shop, 3)
    (customer,) = shop.customers().values()
    shop.type_in_company(customer, phoneNumber="+47 40000001")
    assert scheduled(shop).summary.push.updated == 1
    assert shop.account(account)["billing"]["phone"] == "+47 40000001"


def test_one_who_is_refused_stops_nobody_else(shop: Shop) -> None:
    refused_pull(shop)
    others = [shop.register(f"p{n}@nord.example", f"Person{n} Family{n}") for n in range(5)]
    done = scheduled(shop)
    assert (done.summary.pull.created, done.summary.pull.failed) == (5, 1)
    assert set(others) <= set(shop.links().values())


def test_a_hold_ends_when_the_refused_number_is_mended(shop: Shop) -> None:
    account = refused_pull(shop)
    assert scheduled(shop, 4).summary.pull.held == 1
    shop.running.webstore.people_update(account, with_a_vat_number(GOOD))
    assert scheduled(shop).summary.pull.updated == 1
    assert count(shop) == {"pull": (0, False)}


def test_what_was_refused_once_more_with_other_values_is_on_hold_for_these(shop: Shop) -> None:
    account = refused_pull(shop)
    scheduled(shop, 3)
    shop.running.webstore.people_update(account, with_a_vat_number("13"))
    assert scheduled(shop).summary.pull.failed == 1
    assert scheduled(shop).summary.pull.failed == 0


def test_an_exhausted_number_series_is_told_once_and_everybody_is_tried_again(shop: Shop) -> None:
    """It is the company's trouble: whoever meets it is not held, and comes in as soon as it is mended."""
    shop.running.business_central.numbers.exhaust()
    for n in range(3):
        shop.register(f"p{n}@nord.example", f"Person{n} Family{n}")
    for run in (*[scheduled] * 4, Shop.sync):
        done = run(shop)
        (told,) = done.summary.errors
        assert (done.summary.pull.failed, done.summary.quarantined) == (3, 0)
        assert (told.customers, told.customer.endswith(" and 2 others")) == (3, True)
        assert "from the number series" in told.message
        assert "not about a customer's values" in told.message
    assert seen(activity.list_holds, shop.setup, everyone=True) == []
    shop.running.business_central.numbers.mend()
    assert shop.sync().summary.pull.created == 3


def test_whoever_waits_for_a_refusal_is_released_too(shop: Shop) -> None:
    """A run by hand leaves a refused write alone from then on; the company may take such numbers by now."""
    refused_pull(shop)
    shop.sync()
    assert shop.sync().summary.quarantined == 1
    assert by_hand(activity.release_holds, shop.setup, [], everyone=True) == 1
    assert shop.sync().summary.pull.failed == 1


def test_a_found_write_counts_as_a_success(shop: Shop) -> None:
    """Its answer is lost, but it has happened."""
    taken = refused_push(shop)
    scheduled(shop, 3)
    shop.running.webstore.people_delete(taken)
    shop.running.webstore_faults.add("504-after-write", path="customers/batch", method="POST")
    assert shop.sync().summary.push.created == 1
    assert count(shop) == {"push": (0, False)}
