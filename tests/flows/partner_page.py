"""A shop whose company has a partner's custom page: the fields of an extension, of every kind, and ship-to addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.business_central.custom_page import CustomPage
from sandbox.server import Running, start
from tests.flows.shop import SHIPPED, Shop

__all__ = ["EXTENSION", "PartnerShop", "partner_systems"]

EXTENSION = """\
name_2,meta:name_2,name2,both,,,clear,50,text,quarantine,,
contact,meta:contact,contactName,both,,,,,text,quarantine,,
price_group,meta:price_group,customerPriceGroup,both,,,,10,code,quarantine,,
language,meta:language,languageCode,both,,,,10,code,quarantine,,
gln,meta:gln,gln,both,,,,13,code,quarantine,,
points,meta:points,loyaltyPoints,both,,,,,integer,quarantine,,
discount,meta:discount,discountPercent,both,,,,,decimal,quarantine,,
newsletter,meta:newsletter,newsletter,both,,,,,boolean,quarantine,,
since,meta:since,customerSince,both,,,clear,,date,quarantine,,
last_visit,meta:last_visit,lastVisitAt,both,,,,,date-time,quarantine,,
delivery_day,meta:delivery_day,deliveryDay,both,,,,,option,quarantine,,Monday|Friday|Any Day
partner,meta:partner,partnerId,both,,,,,code,quarantine,,
salesperson,meta:salesperson,salespersonName,push,,,,50,text,quarantine,,
"""
SHIP_TO = """\
ship_name,shipping.company,shipTo.displayName,both,,,,100,text,quarantine,,
ship_address_1,shipping.address_1,shipTo.addressLine1,both,,,clear,100,text,quarantine,,
ship_country,shipping.country,shipTo.country,both,,,,10,country,quarantine,,
ship_postcode,shipping.postcode,shipTo.postalCode,both,,,,20,postcode,quarantine,,
ship_city,shipping.city,shipTo.city,both,,,,30,text,quarantine,,
ship_state,shipping.state,shipTo.state,both,,,,30,state,quarantine,,
ship_phone,shipping.phone,shipTo.phoneNumber,both,,,,30,phone,quarantine,,
"""
CODE = "WEBSHOP"


class PartnerShop(Shop):
    """A shop with that company; its field map names all of the page."""

    def __init__(self, *given: Any, more_fields: str = EXTENSION + SHIP_TO, **settings: Any) -> None:
        super().__init__(*given, **settings)
        rules = self.setup.synchronization.mappings
        assert rules is not None
        fields = (SHIPPED / "fields.csv").read_text(encoding="utf-8")
        (rules / "fields.csv").write_text(fields + more_fields, encoding="utf-8")

    @property
    def page(self) -> CustomPage:
        """What the partner has installed."""
        page = self.company.custom_page
        assert page is not None
        return page

    def register_with(self, email: str, meta: dict[str, str] | None = None, **shipping: str) -> int:
        """Somebody makes an account, with metadata and a delivery address; gives its id."""
        record = {
            "email": email,
            "first_name": "Kari",
            "last_name": "Nordmann",
            "billing": {"country": "NO", "city": "Oslo"},
            "shipping": shipping,
            "meta_data": [{"key": key, "value": value} for key, value in (meta or {}).items()],
        }
        return self.running.webstore.people_create(record)

    def type_meta(self, account: int, **meta: str) -> None:
        """A plugin writes metadata of an account."""
        items = [{"key": key, "value": value} for key, value in meta.items()]
        self.running.webstore.people_update(account, {"meta_data": items})

    def type_shipping(self, account: int, **shipping: str) -> None:
        """Somebody edits the delivery address of an account."""
        self.running.webstore.people_update(account, {"shipping": shipping})

    def meta(self, account: int) -> dict[str, Any]:
        """The metadata of an account."""
        return {item["key"]: item["value"] for item in self.account(account)["meta_data"]}

    def properties(self, customer: str) -> dict[str, Any]:
        """All that the company keeps of a customer, as its database has it."""
        return self.company.customer(customer) or {}

    def ship_to(self, customer: str) -> dict[str, Any]:
        """The ship-to address that is synchronised; {} = there is none."""
        found = self.company.ship_to_addresses.of_customer(customer, CODE)
        return found[0] if found else {}


@pytest.fixture(scope="module")
def partner_systems() -> Iterator[Running]:
    """Both emulators, the company with a partner's page."""
    with start(empty=True, seed=1, business_central_settings={"custom_page": CustomPage()}) as running:
        yield running
