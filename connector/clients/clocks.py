"""Whether this machine and a server agree on the time: tokens, "newest wins" and "changed since" rely on it."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping

from connector.clients.cache_check import age_seconds
from connector.clients.results import CheckResult

__all__ = ["clock_finding"]

_TOLERATED_SECONDS = 60


def clock_finding(system: str, name: str, headers: Mapping[str, str]) -> list[CheckResult]:
    """A finding when the clocks differ by more than a minute; none when they agree, or the server tells no time."""
    try:
        # a cache keeps the Date of the answer that it remembers, and says how long ago that was
        there = email.utils.parsedate_to_datetime(headers["Date"]).timestamp() + age_seconds(headers)
    except (KeyError, TypeError, ValueError):
        return []
    difference = round(time.time() - there)
    if abs(difference) <= _TOLERATED_SECONDS:
        return []
    what = f"This machine's clock is {abs(difference)} s {'ahead of' if difference > 0 else 'behind'} {name}'s."
    return [CheckResult(system, False, what, "Set the clock right (switch on network time).")]
