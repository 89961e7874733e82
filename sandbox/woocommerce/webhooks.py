"""The routes of webhooks. Only what happens to customers is ever delivered; other topics are accepted."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sandbox.woocommerce import collation, php
from sandbox.woocommerce.accounts import encoded, shop_time, timestamp
from sandbox.woocommerce.answers import NAMESPACE, Answer, links_text, paging_headers
from sandbox.woocommerce.authentication import Access
from sandbox.woocommerce.customers import refuse_nobody
from sandbox.woocommerce.errors import ApiError
from sandbox.woocommerce.parameters import ApiRequest
from sandbox.woocommerce.store import Store

Webhook = dict[str, Any]

_INVALID_ID = "woocommerce_rest_shop_webhook_invalid_id"
_INVALID_TOPIC = "woocommerce_rest_shop_webhook_invalid_topic"
_EVENTS = ("created", "updated", "deleted", "restored")
_HOOKS = {
    "coupon.created": ["woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"],
    "coupon.updated": ["woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"],
    "coupon.deleted": ["wp_trash_post"],
    "coupon.restored": ["untrashed_post"],
    "customer.created": ["user_register", "woocommerce_created_customer", "woocommerce_new_customer"],
    "customer.updated": ["profile_update", "woocommerce_update_customer"],
    "customer.deleted": ["delete_user"],
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "order.restored": ["untrashed_post", "woocommerce_untrash_order"],
    "product.created": [
        "woocommerce_process_product_meta",
        "woocommerce_new_product",
        "woocommerce_new_product_variation",
    ],
    "product.updated": [
        "woocommerce_process_product_meta",
        "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
}


class Webhooks:
    """The controller of one shop's webhooks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, request: ApiRequest, access: Access) -> Answer:
        """GET /webhooks."""
        refuse_nobody(access, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        chosen = [hook for hook in self._store.webhooks() if _is_wanted(hook, request)]
        orderings = {"id": _id, "title": lambda hook: (collation.sort_key(hook["name"]), hook["id"])}
        chosen.sort(key=orderings.get(request.get("orderby"), _date), reverse=request.get("order") == "desc")
        per_page: int = request.get("per_page")
        # An offset is accepted and has no effect.
        page = 1 if request.get("offset") else request.get("page")
        shown = chosen[(page - 1) * per_page : page * per_page]
        headers = paging_headers(
            f"{request.base_url}/{NAMESPACE}/webhooks",
            request.query,
            total=len(chosen),
            pages=-(-len(chosen) // per_page) if per_page > 1 else 1,
            page=page,
        )
        return Answer(f"[{','.join(self.shown(hook, request).complete_text() for hook in shown)}]", headers=headers)

    def get(self, request: ApiRequest, access: Access) -> Answer:
        """GET /webhooks/<id>."""
        refuse_nobody(access, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
        identifier = php.to_int(request.get("id"))
        return self.shown(
            self._existing(identifier, "Invalid ID." if not identifier else "ID is invalid.", 404), request
        )

    def create(self, request: ApiRequest, access: Access) -> Answer:
        """POST /webhooks."""
        refuse_nobody(access, "woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources.")
        request.refuse_scalar_body()
        hook = self.create_item(request)
        answer = self.shown(hook, request)
        answer.status = 201
        answer.headers["Location"] = f"{request.base_url}/{NAMESPACE}/webhooks/{hook['id']}"
        return answer

    def create_item(self, request: ApiRequest) -> Webhook:
        """One creation; whatever status is asked for, the webhook is active and pings at once."""
        if not php.is_empty(request.get("id")):
            raise ApiError("woocommerce_rest_shop_webhook_exists", "Cannot create existing shop_webhook.")
        topic, url = php.to_text(request.get("topic")), php.to_text(request.get("delivery_url"))
        if not _is_topic(topic.lower()):
            raise ApiError(_INVALID_TOPIC, "Webhook topic is required and must be valid.")
        _refuse_bad_url(url)
        now = self._store.now()
        secret = request.get("secret")
        hook: Webhook = {
            "id": self._store.next_number("webhook"),
            "name": php.to_text(request.get("name")) or f"Webhook created on {now:%b %d, %Y @ %I:%M %p}",
            "status": "active",
            "topic": topic if _is_topic(topic) else "",
            "delivery_url": url,
            "secret": php.to_text(secret) if not php.is_empty(secret) else f"{self._store.dice.getrandbits(200):050x}",
            "created": timestamp(now),
            "modified": None,
            "is_pending": True,
            "failures": 0,
            "base_url": request.base_url,
        }
        self._put(hook, ping=True)
        return hook

    def update(self, request: ApiRequest, access: Access) -> Answer:
        """PUT, PATCH and POST /webhooks/<id>."""
        refuse_nobody(access, "woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource.")
        return self.shown(self.update_item(request), request)

    def update_item(self, request: ApiRequest) -> Webhook:
        """One change; blank values are ignored."""
        hook = self._existing(php.to_int(request.get("id")), "ID is invalid.", 400)
        sent = {
            name: php.to_text(request.get(name))
            for name in ("topic", "delivery_url", "secret", "status", "name")
            if not php.is_empty(request.get(name))
        }
        if "topic" in sent and not _is_topic(sent["topic"].lower()):
            raise ApiError(_INVALID_TOPIC, "Webhook topic must be valid.")
        if "delivery_url" in sent:
            _refuse_bad_url(sent["delivery_url"])
        if "status" in sent and sent["status"].lower() not in ("active", "paused", "disabled"):
            raise ApiError("woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.")
        is_moved = sent.get("delivery_url", hook["delivery_url"]) != hook["delivery_url"]
        hook.update(sent, modified=timestamp(self._store.now()))
        self._put(hook, ping=hook["status"] == "active" and (is_moved or hook["is_pending"]))
        return hook

    def delete(self, request: ApiRequest, access: Access) -> Answer:
        """DELETE /webhooks/<id>; answers the webhook as it was."""
        refuse_nobody(access, "woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource.")
        if not request.get("force"):
            raise ApiError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
        return self.shown(self.delete_item(request), request)

    def delete_item(self, request: ApiRequest) -> Webhook:
        """One deletion."""
        hook = self._existing(php.to_int(request.get("id")), "Invalid ID.", 404)
        self._store.remove_webhook(hook["id"])
        self._store.deliveries.changed()
        return hook

    def shown(self, hook: Webhook, request: ApiRequest) -> Answer:
        """One webhook as an answer; its secret is never shown."""
        resource, _, event = hook["topic"].partition(".")
        text = encoded(
            {
                **{name: hook[name] for name in ("id", "name", "status", "topic")},
                "resource": resource,
                "event": event,
                "hooks": _HOOKS.get(hook["topic"], [event] if resource == "action" else []),
                "delivery_url": hook["delivery_url"],
                "date_created": shop_time(hook["created"]),
                "date_created_gmt": hook["created"],
                "date_modified": shop_time(hook["modified"]) if hook["modified"] else None,
                "date_modified_gmt": hook["modified"],
            }
        )
        return Answer(text, links=links_text(request.base_url, "webhooks", hook["id"]))

    def _put(self, hook: Webhook, *, ping: bool) -> None:
        self._store.put_webhook(hook)
        self._store.deliveries.changed(ping=hook["id"] if ping else None)

    def _existing(self, identifier: int, message: str, status: int) -> Webhook:
        found = next((hook for hook in self._store.webhooks() if hook["id"] == identifier), None)
        if found is None:
            raise ApiError(_INVALID_ID, message, status)
        return found


class WebhookItems:
    """Webhooks in a batch."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def create(self, item: ApiRequest) -> Answer:
        """One creation."""
        return self._webhooks.shown(self._webhooks.create_item(item), item)

    def update(self, item: ApiRequest) -> Answer:
        """One change."""
        return self._webhooks.shown(self._webhooks.update_item(item), item)

    def delete(self, item: ApiRequest) -> Answer:
        """One deletion."""
        return self._webhooks.shown(self._webhooks.delete_item(item), item)


def _id(hook: Webhook) -> Any:
    return hook["id"]


def _date(hook: Webhook) -> Any:
    return hook["created"], hook["id"]


def _is_wanted(hook: Webhook, request: ApiRequest) -> bool:
    include, exclude = request.get("include"), request.get("exclude")
    status, search = request.get("status"), request.get("search")
    after, before = request.get("after"), request.get("before")
    created = datetime.fromisoformat(hook["created"])
    return (
        (not include or hook["id"] in include)
        and hook["id"] not in exclude
        and status in ("all", hook["status"])
        and (not search or collation.folded(search) in collation.folded(hook["name"]))
        and (not after or created >= datetime.fromisoformat(after).replace(tzinfo=None))
        and (not before or created <= datetime.fromisoformat(before).replace(tzinfo=None))
    )


def _is_topic(topic: str) -> bool:
    resource, _, event = topic.partition(".")
    if resource == "action":
        return bool(event)
    return resource in ("coupon", "customer", "order", "product") and event.partition(".")[0] in _EVENTS


def _refuse_bad_url(url: str) -> None:
    parts = urlsplit(url)
    if not url.startswith(("http://", "https://")) or not parts.hostname or not url.isascii() or " " in url:
        text = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise ApiError("woocommerce_rest_shop_webhook_invalid_delivery_url", text)
