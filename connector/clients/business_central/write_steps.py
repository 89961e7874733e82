"""A write as requests: what is sent to the customer's card, and what to the ship-to address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.clients.business_central.api import BusinessCentralApi, Part
from connector.clients.business_central.customers_page import Tag
from connector.clients.business_central.odata import SYSTEM, is_guid
from connector.clients.results import Create, Update
from connector.core.business_central_order import in_order, is_blank
from connector.errors import DataError, RemoteRefused

__all__ = ["Step", "address_of", "address_part", "steps_of"]

# Business Central refuses a body that holds one of them
_READ_ONLY = frozenset({"id", "taxAreaDisplayName", "balanceDue", "lastModifiedDateTime"})
_OF_THE_ADDRESS = frozenset({"id", "code", "customerId", "lastModifiedDateTime"})


@dataclass(frozen=True)
class Step:
    """One request of a write; `of_address`: it writes the ship-to address."""

    part: Part
    of_address: bool = False


def steps_of(api: BusinessCentralApi, write: Create | Update) -> list[Step]:
    """The requests of a write, in their order; none where it would change nothing.

    Raises:
        DataError: a value that Business Central does not take.
        RemoteRefused: an update without a tag, which would overwrite what somebody else has written.
    """
    customer = write.bc_id if isinstance(write, Update) else ""
    nulls = [name for name, value in write.payload.items() if value is None]
    if nulls:
        raise DataError(f"{nulls[0]} has no value.", field=nulls[0], system=SYSTEM, customer=customer)
    card, _ = api.page.apart(write.payload)
    body = in_order(
        {name: value for name, value in card.items() if name not in _READ_ONLY and not name.startswith("@odata.")}
    )
    if isinstance(write, Create):
        if not str(body.get("displayName") or "").strip():
            raise DataError("A customer needs a name.", field="displayName", system=SYSTEM)
        if not str(body.get("blocked", "x")).strip():
            del body["blocked"]  # blank is written _x0020_ there, and is what a new customer has anyway
        return [Step(Part("POST", api.page.plain_path(), body))]
    if not is_guid(write.bc_id):
        raise DataError("A customer's id is no id of Business Central.", field="id", system=SYSTEM, customer=customer)
    tag = Tag.of(write.etag)
    if tag.card in {"", "*"} or not write.etag.isprintable() or not write.etag.isascii():
        raise RemoteRefused(
            f"{write.bc_id} was read without its tag, so a change could overwrite somebody else's.",
            code="no-etag",
            system=SYSTEM,
            customer=customer,
        )
    path = api.page.plain_path(write.bc_id)
    bodies = [dict.fromkeys(write.cleared, "")] if write.cleared else []
    bodies += [body] if body or not address_of(api, write) else []
    steps = [Step(Part("PATCH", path, each, "*" if number else tag.card)) for number, each in enumerate(bodies)]
    address = address_of(api, write)
    if address and (tag.ship_to_id or not all(map(is_blank, address.values()))):
        steps.append(Step(address_part(api, write.bc_id, tag.ship_to_id, tag.ship_to, address), of_address=True))
    return steps


def address_of(api: BusinessCentralApi, write: Create | Update) -> dict[str, Any]:
    """What a write sets of the ship-to address; of a customer to be created only what is not blank."""
    address = {name: value for name, value in api.page.apart(write.payload)[1].items() if name not in _OF_THE_ADDRESS}
    if isinstance(write, Create):
        address = {name: value for name, value in address.items() if not is_blank(value)}
    return in_order(address)


def address_part(api: BusinessCentralApi, bc_id: str, address_id: str, etag: str, body: Mapping[str, Any]) -> Part:
    if address_id:
        return Part("PATCH", api.page.ship_to_path(bc_id, address_id), body, etag)
    return Part("POST", api.page.ship_to_path(bc_id), {"code": api.page.code, **body})
