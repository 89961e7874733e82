"""Gates that nobody walks around: what is empty, unknown or ambiguous is refused, and an approval covers all that is done."""

from __future__ import annotations

from typing import Any

import pytest

from connector.desk.activity import show_run
from connector.desk.mapping_list import list_mapping
from connector.errors import InputError, PremiseBroken
from connector.run.setup_source import opened_store
from connector.setup import Approval, Breakers
from tests.by_hand import seen
from tests.flows.moments import REQUEST, watched
from tests.flows.shop import Shop

RUNS = {"plain": {}, "partitioned": {"partitions": 3}}
NO_HASHES = ("", " ", "12345", "no hash", "0123456789ab", "%%%%%%")


def links(shop: Shop) -> dict[str, int | None]:
    return {row["bc_id"]: row["webstore_id"] for row in seen(list_mapping, shop.setup, shop.setup)}


def approval(shop: Shop, **settings: Any) -> None:
    shop.setup = shop.setup.model_copy(update={"approval": Approval.model_validate(settings)})


def ticked(shop: Shop, *numbers: int) -> list[str]:
    return [shop.employ(f"p{n}@nord.example", f"Person{n} Family{n}", ticked=True, city="Bergen") for n in numbers]


def registered(shop: Shop, *numbers: int) -> list[int]:
    return [shop.register(f"p{n}@nord.example", f"Person{n} Family{n}", city="Bergen") for n in numbers]


# what an undo does


def test_with_an_approval_required_an_undo_that_only_unlinks_and_deletes_waits(kept: Shop) -> None:
    ticked(kept, 1, 2)
    run = kept.sync()
    approval(kept, required="always")
    before = links(kept)
    undone = kept.undo(run.run_id, delete_accounts=True)
    assert undone.waiting == "every plan needs an approval"
    assert (len(kept.accounts()), links(kept)) == (2, before)
    done = kept.undo(run.run_id, delete_accounts=True, approved_plan=undone.plan.hash)
    assert ([row["now"] for row in done.created], kept.accounts()) == (["unlinked and deleted"] * 2, {})
    assert links(kept) == {}


def test_deletions_count_against_the_threshold(shop: Shop) -> None:
    ticked(shop, 1, 2, 3)
    run = shop.sync()
    approval(shop, required="over threshold", max_creates=2)
    assert shop.undo(run.run_id, delete_accounts=True).waiting == "3 deletions are more than 2"
    assert len(shop.accounts()) == 3
    approval(shop, required="over threshold", max_writes=2)
    assert shop.undo(run.run_id).waiting == "3 writes are more than 2"
    assert len(shop.links()) == 3


def test_an_undo_that_deletes_more_than_the_breaker_allows_stops_and_says_how_to_go_on(shop: Shop) -> None:
    ticked(shop, 1, 2, 3)
    run = shop.sync()
    shop.setup = shop.setup.model_copy(update={"breakers": Breakers(deletions=2)})
    with pytest.raises(PremiseBroken, match=r"3 accounts would be deleted.*runs undo .* --plan"):
        shop.undo(run.run_id, delete_accounts=True)
    assert (len(shop.accounts()), len(shop.links())) == (3, 3)
    shown = shop.undo(run.run_id, delete_accounts=True, dry_run=True)
    assert shop.undo(run.run_id, delete_accounts=True, approved_plan=shown.plan.hash).summary.stopped == ()
    assert shop.accounts() == {}


def test_a_hash_that_was_shown_without_deletions_authorises_none(shop: Shop) -> None:
    ticked(shop, 1)
    run = shop.sync()
    shown, deleting = (shop.undo(run.run_id, dry_run=True, delete_accounts=delete) for delete in (False, True))
    assert shown.plan.hash != deleting.plan.hash
    before = links(shop)
    with pytest.raises(InputError, match="deletes nobody"):
        shop.undo(run.run_id, delete_accounts=True, approved_plan=shown.plan.hash)
    assert (len(shop.accounts()), links(shop)) == (1, before)


def test_an_undo_shows_what_it_unlinks_and_what_an_account_that_it_deletes_holds(shop: Shop) -> None:
    (customer,) = ticked(shop, 1)
    run = shop.sync()
    (account,) = shop.accounts().values()
    rows = shop.undo(run.run_id, dry_run=True, delete_accounts=True).plan.table()
    mine = rows[rows["action"] == "delete"]
    assert set(mine["webstore_id"]) == {account}
    assert set(mine["bc_number"]) == {shop.number(customer)}
    assert {("city", "Bergen", ""), ("email", "p1@nord.example", "")} <= set(
        zip(mine["field"], mine["before"], mine["after"], strict=True)
    )
    rows = shop.undo(run.run_id, dry_run=True).plan.table()
    assert list(zip(rows["action"], rows["webstore_id"], strict=True)) == [("unlink", account)]


