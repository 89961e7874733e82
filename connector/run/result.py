"""What became of the writes of one direction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from connector.core.approval import Lost
from connector.core.intended import intended_of_write
from connector.core.plan import Write

__all__ = ["Failure", "LoadResult"]

_NOT_ITS_VALUES = "This is not about a customer's values: mend it there, and the next run tries again."
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Failure:
    """One customer that was not written, for the summary; or several, where the system refused them for the same reason of its
    own: `customer` names the first.
    """

    customer: str
    system: str
    code: str
    message: str
    customers: int = 1


@dataclass
class LoadResult:
    """What became of the writes of one direction.

    `lost` were not sent because the customer had changed; the next run plans them again. `stopped` says why the load
    ended early. `troubles` are refusals for the system's own reasons: where in `failures`
    each of them stands.
    """

    created: int = 0
    updated: int = 0
    failed: int = 0
    deleted: int = 0
    lost: list[Lost] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    stopped: str = ""
    troubles: dict[tuple[str, str, str], int] = field(default_factory=dict)

    @property
    def dropped(self) -> int:
        """How many were not sent."""
        return len(self.lost)

    def fail_with_others(self, failure: Failure) -> None:
        """Remember who was refused for a reason that is the system's own; each reason is told once."""
        # a customer's number in it does not make it another one
        reason = (failure.system, failure.code, _DIGITS.sub("#", failure.message))
        at = self.troubles.setdefault(reason, len(self.failures))
        if at == len(self.failures):
            self.failures.append(replace(failure, message=f"{failure.message} {_NOT_ITS_VALUES}"))
            return
        told = self.failures[at]
        others = f" and {told.customers} others" if told.customers > 1 else " and another"
        first = told.customer.partition(" and ")[0]
        self.failures[at] = replace(told, customer=first + others, customers=told.customers + 1)

    def drop(self, write: Write, reason: str) -> None:
        """Remember who was not written, and why."""
        self.lost.append(Lost(intended_of_write(write), reason))
