"""Known refusals: writes that the other system refused because of the customer's own values, and would refuse again.

Such a write is quarantined for as long as it would be the very same one. A refusal that hangs on anything else (an e-mail
that another account has, a country that the company lacks) may end without an edit of the customer, so it is tried again.
The hold rules (holds.py) count attempts of scheduled runs, so those try until the hold, or as often where nobody is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.plan import Plan
from connector.core.quarantining import Objection

__all__ = ["Refusal", "known_refusals"]

# error codes that speak of a value as such
_OF_VALUES = frozenset(
    {
        "Application_DialogException",
        "Application_FieldValidationException",
        "Application_InvalidGUID",
        "Application_StringExceededLength",
        "DataError",
        "customer_invalid_billing_email",
        "email-mangled",
        "rest_invalid_email",
        "rest_invalid_param",
    }
)


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


def known_refusals(plan: Plan, refusals: Mapping[tuple[str, str], Refusal], attempts: int) -> list[Objection]:
    """Writes of the plan that would be refused as before.

    Args:
        refusals: by customer key and direction.
        attempts: how many failures of scheduled runs there must have been; 0 = one refusal of any run is enough.
    """
    found = []
    for write in plan.writes:
        known = refusals.get((write.key, str(write.direction)))
        if known is None or known.attempts < attempts or known.code not in _OF_VALUES:
            continue
        if (known.operation, dict(known.payload)) == (write.operation, dict(write.payload)):
            reason = (
                f"{known.message} This is tried again when the customer's values change, or when a run is started for "
                "this customer"
            )
            found.append(Objection(write.key, write.direction, "", reason))
    return found