@pytest.mark.parametrize("name", ["number", "id", "account"])
def test_a_created_customer_is_left_out_of_an_undo(shop: Shop, name: str) -> None:
    first, second = ticked(shop, 1, 2)
    run = shop.sync()
    shown = shop.undo(run.run_id, dry_run=True, delete_accounts=True)
    account = links(shop)[first]
    names = {"number": shop.number(first).lower(), "id": f"{{{first.upper()}}}", "account": f"woo:{account}"}
    done = shop.undo(run.run_id, delete_accounts=True, approved_plan=shown.plan.hash, leave_out=[names[name]])
    assert links(shop) == {first: account}
    assert list(shop.accounts().values()) == [account]
    (lost,) = done.summary.dropped_customers
    assert (lost.what.bc_id, lost.what.action, lost.reason) == (first, "delete", "left out by the office")
    assert second not in links(shop)


def test_an_account_typed_into_between_showing_and_approving_is_kept_and_named(shop: Shop) -> None:
    ticked(shop, 1, 2)
    run = shop.sync()
    shown = shop.undo(run.run_id, dry_run=True, delete_accounts=True)
    account = shop.accounts()["p1@nord.example"]
    shop.type_in_webstore(account, city="Oslo")
    done = shop.undo(run.run_id, delete_accounts=True, approved_plan=shown.plan.hash)
    assert list(shop.accounts().values()) == [account]
    (lost,) = done.summary.dropped_customers
    assert (lost.what.webstore_id, lost.what.action) == (account, "delete")
    assert "changed since the run: city" in lost.reason


def test_an_account_typed_into_after_the_plan_was_made_is_kept_and_named(shop: Shop) -> None:
    ticked(shop, 1)
    run = shop.sync()
    account = shop.accounts()["p1@nord.example"]
    done = shop.undo(run.run_id, delete_accounts=True, when_planned=lambda: shop.type_in_webstore(account, city="Oslo"))
    assert list(shop.accounts().values()) == [account]
    (lost,) = done.summary.dropped_customers
    assert (lost.what.webstore_id, lost.reason) == (account, "it was changed since it was read")
    assert done.summary.push.dropped == 1


def test_a_deletion_that_is_refused_is_told_as_a_failure(shop: Shop) -> None:
    ticked(shop, 1)
    run = shop.sync()
    account = shop.accounts()["p1@nord.example"]
    with watched() as moments:
        # somebody else deletes it between the last look and the deletion; the first request reads Business Central past caches
        moments.before(2, lambda: shop.running.webstore.people_delete(account), REQUEST)
        done = shop.undo(run.run_id, delete_accounts=True)
    assert [(error.customer, error.system) for error in done.summary.errors] == [
        (shop.number(shop.customers()["p1@nord.example"]), "webstore")
    ]
    assert done.summary.push.failed == 1
    assert "kept" in done.created[0]["now"]


# who is left out


@pytest.mark.parametrize("how", RUNS.values(), ids=RUNS)
def test_a_name_that_is_not_in_the_plan_writes_nothing(shop: Shop, how: dict[str, Any]) -> None:
    registered(shop, 1, 2)
    plan = shop.sync(dry_run=True, **how).plan
    shop.forget_requests()
    with pytest.raises(InputError, match="Nothing was written") as refused:
        shop.sync(approved_plan=plan.hash, leave_out=["C4711", "woo:99999"], **how)
    assert list(refused.value.problems) == ["C4711: not in this plan", "woo:99999: not in this plan"]
    assert (shop.customers(), shop.writes()) == ({}, [])


def test_a_name_that_is_not_in_the_plan_of_selected_customers_writes_nothing(shop: Shop) -> None:
    first, second, third = registered(shop, 1, 2, 3)
    selected = (f"woo:{first}", f"woo:{second}")
    plan = shop.sync(*selected, dry_run=True).plan
    with pytest.raises(InputError, match="Nothing was written"):
        shop.sync(*selected, approved_plan=plan.hash, leave_out=[f"woo:{third}"])
    assert shop.customers() == {}
    done = shop.sync(*selected, approved_plan=plan.hash, leave_out=[f"woo:{first}"])
    assert list(shop.customers()) == ["p2@nord.example"]
    assert [(lost.what.webstore_id, lost.reason) for lost in done.summary.dropped_customers] == [
        (first, "left out by the office")
    ]


