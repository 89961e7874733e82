"""A whole side went back to an older state: the run stops, and whatever a person then says holds, for all or for one."""

from __future__ import annotations

import pytest

from connector.desk import editing, inbox, restored, versions
from connector.errors import InputError, PremiseBroken
from tests.by_hand import by_hand, seen
from tests.flows.agreed import NEW, OLD, WAYS, later, linked, phones, sync
from tests.flows.clocks import clocks_of_a_life
from tests.flows.shop import Shop


@WAYS
@pytest.mark.parametrize("side", ["webstore", "business_central"])
def test_a_whole_side_that_went_back_stops_the_run_with_its_ways_out(shop: Shop, side: str, way: str) -> None:
    pairs = linked(shop, 4)
    system = getattr(shop.running, side)
    yesterday = system.snapshot()
    for account, customer in pairs:
        if side == "webstore":
            shop.type_in_company(customer, phoneNumber=NEW)
        else:
            shop.type_in_webstore(account, phone=NEW)
    shop.sync()
    system.restore(yesterday)
    shop.register("new@nord.example", "New Comer")
    before = shop.customers(), [phones(shop, *pair) for pair in pairs]
    customers = [shop.number(customer) for _, customer in pairs] if way == "selected" else []
    with pytest.raises(PremiseBroken, match=r"4 customers of .* are older than what was seen of them") as stopped:
        shop.sync(*customers, partitions=3 if way == "divided" else 0)
    assert f"customer-sync restored {side.replace('_', '-')}" in str(stopped.value)
    assert before == (shop.customers(), [phones(shop, *pair) for pair in pairs])
    word = side.replace("_", "-")
    other = "business-central" if side == "webstore" else "webstore"
    assert len(seen(restored.list_restored, shop.setup, word)) == 4
    assert by_hand(restored.answer_restored, shop.setup, word, other) == 4
    later(shop)
    shop.sync(*customers)
    assert [phones(shop, *pair) for pair in pairs] == [(NEW, NEW)] * 4


def test_the_old_state_is_accepted_when_a_person_says_so(shop: Shop) -> None:
    pairs = linked(shop, 3)
    yesterday = shop.running.webstore.snapshot()
    for _, customer in pairs:
        shop.type_in_company(customer, phoneNumber=NEW)
    shop.sync()
    shop.running.webstore.restore(yesterday)
    with pytest.raises(PremiseBroken):
        shop.sync()
    by_hand(restored.answer_restored, shop.setup, "webstore", "webstore")
    shop.sync()
    assert [phones(shop, *pair) for pair in pairs] == [(OLD, OLD)] * 3
    for side, take in (("shop", "webstore"), ("webstore", ""), ("webstore", "shop"), ("business-central", "webstore")):
        with pytest.raises(InputError):
            by_hand(restored.answer_restored, shop.setup, side, take)


@pytest.mark.parametrize("side", ["webstore", "business_central"])
@WAYS
def test_what_was_typed_in_the_side_that_was_restored_is_not_taken_back_either(shop: Shop, side: str, way: str) -> None:
    """Nobody wrote the value there, so no write replaced the older one there; but one did on the other side."""
    (account, customer), (_, other) = linked(shop, 2)
    system = getattr(shop.running, side)
    yesterday = system.snapshot()
    if side == "webstore":
        shop.type_in_webstore(account, phone=NEW)
        shop.type_in_company(other, phoneNumber=NEW)
    else:
        shop.type_in_company(customer, phoneNumber=NEW)
        shop.type_in_webstore(int(shop.links()[other] or 0), phone=NEW)
    shop.sync()
    system.restore(yesterday)
    later(shop)
    if side == "webstore":
        shop.type_in_webstore(account, address_1="Nygaten 9")
    else:
        shop.type_in_company(customer, addressLine1="Nygaten 9")
    if way == "selected":  # the other record is what shows that the side went back
        shop.sync(shop.number(customer), shop.number(other))
    else:
        sync(shop, way, customer)
    assert phones(shop, account, customer) == ((OLD, NEW) if side == "webstore" else (NEW, OLD))


