"""The receiver as a process: a server that cannot be kept waiting, the worker behind it, the renewal of subscriptions."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.errors import CustomerSyncError, InputError
from connector.run.seen_lately import SeenLately
from connector.setup import Setup
from connector.store import Store
from connector.webhooks.app import Receiver
from connector.webhooks.dispatching import Dispatcher, StartRun
from connector.webhooks.echoes import Echoes
from connector.webhooks.for_machines import ForMachines, Measured
from connector.webhooks.inbox import Inbox
from connector.webhooks.limits import Counters
from connector.webhooks.subscribing import Done, Subscriptions

__all__ = ["WANTED", "Listening", "Renewal", "app_of", "bound_socket", "receiving", "server_of", "subscriptions_of"]

_log = logging.getLogger(__name__)

# the store's mark that subscriptions were made and are to be kept
WANTED = "webhooks"
_CONNECTIONS = 512
HEAD_SECONDS = 10.0
_GRACE_SECONDS = 5
_RENEW_EVERY_SECONDS = 3600.0
# Business Central ends them after three days
_RENEW_BEFORE = timedelta(hours=48)


@dataclass(frozen=True)
class Listening:
    """Where the receiver listens; a certificate of its own where no proxy in front has one."""

    host: str = "127.0.0.1"
    port: int = 8765
    certificate: Path | None = None
    key: Path | None = None


class _ImpatientProtocol(H11Protocol):
    """Closes connections on which the head of a request does not come to its end: uvicorn itself waits for ever."""

    _impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_to_wait()

    def data_received(self, data: bytes) -> None:
        if self._has_no_request() and self._impatience is None:
            self._begin_to_wait()
        super().data_received(data)
        if not self._has_no_request():
            self._end_to_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_to_wait()
        super().connection_lost(exc)

    def _has_no_request(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _begin_to_wait(self) -> None:
        self._impatience = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _end_to_wait(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None


def bound_socket(listening: Listening) -> socket.socket:
    """The socket to listen on.

    Raises:
        InputError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    # asyncio switches Nagle's delay off only for sockets that name TCP; each answer would take 40 ms with it
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((listening.host, listening.port))
        bound.listen(1024)
    except (OSError, TypeError, UnicodeError) as error:
        bound.close()
        why = getattr(error, "strerror", None) or error
        raise InputError(f"Cannot listen at {listening.host}:{listening.port}: {why}.") from None
    return bound


def server_of(app: ASGIApp, listening: Listening, **more: Any) -> uvicorn.Server:
    """The HTTP server of an application. `X-Forwarded-For` counts from a proxy on this machine only."""
    settings: dict[str, Any] = {
        "host": listening.host,
        "port": listening.port,
        "ssl_certfile": listening.certificate,
        "ssl_keyfile": listening.key,
        "http": _ImpatientProtocol,
        "ws": "none",
        "loop": "asyncio",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "limit_concurrency": _CONNECTIONS,
        "timeout_keep_alive": _GRACE_SECONDS,
        "timeout_graceful_shutdown": _GRACE_SECONDS,
        "h11_max_incomplete_event_size": 16 * 1024,
    }
    return uvicorn.Server(uvicorn.Config(app, **{**settings, **more}))


@contextmanager
def receiving(
    setup: Setup, store: Store, secret: str, start: StartRun, lately: SeenLately | None = None
) -> Iterator[tuple[Receiver, Dispatcher]]:
    """A receiver and the worker behind it, which runs in a thread; at the end it finishes what it is at.

    Args:
        start: carries out a run.
        lately: what this process has seen, for the runs that it carries out itself.
    """
    counters = Counters()
    lately = SeenLately() if lately is None else lately
    dispatcher = Dispatcher(setup, store, start, counters, lately)
    inbox = Inbox(store, setup.webstore_code, dispatcher.wake, Echoes(setup, lately))
    worker = threading.Thread(target=dispatcher.run, name="webhooks")
    worker.start()
    try:
        entity = setup.business_central.customers_entity
        yield Receiver(setup.webstore_code, setup.webhooks, secret, inbox, counters, entity=entity), dispatcher
    finally:
        dispatcher.stop()
        worker.join()


def app_of(receiver: Receiver, setup: Setup, store: Store) -> ASGIApp:
    """What the receiver's server serves: deliveries, and what machines ask."""
    measured = Measured(lambda: setup, lambda: store.view(setup.webstore_code))
    return ForMachines(receiver.app(), {setup.webstore_code: measured})


@contextmanager
def subscriptions_of(setup: Setup, secret: str) -> Iterator[Subscriptions]:
    """The subscriptions of a webstore, with clients that are closed at the end."""
    with (
        WooCommerceClient(setup.webstore) as webstore,
        BusinessCentralClient(setup.business_central) as business_central,
    ):
        yield Subscriptions(setup, webstore, business_central, secret)


class Renewal:
    """Keeps the subscriptions alive while the receiver runs, if they were made with `webhooks subscribe`.

    Args:
        tell: hears of everything that was renewed, made again, or could not be.
    """

    def __init__(self, setup: Setup, store: Store, secret: str, tell: Callable[[Done], None]) -> None:
        self._setup = setup
        self._store = store
        self._secret = secret
        self._tell = tell
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()

    def run(self, every_seconds: float = _RENEW_EVERY_SECONDS) -> None:
        """Look every hour until `stop` is called. What fails is tried again the next time: there are two days left."""
        while not self._stopping.is_set():
            try:
                self.step(datetime.now(UTC))
            except CustomerSyncError as error:
                _log.warning("webhooks: subscriptions could not be looked at: %s", error)
            except Exception:  # noqa: BLE001 - whoever renews must outlive its bugs: nobody else does
                _log.exception("webhooks: the renewal met something that it does not know")
            self._stopping.wait(every_seconds)

    def step(self, now: datetime) -> bool:
        """Renew if something is missing, switched off, or ends within two days; gives whether it did."""
        with self._store.view(self._setup.webstore_code) as view:
            wanted = view.watermarks.get(WANTED) == self._setup.webhooks.public_url
        if not wanted or not self._setup.webhooks.public_url:
            return False
        with subscriptions_of(self._setup, self._secret) as subscriptions:
            if not subscriptions.are_due(now + _RENEW_BEFORE):
                return False
            for done in subscriptions.renew():
                self._tell(done)
        return True
