"""In which order Business Central must get the properties of a customer, and which of them change others.

Business Central enters the properties one after the other in the order of the body, and each of them may refuse, clear or
overwrite what stands there by then:

* `country` checks the VAT number that stands there by the new country's formats, and clears postal code, city and state;
* `taxRegistrationNumber` is checked by the country that stands there, and by the company's own country where none does;
* `postalCode`, if the company knows it, overwrites city and state, and the country where only another one has it;
* `paymentMethodId` may fill blank payment terms;
* `currencyCode` is refused behind the id of another currency.

So whoever changes others comes first, and what it would change travels along and comes last (that the order is that of the body
is documented nowhere; `overwritten` tells where it was another one). One case has no order at all: a
customer who gets another country and another VAT number, since the new country refuses the old number and the old country the
new one. There the number is made blank before.

A ship-to address has the same triggers for its own country and postal code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from connector.core.customer import FieldRules
from connector.core.properties import SHIP_TO, base_name, in_place

__all__ = ["NO_GUID", "cleared_before", "companions", "in_doubt", "in_order", "is_blank", "overwritten"]

NO_GUID = "00000000-0000-0000-0000-000000000000"
_VAT = "taxRegistrationNumber"
_COUNTRY = "country"
# a property, and those that stand behind it because it checks, clears or overwrites them
_LAST = (
    _COUNTRY,
    _VAT,
    "postalCode",
    "city",
    "state",
    "currencyCode",
    "currencyId",
    "paymentMethodId",
    "paymentTermsId",
)
_LATE = tuple(f"{place}{name}" for place in ("", SHIP_TO) for name in _LAST)
# of these, who changes nothing else
_LEAVES = ("city", "state", "paymentTermsId")
_OVERWRITES: Mapping[str, tuple[str, ...]] = {
    _COUNTRY: (_COUNTRY, "postalCode", "city", "state"),
    "postalCode": (_COUNTRY, "postalCode", "city", "state"),
    "paymentMethodId": ("paymentTermsId",),
}


def in_order(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same properties in the order in which Business Central must get them; a VAT number that is taken away goes first,
    so that a new country has none to check."""
    last = {name: body[name] for name in _LATE if name in body}
    if body.get(_VAT) == "":
        last = {_VAT: "", **last}
    return {name: value for name, value in body.items() if name not in last} | last


def is_blank(value: Any) -> bool:
    """Whether a property holds nothing: no text, or the id of nobody. A number and a truth value always say something."""
    return value in ("", NO_GUID)


def companions(properties: Iterable[str]) -> frozenset[str]:
    """What an update that sets these properties must set, too, because Business Central would change it by itself."""
    return _companions(frozenset(properties))


@lru_cache(maxsize=4096)  # most customers of a run set the same few
def _companions(properties: frozenset[str]) -> frozenset[str]:
    return frozenset(
        in_place(name, changed) for changed in properties for name in _OVERWRITES.get(base_name(changed), ())
    )


def overwritten(body: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent and does not stand there, because other properties of the body were entered later; can be sent once more
    without changing anything else.

    Args:
        stored: the answer; properties that it leaves out are taken for kept.
    """
    leaves = [name for name in body if base_name(name) in _LEAVES]
    return {name: body[name] for name in leaves if stored.get(name, body[name]) != body[name]}


def in_doubt(body: Mapping[str, Any]) -> frozenset[str]:
    """The properties of a body that other ones of it may have overwritten, and that `overwritten` would have sent again."""
    return frozenset(name for name in companions(body) & body.keys() if base_name(name) in _LEAVES)


def cleared_before(changes: Iterable[tuple[str, str, str]], rules: FieldRules) -> tuple[str, ...]:
    """The properties that must be made blank before an update can be taken.

    Args:
        changes: of the update: canonical field, value before, value after ("" = blank).
    """
    by_name = rules.by_name
    changed = {
        by_name[name].business_central: (old, new) for name, old, new in changes if name in by_name and old != new
    }
    old, new = changed.get(_VAT, ("", ""))
    return (_VAT,) if _COUNTRY in changed and old and new else ()
