"""Batches that are under way together: a batch begins as soon as there is room for it, in the order of the plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
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
        carry_out: what is done with the writes of a batch, in a thread of its own.
    """

    def __init__(self, carry_out: Callable[[Sequence[Write]], T]) -> None:
        self._carry_out = carry_out
        self._threads = ThreadPoolExecutor(_MOST, "batch")
        self._batches: dict[Future[T], Batch] = {}
        self._seconds = 0.0

    def has_room(self, batch: Batch, at_once: int, *, looks_ahead: bool = False) -> bool:
        """Whether a batch may begin beside those that are under way.

        Args:
            at_once: how many requests the server takes.
            looks_ahead: while so many are being sent, one more looks at its customers and is announced; the client lets it send
                in its turn (clients/pacing.py).
        """
        if not self._batches:
            return True
        ahead = looks_ahead and at_once > 1 and self._seconds < _QUICK_SECONDS
        return len(self._batches) < at_once + ahead and not any(batch.claims & o.claims for o in self._batches.values())

    def begin(self, batch: Batch) -> None:
        """Carry it out beside the others."""
        self._batches[self._threads.submit(copy_context().run, self._timed, batch)] = batch

    def ended(self) -> tuple[Batch, Future[T]]:
        """Wait for one of them; what became of it is in the future."""
        future = next(iter(wait(self._batches, return_when=FIRST_COMPLETED).done))
        return self._batches.pop(future), future

    def _timed(self, batch: Batch) -> T:
        began = time.monotonic()
        try:
            return self._carry_out(batch.writes)
        finally:
            self._seconds = time.monotonic() - began

    def __bool__(self) -> bool:
        return bool(self._batches)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()
