"""Batches that are under way together: a batch begins as soon as there is room for it, in the order of the plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

from connector.core.many import in_pieces
from connector.core.plan import Write

__all__ = ["Batch", "UnderWay", "batches_of"]

T = TypeVar("T")
# more than any server takes (webstore.max_concurrent_requests)
_MOST = 32
# what was looked at while it waited for its turn must not be old when it is sent: of slow batches none looks ahead
_QUICK_SECONDS = 5.0


@dataclass(frozen=True)
class Batch:
    """Writes that go into one request, and what no other batch may claim while it is under way."""

    writes: Sequence[Write]
    claims: frozenset[str]


def batches_of(writes: Sequence[Write], size: int, claims: Callable[[Write], Collection[str]]) -> Iterator[Batch]:
    """The batches of so many writes, in order."""
    for together in in_pieces(writes, size):
        yield Batch(together, frozenset(claim for write in together for claim in claims(write)))


class UnderWay(Generic[T]):
    """Those that are under way; a context that waits for all of them, however it is left.

    Args:
        carry_out: what is done with the writes of a batch, in a thread of its own. It calls what it is given besides when the
            server has answered: what is left to do then keeps no other batch from being sent.
    """

    def __init__(self, carry_out: Callable[[Sequence[Write], Callable[[], None]], T]) -> None:
        self._carry_out = carry_out
        self._threads = ThreadPoolExecutor(_MOST, "batch")
        self._batches: dict[Future[T], Batch] = {}
        self._answered: set[int] = set()
        # a batch that has ended; None = one was answered
        self._news: SimpleQueue[Future[T] | None] = SimpleQueue()
        self._seconds = 0.0

    def has_room(self, batch: Batch, at_once: int, *, looks_ahead: bool = False) -> bool:
        """Whether a batch may begin beside those that are under way.

        Args:
            at_once: how many requests the server takes.
            looks_ahead: while so many are being sent, as many more look at their customers and are announced, and are sent in
                their turn (clients/pacing.py).
        """
        if not self._batches:
            return True
        ahead = at_once if looks_ahead and at_once > 1 and self._seconds < _QUICK_SECONDS else 0
        settling = sum(id(under_way) in self._answered for under_way in self._batches.values())
        return (
            len(self._batches) - settling < at_once + ahead
            and settling <= at_once
            and not any(batch.claims & under_way.claims for under_way in self._batches.values())
        )

    def begin(self, batch: Batch) -> None:
        """Carry it out beside the others."""
        future = self._threads.submit(copy_context().run, self._timed, batch)
        self._batches[future] = batch
        future.add_done_callback(self._news.put)

    def ended(self) -> tuple[Batch, Future[T]] | None:
        """Wait until one of them has ended; what became of it is in the future. None = one was answered: there may be room."""
        future = self._news.get()
        if future is None:
            return None
        batch = self._batches.pop(future)
        self._answered.discard(id(batch))
        return batch, future

    def _timed(self, batch: Batch) -> T:
        began = time.monotonic()
        try:
            return self._carry_out(batch.writes, partial(self._is_answered, batch))
        finally:
            self._seconds = time.monotonic() - began

    def _is_answered(self, batch: Batch) -> None:
        self._answered.add(id(batch))
        self._news.put(None)

    def __bool__(self) -> bool:
        return bool(self._batches)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()
