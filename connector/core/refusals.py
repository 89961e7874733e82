"""Refusals: writes to which the other system said no. What they speak of decides who tries again, and when.

| it speaks of | such as | scheduled runs | runs by hand over all |
|---|---|---|---|
| the customer's own values | a VAT number of a wrong format | try until the hold | try once |
| the customer, and something else too | an e-mail that another account has | try until the hold | try again |
| nothing of the customer's | an exhausted number series, a permission | try again, count nothing | try again |

Whatever they leave they try when the values are others.

A write is *the same* when operation and payload are; whoever is selected by name is always tried. The hold rules (holds.py) count
attempts of scheduled runs; where nobody is held (max_attempts = 0) these try as often as [breakers] refusals says.

What a refusal speaks of is read from its code, and where one code stands for everything (any AL error is a dialog) from its
words: they name a field that the write changes, or its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.customer import FieldRule, FieldRules, Side
from connector.core.plan import Plan, Write
from connector.core.properties import base_name
from connector.core.quarantining import Objection

__all__ = ["Refusal", "is_another", "known_refusals", "speaks_of_the_customer"]

# error codes that speak of a value, whatever the words
_OF_VALUES = frozenset(
    {
        "Application_InvalidGUID",
        "Application_StringExceededLength",
        "DataError",
        "customer_invalid_billing_email",
        "email-mangled",
        "rest_invalid_email",
        "rest_invalid_param",
    }
)
# error codes of everything that may be wrong
_OF_ANYTHING = frozenset({"Application_DialogException", "Application_FieldValidationException"})
# how Business Central names its fields, besides by the property
_CAPTIONS: Mapping[str, tuple[str, ...]] = {
    "displayName": ("Name",),
    "addressLine1": ("Address",),
    "addressLine2": ("Address 2",),
    "city": ("City",),
    "state": ("County", "State"),
    "country": ("Country/Region", "Country"),
    "postalCode": ("Post Code", "Postal Code", "ZIP Code"),
    "phoneNumber": ("Phone No.", "Phone", "phone"),
    "email": ("Email", "E-Mail", "e-mail"),
    "website": ("Home Page",),
    "salespersonCode": ("Salesperson",),
    "creditLimit": ("Credit Limit",),
    "taxLiable": ("Tax Liable",),
    "taxAreaId": ("Tax Area", "VAT Bus. Posting Group"),
    "taxRegistrationNumber": ("VAT Registration", "Tax Registration", "Enterprise No."),
    "currencyId": ("Currency",),
    "currencyCode": ("Currency",),
    "paymentTermsId": ("Payment Terms",),
    "shipmentMethodId": ("Shipment Method",),
    "paymentMethodId": ("Payment Method",),
    "blocked": ("Blocked",),
}
# the page does not let anybody's property be written, and its metadata did not say so
_READ_ONLY = "BadRequest_InvalidOperation"
# shorter ones stand in words by chance
_SHORTEST_VALUE = 3


@dataclass(frozen=True)
class Refusal:
    """The newest refusal of a customer's writes in one direction.

    Attributes:
        attempts: identical failures of scheduled runs in a row.
    """

    operation: str
    payload: Mapping[str, Any]
    code: str
    message: str
    attempts: int = 0


def is_another(write: Write, known: Refusal | None) -> bool:
    """Whether a write is another one than what was refused before; nothing is said of one that nobody remembers."""
    if known is None:
        return False
    return (known.operation, dict(known.payload)) != (write.operation, dict(write.payload))


def known_refusals(
    plan: Plan, refusals: Mapping[tuple[str, str], Refusal], attempts: int, rules: FieldRules
) -> list[Objection]:
    """Writes of the plan that would be refused as before, because of the customer's own values.

    Args:
        refusals: by customer key and direction.
        attempts: how many failures of scheduled runs there must have been; 0 = one refusal of any run is enough.
    """
    found = []
    for write in plan.writes if refusals else ():
        known = refusals.get((write.key, str(write.direction)))
        if known is None or known.attempts < attempts or is_another(write, known):
            continue
        if known.code in _OF_VALUES or (known.code in _OF_ANYTHING and _names_a_value(known.message, write, rules)):
            reason = (
                f"{known.message} This is tried again when the customer's values change, when a run is started for "
                "this customer, or after customer-sync holds release"
            )
            found.append(Objection(write.key, write.direction, "", reason))
    return found


def speaks_of_the_customer(code: str, message: str, write: Write, rules: FieldRules) -> bool:
    """Whether a refusal has to do with what was sent of this customer. Otherwise it is the other system's trouble, and whoever
    comes next meets it as well.

    Args:
        code: the system's own, or `http-…` where something in front of it (a firewall) refused this customer's body.
    """
    if code == _READ_ONLY:
        return False
    return code in _OF_VALUES or code.startswith("http-") or _names_a_value(message, write, rules)


def _names_a_value(message: str, write: Write, rules: FieldRules) -> bool:
    """Whether the words of a refusal name a field that the write changes, or the value that it was to get."""
    said = message.partition(": ")[2] or message  # without who refused it
    for change in write.changes:
        rule = rules.by_name.get(change.field)
        names = () if rule is None else _names_of(rule, write.direction.target)
        if any(_stands_in(name, said) for name in names):
            return True
        if len(change.after) >= _SHORTEST_VALUE and _stands_in(change.after.casefold(), said.casefold()):
            return True
    return False


def _names_of(rule: FieldRule, target: Side) -> Iterator[str]:
    """What a system calls a field."""
    if target is Side.BUSINESS_CENTRAL:
        name = base_name(rule.business_central)
        yield from dict.fromkeys((rule.business_central, name, *_CAPTIONS.get(name, ())))
        return
    part = rule.webstore.rpartition(":" if rule.in_metadata else ".")[2]
    plain = part.replace("_", " ").rstrip(" 12")
    yield from dict.fromkeys((rule.webstore, part, plain, plain.capitalize(), rule.field))


def _stands_in(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