def test_without_a_plan_nobody_can_be_left_out(shop: Shop) -> None:
    (account,) = registered(shop, 1)
    shop.forget_requests()
    with pytest.raises(InputError, match="Nothing was written"):
        shop.sync(leave_out=[f"woo:{account}"])
    assert (shop.customers(), shop.writes()) == ({}, [])


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_name_is_refused(shop: Shop, blank: str) -> None:
    registered(shop, 1)
    plan = shop.sync(dry_run=True).plan
    with pytest.raises(InputError, match="Nothing was written"):
        shop.sync(approved_plan=plan.hash, leave_out=[blank])
    assert shop.customers() == {}


@pytest.mark.parametrize(
    ("name", "how"), [("id", RUNS["partitioned"]), ("braces", RUNS["plain"]), ("account", RUNS["plain"])]
)
def test_a_customer_is_left_out_by_id_in_both_directions(shop: Shop, name: str, how: dict[str, Any]) -> None:
    ticked(shop, 1, 2)
    registered(shop, 3)
    shop.sync()
    (first, second) = (shop.customers()[f"p{n}@nord.example"] for n in (1, 2))
    for customer in (first, second):
        shop.type_in_company(customer, city="Oslo")
    account = shop.accounts()["p1@nord.example"]
    plan = shop.sync(dry_run=True, **how).plan
    names = {"id": first.upper(), "braces": f"{{{first}}}", "account": f"woo:{account}"}
    shop.sync(approved_plan=plan.hash, leave_out=[names[name]], **how)
    assert shop.account(account)["billing"]["city"] == "Bergen"
    assert shop.account(shop.accounts()["p2@nord.example"])["billing"]["city"] == "Oslo"


def test_a_customer_to_be_created_in_the_webstore_is_left_out_by_id(shop: Shop) -> None:
    first, _ = ticked(shop, 1, 2)
    plan = shop.sync(dry_run=True).plan
    shop.sync(approved_plan=plan.hash, leave_out=[f"{{{first.upper()}}}"])
    assert list(shop.accounts()) == ["p2@nord.example"]


# hashes


@pytest.mark.parametrize("how", RUNS.values(), ids=RUNS)
def test_an_empty_malformed_or_unknown_hash_writes_nothing(shop: Shop, how: dict[str, Any]) -> None:
    registered(shop, 1)
    shop.forget_requests()
    for given in NO_HASHES:
        with pytest.raises(InputError, match="Nothing was written"):
            shop.sync(approved_plan=given, **how)
    assert (shop.customers(), shop.writes()) == ({}, [])


def test_an_empty_malformed_or_unknown_hash_undoes_nothing(shop: Shop) -> None:
    ticked(shop, 1)
    run = shop.sync()
    before = links(shop)
    for given in NO_HASHES:
        with pytest.raises(InputError, match="Nothing was written"):
            shop.undo(run.run_id, delete_accounts=True, approved_plan=given)
    assert (len(shop.accounts()), links(shop)) == (1, before)


def test_an_ambiguous_hash_writes_nothing(kept: Shop) -> None:
    registered(kept, 1)
    plan = kept.sync(dry_run=True).plan
    with opened_store(kept.setup) as (setup, store), store.work(setup.webstore_code) as work:
        stored = work.plans.get(plan.hash)
        assert stored is not None
        work.plans.put(plan.hash[:8] + "0" * 56, stored.document, {})
    with pytest.raises(InputError, match=r"Several.*Nothing was written"):
        kept.sync(approved_plan=plan.hash[:8])
    assert kept.customers() == {}


@pytest.mark.parametrize("run_id", ["", " ", "no such run"])
def test_an_empty_or_unknown_run_undoes_nothing(shop: Shop, run_id: str) -> None:
    ticked(shop, 1)
    shop.sync()
    with pytest.raises(InputError, match=r"Which run|no run"):
        shop.undo(run_id)
    with pytest.raises(InputError, match=r"Which run|no run"):
        seen(show_run, shop.setup, run_id)
    assert len(shop.links()) == 1


# what an approval lost


