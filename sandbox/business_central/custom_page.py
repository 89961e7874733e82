"""A partner's custom API page: the customers of the company with the fields of an extension and their ship-to addresses.

It stands in an API of its own (`/api/contoso/webshop/v1.0`), which has companies and nothing else besides. What it shows can
be changed while the emulator runs, as by another version of the extension.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sandbox.business_central.entities import (
    COMPANY_SETS,
    CUSTOMERS,
    EXTENSION,
    SHIP_TO_ADDRESSES,
    EntitySet,
    Property,
)


@dataclass(frozen=True)
class Catalogue:
    """What an API has of a company: its customers, all its sets by name, and the set of ship-to addresses if it has one."""

    customers: EntitySet
    sets: Mapping[str, EntitySet]
    ship_to: EntitySet | None = None
    is_editable: bool = True


STANDARD = Catalogue(CUSTOMERS, COMPANY_SETS)


@dataclass
class CustomPage:
    """A custom page.

    `hidden` and `read_only` are names of properties, those of ship-to addresses with `shipTo.` before them. One that is not
    editable takes neither POST nor PATCH.
    """

    api: str = "contoso/webshop/v1.0"
    entity: str = "customers"
    hidden: set[str] = field(default_factory=set)
    read_only: set[str] = field(default_factory=set)
    has_ship_to: bool = True
    is_editable: bool = True

    def catalogue(self) -> Catalogue:
        """What the API has now."""
        ship_to = replace(SHIP_TO_ADDRESSES, properties=self._shown(SHIP_TO_ADDRESSES.properties, "shipTo."))
        customers = replace(
            CUSTOMERS,
            name=self.entity,
            properties=self._shown((*CUSTOMERS.properties[:-1], *EXTENSION, CUSTOMERS.properties[-1])),
            hidden=(),
            table="customers",
            navigation=(ship_to.name,) if self.has_ship_to else (),
        )
        sets = {customers.name: customers} | ({ship_to.name: ship_to} if self.has_ship_to else {})
        return Catalogue(customers, sets, ship_to if self.has_ship_to else None, self.is_editable)

    def _shown(self, properties: tuple[Property, ...], prefix: str = "") -> tuple[Property, ...]:
        return tuple(
            replace(prop, is_editable=prop.is_editable and f"{prefix}{prop.name}" not in self.read_only)
            for prop in properties
            if f"{prefix}{prop.name}" not in self.hidden
        )
