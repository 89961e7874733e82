"""$expand and the addresses behind a customer: what belongs to it besides its own properties."""

import re
from collections.abc import Callable, Collection
from typing import Any

import orjson

from sandbox.business_central.entities import (
    CURRENCIES,
    PAYMENT_METHODS,
    PAYMENT_TERMS,
    SHIPMENT_METHODS,
    EntitySet,
)
from sandbox.business_central.errors import bad_request, unknown_property
from sandbox.business_central.references import named_guid
from sandbox.business_central.rows import Values, etag_of, rendered, shown_time, whole
from sandbox.business_central.store import Store

_RELATED: dict[str, tuple[EntitySet, str]] = {
    "currency": (CURRENCIES, "currencyId"),
    "paymentTerm": (PAYMENT_TERMS, "paymentTermsId"),
    "shipmentMethod": (SHIPMENT_METHODS, "shipmentMethodId"),
    "paymentMethod": (PAYMENT_METHODS, "paymentMethodId"),
}
_ITEM = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)


def expansions_of(text: str, besides: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
    """Names to expand, of those that every customer has and some others, with the properties selected of each (none: all).

    Raises ApiError (400) for unknown names.
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in _split(text, ","):
        match = _ITEM.fullmatch(part)
        if match is None:
            raise bad_request(f"Syntax error in the $expand '{text}'.")
        if match[1] not in NAVIGATION and match[1] not in besides:
            raise unknown_property(match[1], "customer")
        selected: tuple[str, ...] = ()
        for option in _split(match[2] or "", ";"):
            name, _, value = option.partition("=")
            if name == "$select":
                selected = tuple(item.strip() for item in value.split(","))
            elif name not in ("$expand", "$top", "$orderby"):
                raise bad_request(f"The query parameter '{name}' is not supported inside $expand.")
        found[match[1]] = selected
    return found


def expanded(
    store: Store, values: Values, names: dict[str, tuple[str, ...]], ship_to: EntitySet | None = None
) -> Values:
    """The values of the named navigation properties of a customer.

    `ship_to` is the set of its addresses as a custom page shows it.
    """
    content: Values = {}
    for name, selected in names.items():
        found = navigate(store, values, name, ship_to)
        rows = found if isinstance(found, list) else [found]
        for row in rows if selected else ():
            for key in row.keys() - {*selected, "@odata.etag"} if row else ():
                del row[key]
        content[name] = found
    return content


def navigate(store: Store, values: Values, name: str, ship_to: EntitySet | None = None) -> Any:
    """One navigation property: an object, a list, or None where nothing is related."""
    if ship_to is not None and name == ship_to.name:
        rows = store.ship_to_addresses.of_customer(values["id"])
        return [orjson.loads(rendered(ship_to, row, row["etag"])) for row in rows]
    if name in _RELATED:
        entity, column = _RELATED[name]
        row = store.database.row(f"SELECT body FROM {entity.name} WHERE id = ?", (values[column],))
        return orjson.loads(row[0]) if row else None
    return _COMPUTED[name](store, values)


def _financial_detail(_: Store, values: Values) -> Values:
    balance = whole(values["balanceDue"])
    return {
        "@odata.etag": etag_of(f"financial {values['id']}", values["stamp"]),
        "id": values["id"],
        "number": values["number"],
        "balance": balance,
        "totalSalesExcludingTax": balance,
        "overdueAmount": 0,
        "lastModifiedDateTime": shown_time(values["lastModifiedDateTime"]),
    }


def _receivable(_: Store, values: Values) -> Values:
    balance = whole(values["balanceDue"])
    return {
        "customerId": values["id"],
        "customerNumber": values["number"],
        "name": values["displayName"],
        "currencyCode": values["currencyCode"],
        "balanceDue": balance,
        "currentAmount": balance,
        "period1Amount": 0,
        "period2Amount": 0,
        "period3Amount": 0,
        "agedAsOfDate": "0001-01-01",
        "periodLengthFilter": "30D",
    }


def _contacts(store: Store, values: Values) -> list[Values]:
    """The contact that the company got together with the customer."""
    return [
        {
            "contactId": named_guid(store.seed, "contact", values["id"]),
            "contactNumber": f"CT{values['number']}"[:20],
            "contactName": values["displayName"],
            "contactType": values["type"],
            "relatedId": values["id"],
            "relatedType": "Customer",
        }
    ]


def _picture(_: Store, values: Values) -> Values:
    return {"id": values["id"], "parentType": "Customer", "width": 0, "height": 0, "contentType": ""}


def _nothing(_: Store, __: Values) -> list[Values]:
    return []


_COMPUTED: dict[str, Callable[[Store, Values], Any]] = {
    "customerFinancialDetail": _financial_detail,
    "customerFinancialDetails": _financial_detail,
    "agedAccountsReceivable": _receivable,
    "contactsInformation": _contacts,
    "picture": _picture,
    "defaultDimensions": _nothing,
    "documentAttachments": _nothing,
}
NAVIGATION = frozenset((*_RELATED, *_COMPUTED))
"""Names of the navigation properties of a customer."""


def _split(text: str, separator: str) -> list[str]:
    """Parts of a text, split where no parenthesis is open."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]
