"""Customers of both systems beside each other, as a person compares them: read now, in the words of the field map."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core import business_central_customer, webstore_customer
from connector.core.customer import FieldRules
from connector.core.normalize import NORMALIZERS
from connector.rules import rules_of
from connector.setup import Setup

__all__ = ["BothSides", "Card", "read_both"]

_PLACE = ("postalCode", "city", "country")


@dataclass(frozen=True)
class Card:
    """A customer of one system in a few words.

    Attributes:
        number: of the Business Central customer, or woo:17.
        fields: canonical values by field; none where only these few words are known.
    """

    number: str
    name: str = ""
    place: str = ""
    email: str = ""
    username: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BothSides:
    """What was found of some customers; who is not there is not among them.

    Attributes:
        business_central, webstore: by Business Central id, by webstore id.
        normalizers: field → what tells whether two of its values are the same; in the order of the field map.
    """

    business_central: Mapping[str, Card]
    webstore: Mapping[int, Card]
    normalizers: Mapping[str, str] = field(default_factory=dict)

    def same(self, name: str, left: str, right: str) -> bool:
        """Whether two values of a field are the same in other spelling."""
        key = NORMALIZERS[self.normalizers[name]]
        return key(left) == key(right)


def read_both(setup: Setup, bc_ids: Collection[str], webstore_ids: Collection[int]) -> BothSides:
    """Read some customers as they are now.

    Args:
        setup: with its secrets.

    Raises:
        RemoteRefused, RemoteTrouble: one of the systems did not answer.
    """
    rules = rules_of(setup)
    fields, geography = rules.fields, rules.geography
    with WooCommerceClient(setup.webstore) as webstore:
        accounts = webstore.customers_by_id(webstore_ids) if webstore_ids else {}
    with BusinessCentralClient(setup.business_central) as company:
        customers = company.customers_by_id(bc_ids) if bc_ids else {}
    left = list(accounts.values())
    table = webstore_customer.canonical(webstore_customer.columns(left, fields), fields, geography)
    right = list(customers.values())
    other = business_central_customer.canonical(business_central_customer.columns(right, fields), fields, geography)
    return BothSides(
        business_central={
            str(record["id"]).lower(): _card(str(record["number"]), values, fields)
            for record, values in zip(right, other.to_pylist(), strict=True)
        },
        webstore={
            int(record["id"]): _card(f"woo:{record['id']}", values, fields, str(record.get("username") or ""))
            for record, values in zip(left, table.to_pylist(), strict=True)
        },
        normalizers=fields.normalizers,
    )


def _card(number: str, values: Mapping[str, Any], fields: FieldRules, username: str = "") -> Card:
    said = {name: str(values.get(name) or "") for name in fields.names}

    def of(prop: str) -> str:
        return next((said[rule.field] for rule in fields.by_property.get(prop, ()) if said[rule.field]), "")

    place = ", ".join(text for text in map(of, _PLACE) if text)
    return Card(number, of("displayName"), place, of("email"), username, said)
