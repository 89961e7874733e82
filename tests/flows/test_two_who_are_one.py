"""One customer who is spelled in two ways stays one: no second one is made, nothing right is overwritten."""

from __future__ import annotations

from pathlib import Path

from connector.desk.editing import link, tick, unlink
from connector.desk.mapping_list import list_mapping
from connector.desk.suggesting import reject
from tests.by_hand import by_hand, seen
from tests.flows.shop import SHIPPED, Shop


def test_an_address_that_differs_in_what_nobody_sees_makes_no_second_customer(shop: Shop) -> None:
    spelled = {
        "kari@nord.example": "kari@nord.example\u200b",
        "per@xn--blbr-roah.example": "Per@BLÅBÆR.example",
        "ola@nord.example": "ｏｌａ＠nord.example",
    }
    for email, other in spelled.items():
        shop.register(email, "Kari Nordmann")
        shop.employ(other, "Kari Nordmann")
    done = shop.sync()
    assert (done.summary.linked, len(shop.company.customer_ids())) == (3, 3)
    assert shop.writes() == []
    assert set(shop.customers()) == set(spelled.values())


def test_a_customer_is_meant_however_its_name_is_typed(shop: Shop) -> None:
    account, other = shop.register("kari@nord.example"), shop.register("kari@syd.example")
    customer = shop.employ("Kari@Nord.example", number="C00010")
    for name in ("c00010\u200b", "C00010", f"{{{customer.upper()}}}", "KARI@nord.example"):
        by_hand(link, shop.setup, [(name, account)])
        assert [row["bc_number"] for row in seen(list_mapping, shop.setup, shop.setup)] == ["C00010"]
        by_hand(unlink, shop.setup, ["C00010"])
        assert shop.links() == {}
    by_hand(tick, shop.setup, ["kari@NORD.example"])
    assert shop.remembered().ticked == {customer}
    assert by_hand(reject, shop.setup, [f"c00010=woo:{other}"])["pairs"] == 1


def test_a_run_for_one_customer_knows_every_spelling(shop: Shop) -> None:
    shop.employ("Kari@Nord.example\u200b", city="Bergen", number="C00010")
    shop.register("kari@nord.example", city="Bergen")
    for name in ("KARI@NORD.EXAMPLE", "c00010\ufeff", "Ｃ０００１０"):
        assert shop.sync(name).summary.plan_hash


def test_a_state_is_known_in_every_spelling_and_never_replaced_by_a_text_that_is_none(shop: Shop) -> None:
    know_states(shop, "ES", "IE", "CN", "CA", "IT")
    spelled = [
        ("ES", "BI", "Vizcaya"), ("IE", "D", "Co. Dublin"), ("CN", "CN1", "Yunnan"), ("CA", "QC", "Québec"),
        ("IT", "RE", "Reggio nell’Emilia"), ("CA", "ON", "Far far away"),
    ]  # fmt: skip
    pairs = {}
    for row, (country, code, text) in enumerate(spelled):
        address = {"address_1": "Street 1", "city": "Town", "country": country}
        account = shop.register(f"p{row}@nord.example", state=code, **address)
        customer = shop.employ(
            f"p{row}@nord.example", state=text, country=country, addressLine1="Street 1", city="Town"
        )
        pairs[account] = (code, customer, text)
    shop.change(policies={"conflict": "business-central", "first_link": "business-central"})
    done = shop.sync()
    assert (done.summary.linked, done.summary.push.withheld, shop.writes()) == (6, 1, [])
    for account, (_, customer, _) in pairs.items():
        shop.type_in_webstore(account, city="New Town")
        shop.type_in_company(customer, addressLine1="Street 2")
    shop.settle()
    for account, (code, customer, text) in pairs.items():
        billing = shop.account(account)["billing"]
        assert (billing["state"], billing["address_1"]) == (code, "Street 2")
        assert (shop.customer(customer)["state"], shop.customer(customer)["city"]) == (text, "New Town")


def know_states(shop: Shop, *countries: str) -> None:
    """The rules of the shop know these countries' states, too."""
    header, *rows = (SHIPPED / "states.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    states = Path(str(shop.setup.synchronization.mappings)) / "states.csv"
    states.write_text("".join([header, *(row for row in rows if row[:2] in countries)]), encoding="utf-8")


def test_a_name_with_the_family_name_before_a_comma_is_the_same_name(shop: Shop) -> None:
    shop.change(policies={"conflict": "business-central", "first_link": "business-central"})
    kinds = {"hans@nord.example": "Person", "ida@nord.example": "Company"}
    accounts = {email: shop.register(email, "Hans Müller") for email in kinds}
    customers = {email: shop.employ(email, "Müller, Hans", type=kind) for email, kind in kinds.items()}
    new = shop.employ("ritin@nord.example", "Sahni, Ritin", ticked=True)
    firm = shop.employ("firm@nord.example", "Acme, Inc.", type="Company", ticked=True)
    shop.settle()
    for account in accounts.values():
        assert names(shop, account) == ("Hans", "Müller")
    assert names(shop, shop.links()[new] or 0) == ("Ritin", "Sahni")
    assert shop.account(shop.links()[firm] or 0)["billing"]["company"] == "Acme, Inc."
    assert {shop.customer(key)["displayName"] for key in customers.values()} == {"Müller, Hans"}
    for customer in customers.values():
        shop.type_in_company(customer, displayName="Müller, Hans-Peter")
    shop.settle()
    for account in accounts.values():
        assert names(shop, account) == ("Hans-Peter", "Müller")
    shop.running.webstore.people_update(accounts["hans@nord.example"], {"last_name": "Meier"})
    shop.settle()
    assert shop.customer(customers["hans@nord.example"])["displayName"] == "Meier, Hans-Peter"


def names(shop: Shop, account: int) -> tuple[str, str]:
    """First and last name of an account."""
    record = shop.account(account)
    return record["first_name"], record["last_name"]
