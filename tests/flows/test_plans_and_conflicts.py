"""Plans that are approved, conflicts that are decided, versions that are restored: people and runs in turn."""

from __future__ import annotations

import pytest

from connector.desk import editing, inbox, versions
from connector.errors import InputError
from connector.setup import Approval
from tests.by_hand import by_hand, seen
from tests.flows.shop import Shop


def linked(shop: Shop, number: int = 1) -> tuple[int, str]:
    account = shop.register(f"p{number}@nord.example", f"Person{number} Family{number}", city="Bergen")
    shop.sync()
    return account, shop.customers()[f"p{number}@nord.example"]


def conflict(shop: Shop) -> tuple[int, str]:
    """A pair of whom both sides have changed the city."""
    account, customer = linked(shop)
    shop.type_in_webstore(account, city="Oslo")
    shop.type_in_company(customer, city="Fana")
    assert shop.sync().summary.conflicts == 1
    return account, customer


def cities(shop: Shop, account: int, customer: str) -> tuple[str, str]:
    return shop.account(account)["billing"]["city"], shop.customer(customer)["city"]


@pytest.mark.parametrize(("take", "city"), [("webstore", "Oslo"), ("business-central", "Fana"), ("", "Askøy")])
def test_a_conflict_is_asked_until_somebody_decides_and_then_written(shop: Shop, take: str, city: str) -> None:
    account, customer = conflict(shop)
    shop.settle(1)
    assert cities(shop, account, customer) == ("Oslo", "Fana")
    number = shop.number(customer)
    by_hand(inbox.decide, shop.setup, number, "city", take=take, value=None if take else city, actor="ann")
    shop.settle(3)
    assert cities(shop, account, customer) == (city, city)
    assert (seen(inbox.list_conflicts, shop.setup), shop.remembered().decided) == ([], {})


def test_a_decision_that_somebody_overtook_is_not_applied(shop: Shop) -> None:
    account, customer = conflict(shop)
    by_hand(inbox.decide, shop.setup, shop.number(customer), "city", take="webstore", actor="ann")
    shop.type_in_company(customer, city="Voss")
    shop.sync()
    assert cities(shop, account, customer) == ("Oslo", "Voss")
    assert [row["business_central"] for row in seen(inbox.list_conflicts, shop.setup)] == ["Voss"]


def test_a_dry_run_under_another_policy_forgets_no_decision(shop: Shop) -> None:
    account, customer = conflict(shop)
    by_hand(inbox.decide, shop.setup, shop.number(customer), "city", take="webstore", actor="ann")
    shop.change(policies={"conflict": "business-central"})
    shop.sync(dry_run=True)
    shop.change(policies={"conflict": "ask"})
    shop.sync()
    assert cities(shop, account, customer) == ("Oslo", "Oslo")


def test_a_decision_waits_for_its_flag(shop: Shop) -> None:
    account, customer = conflict(shop)
    by_hand(inbox.decide, shop.setup, shop.number(customer), "city", take="webstore", actor="ann")
    shop.change(pull_webstore_customers="None")
    shop.settle(1)
    assert cities(shop, account, customer) == ("Oslo", "Fana")
    shop.change(pull_webstore_customers="All")
    shop.sync()
    assert cities(shop, account, customer) == ("Oslo", "Oslo")


def test_exactly_the_approved_plan_is_written(shop: Shop) -> None:
    first, second = linked(shop, 1), linked(shop, 2)
    for account, _ in (first, second):
        shop.type_in_webstore(account, city="Oslo")
    plan = shop.sync(dry_run=True).plan
    # meanwhile one of the two goes on typing, and somebody else registers
    shop.type_in_webstore(second[0], city="Voss")
    shop.register("p3@nord.example")
    done = shop.sync(approved_plan=plan.hash[:12])
    assert shop.customer(first[1])["city"] == "Oslo"
    assert shop.customer(second[1])["city"] == "Bergen"
    assert "p3@nord.example" not in shop.customers()
    assert done.summary.approval.dropped_from_plan == 1


