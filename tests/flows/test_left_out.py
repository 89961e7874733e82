"""A value that the other system cannot keep is left out and told, by every run; everything else of the customer goes."""

from __future__ import annotations

from connector.desk.quarantine import list_quarantine
from tests.by_hand import seen
from tests.flows.shop import Shop


def test_a_phone_number_with_an_extension_waits_alone_and_is_told_by_every_run(shop: Shop) -> None:
    linked = shop.register("ann@nord.example", "Ann Lee", phone="+47 22123456", city="Bergen")
    shop.sync()
    newcomer = shop.register("ned@nord.example", "Ned New", phone="(212) 555-0100 x12", city="Oslo")
    shop.type_in_webstore(linked, phone="+47 22123456 ext. 9", city="Hamar")
    done = shop.sync(scheduled=True)
    assert (done.summary.pull.created, done.summary.pull.updated, done.summary.quarantined) == (1, 1, 2)
    customers = shop.customers()
    ann, ned = (customers[f"{name}@nord.example"] for name in ("ann", "ned"))
    assert (shop.customer(ann)["city"], shop.customer(ann)["phoneNumber"]) == ("Hamar", "+47 22123456")
    assert (shop.customer(ned)["city"], shop.customer(ned)["phoneNumber"]) == ("Oslo", "")
    for selected in ((), (), (f"woo:{linked}", f"woo:{newcomer}")):
        shop.forget_requests()
        assert (shop.sync(*selected).summary.quarantined, shop.writes()) == (2, [])
        waiting = {(row["key"], row["field"], row["reason"]) for row in seen(list_quarantine, shop.setup)}
        assert waiting == {(f"bc:{key}", "phone", "the phone number holds letters") for key in (ann, ned)}
    shop.type_in_webstore(newcomer, phone="(212) 555-0100")
    shop.sync()
    assert shop.customer(ned)["phoneNumber"] == "(212) 555-0100"
    assert [row["key"] for row in seen(list_quarantine, shop.setup)] == [f"bc:{ann}"]
