"""Ids that belong to somebody else now: nobody is renamed to a stranger, and a person is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.core.identity import SAME
from connector.desk import editing, same_customer
from connector.desk.desk import at_desk
from connector.desk.quarantine import list_quarantine
from connector.errors import InputError, SetupError
from connector.run import sides
from connector.run.request import RunReport
from sandbox.business_central.copying import copy_company
from sandbox.server import Running, start
from sandbox.woocommerce.site import change_settings
from tests.by_hand import by_hand, seen
from tests.flows.agreed import WAYS, later, linked, sync
from tests.flows.moments import COMMIT, REQUEST, Killed, bury, watched
from tests.flows.shop import Shop, setup_of

STRANGER = {
    "email": "nina@new.example",
    "first_name": "Nina",
    "last_name": "New",
    "billing": {
        "address_1": "Other Rd 9",
        "city": "Oslo",
        "postcode": "0150",
        "country": "NO",
        "phone": "+47 99999999",
    },
}


def held(shop: Shop) -> list[str]:
    """Numbers of those about whom a person is asked."""
    return [row["bc_number"] for row in seen(list_quarantine, shop.setup) if row["field"] == SAME]


def untouched(shop: Shop, customer: str, act: Any) -> RunReport:
    """Whatever is done, the customer card stays as it is."""
    before = shop.customer(customer)
    done: RunReport = act()
    assert shop.customer(customer) == before
    return done


@WAYS
def test_an_account_id_that_was_given_to_somebody_else_renames_nobody(shop: Shop, way: str) -> None:
    ((account, customer),) = linked(shop)
    shop.running.webstore.people_replace(account, STRANGER)
    done = untouched(shop, customer, lambda: sync(shop, way, customer))
    assert (done.summary.quarantined, held(shop)) == (1, [shop.number(customer)])


@pytest.mark.parametrize("typed", [{"email": "kari@new.example"}, {"addressLine2": "Loft"}])
def test_an_account_id_that_is_given_to_somebody_else_while_a_run_writes_gets_nothing(
    shop: Shop, typed: dict[str, str]
) -> None:
    """What is to be written stands there as it did: blank, or the same. An e-mail would give the stranger's account away."""
    ((account, customer),) = linked(shop)
    shop.type_in_company(customer, **typed)
    stranger = STRANGER | {"email": shop.account(account)["email"]}
    replaced: list[dict[str, Any]] = []

    def replace() -> None:
        shop.running.webstore.people_replace(account, stranger)
        replaced.append(shop.account(account))

    done = shop.sync(when_planned=replace)
    assert ([shop.account(account)], done.summary.push.dropped) == (replaced, 1)
    shop.sync()
    assert ([shop.account(account)], held(shop)) == (replaced, [shop.number(customer)])


def test_an_account_id_that_was_given_to_a_namesake_is_noticed_by_its_marks(shop: Shop) -> None:
    """The same person registered once more: only user name and date tell that it is another account."""
    ((account, customer),) = linked(shop)
    record = shop.account(account)
    copied = {name: record[name] for name in ("email", "first_name", "last_name", "billing")}
    shop.running.webstore.people_replace(account, copied | {"username": "kari.again"})
    shop.sync()
    assert held(shop) == [shop.number(customer)]


@WAYS
def test_a_card_in_which_the_whole_person_changes_at_once_is_asked_about(shop: Shop, way: str) -> None:
    ((account, customer),) = linked(shop)
    before = shop.account(account)
    stranger = {
        "displayName": "Nina New",
        "email": "nina@new.example",
        "addressLine1": "Other Rd 9",
        "phoneNumber": "+47 99999999",
    }
    shop.type_in_company(customer, **stranger)
    sync(shop, way, customer)
    assert (shop.account(account), held(shop)) == (before, [shop.number(customer)])


