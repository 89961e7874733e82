"""Notifications of changed customers: collected, merged, sent in the background, repeated, given up.

Changes wait per subscription and customer; all subscriptions of one address are told in one request. When an address is
due stands in the table `attempt`: the delay after the first change, later the waiting time after a failure.
"""

import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
import requests

from sandbox.business_central.rows import Values, shown_time
from sandbox.business_central.settings import Settings
from sandbox.business_central.store import Store
from sandbox.business_central.subscriptions import Subscriptions, collection_of

_WAITS = (60, 60, 600, 6_000, 60_000)
"""Seconds after the first, second, ... failure; one failure more, and the subscriptions are deleted."""
_TRANSIENT = frozenset({408, 429})
_LONGEST_SLEEP = 0.25
_STOP_SECONDS = 35.0
_Items = list[dict[str, Any]]


@dataclass
class Courier:
    """Collects what happens in the store and tells subscribers; `deliver` tells them at once."""

    store: Store
    settings: Settings
    subscriptions: Subscriptions
    _wake: threading.Event = field(default_factory=threading.Event)
    _sending: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _is_stopping: bool = False

    def note(self, change: str, customer_id: str, moment: int) -> None:
        """Remember a change for every subscription of customers. Called inside the transaction of the change."""
        database = self.store.database
        if database.row("SELECT 1 FROM subscriptions") is None:
            return
        for subscription in self.subscriptions.active():
            page = self.settings.custom_page
            names = {"customers"} | ({page.entity.lower()} if page else set())
            if subscription["resource"].lower().rpartition("/")[2] not in names:
                continue
            database.change(
                "INSERT INTO notification VALUES (?, ?, ?, ?, ?) ON CONFLICT (subscription, customer) DO UPDATE SET "
                "moment = excluded.moment, change = CASE WHEN change = 'created' AND excluded.change = 'updated' "
                "THEN 'created' ELSE excluded.change END",
                (subscription["subscriptionId"], customer_id, change, moment, moment),
            )
            due = self.store.clock.now() + self.settings.notification_delay_seconds
            url = subscription["notificationUrl"]
            database.change("INSERT INTO attempt VALUES (?, ?, 0) ON CONFLICT (url) DO NOTHING", (url, due))
        self.start()

    def deliver(self, *, only_due: bool = False) -> int:
        """Tell all subscribers what they have not been told, now; returns the number of requests that were sent."""
        with self._sending:
            latest = self.store.clock.now() if only_due else float("inf")
            rows = self.store.database.rows("SELECT url FROM attempt WHERE due <= ? ORDER BY due, url", (latest,))
            return sum(self._tell(row[0]) for row in rows)

    def start(self) -> None:
        """Deliver in the background from now on; starting twice is allowed."""
        if self._thread is None and not self._is_stopping:
            self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
            self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """End the background thread; what waits is delivered after the next start."""
        self._is_stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._is_stopping:
            # The clock of the store can be moved by hand, so nobody sleeps until a fixed moment.
            has_work = self.store.database.row("SELECT 1 FROM attempt") is not None
            self._wake.wait(_LONGEST_SLEEP if has_work else None)
            self._wake.clear()
            if not self._is_stopping:
                self.deliver(only_due=True)

    def _tell(self, url: str) -> bool:
        """One request to one address; False when there was nothing to tell."""
        database = self.store.database
        with database.transaction():
            own = [row for row in self.subscriptions.active() if row["notificationUrl"] == url]
            waiting = {
                row["subscriptionId"]: database.rows(
                    "SELECT customer, change, first, moment FROM notification WHERE subscription = ? "
                    "ORDER BY moment, customer",
                    (row["subscriptionId"],),
                )
                for row in own
            }
            items = [item for row in own for item in self._items(row, waiting[row["subscriptionId"]])]
            if not items:
                database.change("DELETE FROM attempt WHERE url = ?", (url,))
                return False
        status = self._send(url, items)
        with database.transaction():
            if status is not None and 200 <= status < 300:
                self._forget_told(url, waiting)
            elif status is None or status in _TRANSIENT or status >= 500:
                self._postpone(url, own)
            else:
                self._give_up(url, own)
        return True

    def _items(self, subscription: Values, waiting: list[Any]) -> _Items:
        collection = collection_of(subscription["resource"])
        head = {
            "subscriptionId": subscription["subscriptionId"],
            "clientState": subscription["clientState"],
            "expirationDateTime": shown_time(subscription["expirationDateTime"]),
        }
        if len(waiting) > self.settings.maximum_notifications:
            # 50 ms earlier, because the database rounds times in another way than the application server.
            since = shown_time(min(row[2] for row in waiting) - 50)
            resource = f"{collection}?$filter={quote(f'lastModifiedDateTime gt {since}', safe=':')}"
            return [_item(head, resource, "collection", max(row[3] for row in waiting))]
        return [_item(head, f"{collection}({row[0]})", row[1], row[3]) for row in waiting]

    def _send(self, url: str, items: _Items) -> int | None:
        """The status of the answer, None when there was none."""
        request_id = self.store.next_guid("notification")
        headers = {
            "Content-Type": "application/json",
            "clientRequestId": request_id,
            "x-ms-correlation-id": request_id,
        }
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.post(
                    url,
                    data=orjson.dumps({"value": items}),
                    headers=headers,
                    timeout=self.settings.notification_timeout_seconds,
                    allow_redirects=False,
                ).status_code
        except requests.RequestException:
            return None

    def _forget_told(self, url: str, waiting: dict[str, list[Any]]) -> None:
        database = self.store.database
        for subscription, rows in waiting.items():
            for customer, _, _, moment in rows:
                # A change that came while the request was under way has a later moment, and stays.
                database.change(
                    "DELETE FROM notification WHERE subscription = ? AND customer = ? AND moment = ?",
                    (subscription, customer, moment),
                )
        due = self.store.clock.now() + self.settings.notification_delay_seconds
        database.change("UPDATE attempt SET due = ?, failures = 0 WHERE url = ?", (due, url))
        left = database.row(
            "SELECT 1 FROM notification JOIN subscriptions ON subscription = subscriptionId WHERE notificationUrl = ?",
            (url,),
        )
        if left is None:
            database.change("DELETE FROM attempt WHERE url = ?", (url,))

    def _postpone(self, url: str, subscriptions: list[Values]) -> None:
        row = self.store.database.row("SELECT failures FROM attempt WHERE url = ?", (url,))
        failures = (row[0] if row else 0) + 1
        if failures > len(_WAITS):
            self._give_up(url, subscriptions)
            return
        due = self.store.clock.now() + _WAITS[failures - 1]
        self.store.database.change("UPDATE attempt SET due = ?, failures = ? WHERE url = ?", (due, failures, url))

    def _give_up(self, url: str, subscriptions: list[Values]) -> None:
        for row in subscriptions:
            self.subscriptions.drop(row["subscriptionId"])
        self.store.database.change("DELETE FROM attempt WHERE url = ?", (url,))


def _item(head: dict[str, Any], resource: str, change: str, moment: int) -> dict[str, Any]:
    return {**head, "resource": resource, "changeType": change, "lastModifiedDateTime": shown_time(moment)}