@WAYS
def test_an_old_copy_that_no_stamp_tells_does_not_become_an_edit_by_being_seen_twice(shop: Shop, way: str) -> None:
    """The write that it does not know was made within the second in which the account was touched before."""
    with clocks_of_a_life():
        account = shop.register("kari@nord.example", phone=OLD)
        shop.sync()
        ((customer, _),) = shop.links().items()
        touched = shop.account(account)["date_modified_gmt"]
        shop.running.webstore_faults.add("stale", by="replica")
        shop.type_in_company(customer, phoneNumber=NEW)
        sync(shop, way, customer)
        assert shop.account(account)["date_modified_gmt"] == touched
        for _ in range(3):
            done = sync(shop, way, customer)
            assert phones(shop, account, customer) == (NEW, NEW)
            assert done.summary.conflicts == 1
        shop.running.webstore_faults.clear()
        assert sync(shop, way, customer).summary.conflicts == 0


def test_what_the_other_records_told_stays_known_when_they_are_settled(shop: Shop) -> None:
    (account, customer), (_, other) = linked(shop, 2)
    yesterday = shop.running.webstore.snapshot()
    for key in (customer, other):
        shop.type_in_company(key, phoneNumber=NEW)
    shop.sync()
    shop.running.webstore.restore(yesterday)
    later(shop)
    shop.type_in_webstore(account, address_1="Nygaten 9")
    shop.sync()
    by_hand(inbox.decide, shop.setup, shop.number(other), "phone", take="business-central")
    for _ in range(3):
        shop.sync()
        assert phones(shop, account, customer) == (OLD, NEW)


def test_a_link_that_is_made_once_more_by_hand_does_not_make_an_old_record_new(shop: Shop) -> None:
    ((account, customer),) = linked(shop)
    yesterday = shop.company.snapshot()
    shop.type_in_webstore(account, phone=NEW)
    shop.sync()
    by_hand(editing.link, shop.setup, [(shop.number(customer), account)])
    shop.company.restore(yesterday)
    done = shop.sync()
    assert phones(shop, account, customer) == (NEW, OLD)
    assert done.summary.conflicts == 1


def test_who_was_decided_about_alone_keeps_that_answer(shop: Shop) -> None:
    pairs = linked(shop, 3)
    yesterday = shop.running.webstore.snapshot()
    for _, customer in pairs:
        shop.type_in_company(customer, phoneNumber=NEW)
    shop.sync()
    shop.running.webstore.restore(yesterday)
    with pytest.raises(PremiseBroken):
        shop.sync()
    by_hand(inbox.decide, shop.setup, shop.number(pairs[0][1]), "phone", take="webstore")
    assert by_hand(restored.answer_restored, shop.setup, "webstore", "business-central") == 2
    with pytest.raises(InputError, match="decided already"):
        by_hand(restored.answer_restored, shop.setup, "webstore", "webstore")
    take = ["webstore", "business-central", "business-central"]
    assert [row["decided"] for row in seen(restored.list_restored, shop.setup, "webstore")] == take
    shop.sync()
    assert [phones(shop, *pair) for pair in pairs] == [(OLD, OLD), (NEW, NEW), (NEW, NEW)]


@WAYS
@pytest.mark.parametrize("side", ["webstore", "business_central"])
def test_a_pair_that_is_found_once_more_does_not_make_an_old_record_new(shop: Shop, side: str, way: str) -> None:
    """The mapping table was restored to a version without the pair, so that the pair is linked by its e-mail again."""
    ((account, customer),) = linked(shop)
    system = getattr(shop.running, side)
    yesterday = system.snapshot()
    if side == "webstore":
        shop.type_in_company(customer, phoneNumber=NEW)
    else:
        shop.type_in_webstore(account, phone=NEW)
    shop.sync()
    by_hand(versions.restore_version, shop.setup, 0)
    system.restore(yesterday)
    for _ in range(2):
        shop.sync(f"woo:{account}") if way == "selected" else sync(shop, way, customer)
        assert shop.links() == {customer: account}
        assert phones(shop, account, customer) == ((OLD, NEW) if side == "webstore" else (NEW, OLD))


@pytest.mark.parametrize("way", ["all", "divided"])
@pytest.mark.parametrize("policy", ["unlink", "recreate"])
def test_a_copy_of_the_database_that_lags_makes_no_second_customer_of_one_just_created(
    shop: Shop, policy: str, way: str
) -> None:
    account = shop.register("kari@nord.example", phone=OLD)
    shop.change(policies={"orphan": policy}, settle_seconds=3)
    shop.running.business_central_faults.add("stale", by="replica")
    for _ in range(3):
        shop.sync(partitions=3 if way == "divided" else 0)
    shop.running.business_central_faults.clear()
    ((customer, linked_to),) = shop.links().items()
    assert (linked_to, shop.company.customer_ids()) == (account, [customer])