def test_who_marries_and_moves_is_nobody_else(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    changes = {"email": "kari@hansen.example", "last_name": "Hansen"}
    shop.running.webstore.people_update(account, changes | {"billing": {"address_1": "Nygaten 9"}})
    shop.sync()
    assert (shop.customer(customer)["displayName"], held(shop)) == ("Kari Hansen", [])


def test_a_person_says_that_it_still_is_the_same_and_the_edits_go_through(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    shop.running.webstore.people_replace(account, STRANGER)
    shop.sync()
    by_hand(same_customer.say_same, shop.setup, [shop.number(customer).lower()])
    shop.sync()
    assert (shop.customer(customer)["displayName"], held(shop)) == ("Nina New", [])
    assert shop.settle().summary.quarantined == 0


def test_an_answer_holds_for_what_it_was_given_about(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    shop.running.webstore.people_replace(account, STRANGER)
    shop.sync()
    by_hand(same_customer.say_same, shop.setup, [shop.number(customer)])
    shop.running.webstore.people_replace(account, STRANGER | {"email": "otto@third.example", "first_name": "Otto"})
    untouched(shop, customer, shop.sync)
    assert held(shop) == [shop.number(customer)]


def test_a_person_says_that_it_is_another_one_and_whoever_was_meant_is_linked(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    _, moved = shop.running.webstore.people_replace(account, STRANGER, keep_old=True)
    shop.change(pull_webstore_customers="Mapped Only")
    shop.sync()
    (told,) = by_hand(same_customer.say_other, shop.setup, [shop.number(customer)])
    assert told["webstore_id"] == moved
    assert shop.links() == {customer: moved}
    later(shop)
    shop.type_in_webstore(int(moved or 0), phone="+47 40000009")
    shop.sync()
    assert shop.customer(customer)["phoneNumber"] == "+47 40000009"


def test_nobody_is_linked_when_nobody_carries_the_old_marks(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    shop.running.webstore.people_replace(account, STRANGER)
    shop.sync()
    by_hand(same_customer.say_other, shop.setup, [shop.number(customer)])
    assert shop.links() == {}
    shop.sync()  # the stranger is a customer of its own
    assert len(shop.customers()) == 2
    assert shop.customer(customer)["displayName"] == "Kari Nordmann0"


@WAYS
def test_an_account_that_was_given_away_without_a_new_registration_is_not_linked_again(shop: Shop, way: str) -> None:
    """Somebody typed another person over it: it carries the old marks itself."""
    ((account, customer),) = linked(shop)
    shop.running.webstore.people_update(account, STRANGER)
    shop.change(pull_webstore_customers="Mapped Only")
    sync(shop, way, customer)
    (told,) = by_hand(same_customer.say_other, shop.setup, [shop.number(customer)])
    assert (told["webstore_id"], told["answer"], shop.links()) == (None, "unlinked", {})
    untouched(shop, customer, shop.sync)
    shop.change(pull_webstore_customers="All")
    untouched(shop, customer, shop.sync)  # the other person is a customer of its own
    assert len(shop.customers()) == 2


def test_a_card_that_was_given_away_is_not_linked_to_the_same_account_again(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    before = shop.account(account)
    shop.type_in_company(
        customer,
        displayName="Nina New",
        email="nina@new.example",
        addressLine1="Other Rd 9",
        phoneNumber="+47 99999999",
    )
    shop.sync()
    (told,) = by_hand(same_customer.say_other, shop.setup, [shop.number(customer)])
    assert (told["answer"], shop.links()) == ("unlinked", {})
    shop.sync()
    assert shop.account(account) == before


def test_answers_about_nobody_are_refused_and_change_nothing(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    shop.running.webstore.people_replace(account, STRANGER)
    shop.sync()
    for numbers in ([], [""], ["C99999"], [shop.number(customer), "C99999"]):
        for say in (same_customer.say_same, same_customer.say_other):
            with pytest.raises(InputError):
                by_hand(say, shop.setup, numbers)
    assert (held(shop), shop.links()) == ([shop.number(customer)], {customer: account})


def test_a_pair_linked_by_hand_is_known_by_its_marks_at_once(shop: Shop) -> None:
    account = shop.register("kari@nord.example")
    customer = shop.employ("other@nord.example", "Kari N")
    by_hand(editing.link, shop.setup, [(shop.number(customer), account)])
    shop.running.webstore.people_replace(account, STRANGER)
    before = shop.customer(customer)
    shop.sync()
    assert (shop.customer(customer), held(shop)) == (before, [shop.number(customer)])


def test_an_account_that_was_created_is_known_by_its_marks_at_once(shop: Shop) -> None:
    customer = shop.employ("kari@nord.example", "Kari Nordmann", ticked=True)
    shop.sync()
    account = shop.links()[customer]
    shop.running.webstore.people_replace(int(account or 0), STRANGER)
    untouched(shop, customer, shop.sync)
    assert held(shop) == [shop.number(customer)]


def test_a_lost_account_id_is_given_to_the_next_registrant_after_a_restore(shop: Shop) -> None:
    yesterday = shop.running.webstore.snapshot()
    account = shop.register("kari@nord.example", phone="+47 40000001")
    shop.sync()
    ((customer, _),) = shop.links().items()
    shop.running.webstore.restore(yesterday)
    later(shop)
    assert shop.register("nina@new.example", "Nina New", phone="+47 99999999") == account
    untouched(shop, customer, shop.sync)
    assert held(shop) == [shop.number(customer)]


@WAYS
@pytest.mark.parametrize("role", ["shop_manager", "subscriber"])
def test_an_account_that_got_another_role_is_kept_out_as_when_it_is_linked(shop: Shop, role: str, way: str) -> None:
    ((account, customer),) = linked(shop)
    shop.running.webstore.people_update(account, {"role": role})
    shop.type_in_company(customer, phoneNumber="+47 40000002")
    shop.type_in_webstore(account, address_1="Nygaten 9")
    before = shop.account(account), shop.customer(customer)
    done = sync(shop, way, customer)
    assert (shop.account(account), shop.customer(customer)) == before
    assert {(s.field, s.kind) for s in done.plan.standing} == {("phone", "withheld"), ("address_1", "withheld")}
    assert all(f"role is {role}" in s.reason for s in done.plan.standing)
    shop.running.webstore.people_update(account, {"role": "customer"})
    sync(shop, way, customer)
    assert shop.customer(customer)["addressLine1"] == "Nygaten 9"


def test_an_undo_puts_nothing_back_into_the_account_of_somebody_else(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    shop.type_in_company(customer, city="Oslo")
    done = shop.sync()
    shop.running.webstore.people_replace(account, STRANGER)  # who lives in Oslo, too
    before = shop.account(account)
    undone = shop.undo(done.run_id)
    assert shop.account(account) == before
    assert [(s.field, s.kind) for s in undone.plan.standing] == [("city", "withheld")]


@pytest.mark.parametrize("role", ["shop_manager", "subscriber"])
def test_an_undo_leaves_an_account_alone_that_got_another_role(shop: Shop, role: str) -> None:
    ((account, customer),) = linked(shop)
    shop.type_in_company(customer, city="Oslo")
    done = shop.sync()
    shop.running.webstore.people_update(account, {"role": role})
    before = shop.account(account)
    undone = shop.undo(done.run_id)
    assert (shop.account(account), [s.kind for s in undone.plan.standing]) == (before, ["withheld"])


def test_an_undo_does_not_delete_the_account_of_a_namesake(shop: Shop) -> None:
    customer = shop.employ("kari@nord.example", "Kari Nordmann", ticked=True)
    done = shop.sync()
    account = int(shop.links()[customer] or 0)
    record = shop.account(account)
    copied = {name: record[name] for name in ("email", "first_name", "last_name", "billing")}
    shop.running.webstore.people_replace(account, copied | {"username": "kari.again"})
    shop.undo(done.run_id, delete_accounts=True)
    assert account in shop.running.webstore.customer_ids()


@pytest.fixture
def second() -> Iterator[Running]:
    """Another shop and another company."""
    with start(empty=True, seed=2) as running:
        yield running


@WAYS
def test_the_address_of_another_shop_stops_every_run(shop: Shop, second: Running, tmp_path: Path, way: str) -> None:
    ((account, customer),) = linked(shop)
    second.webstore.load([shop.account(account) | STRANGER])
    elsewhere = setup_of(second, tmp_path / "second", "shop")
    right = shop.setup
    shop.setup = right.model_copy(update={"webstore": elsewhere.webstore})
    before = shop.customer(customer)
    with pytest.raises(SetupError, match="not the one that the mapping table"):
        sync(shop, way, customer)
    assert shop.customer(customer) == before
    shop.setup = right.model_copy(update={"business_central": elsewhere.business_central})
    with pytest.raises(SetupError, match="company behind the setup"):
        sync(shop, way, customer)
    shop.setup = right
    sync(shop, way, customer)


def say_moved(shop: Shop, side: str) -> None:
    with at_desk(shop.setup, actor="the office") as desk:
        sides.say_moved(desk.store, desk.setup, side)


def test_a_shop_that_moved_is_confirmed_by_a_person(shop: Shop) -> None:
    linked(shop)
    change_settings(shop.running.webstore, {"url": "https://new.example", "name": "The New Name"})
    with pytest.raises(SetupError, match=r"new\.example"):
        shop.sync()
    say_moved(shop, "webstore")
    assert shop.sync().summary.stopped == ()
    with pytest.raises(InputError):
        say_moved(shop, "shop")


def test_a_company_that_was_copied_is_another_one(shop: Shop) -> None:
    linked(shop)
    copy_company(shop.company, keep_customer_ids=True)
    try:
        with pytest.raises(SetupError, match="its id was"):
            shop.sync()
    finally:
        say_moved(shop, "business-central")
    assert shop.sync().summary.stopped == ()


def lost(shop: Shop) -> tuple[int, str, str]:
    """An account that a restore took away, its customer, and somebody ticked whose account will get the same id."""
    yesterday = shop.running.webstore.snapshot()
    account = shop.register("kari@nord.example", phone="+47 40000001")
    shop.sync()
    ((customer, _),) = shop.links().items()
    shop.running.webstore.restore(yesterday)
    later(shop)
    return account, customer, shop.employ("bo@nord.example", "Bo Berg", ticked=True)


def linked_to_its_own(shop: Shop, account: int, customer: str, newcomer: str) -> None:
    """The newcomer has the account; the other one has none, and is as it was."""
    before = shop.customer(customer)
    shop.settle()
    assert (shop.accounts(), shop.links()) == ({"bo@nord.example": account}, {newcomer: account})
    assert (shop.customer(customer), len(shop.customers())) == (before, 2)
    assert {row["outcome"] for row in shop.journal()} <= {"confirmed", "adopted"}


@WAYS
def test_a_created_account_that_gets_the_id_of_a_lost_one_is_linked_to_its_own_customer(shop: Shop, way: str) -> None:
    account, customer, newcomer = lost(shop)
    done = sync(shop, way, newcomer)
    assert (done.summary.push.created, done.summary.errors) == (1, ())
    assert any(f"{shop.number(customer)} was linked to woo:{account}" in text for text in done.summary.warnings)
    linked_to_its_own(shop, account, customer, newcomer)


def test_an_interrupted_create_that_got_the_id_of_a_lost_one_is_adopted(shop: Shop) -> None:
    account, customer, newcomer = lost(shop)
    with watched() as moments, pytest.raises(Killed):
        # the answer came, and was not written down
        shop.sync(when_planned=lambda: moments.before(1, lambda: moments.kill_before(1, COMMIT), REQUEST))
    bury(shop.store_file)
    assert shop.accounts() == {"bo@nord.example": account}
    linked_to_its_own(shop, account, customer, newcomer)