def test_a_customer_left_out_of_an_approved_plan_is_not_written(shop: Shop) -> None:
    first, second = linked(shop, 1), linked(shop, 2)
    for account, _ in (first, second):
        shop.type_in_webstore(account, city="Oslo")
    plan = shop.sync(dry_run=True).plan
    shop.sync(approved_plan=plan.hash, leave_out=[shop.number(first[1])])
    assert (shop.customer(first[1])["city"], shop.customer(second[1])["city"]) == ("Bergen", "Oslo")


def test_a_gone_account_left_out_of_an_approved_plan_keeps_its_link(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.running.webstore.people_delete(account)
    shop.change(policies={"orphan": "recreate"})
    plan = shop.sync(dry_run=True).plan
    assert len(plan.writes) == 1
    shop.sync(approved_plan=plan.hash, leave_out=[shop.number(customer)])
    assert shop.links() == {customer: account}


def test_a_plan_that_must_be_approved_waits_unwritten(shop: Shop) -> None:
    shop.register("p1@nord.example")
    approval = Approval.model_validate({"required": "always"})
    shop.setup = shop.setup.model_copy(update={"approval": approval})
    shop.forget_requests()
    done = shop.sync()
    assert (bool(done.waiting), shop.writes()) == (True, [])
    assert shop.sync(approved_plan=done.plan.hash).summary.pull.created == 1


def test_a_plan_that_nobody_made_is_refused(shop: Shop) -> None:
    shop.register("p1@nord.example")
    with pytest.raises(InputError, match="Nothing was written"):
        shop.sync(approved_plan="0123456789ab")
    assert shop.customers() == {}


def test_the_same_customers_give_the_same_plan(shop: Shop) -> None:
    for number in range(5):
        shop.register(f"p{number}@nord.example", f"Person{number} Family{number}")
        shop.employ(f"c{number}@nord.example", f"Other{number} Family{number}", ticked=True)
    hashes = {shop.sync(dry_run=True).plan.hash for _ in range(3)}
    assert len(hashes) == 1
    assert shop.sync().plan.hash in hashes


def test_every_run_that_changes_the_mapping_makes_exactly_one_version(shop: Shop) -> None:
    shop.register("p1@nord.example", "Person1 Family1")
    shop.employ("p1@nord.example", "Person1 Family1")
    shop.register("p2@nord.example", "Person2 Family2")
    shop.employ("p3@nord.example", "Person3 Family3", ticked=True)
    run = shop.sync()
    shop.sync()
    by_runs = [version["run_id"] for version in seen(versions.list_versions, shop.setup) if version["run_id"]]
    assert by_runs == [run.run_id]


def test_an_older_mapping_is_restored_and_nobody_is_doubled(shop: Shop) -> None:
    linked(shop, 1)
    linked(shop, 2)
    everybody = shop.links()
    by_hand(versions.restore_version, shop.setup, 1, actor="ann")
    assert len(shop.links()) == 1
    shop.settle()
    assert shop.links() == everybody
    assert (len(shop.accounts()), len(shop.customers())) == (2, 2)


def test_the_history_of_a_customer_tells_every_write_and_every_edit(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.type_in_webstore(account, city="Oslo")
    run = shop.sync(actor="ann")
    by_hand(editing.untick, shop.setup, [shop.number(customer)], actor="per")
    story = seen(versions.customer_history, shop.setup, bc_id=customer, webstore_id=None)
    told = [(row["direction"], row["field"], row["before"], row["after"], row["actor"]) for row in story]
    assert ("pull", "city", "Bergen", "Oslo", "ann") in told
    assert ("mapping", "webstore_customer", "yes", "no", "per") in told
    assert {row["run_id"] for row in story if row["after"] == "Oslo"} == {run.run_id}


def test_what_a_closed_flag_withheld_comes_through_when_the_flag_comes_back(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.change(push_webstore_customers="None", pull_webstore_customers="None")
    shop.type_in_webstore(account, address_1="Storgata 1")
    shop.type_in_company(customer, phoneNumber="+47 40000001")
    shop.forget_requests()
    done = shop.settle(1)
    assert (done.summary.push.withheld, done.summary.pull.withheld, shop.writes()) == (1, 1, [])
    shop.change(push_webstore_customers="Mapped Only", pull_webstore_customers="All")
    shop.sync()
    assert shop.account(account)["billing"]["phone"] == "+47 40000001"
    assert shop.customer(customer)["addressLine1"] == "Storgata 1"
