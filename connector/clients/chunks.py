"""Several writes in one request, and what is said of the items when something fails on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from connector.clients.results import Outcome
from connector.errors import OutcomeUnknown, RemoteTrouble, SetupError

__all__ = ["in_chunks", "lost"]

T = TypeVar("T")


def in_chunks(items: Sequence[T], size: int, send: Callable[[Sequence[T]], list[Outcome]]) -> list[Outcome]:
    """Send the items in chunks of at most `size`; one outcome per item, in order.

    Raises:
        RemoteTrouble, SetupError: of the first chunk, so nothing is known to be written. When a later chunk fails, its items
            carry the error and those after it an error that says they were not sent; what was written is never forgotten.
    """
    outcomes: list[Outcome] = []
    for start in range(0, len(items), size):
        chunk = items[start : start + size]
        try:
            outcomes += send(chunk)
        except (RemoteTrouble, SetupError) as error:
            if not outcomes:
                raise
            unsent = RemoteTrouble("Not sent, because the request before it failed.", system=error.system)
            return [
                *outcomes,
                *(Outcome(None, error) for _ in chunk),
                *(Outcome(None, unsent) for _ in items[start + size :]),
            ]
    return outcomes


def lost(system: str, why: str, customer: str = "") -> OutcomeUnknown:
    """The error for what was sent, and nobody knows what became of it."""
    hint = "It is looked up before anything is sent again."
    return OutcomeUnknown(f"{why}; it may have been written.", hint=hint, system=system, customer=customer)
