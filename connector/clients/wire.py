"""Connections that ask before the bytes of a write leave.

A process may stand still at any instruction. Whatever is asked before a request is built may be long out of date when it is
sent, so the question is asked here, below everything else, right before each piece of it goes to the socket: the server
works on a request only when it has all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = ["AskingAdapter", "Guard", "guarded"]

# raises when nothing may be sent; neither an OSError nor anything else that requests would take for trouble of the network
Guard = Callable[[], None]

# bytes that are sent after one question; the kernel takes as many at once, so that no standstill comes in between
_PIECE = 16_384
_asked: ContextVar[Guard | None] = ContextVar("asked", default=None)


@contextmanager
def guarded(guard: Guard | None) -> Iterator[None]:
    """Ask `guard` before each piece of the requests that this thread sends inside; None = ask nobody."""
    token = _asked.set(guard)
    try:
        yield
    finally:
        _asked.reset(token)


def _send(connection: Any, send: Callable[[Any], None], data: Any) -> None:
    guard = _asked.get()
    if guard is None or not isinstance(data, bytes | bytearray | memoryview):
        if guard is not None:
            guard()
        send(data)
        return
    if connection.sock is None:  # connecting takes time, too
        connection.connect()
    view = memoryview(data)
    for start in range(0, len(view), _PIECE):
        guard()
        send(view[start : start + _PIECE])


class _AskingConnection(HTTPConnection):
    def send(self, data: Any) -> None:
        """Send a piece of a request."""
        _send(self, super().send, data)


class _AskingSecureConnection(HTTPSConnection):
    def send(self, data: Any) -> None:
        """Send a piece of a request."""
        _send(self, super().send, data)


class _AskingPool(HTTPConnectionPool):
    ConnectionCls = _AskingConnection


class _AskingSecurePool(HTTPSConnectionPool):
    ConnectionCls = _AskingSecureConnection


class AskingAdapter(HTTPAdapter):
    """The adapter of `requests` with these connections."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _AskingPool, "https": _AskingSecurePool}
