"""What deliveries say: whose customer changed. A run reads the customers itself: what is told besides serves to tell echoes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import orjson

from connector.core.stamps import stamp_of
from connector.store import EVERYTHING
from connector.webhooks.genuine import fingerprint, is_signed, same_text

__all__ = ["Delivery", "Item", "Refused", "is_ping", "read_business_central", "read_woocommerce"]

_TOPICS = frozenset({"customer.created", "customer.updated", "customer.deleted"})
_PING = re.compile(rb"webhook_id=\d{1,18}")
_CUSTOMER = re.compile(r"(?:^|/)(\w+)\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)/?$", re.IGNORECASE)
_COLLECTION = re.compile(r"(?:^|/)(\w+)(?:\?(.*))?$", re.IGNORECASE | re.DOTALL)
_SINCE = re.compile(r"lastModifiedDateTime\s+g[te]\s+(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z)")
_CHANGED = frozenset({"created", "updated"})
_LARGEST_ID = 2**53
_MOST_ITEMS = 50_000
_LONGEST_TEXT = 4096


class Refused(Exception):
    """A delivery that is not taken. `status` is the HTTP status it is answered with, `counter` what is counted."""

    def __init__(self, status: int, counter: str) -> None:
        super().__init__(f"{status} {counter}")
        self.status = status
        self.counter = counter


@dataclass(frozen=True)
class Item:
    """One changed customer.

    Attributes:
        key: `woo:<id>`, `bc:<id>`, or `since:<moment>`.
        fingerprint: tells the same statement again.
        record: the account as it was when WooCommerce sent it; None = it is deleted.
        touched: when Business Central changed the customer; "" = not told, or it is deleted.
    """

    key: str
    fingerprint: str
    record: dict[str, Any] | None = field(default=None, hash=False, compare=False, repr=False)
    touched: str = ""

    @property
    def changed_at(self) -> datetime | None:
        """When the customer was changed, as its system says; None = it does not."""
        stamp = stamp_of(self.touched or str((self.record or {}).get("date_modified_gmt") or ""))
        return None if stamp is None else datetime.fromtimestamp(stamp / 1000, UTC)


@dataclass(frozen=True)
class Delivery:
    """A genuine delivery.

    Attributes:
        exact: fingerprint of exactly this delivery, which the sender never repeats; "" = it may.
        ignored: statements about other things than customers.
        forged: statements inside of a genuine delivery that are not for us.
    """

    items: tuple[Item, ...]
    exact: str = ""
    ignored: int = 0
    forged: int = 0


def is_ping(body: bytes) -> bool:
    """Whether a body is what WooCommerce sends, unsigned, when a webhook is made."""
    return _PING.fullmatch(body) is not None


def read_woocommerce(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    """A delivery of WooCommerce.

    Two deliveries of one webhook in one second have the same delivery id (WooCommerce makes it of webhook and second), and a
    create is told as created and as updated with the same body: only all of them together say which delivery it is.

    Args:
        headers: names in lower case.

    Raises:
        Refused: it is forged or malformed.
    """
    if not is_signed(body, headers.get("x-wc-webhook-signature", ""), secret):
        raise Refused(401, "forged")
    topic = headers.get("x-wc-webhook-topic", "").lower()
    webhook, delivery = headers.get("x-wc-webhook-id", ""), headers.get("x-wc-webhook-delivery-id", "")
    if not topic or not webhook or not delivery:
        raise Refused(400, "malformed")
    record = _object(body)
    exact = fingerprint("woocommerce delivery", webhook, delivery, topic, body)
    if topic not in _TOPICS:
        return Delivery((), exact, ignored=1)
    identifier = record.get("id")
    if identifier is None and "code" in record:  # the customer is gone already: its deletion is told, too
        return Delivery((), exact, ignored=1)
    if not isinstance(identifier, int) or isinstance(identifier, bool) or not 0 < identifier <= _LARGEST_ID:
        raise Refused(400, "malformed")
    shown = None if topic == "customer.deleted" else record
    return Delivery((Item(f"woo:{identifier}", fingerprint("woocommerce", topic, body), shown),), exact)


def read_business_central(body: bytes, state: str, entity: str = "customers") -> Delivery:
    """A delivery of Business Central. It repeats what was not answered, so that a repetition is no offence.

    It bundles the notifications of all subscriptions of one address; those without our client state are left out.

    Args:
        entity: what the page of customers calls their list.

    Raises:
        Refused: it is malformed, or nothing in it has our client state.
    """
    notifications = _object(body).get("value")
    if not isinstance(notifications, list) or len(notifications) > _MOST_ITEMS:
        raise Refused(400, "malformed")
    items, ignored, forged = [], 0, 0
    for notification in notifications:
        if not isinstance(notification, dict):
            raise Refused(400, "malformed")
        names = ("clientState", "subscriptionId", "resource", "changeType", "lastModifiedDateTime")
        texts = [notification.get(name) for name in names]
        if not same_text(state, texts[0] if isinstance(texts[0], str) else ""):
            forged += 1
            continue
        if not all(isinstance(text, str) and len(text) <= _LONGEST_TEXT for text in texts[1:4]):
            raise Refused(400, "malformed")
        key = _key(str(texts[2]), str(texts[3]), entity.lower())
        if key:
            moment = str(texts[4]) if key.startswith("bc:") and str(texts[3]).lower() in _CHANGED else ""
            items.append(Item(key, fingerprint("business central", *(str(text) for text in texts[1:])), touched=moment))
        else:
            ignored += 1
    if forged and forged == len(notifications):
        raise Refused(401, "forged")
    return Delivery(tuple(items), "", ignored, forged)


def _key(resource: str, change: str, entity: str) -> str:
    """What a notification is about; "" = nothing that concerns customers."""
    text = unquote(resource)
    found = _CUSTOMER.search(text)
    if found:
        return f"bc:{found[2].lower()}" if found[1].lower() == entity else ""
    collection = _COLLECTION.search(text)
    if collection is None or collection[1].lower() != entity or change.lower() != "collection":
        return ""
    since = _SINCE.search(collection[2] or "")
    return f"{EVERYTHING}{since[1]}" if since else EVERYTHING


def _object(body: bytes) -> dict[str, object]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(400, "malformed") from None
    if not isinstance(content, dict):
        raise Refused(400, "malformed")
    return content
