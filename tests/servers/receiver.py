"""A receiver of webhooks on a free port of this machine, with the worker behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from connector.setup import Setup, Webhooks
from connector.store import Store, open_store
from connector.webhooks.app import BUSINESS_CENTRAL, WOOCOMMERCE, path_of
from connector.webhooks.dispatching import Dispatcher
from connector.webhooks.genuine import signature
from connector.webhooks.limits import Counters
from connector.webhooks.serving import Listening, app_of, bound_socket, receiving, server_of

__all__ = ["SECRET", "Served", "served"]

SECRET = "0123456789abcdef0123456789abcdef"
STARTS_WITHIN_SECONDS = 30.0


@dataclass
class Served:
    """A running receiver.

    Attributes:
        runs: the runs that were started: customers, or None for a run over all.
    """

    setup: Setup
    store: Store
    url: str
    dispatcher: Dispatcher
    counters: Counters
    runs: list[Sequence[str] | None] = field(default_factory=list)

    @property
    def shop_address(self) -> str:
        """Where WooCommerce delivers."""
        return self.url + path_of(self.setup.webstore_code, WOOCOMMERCE)

    @property
    def company_address(self) -> str:
        """Where Business Central delivers."""
        return self.url + path_of(self.setup.webstore_code, BUSINESS_CENTRAL)

    def counted(self) -> dict[str, int]:
        """All counters so far."""
        self.dispatcher.flush()
        with self.store.view(self.setup.webstore_code) as view:
            return {name: count for name, (count, _) in view.webhooks.counters().items()}

    def waiting(self) -> list[str]:
        """The changed customers that wait for a run."""
        with self.store.view(self.setup.webstore_code) as view:
            return [change.key for change in view.webhooks.changes()]

    def quiet(self, seconds: float = 60.0) -> None:
        """Wait until nothing waits for a run any more."""
        deadline = time.monotonic() + seconds
        while self.waiting():
            assert time.monotonic() < deadline, f"still waiting: {self.waiting()[:5]}, {self.counted()}"
            time.sleep(0.05)

    def deliver(self, body: bytes, session: Any = requests, **headers: str) -> requests.Response:
        """Deliver as WooCommerce does; signed with the secret unless headers say otherwise."""
        told = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Topic": "customer.updated",
            "X-WC-Webhook-ID": "2",
            "X-WC-Webhook-Delivery-ID": "d1",
            "X-WC-Webhook-Signature": signature(body, SECRET),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        answer: requests.Response = session.post(self.shop_address, data=body, headers=told, timeout=30)
        return answer


@contextmanager
def served(
    setup: Setup,
    start: Callable[[Sequence[str] | None], object] | None = None,
    *,
    body_seconds: float = 10.0,
    **webhooks: Any,
) -> Iterator[Served]:
    """Start a receiver; at the end it finishes what it is at.

    Args:
        start: carries out a run; None = runs are only noted.
        webhooks: settings of that section.
    """
    store = open_store(setup.store.url)
    with bound_socket(Listening(port=0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        section = Webhooks.model_validate({"public_url": url, "secret": "env:SECRET", **webhooks})
        setup = setup.model_copy(update={"webhooks": section})
        runs: list[Sequence[str] | None] = []

        def started(customers: Sequence[str] | None) -> None:
            runs.append(customers)
            if start is not None:
                start(customers)

        try:
            with receiving(setup, store, SECRET, started) as (receiver, dispatcher):
                receiver.body_seconds = body_seconds
                server = server_of(app_of(receiver, setup, store), Listening(port=0), timeout_graceful_shutdown=1)
                thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
                thread.start()
                deadline = time.monotonic() + STARTS_WITHIN_SECONDS
                while not server.started:
                    assert thread.is_alive() and time.monotonic() < deadline, "the receiver did not start"
                    time.sleep(0.005)
                try:
                    yield Served(setup, store, url, dispatcher, receiver.counters, runs)
                finally:
                    server.should_exit = True
                    thread.join(STARTS_WITHIN_SECONDS)
        finally:
            store.close()
