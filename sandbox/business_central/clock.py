"""The company's clock, which can be moved, and those of its application servers, which may differ."""

import time
from collections.abc import Sequence
from itertools import count


class Clock:
    """Real time, plus what was let pass by hand."""

    def __init__(self) -> None:
        self.offsets_ms: Sequence[int] = (0,)
        self._advanced = 0.0
        self._stamps = count()

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._advanced

    def advance(self, seconds: float) -> None:
        """Let time pass; below zero the clock is set back."""
        self._advanced += seconds

    def next_moment(self) -> int:
        """The time of a write in milliseconds, by the clock of the application server whose turn it is."""
        return int(self.now() * 1000) + self.offsets_ms[next(self._stamps) % len(self.offsets_ms)]
