"""The counting rules of holds: when scheduled runs stop trying one customer in one direction.

- The same error again adds 1, a different error starts at 1.
- At the limit the customer is on hold and scheduled runs skip it; a limit of 0 never holds.
- A manual run ignores the hold. Its failure changes only the error text, neither counter nor hold.
- A success clears everything, whoever ran it; so does a release by a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["CLEAR", "HoldCount", "after_failure"]


@dataclass(frozen=True)
class HoldCount:
    """What is counted for one customer and direction.

    Attributes:
        failed_attempts: scheduled failures in a row with the same signature.
        on_hold: scheduled runs skip this customer.
        signature: what makes two errors the same one (the counted error's code).
        last_error: the newest error as text for people; of manual runs, too.
    """

    failed_attempts: int = 0
    on_hold: bool = False
    signature: str = ""
    last_error: str = ""


CLEAR = HoldCount()


def after_failure(before: HoldCount, *, signature: str, message: str, scheduled: bool, max_attempts: int) -> HoldCount:
    """The count after one failed attempt.

    Args:
        max_attempts: how many identical scheduled failures put the customer on hold; 0 = never.
    """
    if not scheduled:
        return replace(before, last_error=message)
    again = before.failed_attempts > 0 and before.signature == signature
    attempts = before.failed_attempts + 1 if again else 1
    # a hold ends by success or release only, whatever error comes in between
    on_hold = before.on_hold or (max_attempts > 0 and attempts >= max_attempts)
    return HoldCount(attempts, on_hold, signature, message)
