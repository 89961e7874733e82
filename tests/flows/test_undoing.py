"""Undoing a run: what it changed is put back, what people have typed since stands, and nothing comes back by itself."""

from __future__ import annotations

import pytest

from connector.desk import editing
from tests.by_hand import by_hand
from tests.flows.moments import COMMIT, Killed, bury, watched
from tests.flows.shop import Shop


def linked(shop: Shop) -> tuple[int, str]:
    account = shop.register("kari@nord.example", address_1="Storgata 1", phone="+47 40000001")
    shop.sync()
    return account, shop.customers()["kari@nord.example"]


def test_values_that_a_run_overwrote_are_put_back_and_stay(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    run = shop.sync()
    undone = shop.undo(run.run_id)
    assert undone.summary.push.updated == 1
    assert shop.account(account)["billing"]["address_1"] == "Storgata 1"
    assert shop.customer(customer)["addressLine1"] == "Nygaten 2"
    shop.settle(1)  # the restored difference is accepted
    shop.type_in_company(customer, addressLine1="Nygaten 3")
    shop.sync()
    assert shop.account(account)["billing"]["address_1"] == "Nygaten 3"


def test_a_field_typed_since_the_run_stands(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2", phoneNumber="+47 40000002")
    run = shop.sync()
    shop.type_in_webstore(account, address_1="Strandgaten 7")
    undone = shop.undo(run.run_id)
    billing = shop.account(account)["billing"]
    assert (billing["address_1"], billing["phone"]) == ("Strandgaten 7", "+47 40000001")
    assert [row.field for row in undone.plan.standing] == ["address_1"]


def test_what_was_typed_since_on_the_other_side_still_travels(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2", phoneNumber="+47 40000002")
    run = shop.sync()
    shop.type_in_company(customer, addressLine1="Nygaten 3")
    undone = shop.undo(run.run_id)
    assert [(row.field, row.kind) for row in undone.plan.standing] == [("address_1", "kept")]
    assert shop.account(account)["billing"]["phone"] == "+47 40000001"
    shop.settle()
    assert shop.account(account)["billing"]["address_1"] == "Nygaten 3"


def test_the_only_copy_of_an_edit_is_not_put_back(shop: Shop) -> None:
    """The webstore in which it was typed was restored from a backup since; what the run carried over is all that is left."""
    account, customer = linked(shop)
    backup = shop.running.webstore.snapshot()
    shop.type_in_webstore(account, address_1="Strandgaten 7")
    run = shop.sync()
    shop.running.webstore.restore(backup)
    shop.undo(run.run_id)
    assert shop.customer(customer)["addressLine1"] == "Strandgaten 7"


def test_a_field_typed_before_an_interrupted_write_was_found_stands(shop: Shop) -> None:
    """The write had happened, a visitor typed over it, and only then the next run found the write."""
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2", phoneNumber="+47 40000002")
    with watched() as moments, pytest.raises(Killed):
        shop.sync(run_id="interrupted", when_planned=lambda: moments.kill_before(2, COMMIT))
    bury(shop.store_file)
    shop.type_in_webstore(account, address_1="Strandgaten 7")
    shop.settle()
    assert shop.customer(customer)["addressLine1"] == "Strandgaten 7"
    shop.undo("interrupted")
    billing = shop.account(account)["billing"]
    assert (billing["address_1"], billing["phone"]) == ("Strandgaten 7", "+47 40000001")


def test_an_account_that_the_run_created_is_unlinked_and_not_linked_again(shop: Shop) -> None:
    shop.employ("ola@nord.example", "Ola Nordmann", ticked=True)
    run = shop.sync()
    undone = shop.undo(run.run_id)
    assert [row["now"] for row in undone.created] == ["unlinked, kept"]
    done = shop.settle(1)
    assert (shop.links(), len(shop.accounts()), len(shop.customers())) == ({}, 1, 1)
    assert done.summary.ambiguous == 2, "a person must say what becomes of the two"


def test_a_customer_that_the_run_created_is_unlinked_and_never_deleted(shop: Shop) -> None:
    shop.register("ola@nord.example", "Ola Nordmann")
    run = shop.sync()
    undone = shop.undo(run.run_id, delete_accounts=True)
    assert [row["now"] for row in undone.created] == ["unlinked, kept"]
    shop.settle(1)
    assert (shop.links(), len(shop.accounts()), len(shop.customers())) == ({}, 1, 1)


def test_an_account_is_deleted_only_when_that_is_asked_for(shop: Shop) -> None:
    shop.employ("ola@nord.example", "Ola Nordmann", ticked=True)
    run = shop.sync()
    undone = shop.undo(run.run_id, delete_accounts=True)
    assert ([row["now"] for row in undone.created], shop.accounts()) == (["unlinked and deleted"], {})
    deleted = shop.journal()[-1]
    assert (deleted["operation"], deleted["outcome"]) == ("delete", "confirmed")
    assert "Ola Nordmann" in deleted["before"]


@pytest.mark.parametrize("why", ["typed", "linked", "closed"])
def test_an_account_that_means_something_to_somebody_is_not_deleted(shop: Shop, why: str) -> None:
    customer = shop.employ("ola@nord.example", "Ola Nordmann", ticked=True)
    run = shop.sync()
    (account,) = shop.accounts().values()
    if why == "typed":
        shop.type_in_webstore(account, phone="+47 40000009")
    elif why == "linked":
        other = shop.employ("per@nord.example", "Per Hansen")
        by_hand(editing.unlink, shop.setup, [shop.number(customer)])
        by_hand(editing.link, shop.setup, [(shop.number(other), account)])
    else:
        shop.change(push_webstore_customers="None")
    undone = shop.undo(run.run_id, delete_accounts=True)
    assert list(shop.accounts().values()) == [account]
    assert "kept" in undone.created[0]["now"]


def test_a_deletion_whose_answer_was_lost_is_looked_up(shop: Shop) -> None:
    shop.employ("ola@nord.example", "Ola Nordmann", ticked=True)
    run = shop.sync()
    with watched() as moments, pytest.raises(Killed):
        # unlinking, intent, outcome
        shop.undo(run.run_id, delete_accounts=True, when_planned=lambda: moments.kill_before(3, COMMIT))
    bury(shop.store_file)
    assert shop.accounts() == {}
    shop.settle(1)
    assert [row["outcome"] for row in shop.journal()] == ["confirmed", "adopted"]


def test_what_a_closed_flag_forbids_is_not_put_back_either(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    run = shop.sync()
    shop.change(push_webstore_customers="None")
    shop.forget_requests()
    undone = shop.undo(run.run_id)
    assert ([row.kind for row in undone.plan.standing], shop.writes()) == (["withheld"], [])
    assert shop.account(account)["billing"]["address_1"] == "Nygaten 2"


def test_a_pair_that_was_linked_wrongly_is_put_back_after_it_was_unlinked(shop: Shop) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    run = shop.sync()
    by_hand(editing.unlink, shop.setup, [shop.number(customer)])
    shop.undo(run.run_id)
    assert shop.account(account)["billing"]["address_1"] == "Storgata 1"


def test_a_dry_run_shows_what_would_be_put_back_and_writes_nothing(shop: Shop) -> None:
    _, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    run = shop.sync()
    shop.forget_requests()
    before = shop.remembered()
    shown = shop.undo(run.run_id, dry_run=True)
    assert (len(shown.plan.writes), shop.writes()) == (1, [])
    after = shop.remembered()
    assert (before.links, before.bases, before.journal) == (after.links, after.bases, after.journal)
