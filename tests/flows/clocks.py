"""The clocks of a life: they stand until something happens, so that the same life is lived in the same way once more.

The shop's and the company's clock tick a millisecond whenever they are read and go on as people let time pass; both can be set
wrong (`advance_clock` of the sandbox). The machine has two: one that counts since its start, and the time of day, which jumps.
"""

from __future__ import annotations

import datetime as real
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from connector.load import late_writes, recovery
from connector.store import columns
from sandbox.business_central.clock import Clock as CompanyClock
from sandbox.woocommerce import accounts
from tests.flows.moments import Clock, clock_of_the_machine

__all__ = ["Clocks", "clocks_of_a_life"]

_TICK = 0.001
# whatever of the product asks for the time of day
_ASKING = (columns, late_writes, recovery)


class Clocks:
    """All clocks.

    Attributes:
        boot: the machine's clock that nobody sets.
        day: how many seconds the machine's time of day is wrong.
    """

    def __init__(self, boot: Clock) -> None:
        self.boot = boot
        self.reset()

    def reset(self) -> None:
        """It is now, everywhere."""
        self.boot.ahead = 0.0
        self.day = 0.0
        # a new second: what happens in a life does not depend on when it begins
        self._there = real.datetime.now(real.UTC).replace(microsecond=0)

    def passes(self, seconds: float) -> None:
        """Time passes in the shop and in the company."""
        self._there += real.timedelta(seconds=seconds)

    def there(self) -> real.datetime:
        """The time in the world outside."""
        self.passes(_TICK)
        return self._there


@contextmanager
def clocks_of_a_life() -> Iterator[Clocks]:
    """Let everybody read these clocks."""
    with ExitStack() as stack:
        clocks = Clocks(stack.enter_context(clock_of_the_machine()))

        class Day(real.datetime):
            """The time of day of this machine."""

            @classmethod
            def now(cls, tz: real.tzinfo | None = None) -> Any:
                return real.datetime.now(tz) + real.timedelta(seconds=clocks.day)

        for module in _ASKING:
            stack.enter_context(patch.object(module, "datetime", Day))
        stack.enter_context(patch.object(accounts, "now_utc", clocks.there))
        stack.enter_context(
            patch.object(CompanyClock, "now", lambda clock: clocks.there().timestamp() + clock._advanced)
        )
        yield clocks
