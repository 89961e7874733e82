"""What must still be true when the bytes of a write leave: the leases are ours, and what the write relies on was seen a moment
ago.

A run may stand still at any instruction. When it goes on, another run may have taken over, and people may have edited what
was looked at before. Both are asked for below the HTTP session (clients/wire.py), by a clock that counts while the machine is
suspended. A standstill between that question and the socket cannot be excluded; what comes of it is found by load/late_writes.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from connector.errors import InternalError, LookedTooLongAgo
from connector.store import Lease, boot_seconds

__all__ = ["LOOK_SECONDS", "Fence", "holding", "looked_at"]

# how old a look may be when the write that relies on it leaves, in the first attempt, the second and the last: a slow shop
# that asks to be waited for must be written to in the end
LOOK_SECONDS = (20.0, 40.0, 80.0)

_good_for: ContextVar[float] = ContextVar("good_for", default=LOOK_SECONDS[0])
_good_until: ContextVar[float] = ContextVar("good_until", default=float("inf"))
_besides: ContextVar[tuple[Lease, ...]] = ContextVar("besides", default=())


class Fence:
    """The guard of a run's clients.

    Attributes:
        lease: of the webstore; None = this run may write nothing.
    """

    def __init__(self) -> None:
        self.lease: Lease | None = None

    def __call__(self) -> None:
        """To be called right before something leaves.

        Raises:
            LeaseLost: another run has taken over.
            LookedTooLongAgo: the look has become too old.
            StoreError: the store cannot be asked.
            InternalError: nobody took a lease.
        """
        if self.lease is None:
            raise InternalError("A run without a lease was about to write.")
        for lease in (self.lease, *_besides.get()):
            lease.check()
        if boot_seconds() > _good_until.get():
            raise LookedTooLongAgo(
                "Nothing was sent: too much time has passed since it was last looked at.",
                hint="This process stood still, or the other system asked to be waited for. The next run looks again.",
            )


@contextmanager
def holding(lease: Lease) -> Iterator[None]:
    """What this thread sends inside needs this lease besides the webstore's."""
    token = _besides.set((*_besides.get(), lease))
    try:
        yield
    finally:
        _besides.reset(token)


@contextmanager
def looked_at(seconds: float | None = None) -> Iterator[None]:
    """What this thread looks at from now on is good for so many seconds; what it sends inside relies on it.

    Args:
        seconds: None = as many as around it, counted anew: what was seen before is looked at once more inside.
    """
    lasting = _good_for.get() if seconds is None else seconds
    tokens = _good_for.set(lasting), _good_until.set(boot_seconds() + lasting)
    try:
        yield
    finally:
        _good_for.reset(tokens[0])
        _good_until.reset(tokens[1])
