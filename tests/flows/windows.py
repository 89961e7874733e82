"""A receiver of webhooks without its server: deliveries are taken one by one, and windows close when somebody says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from connector.run.seen_lately import SeenLately
from connector.setup import Webhooks
from connector.store import Store
from connector.webhooks.dispatching import Dispatcher
from connector.webhooks.echoes import Echoes
from connector.webhooks.genuine import client_state, signature
from connector.webhooks.inbox import Inbox
from connector.webhooks.limits import Counters
from connector.webhooks.reading import read_business_central, read_woocommerce
from tests.flows.shop import Shop
from tests.servers.receiver import SECRET

__all__ = ["Receiver"]


class Receiver:
    """The inbox and the worker of one webstore.

    Attributes:
        counters: what was counted so far.
        meanwhile: called when a run begins, after its customers were sifted; once.
        how: of the runs, as in OneAtATime.
    """

    def __init__(self, shop: Shop, store: Store, wait_seconds: float = 0.05) -> None:
        """`wait_seconds`: how long a change waits for others."""
        hooks = Webhooks.model_validate(
            {"public_url": "http://127.0.0.1:1", "debounce_seconds": wait_seconds, "longest_wait_seconds": wait_seconds}
        )
        shop.setup = shop.setup.model_copy(update={"webhooks": hooks})
        self.shop, self.store = shop, store
        self.lately, self.counters = SeenLately(), Counters()
        self.meanwhile: Callable[[], object] = lambda: None
        self.how: dict[str, Any] = {}
        self._dispatcher = Dispatcher(shop.setup, store, self._run, self.counters, self.lately)
        self._inbox = Inbox(store, "shop", self._dispatcher.wake, Echoes(shop.setup, self.lately))

    def _run(self, customers: Sequence[str] | None) -> None:
        act, self.meanwhile = self.meanwhile, lambda: None
        act()
        how, self.how = self.how, {}
        self.shop.sync(*(customers or ()), scheduled=True, lately=self.lately, **how)

    def waiting(self) -> set[str]:
        """Who waits for a run."""
        with self.store.view("shop") as view:
            return {change.key for change in view.webhooks.changes()}

    def told_of_account(self, account: int, record: dict[str, Any] | None = None) -> None:
        """WooCommerce delivers an account as it is now, or was."""
        body = orjson.dumps(self.shop.account(account) if record is None else record)
        head = {name: str(time.monotonic_ns()) for name in ("x-wc-webhook-id", "x-wc-webhook-delivery-id")}
        head |= {"x-wc-webhook-topic": "customer.updated", "x-wc-webhook-signature": signature(body, SECRET)}
        self._inbox._commit([read_woocommerce(head, body, SECRET)])

    def told_of_card(self, customer: str, moment: str = "") -> None:
        """Business Central tells that it changed a customer, now or at another moment."""
        item = {
            "clientState": client_state(SECRET, "shop"), "subscriptionId": str(time.monotonic_ns()),
            "resource": f"api/v2.0/companies(x)/customers({customer})", "changeType": "updated",
            "lastModifiedDateTime": moment or self.shop.customer(customer)["lastModifiedDateTime"],
        }  # fmt: skip
        body = orjson.dumps({"value": [item]})
        self._inbox._commit([read_business_central(body, client_state(SECRET, "shop"))])

    def step(self) -> float:
        """Carry out what is due; gives the seconds until something may be due again."""
        return self._dispatcher.step()

    def window(self) -> int:
        """Carry out what waits, at once; gives how many requests that took."""
        self.shop.forget_requests()
        time.sleep(0.06)
        self.step()
        logs = (self.shop.running.webstore_log, self.shop.running.business_central_log)
        return sum(not entry.is_token_request for log in logs for entry in log.entries)
