"""What the clients of both systems have in common: threads, connections that are closed, a guard, and what they count."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from connector.clients.transport import Transport
from connector.clients.wire import Guard

__all__ = ["Client"]


class Client:
    """A client of one system; a context manager that closes its connections.

    Args:
        at_once: how many requests are under way at most.
        name: of its threads.
    """

    def __init__(self, transport: Transport, at_once: int, name: str) -> None:
        self._transport = transport
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)

    @property
    def guard(self) -> Guard | None:
        """Asked right before the bytes of a write leave; raises when nothing may be sent. None = nobody is asked."""
        return self._transport.guard

    @guard.setter
    def guard(self, guard: Guard | None) -> None:
        self._transport.guard = guard

    @property
    def requests_made(self) -> int:
        """Requests sent so far, those for tokens left out."""
        return self._transport.requests_made

    @property
    def writes_made(self) -> int:
        """Those of them that could change something."""
        return self._transport.writes_made

    @property
    def answers(self) -> Mapping[str, int]:
        """How many requests were answered how: 2xx, 3xx, 4xx, 5xx, 429, other, none."""
        return self._transport.answers

    @property
    def seconds(self) -> float:
        """How long all of them took together."""
        return self._transport.seconds

    @property
    def requests_at_once(self) -> int:
        """How many requests the server takes at a time now."""
        return self._transport.pacing.allowed

    def close(self) -> None:
        """Close the connections; a request that is under way is waited for."""
        self._threads.shutdown(cancel_futures=True)
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
