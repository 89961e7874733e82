"""The conflict policy `newest`: what counts is when a value was first seen changed, not when its record was touched."""

from __future__ import annotations

import pytest

from connector.desk import inbox
from tests.by_hand import seen
from tests.flows.agreed import OLD, WAYS, later, linked, phones, sync
from tests.flows.shop import Shop

SHOP, OFFICE = "+47 40000003", "+47 40000004"


@pytest.fixture
def newest(shop: Shop) -> Shop:
    shop.change(policies={"conflict": "newest"})
    return shop


@pytest.mark.parametrize("touched", ["webstore", "business_central"])
def test_a_touch_of_the_record_makes_no_edit_newer(newest: Shop, touched: str) -> None:
    ((account, customer),) = linked(newest)
    newest.type_in_webstore(account, phone=SHOP)
    newest.type_in_company(customer, phoneNumber=OFFICE)
    later(newest)
    if touched == "webstore":
        newest.running.webstore.people_update(account, {"meta_data": [{"key": "note", "value": "called"}]})
    else:
        newest.company.people_update(customer, {"website": "https://nord.example"})
    newest.sync()
    assert phones(newest, account, customer) == (SHOP, OFFICE)
    assert len(seen(inbox.list_conflicts, newest.setup)) == 1


@WAYS
@pytest.mark.parametrize("later_side", ["webstore", "business_central"])
def test_the_value_that_an_earlier_run_had_not_seen_yet_wins(newest: Shop, later_side: str, way: str) -> None:
    ((account, customer),) = linked(newest)
    newest.change(push_webstore_customers="None", pull_webstore_customers="None")
    if later_side == "webstore":
        newest.type_in_company(customer, phoneNumber=OFFICE)
    else:
        newest.type_in_webstore(account, phone=SHOP)
    sync(newest, way, customer)  # withheld, and seen
    later(newest)
    if later_side == "webstore":
        newest.type_in_webstore(account, phone=SHOP)
        newest.company.people_update(customer, {"website": "https://nord.example"})  # touched last, edited first
    else:
        newest.type_in_company(customer, phoneNumber=OFFICE)
    newest.change(push_webstore_customers="Mapped Only", pull_webstore_customers="All")
    sync(newest, way, customer)
    value = SHOP if later_side == "webstore" else OFFICE
    assert phones(newest, account, customer) == (value, value)


def test_a_conflict_that_stood_is_decided_by_the_next_edit(newest: Shop) -> None:
    ((account, customer),) = linked(newest)
    newest.type_in_webstore(account, phone=SHOP)
    newest.type_in_company(customer, phoneNumber=OFFICE)
    newest.sync()
    assert phones(newest, account, customer) == (SHOP, OFFICE)
    later(newest)
    newest.type_in_company(customer, phoneNumber="+47 40000009")
    newest.sync()
    assert phones(newest, account, customer) == ("+47 40000009",) * 2
    assert OLD not in phones(newest, account, customer)
