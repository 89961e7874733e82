"""Connections that ask before the bytes of a write leave, and that wait for a whole answer no longer than they should.

A process may stand still at any instruction. Whatever is asked before a request is built may be long out of date when it is
sent, so the question is asked here, below everything else, right before each piece of it goes to the socket: the server
works on a request only when it has all of it.

The timeout of `requests` is that of one piece of an answer: a server that sends a byte a second keeps a run, and its lease,
for ever. Here it is that of the whole answer, its headers included.
"""

from __future__ import annotations

import base64
import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any, cast

from requests.adapters import HTTPAdapter
from requests.utils import get_auth_from_url
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


class _InTime(io.RawIOBase):
    """What a socket receives until a moment; after it, TimeoutError."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock = sock
        self._received = sock.makefile("rb", buffering=0)  # the socket stays open as long as this
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer as a whole took too long")
        self._sock.settimeout(left)
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _ReadInTime:
    """A socket of which an answer is read, as http.client sees it."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._file = io.BufferedReader(_InTime(sock, seconds))

    def makefile(self, *_mode: Any) -> Any:
        return self._file


def _read_in_time(seconds: Any) -> Any:
    """What makes an answer of a socket, all of which is to come within the seconds; None or 0 = without limit."""
    if not seconds:
        return HTTPResponse
    return lambda sock, **named: HTTPResponse(cast(socket.socket, _ReadInTime(sock, float(seconds))), **named)


class _AskingConnection(HTTPConnection):
    def send(self, data: Any) -> None:
        """Send a piece of a request."""
        _send(self, super().send, data)

    def getresponse(self) -> Any:
        """The answer, of which all is to come within the timeout."""
        self.response_class = _read_in_time(self.timeout)
        return super().getresponse()


class _AskingSecureConnection(HTTPSConnection):
    def send(self, data: Any) -> None:
        """Send a piece of a request."""
        _send(self, super().send, data)

    def getresponse(self) -> Any:
        """The answer, of which all is to come within the timeout."""
        self.response_class = _read_in_time(self.timeout)
        return super().getresponse()


class _AskingPool(HTTPConnectionPool):
    ConnectionCls = _AskingConnection


class _AskingSecurePool(HTTPSConnectionPool):
    ConnectionCls = _AskingSecureConnection


_POOLS = {"http": _AskingPool, "https": _AskingSecurePool}


class AskingAdapter(HTTPAdapter):
    """The adapter of `requests` with these connections."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """The login of a proxy, in any letters."""
        user, password = get_auth_from_url(proxy)
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {login}"} if user else {}

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """The pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **named)
        manager.pool_classes_by_scheme = _POOLS
        return manager