@pytest.mark.parametrize("how", RUNS.values(), ids=RUNS)
def test_everybody_whom_an_approval_lost_is_named_with_the_reason(shop: Shop, how: dict[str, Any]) -> None:
    accounts = registered(shop, 1, 2, 3, 4)
    shop.sync()
    for account in accounts:
        shop.type_in_webstore(account, city="Oslo")
    plan = shop.sync(dry_run=True, **how).plan
    numbers = {n: shop.number(shop.customers()[f"p{n}@nord.example"]) for n in range(1, 5)}
    shop.type_in_webstore(accounts[0], city="Voss")
    shop.type_in_company(shop.customers()["p2@nord.example"], city="Fana")
    done = shop.sync(approved_plan=plan.hash, leave_out=[numbers[3]], **how)
    lost = {row.what.bc_number: row for row in done.summary.dropped_customers}
    assert {number: row.reason for number, row in lost.items()} == {
        numbers[1]: "changed since the plan was made",
        numbers[2]: "not planned any more: conflict (city)",
        numbers[3]: "left out by the office",
    }
    assert all((row.what.action, row.what.direction) == ("update", "pull") for row in lost.values())
    assert all("city" in row.what.fields for row in lost.values())
    assert (done.summary.approval.dropped_from_plan, done.summary.pull.dropped, done.summary.pull.updated) == (
        3,
        3,
        1,
    )


def test_who_was_dropped_at_the_last_look_is_named_in_both_directions(shop: Shop) -> None:
    registered(shop, 1, 2)
    shop.sync()
    one, two = shop.customers()["p1@nord.example"], shop.customers()["p2@nord.example"]
    shop.type_in_company(one, city="Oslo")
    shop.type_in_webstore(shop.accounts()["p2@nord.example"], city="Oslo")

    def meanwhile() -> None:
        shop.type_in_webstore(shop.accounts()["p1@nord.example"], city="Voss")
        shop.type_in_company(two, city="Fana")

    done = shop.sync(when_planned=meanwhile)
    told = {(row.what.direction, row.what.bc_number): row.reason for row in done.summary.dropped_customers}
    assert set(told) == {("push", shop.number(one)), ("pull", shop.number(two))}
    assert all("changed by somebody since it was read: city" in reason for reason in told.values())
    assert (done.summary.push.dropped, done.summary.pull.dropped) == (1, 1)


# the last full run


def test_a_shrunken_shop_is_noticed_after_hundreds_of_selected_runs(kept: Shop) -> None:
    accounts = registered(kept, *range(60))
    kept.sync()
    with opened_store(kept.setup) as (setup, store), store.work(setup.webstore_code) as work:
        for number in range(250):
            work.runs.start(f"hook {number}", "selected", "scheduled", "webhooks")
            work.runs.finish(f"hook {number}", "completed", {"extracted": {"webstore": 1}}, None, None)
    for account in accounts[:40]:
        kept.running.webstore.people_delete(account)
    with pytest.raises(PremiseBroken, match="shrunken_extract_percent"):
        kept.sync()


def test_the_percentage_of_creates_counts_after_hundreds_of_selected_runs(shop: Shop) -> None:
    registered(shop, 1)
    shop.sync()
    shop.setup = shop.setup.model_copy(update={"breakers": Breakers(creates_percent=10, floor=2)})
    with opened_store(shop.setup) as (setup, store), store.work(setup.webstore_code) as work:
        for number in range(250):
            work.runs.start(f"hook {number}", "selected", "scheduled", "webhooks")
            work.runs.finish(f"hook {number}", "completed", {"extracted": {"webstore": 1}}, None, None)
    registered(shop, *range(10, 20))
    with pytest.raises(PremiseBroken, match="creates_percent"):
        shop.sync()


def test_a_field_that_goes_back_and_forth_is_held_after_hundreds_of_selected_runs(kept: Shop) -> None:
    (account,) = registered(kept, 1)
    kept.sync()
    customer = kept.customers()["p1@nord.example"]
    kept.type_in_webstore(account, city="Oslo")
    kept.sync()
    kept.type_in_company(customer, city="Bergen")
    kept.sync()
    with opened_store(kept.setup) as (setup, store), store.work(setup.webstore_code) as work:
        for number in range(250):
            work.runs.start(f"hook {number}", "selected", "scheduled", "webhooks")
            work.runs.finish(f"hook {number}", "completed", {"extracted": {"webstore": 1}}, None, None)
    kept.running.webstore.advance_clock(60)  # within the second of the push it might be an old copy
    kept.type_in_webstore(account, city="Oslo")
    assert kept.sync().summary.quarantined == 1
    assert kept.customer(customer)["city"] == "Bergen"
