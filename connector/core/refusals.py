"""Known refusals: writes that the other system has refused often enough to know what it will say.

The hold rules go first (holds.py): they count identical failures and leave out who reaches the limit. Where the setup never
holds, a write that was refused again and again is quarantined instead, for as long as it would be the very same write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.plan import Plan
from connector.core.quarantining import Objection

__all__ = ["Refusal", "known_refusals"]


@dataclass(frozen=True)
class Refusal:
    """The newest refusal of a customer's writes in one direction, and how many identical ones there were in a row."""

    operation: str
    payload: Mapping[str, Any]
    attempts: int
    message: str


def known_refusals(plan: Plan, refusals: Mapping[tuple[str, str], Refusal], attempts: int) -> list[Objection]:
    """Writes of the plan that would be refused as before.

    Args:
        refusals: by customer key and direction.
        attempts: so many identical refusals make one known.
    """
    found = []
    for write in plan.writes:
        known = refusals.get((write.key, str(write.direction)))
        if known is None or known.attempts < attempts:
            continue
        if (known.operation, dict(known.payload)) == (write.operation, dict(write.payload)):
            reason = (
                f"refused {known.attempts} times: {known.message} It is tried again when the customer's values change"
            )
            found.append(Objection(write.key, write.direction, "", reason))
    return found
