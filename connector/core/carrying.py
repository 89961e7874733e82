"""Which of the values of one write the target can keep: a value that it cannot is left out, with the reason; the rest goes.

Some values wait with others: an address without its country leads to another place, and so does half of one, so the address
waits with the country; and Business Central judges a VAT number by the country that the customer has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.customer import FieldRules, Side
from connector.core.properties import base_name
from connector.core.terms import Terms

__all__ = ["Carried", "carried"]

_WITH_COUNTRY = frozenset({"addressLine1", "addressLine2", "city", "state", "postalCode", "taxRegistrationNumber"})


@dataclass(frozen=True)
class Carried:
    """What goes, and what does not.

    Attributes:
        values: canonical values that go; none, when nothing can.
        body: the request that carries them.
        left_out: field → why it does not go.
    """

    values: Mapping[str, str]
    body: Mapping[str, Any]
    left_out: Mapping[str, str]


def carried(
    target: Side,
    values: Mapping[str, str],
    there: Mapping[str, str],
    build: Callable[[Mapping[str, str]], Mapping[str, Any]],
    terms: Terms,
    *,
    needed: Collection[str] | None = None,
) -> Carried:
    """Leave out what the target cannot keep.

    Args:
        values: canonical field → value, "" = blank.
        there: canonical values that the customer will have.
        build: the request body that carries some of the values.
        needed: of a customer to be created: the fields without which it cannot be, so that nothing goes; None = an update.
    """
    left: dict[str, str] = {}
    while kept := {name: value for name, value in values.items() if name not in left}:
        body = build(kept)
        found = terms.refusals(target, kept, there, body, creating=needed is not None)
        if not found:
            return Carried(kept, body, left)
        left |= found
        stopped = needed is not None and not left.keys().isdisjoint(needed)
        if stopped or kept.keys().isdisjoint(found):  # what is there already is refused with whatever goes
            break
        waiting = _with_their_country(terms.rules, left)
        left |= {name: "waits with the country" for name in waiting if name in kept and name not in left}
    return Carried({}, {}, left)


def _with_their_country(rules: FieldRules, left: Collection[str]) -> list[str]:
    """The fields of an address whose country does not go."""
    return [
        rule.field
        for rule in rules.rules
        if base_name(rule.business_central) in _WITH_COUNTRY and rules.country_of(rule.field) in left
    ]
