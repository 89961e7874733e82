"""Deliveries of webhooks: signed, asynchronous, merged, never repeated; to this machine only.

What happens to customers is queued per webhook, the same customer once, and delivered together a moment later in the
state of that moment. After more than five failures in a row a webhook is disabled and stays so. Once somebody calls
`deliver`, nothing is delivered by itself any more: tests decide when.
"""

import base64
import hashlib
import hmac
import threading
import time
from contextlib import AbstractContextManager
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from sandbox.woocommerce.accounts import encoded
from sandbox.woocommerce.answers import links_text

USER_AGENT = "WooCommerce/10.5.0 Hookshot (WordPress/6.9.7)"
_WINDOW_SECONDS = 0.1
_TIMEOUT_SECONDS = 10
_FAILURES_ALLOWED = 5
_PING = 0


class Subscribed(Protocol):
    """The shop that has the webhooks, as far as deliveries ask it."""

    def transaction(self) -> AbstractContextManager[None]: ...
    def webhooks(self) -> list[dict[str, Any]]: ...
    def put_webhook(self, webhook: dict[str, Any]) -> None: ...
    def record_texts(self, ids: list[int]) -> list[tuple[int, str]]: ...


class Deliveries:
    """The queue of one shop; its thread starts with the first webhook."""

    def __init__(self, store: Subscribed) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._queue: dict[tuple[int, int], None] = {}
        self._topics: dict[int, str] | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._is_stopped = False
        self._is_by_hand = False

    def changed(self, ping: int | None = None) -> None:
        """A webhook was made, changed or deleted; `ping` is the id of one that wants a ping."""
        self._topics = None
        if ping is not None:
            self._enqueue((ping, _PING))

    def note(self, event: str, customer_id: int) -> None:
        """Queue what happened to a customer for the active webhooks of the topic."""
        topics = self._topics
        if topics is None:
            active = (hook for hook in self._store.webhooks() if hook["status"] == "active")
            topics = self._topics = {hook["id"]: hook["topic"] for hook in active}
        for webhook, topic in topics.items():
            if topic == f"customer.{event}":
                self._enqueue((webhook, customer_id))

    def _enqueue(self, entry: tuple[int, int]) -> None:
        with self._lock:
            self._queue[entry] = None
            if self._thread is None and not self._is_by_hand and not self._is_stopped:
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()
        self._wake.set()

    def forget(self) -> None:
        """Drop what waits."""
        with self._lock:
            self._queue.clear()
        self._topics = None

    def stop(self) -> None:
        """End the thread; what waits is dropped."""
        self._is_stopped = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def deliver(self) -> int:
        """Deliver what waits, now and in this thread; returns the number of requests that were sent."""
        self._is_by_hand = True
        return self._empty_queue()

    def _run(self) -> None:
        while not self._is_stopped and not self._is_by_hand:
            self._wake.wait()
            self._wake.clear()
            # Whatever happens within the window becomes one delivery.
            time.sleep(_WINDOW_SECONDS)
            if not self._is_stopped and not self._is_by_hand:
                self._empty_queue()

    def _empty_queue(self) -> int:
        with self._lock:
            waiting = list(self._queue)
            self._queue.clear()
        hooks = {hook["id"]: hook for hook in self._store.webhooks()} if waiting else {}
        sent = 0
        with requests.Session() as session:
            session.trust_env = False
            for webhook, customer_id in waiting:
                hook = hooks.get(webhook)
                if hook is not None and hook["status"] == "active" and is_loopback(hook["delivery_url"]):
                    sent += 1
                    self._send(session, hook, customer_id)
        return sent

    def _send(self, session: requests.Session, hook: dict[str, Any], customer_id: int) -> None:
        if customer_id == _PING:
            body = f"webhook_id={hook['id']}".encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
        else:
            body = self._payload(hook, customer_id)
            headers = _headers(hook, body)
        status = _posted(session, hook["delivery_url"], body, headers)
        if customer_id == _PING:
            hook["is_pending"] = status != 200
        elif 200 <= status < 303:
            hook["failures"] = 0
        elif hook["failures"] > _FAILURES_ALLOWED:
            hook["status"] = "disabled"
        else:
            hook["failures"] += 1
        with self._store.transaction():
            current = {each["id"]: each for each in self._store.webhooks()}.get(hook["id"])
            if current is not None:
                # Somebody may have changed the webhook while its subscriber was thinking.
                current.update(is_pending=hook["is_pending"], failures=hook["failures"])
                if hook["status"] == "disabled":
                    current["status"] = "disabled"
                self._store.put_webhook(current)
        self._topics = None

    def _payload(self, hook: dict[str, Any], customer_id: int) -> bytes:
        if hook["topic"] == "customer.deleted":
            return encoded({"id": customer_id}).encode()
        found = self._store.record_texts([customer_id])
        if not found:
            return encoded(
                {"code": "wc_user_invalid_id", "message": "Invalid user ID.", "data": {"status": 404}}
            ).encode()
        return f"{found[0][1][:-1]},{links_text(hook['base_url'], 'customers', customer_id)}}}".encode()


def _headers(hook: dict[str, Any], body: bytes) -> dict[str, str]:
    signature = hmac.new(hook["secret"].encode(), body, hashlib.sha256).digest()
    resource, _, event = hook["topic"].partition(".")
    delivery = hashlib.md5(f"{hook['id']} {time.time_ns()}".encode(), usedforsecurity=False).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": hook["base_url"].removesuffix("wp-json"),
        "X-WC-Webhook-Topic": hook["topic"],
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-WC-Webhook-ID": str(hook["id"]),
        "X-WC-Webhook-Delivery-ID": delivery,
    }


def _posted(session: requests.Session, url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer, 0 when there is none."""
    try:
        answer = session.post(
            url,
            data=body,
            headers={**headers, "User-Agent": USER_AGENT},
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException:
        return 0
    return answer.status_code


def is_loopback(url: str) -> bool:
    """Whether the URL leads to this machine; nothing else is ever called."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
