"""When a customer whose writes fail is put on hold: the counting rules, as a function of the old state and what happened.

| happened                              | failed attempts                 | on hold                          | last error |
|---------------------------------------|---------------------------------|----------------------------------|------------|
| scheduled run failed, same error      | + 1                             | when the count reaches the limit | the error  |
| scheduled run failed, another error   | 1                               | when 1 reaches the limit         | the error  |
| manual run failed                     | unchanged                       | unchanged                        | the error  |
| any run succeeded                     | 0                               | no                               | blank      |

A limit of 0 means: never hold. Scheduled runs leave customers on hold out; manual runs try them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Hold", "after_failure"]


@dataclass(frozen=True)
class Hold:
    """The state of one customer in one direction. `signature` is what makes two errors the same."""

    failed_attempts: int = 0
    on_hold: bool = False
    signature: str = ""
    last_error: str = ""


def after_failure(hold: Hold, *, signature: str, message: str, scheduled: bool, max_attempts: int) -> Hold:
    """The state after a failed write."""
    if not scheduled:
        return replace(hold, last_error=message)
    attempts = hold.failed_attempts + 1 if signature == hold.signature else 1
    return Hold(
        failed_attempts=attempts,
        on_hold=0 < max_attempts <= attempts,
        signature=signature,
        last_error=message,
    )
