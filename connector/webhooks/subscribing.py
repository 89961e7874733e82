"""The subscriptions of both systems to one receiver: made, renewed, listed, ended. Those of others are never touched.

The handshake of Business Central and the ping of WooCommerce come while a subscription is made: the receiver must be running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.clients.redaction import protect
from connector.errors import CustomerNotFound, CustomerSyncError, RemoteRefused, SetupError
from connector.setup import Setup
from connector.setup.addresses import spelled
from connector.webhooks.app import BUSINESS_CENTRAL, WOOCOMMERCE, path_of
from connector.webhooks.genuine import client_state

__all__ = ["TOPICS", "Done", "Subscriptions", "address_of"]

Act = Callable[[], Any]

TOPICS = ("customer.created", "customer.updated", "customer.deleted")


@dataclass(frozen=True)
class Done:
    """What became of one subscription. `problem` is "" or why it could not be done."""

    system: str
    what: str
    action: str
    expires: str = ""
    problem: str = ""


def address_of(setup: Setup, sender: str) -> str:
    """Where a sender reaches the receiver of this webstore.

    Raises:
        SetupError: the setup names no public address.
    """
    if not setup.webhooks.public_url:
        raise SetupError(
            "The setup names no address at which webhooks are received.", hint="Set webhooks.public_url = https://…"
        )
    return setup.webhooks.public_url.rstrip("/") + path_of(setup.webstore_code, sender)


class Subscriptions:
    """The subscriptions of one webstore.

    Args:
        secret: resolved; what deliveries are signed with.
    """

    def __init__(
        self, setup: Setup, webstore: WooCommerceClient, business_central: BusinessCentralClient, secret: str
    ) -> None:
        self._webstore = webstore
        self._business_central = business_central
        self._secret = secret
        self._state = client_state(secret, setup.webstore_code)
        self._shop_address = address_of(setup, WOOCOMMERCE)
        self._company_address = address_of(setup, BUSINESS_CENTRAL)
        protect(secret, self._state)

    def listed(self) -> list[dict[str, Any]]:
        """All subscriptions that tell of customers, whoever made them: `system`, `id`, `what`, `resource` (Business Central's
        name of it), `address`, `status`, `expires`, and `mine` (they lead to this receiver)."""
        hooks = [hook for hook in self._webstore.list_webhooks() if str(hook.get("topic", "")).startswith("customer.")]
        rows = [
            {
                "system": "webstore",
                "id": str(hook["id"]),
                "what": hook["topic"],
                "resource": "",
                "address": hook.get("delivery_url", ""),
                "status": hook.get("status", ""),
                "expires": "",
                "mine": _leads_to(hook.get("delivery_url"), self._shop_address),
            }
            for hook in hooks
        ]
        return rows + [
            {
                "system": "business_central",
                "id": row["subscriptionId"],
                "what": _resource(row),
                "resource": str(row.get("resource", "")),
                "address": row.get("notificationUrl", ""),
                "status": "active",
                "expires": row.get("expirationDateTime", ""),
                "mine": _leads_to(row.get("notificationUrl"), self._company_address),
            }
            for row in self._business_central.list_subscriptions()
        ]

    def subscribe(self) -> list[Done]:
        """Make what is missing, wake what a system has switched off, renew what expires; doing it again is harmless.

        The secret is set again as well, so that this is also how a secret is changed.
        """
        return [*self._shop(), *self._company()]

    # the same on purpose: what a renewal finds missing was dropped by its system, and must be made again
    renew = subscribe

    def are_due(self, until: datetime) -> bool:
        """Whether something is missing, switched off, or ends before a moment."""
        mine = [row for row in self.listed() if row["mine"]]
        topics = {row["what"] for row in mine if row["system"] == "webstore" and row["status"] == "active"}
        wanted = _path(self._business_central.customers_resource)
        ends = [_moment(str(row["expires"])) for row in mine if _path(str(row["resource"])) == wanted]
        return not topics >= set(TOPICS) or not ends or min(ends) < until

    def unsubscribe(self) -> list[Done]:
        """End those that lead to this receiver."""
        shop, company = self._webstore, self._business_central
        done = [
            _tried("webstore", str(hook["topic"]), "removed", partial(shop.delete_webhook, int(hook["id"])))
            for hook in self._my_hooks()
        ]
        return done + [
            _tried("business_central", _resource(row), "removed", partial(company.delete_subscription, _id(row)))
            for row in self._my_rows()
        ]

    def _shop(self) -> Iterable[Done]:
        known = {str(hook.get("topic")): hook for hook in reversed(self._my_hooks())}
        for topic in TOPICS:
            if topic in known:
                hook = known[topic]
                changes = {"secret": self._secret, "status": "active"}
                act: Act = partial(self._webstore.update_webhook, int(hook["id"]), changes)
                yield _tried("webstore", topic, "kept" if hook.get("status") == "active" else "woken", act)
            else:
                act = partial(self._webstore.create_webhook, topic, self._shop_address, self._secret)
                yield _tried("webstore", topic, "made", act)

    def _company(self) -> Iterable[Done]:
        company, wanted = self._business_central, _path(self._business_central.customers_resource)
        rows = self._my_rows()
        mine = [row for row in rows if _path(str(row.get("resource"))) == wanted]
        for row in rows:
            if row not in mine:  # the setup named another company, or page, before
                yield _tried(
                    "business_central", _resource(row), "removed", partial(company.delete_subscription, _id(row))
                )
        for row in mine:
            again = partial(company.renew_subscription, {**row, "clientState": self._state})
            yield _tried("business_central", _resource(row), "renewed", again)
        if not mine:
            act = partial(company.create_subscription, self._company_address, self._state)
            yield _tried("business_central", _resource({"resource": company.customers_resource}), "made", act)

    def _my_hooks(self) -> list[dict[str, Any]]:
        return [
            hook for hook in self._webstore.list_webhooks() if _leads_to(hook.get("delivery_url"), self._shop_address)
        ]

    def _my_rows(self) -> list[dict[str, Any]]:
        found = self._business_central.list_subscriptions()
        return [row for row in found if _leads_to(row.get("notificationUrl"), self._company_address)]


def _leads_to(address: object, ours: str) -> bool:
    return spelled(str(address or "")) == spelled(ours)


def _moment(text: str) -> datetime:
    """A time of Business Central; what cannot be read is long ago."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _id(row: Mapping[str, Any]) -> str:
    return str(row["subscriptionId"])


def _resource(row: Mapping[str, Any]) -> str:
    return str(row.get("resource", "")).rsplit("/", 1)[-1]


def _path(resource: str) -> str:
    """The part of a resource that says what it is: servers write it with and without what stands in front of the API."""
    return f"/{resource.lower().lstrip('/')}".rpartition("/api/")[2].removeprefix("/")


def _tried(system: str, what: str, action: str, act: Act) -> Done:
    """Do it; one that fails keeps no other from being done."""
    try:
        answer = act()
    except CustomerNotFound:
        return Done(system, what, action)
    except RemoteRefused as error:
        return Done(
            system, what, "", problem=f"{error} Is `customer-sync webhooks serve` running, and reached from there?"
        )
    except CustomerSyncError as error:
        return Done(system, what, "", problem=str(error))
    expires = answer.get("expirationDateTime", "") if isinstance(answer, Mapping) else ""
    return Done(system, what, action, str(expires))
