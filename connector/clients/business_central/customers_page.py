"""The page that customers are read from and written to: addresses, and the ship-to address in the customer's record.

A record leaves the client with the properties of the chosen ship-to address under `shipTo.` and their own names, or with a blank
`shipTo.id` where the customer has none; its tag says which state of both was seen. A payload is taken apart in the same way. So
nobody else knows that there are two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from connector.clients.business_central.odata import query
from connector.clients.results import Record
from connector.core.properties import NO_SHIP_TO, SHIP_TO
from connector.setup import BusinessCentralConnection
from connector.setup.customers_page import STANDARD_API

__all__ = ["CustomersPage", "Tag"]

_TAG = "@odata.etag"
# behind the customer's own tag; ids and tags hold no blank
_BOTH = re.compile(r"(?P<card>.*) ship-to=(?P<id>[0-9A-Fa-f-]{36}) (?P<tag>\S+)")


class Tag(NamedTuple):
    """Which states a record was seen in: the customer's tag, and id and tag of the ship-to address ("" = there is none)."""

    card: str
    ship_to_id: str = ""
    ship_to: str = ""

    @classmethod
    def of(cls, text: str) -> Tag:
        """The inverse of `str`."""
        found = _BOTH.fullmatch(text)
        return cls(found["card"], found["id"], found["tag"]) if found else cls(text)

    def __str__(self) -> str:
        return f"{self.card} ship-to={self.ship_to_id} {self.ship_to}" if self.ship_to_id else self.card


@dataclass(frozen=True)
class CustomersPage:
    """One page of one API.

    Attributes:
        root: address of the API.
        entity: name of its list of customers.
        ship_to: name of a customer's list of ship-to addresses; "" = they are not read.
        code: which one is meant.
    """

    root: str
    entity: str = "customers"
    ship_to: str = ""
    code: str = ""

    @classmethod
    def of(cls, connection: BusinessCentralConnection) -> CustomersPage:
        """As a setup says it."""
        # it ends with v2.0 in any letter case
        api = connection.base_url.rstrip("/")[: -len(STANDARD_API)] + connection.customers_api
        return cls(api, connection.customers_entity, connection.ship_to_entity, connection.ship_to_code)

    @property
    def name(self) -> str:
        """For messages and copies."""
        behind = f" with {self.ship_to}" if self.ship_to else ""
        return f"{self.entity} of {re.split('/api/', self.root, flags=re.IGNORECASE)[-1]}{behind}"

    @property
    def is_standard(self) -> bool:
        """Whether it is the one of API v2.0."""
        return self.root.lower().endswith(f"/api/{STANDARD_API}") and self.entity == "customers"

    def path(self, bc_id: str = "", options: Mapping[str, str] | None = None) -> str:
        """The list, or one customer, below the company; ship-to addresses come with it."""
        more = {"$expand": self.ship_to} if self.ship_to else {}
        return self.plain_path(bc_id) + query({**(options or {}), **more})

    def plain_path(self, bc_id: str = "") -> str:
        """The same as what is written to."""
        return f"{self.entity}({bc_id})" if bc_id else self.entity

    def ship_to_path(self, bc_id: str, address_id: str = "") -> str:
        """A customer's ship-to addresses, or one of them, below the company."""
        return f"{self.plain_path(bc_id)}/{self.ship_to}" + (f"({address_id})" if address_id else "")

    def whole(self, record: Record) -> Record:
        """A record with the chosen ship-to address in it. Where the server does not show addresses, none of them is there."""
        if not self.ship_to or not isinstance(record.get(self.ship_to), list):
            return record
        rest = {name: value for name, value in record.items() if name != self.ship_to}
        found = [row for row in record[self.ship_to] if isinstance(row, dict) and self._is_meant(row)]
        return self.joined(rest, found[0] if found else None)

    def joined(self, card: Record, address: Record | None) -> Record:
        """A customer and the address that is meant, as one record."""
        tag = Tag.of(str(card.get(_TAG) or ""))
        if address is None:
            return {**card, _TAG: tag.card, NO_SHIP_TO: ""}
        shown = {f"{SHIP_TO}{name}": value for name, value in address.items() if not name.startswith("@")}
        both = Tag(tag.card, str(address.get("id") or ""), str(address.get(_TAG) or ""))
        return {**card, **shown, _TAG: str(both)}

    @staticmethod
    def refreshed(before: Record, now: Record) -> Record:
        """A record after another write, whose answer need not show the ship-to address."""
        seen, tag = Tag.of(str(before.get(_TAG) or "")), Tag.of(str(now.get(_TAG) or ""))
        return {**before, **now, _TAG: str(tag if tag.ship_to_id else seen._replace(card=tag.card))}

    def _is_meant(self, address: Record) -> bool:
        return str(address.get("code") or "").strip().upper() == self.code

    @staticmethod
    def apart(payload: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a payload sets of the customer, and what of the ship-to address."""
        card = {name: value for name, value in payload.items() if not name.startswith(SHIP_TO)}
        address = {name.removeprefix(SHIP_TO): value for name, value in payload.items() if name.startswith(SHIP_TO)}
        return card, address
