"""The properties of a Business Central customer: those of API v2.0, those that a custom page says it has, and those of a
ship-to address, which stand in a customer's row under `shipTo.` and their own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "FIXED",
    "NO_SHIP_TO",
    "PROPERTIES",
    "SHIP_TO",
    "Page",
    "Property",
    "base_name",
    "expected_kind",
    "in_place",
    "known_property",
    "place_of",
]

# before the name of every property of the ship-to address
SHIP_TO = "shipTo."
# of a customer without that address this is blank in the record, and nothing else of it is there
NO_SHIP_TO = f"{SHIP_TO}id"


@dataclass(frozen=True)
class Property:
    """A property that the field map may name.

    Attributes:
        kind: `text`, `code` (Business Central upper-cases it), `decimal`, `integer`, `boolean`, `date`, `date-time`, `option`
            or `guid`; "" = nothing that a field can hold (a picture, a list).
        length: characters (UTF-16 units) that Business Central keeps; 0 = the kind sets the limit, or none is known.
        writable: False = it can be pushed, not pulled.
        options: of an option.
        type: as the page's metadata calls it, for people; "" = not read there.
    """

    kind: str
    length: int = 0
    writable: bool = True
    options: tuple[str, ...] = ()
    type: str = field(default="", compare=False)


@dataclass(frozen=True)
class Page:
    """What customers are read from and written to, as its metadata says.

    Attributes:
        name: for messages, such as `customers of contoso/webshop/v1.0`.
        properties: by name; those of the ship-to address with `shipTo.` before them.
        without_ship_to: why the page has no list of ship-to addresses though the setup names one; "" = it has.
    """

    name: str
    properties: Mapping[str, Property]
    without_ship_to: str = ""


PROPERTIES: Mapping[str, Property] = {
    "number": Property("code", 20, writable=False),  # a new number would rename the customer
    "displayName": Property("text", 100),
    "type": Property("option", writable=False, options=("Company", "Person")),
    "addressLine1": Property("text", 100),
    "addressLine2": Property("text", 50),
    "city": Property("text", 30),
    "state": Property("text", 30),
    "country": Property("code", 10),
    "postalCode": Property("code", 20),
    "phoneNumber": Property("text", 30),
    "email": Property("text", 80),
    "website": Property("text", 255),
    "salespersonCode": Property("code", 20),
    "balanceDue": Property("decimal", writable=False),
    "creditLimit": Property("decimal"),
    "taxLiable": Property("boolean"),
    "taxAreaId": Property("guid"),
    "taxAreaDisplayName": Property("text", 100, writable=False),
    "taxRegistrationNumber": Property("code", 20),
    "currencyId": Property("guid"),
    "currencyCode": Property("code", 10),
    "paymentTermsId": Property("guid"),
    "shipmentMethodId": Property("guid"),
    "paymentMethodId": Property("guid"),
    "blocked": Property("option", options=("Ship", "Invoice", "All")),
}
# what identifies a ship-to address and says whose it is belongs to the client
FIXED = frozenset({"id", "lastModifiedDateTime", f"{SHIP_TO}id", f"{SHIP_TO}code", f"{SHIP_TO}customerId"})
_OF_AN_ADDRESS = frozenset(
    "displayName addressLine1 addressLine2 city state country postalCode phoneNumber email".split()
)
_BY_NORMALIZER = {name: name for name in ("decimal", "integer", "boolean", "date", "date-time", "option", "code")}


def base_name(name: str) -> str:
    """The name without `shipTo.`: an address's properties are called alike on the card and on the ship-to address."""
    return name.removeprefix(SHIP_TO)


def place_of(name: str) -> str:
    """`shipTo.` for a property of the ship-to address, "" for one of the card."""
    return SHIP_TO if name.startswith(SHIP_TO) else ""


def in_place(name: str, beside: str) -> str:
    """The property of some name that stands in the same place as another one: `country` beside `shipTo.city` is
    `shipTo.country`."""
    return place_of(beside) + name


def known_property(name: str) -> Property | None:
    """What is known of a property without asking the page: those of API v2.0, and the same address of a ship-to address."""
    if name in PROPERTIES:
        return PROPERTIES[name]
    if place_of(name) and base_name(name) in _OF_AN_ADDRESS:
        return PROPERTIES[base_name(name)]
    return None


def expected_kind(normalizer: str) -> str:
    """The kind of a property that a page was not asked about, by how its values are read."""
    return _BY_NORMALIZER.get(normalizer, "text")
