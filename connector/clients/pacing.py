"""How fast a server is asked: so many requests at one time, so many in a sliding window, and less when it suffers.

The number of requests at one time adapts between 1 and the setup's maximum. It starts at two; while all turns are in use
and answers are as quick as they were, it grows by one a round; when answers take more than twice as long as the quickest of
their kind it shrinks a little, and at a refusal (429, 503) it halves. A webstore does about as many requests at one time as
its host has cores: beyond that only the answers get slower (measured on WooCommerce 10.5: a list page takes 0.35 s with two
requests at one time, 2.7 s with eight, and fewer pages a second come back).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Pacing"]

_START = 2
_SLOW = 2.0
_SLOWER_STEP = 0.8
# the quickest answer of a kind is forgotten slowly, so that one lucky answer does not rule a whole run
_FORGET = 1.01


@dataclass
class Turn:
    """One request's turn; only good answers tell how quick the server is."""

    started: float
    is_good: bool = False


class Pacing:
    """Bounds of one server, shared by all threads that ask it.

    Args:
        concurrent: requests at one time, at most.
        per_window: requests in any window of `window_seconds`; None = no such bound. Business Central: 6,000 in 300 s.
    """

    def __init__(self, concurrent: int, *, per_window: int | None = None, window_seconds: float = 300) -> None:
        self._most = concurrent
        self._allowed = float(min(_START, concurrent))
        self._running = 0
        self._quickest: dict[str, float] = {}
        self._per_window = per_window
        self._window_seconds = window_seconds
        self._starts: deque[float] = deque()
        self._quiet_until = 0.0
        self._shrunk_at = 0.0
        self._turn = threading.Condition()

    @property
    def allowed(self) -> int:
        """Requests that may run at one time now."""
        return int(self._allowed)

    @contextmanager
    def slot(self, kind: str = "") -> Iterator[Turn]:
        """Wait for a turn: a free place, room in the window, and the end of a pause that the server asked for.

        Args:
            kind: latencies are compared within a kind: a batch takes longer than a single read.
        """
        turn = Turn(self._take())
        try:
            yield turn
        finally:
            self._give_back(kind, time.monotonic() - turn.started if turn.is_good else None)

    def push_back(self, retry_after: float | None = None) -> None:
        """The server refused because it is busy: ask half as much, and not at all before `retry_after` seconds."""
        with self._turn:
            now = time.monotonic()
            self._quiet_until = max(self._quiet_until, now + (retry_after or 0))
            # requests that were under way together are refused together: that is one refusal
            if now - self._shrunk_at > 1:
                self._allowed = max(1.0, self._allowed / 2)
                self._shrunk_at = now

    def _take(self) -> float:
        with self._turn:
            while True:
                now = time.monotonic()
                wait = self._wait_seconds(now)
                if self._running < self.allowed and wait <= 0:
                    self._running += 1
                    if self._per_window is not None:
                        self._starts.append(now)
                    return now
                self._turn.wait(wait if wait > 0 else None)

    def _wait_seconds(self, now: float) -> float:
        while self._starts and self._starts[0] <= now - self._window_seconds:
            self._starts.popleft()
        full = self._per_window is not None and len(self._starts) >= self._per_window
        return max(self._quiet_until - now, self._starts[0] + self._window_seconds - now if full else 0.0)

    def _give_back(self, kind: str, seconds: float | None) -> None:
        with self._turn:
            if seconds is not None:
                self._learn(kind, seconds)
            self._running -= 1
            self._turn.notify_all()

    def _learn(self, kind: str, seconds: float) -> None:
        quickest = min(seconds, self._quickest.get(kind, seconds) * _FORGET)
        self._quickest[kind] = quickest
        if seconds > _SLOW * quickest and self._allowed > _START:
            self._allowed = max(float(_START), self._allowed - _SLOWER_STEP / self._allowed)
        elif seconds <= _SLOW * quickest and self._running >= self.allowed:
            self._allowed = min(float(self._most), self._allowed + 1 / self._allowed)
