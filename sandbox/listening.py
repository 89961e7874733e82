"""ASGI applications on ports of this machine: one uvicorn server per application, each in a thread of its own."""

import asyncio
import errno
import socket
import threading
import time
from email.utils import formatdate
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.people import SandboxInputError

HOST = "127.0.0.1"
CONNECTION_EXTENSION = "sandbox.connection"
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


class Connections:
    """Open connections by their two ends, so that a fault can close the one that a request came in on."""

    def __init__(self) -> None:
        self._transports: dict[tuple[Any, Any], asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """uvicorn's protocol, which also registers its connections here."""
        transports = self._transports

        class RegisteredProtocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                transports[self.client, self.server] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop((self.client, self.server), None)
                super().connection_lost(exc)

        return RegisteredProtocol

    def close(self, scope: Scope) -> None:
        """Close the connection of a request; the client reads the end of the stream where it awaits an answer."""
        self._transports[scope["client"], scope["server"]].close()

    def write(self, scope: Scope, content: bytes) -> None:
        """Send bytes as they are; whoever has gone is not waited for."""
        transport = self._transports.get((scope["client"], scope["server"]))
        if transport is not None and not transport.is_closing():
            transport.write(content)

    def offered_to(self, app: ASGIApp) -> ASGIApp:
        """The application, given with each request the means to close its connection and to write to it (an ASGI extension)."""

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                scope["extensions"] = {
                    **(scope.get("extensions") or {}),
                    CONNECTION_EXTENSION: {"close": partial(self.close, scope), "write": partial(self.write, scope)},
                }
            await app(scope, receive, send)

        return wrapped


def http_date(moment: float) -> bytes:
    """Seconds since 1970 as the value of a Date header."""
    return formatdate(moment, usegmt=True).encode()


def _dated(app: ASGIApp) -> ASGIApp:
    """The application with a Date in those of its answers that have none; a cache's answers keep the one they had."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if not any(name.lower() == b"date" for name, _ in headers):
                    message = {**message, "headers": [(b"date", http_date(time.time())), *headers]}
            await send(message)

        await app(scope, receive, dated if scope["type"] == "http" else send)

    return wrapped


def bound_socket(port: int) -> socket.socket:
    """A socket bound to the port of this machine (0: a free one). Raises SandboxInputError when it cannot be had."""
    if not 0 <= port <= 65535:
        raise SandboxInputError(f"{port} is no port: 0 (any free one) to 65535")
    # asyncio switches Nagle's delay off only for sockets that name TCP; each answer would take 40 ms with it.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
        # Listening at once keeps the port: two binds of one port only clash when somebody listens.
        bound.listen(2048)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise SandboxInputError(f"port {port} of {HOST} is in use; choose another one or 0") from error
        raise SandboxInputError(f"port {port} of {HOST} cannot be opened: {error.strerror}") from error
    return bound


def url_of(bound: socket.socket) -> str:
    """Where a bound socket is reached."""
    return f"http://{HOST}:{bound.getsockname()[1]}"


class ServerThread:
    """One application, served on one bound socket until it is asked to stop."""

    def __init__(self, name: str, app: ASGIApp, bound: socket.socket) -> None:
        connections = Connections()
        config = uvicorn.Config(
            connections.offered_to(_dated(app)),
            http=connections.protocol(),
            ws="none",
            loop="asyncio",
            log_config=None,
            access_log=False,
            # X-Forwarded-For would change the address by which a connection is found again.
            proxy_headers=False,
            server_header=False,
            # uvicorn would add a second one to an answer that has a Date
            date_header=False,
            timeout_graceful_shutdown=2,
        )
        self._bound = bound
        self._server = uvicorn.Server(config)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._bound])
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for the start
            self._failure = error
        finally:
            self._bound.close()

    def start(self) -> None:
        """Begin to serve; `wait_until_ready` tells when."""
        self._thread.start()

    def wait_until_ready(self) -> None:
        """Return when the application answers. Raises RuntimeError when it does not come up."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"the server {self._thread.name} did not start") from self._failure
            time.sleep(0.005)

    def ask_to_stop(self) -> None:
        """Let the server finish what it is at and end."""
        self._server.should_exit = True

    def wait_until_stopped(self) -> None:
        """Return when the thread has ended and its socket is closed."""
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
