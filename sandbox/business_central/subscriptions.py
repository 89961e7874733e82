"""Webhook subscriptions: created and renewed after a handshake, three days of life, only for addresses of this machine."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from sandbox.business_central.body_reading import read_properties
from sandbox.business_central.custom_page import STANDARD
from sandbox.business_central.database import columns_of
from sandbox.business_central.entities import SUBSCRIPTIONS
from sandbox.business_central.errors import ApiError, bad_request, dialog, record_not_found
from sandbox.business_central.etags import check_if_match
from sandbox.business_central.rows import Values, etag_of, rendered
from sandbox.business_central.settings import Settings
from sandbox.business_central.store import Store

_COLUMNS = columns_of(SUBSCRIPTIONS)
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_RESOURCE = re.compile(
    r"(?:https?://[^/]+.*?)?/?(?:api/)?(v2\.0|[\w.-]+/[\w.-]+/(?:v\d+\.\d+|beta))/companies\(([0-9a-f-]{36})\)/(\w+)",
    re.IGNORECASE,
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Subscriptions:
    """The entity set `subscriptions`. Handshakes are HTTP requests: create and renew outside of any transaction."""

    store: Store
    settings: Settings

    def get(self, subscription_id: str) -> Values:
        """The stored row. Raises ApiError (404)."""
        self.forget_expired()
        row = self.store.database.row(
            f"SELECT {_NAMES} FROM subscriptions WHERE subscriptionId = ?", (subscription_id.lower(),)
        )
        if row is None:
            raise record_not_found(self.settings.unknown_id_code, SUBSCRIPTIONS.caption, subscription_id)
        return dict(zip(_COLUMNS, row, strict=True))

    def active(self) -> list[Values]:
        """All rows that have not expired."""
        self.forget_expired()
        rows = self.store.database.rows(f"SELECT {_NAMES} FROM subscriptions ORDER BY timestamp")
        return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]

    def forget_expired(self) -> None:
        """Drop what nobody renewed in time, silently as the product does."""
        now = int(self.store.clock.now() * 1000)
        self._drop("expirationDateTime <= ?", now)

    def create(self, content: Mapping[str, Any]) -> Values:
        """Subscribe; returns the row. Raises ApiError (400)."""
        sent = read_properties(content, SUBSCRIPTIONS, self.settings, is_new=True)
        for name in ("notificationUrl", "resource"):
            if not sent.get(name):
                raise bad_request(f"Field '{name}' must not be blank or empty.", "BadRequest_RequiredParamNotProvided")
        self._check_resource(sent["resource"])
        if len(self.active()) >= self.settings.maximum_subscriptions:
            raise dialog(
                f"The maximum number of subscriptions ({self.settings.maximum_subscriptions}) has been reached."
            )
        self._shake_hands(sent["notificationUrl"])
        values: Values = {
            "subscriptionId": self.store.next_guid("subscription").replace("-", ""),
            "clientState": "",
            **sent,
            "systemCreatedAt": self.store.clock.next_moment(),
            "systemCreatedBy": self.store.user_id,
            "userId": self.store.user_id,
        }
        return self._written(values)

    def renew(self, subscription_id: str, content: Mapping[str, Any], if_match: str | None) -> Values:
        """Prolong by the whole life; returns the row. Raises ApiError (400, 404, 409)."""
        sent = read_properties(content, SUBSCRIPTIONS, self.settings, is_new=False)
        values = self.get(subscription_id)
        check_if_match(if_match, values["etag"], is_required=True)
        values.update(sent)
        self._check_resource(values["resource"])
        self._shake_hands(values["notificationUrl"])
        return self._written(values)

    def delete(self, subscription_id: str, if_match: str | None) -> None:
        """Unsubscribe. Raises ApiError (404, 409)."""
        check_if_match(if_match, self.get(subscription_id)["etag"], is_required=False)
        self.drop(subscription_id)

    def drop(self, subscription_id: str) -> None:
        """Forget a subscription and what it has not been told."""
        self._drop("subscriptionId = ?", subscription_id.lower())

    def _drop(self, condition: str, value: object) -> None:
        with self.store.database.transaction():
            dropped = self.store.database.rows(f"SELECT subscriptionId FROM subscriptions WHERE {condition}", (value,))
            for row in dropped:
                self.store.database.change("DELETE FROM subscriptions WHERE subscriptionId = ?", row)
                self.store.database.change("DELETE FROM notification WHERE subscription = ?", row)

    def _written(self, values: Values) -> Values:
        now = self.store.clock.next_moment()
        stamp = self.store.database.next_number("stamp")
        values.update(
            timestamp=stamp,
            lastModifiedDateTime=now,
            systemModifiedAt=now,
            systemModifiedBy=self.store.user_id,
            expirationDateTime=now + int(self.settings.subscription_days * 86_400_000),
            etag=etag_of(values["subscriptionId"], stamp),
        )
        values["body"] = rendered(SUBSCRIPTIONS, values, values["etag"])
        with self.store.database.transaction():
            self.store.database.change(
                "DELETE FROM subscriptions WHERE subscriptionId = ?", (values["subscriptionId"],)
            )
            self.store.database.insert(SUBSCRIPTIONS, [[values[name] for name in _COLUMNS]])
        return values

    def _check_resource(self, resource: str) -> None:
        match = _RESOURCE.fullmatch(resource)
        page = self.settings.custom_page
        sets = {"v2.0": STANDARD.sets} | ({} if page is None else {page.api.lower(): page.catalogue().sets})
        is_known = match is not None and match[3] in sets.get(match[1].lower(), ())
        if match is None or not is_known or match[2].lower() != self.store.company_id:
            raise bad_request(f"The resource '{resource}' is not supported for webhook subscriptions.")

    def _shake_hands(self, url: str) -> None:
        """Call the address with a token that it must answer with. Raises ApiError (400) when it does not."""
        if not is_on_this_machine(url):
            raise bad_request(f"The sandbox notifies addresses of this machine only, not '{url}'.")
        token = secrets.token_urlsafe(16)
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    url,
                    params={"validationToken": token},
                    timeout=self.settings.handshake_seconds,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise _not_validated(url) from error
        if answer.status_code != 200 or answer.text.strip() != token:
            raise _not_validated(url)


def collection_of(resource: str) -> str:
    """The collection that a subscription is about, as notifications name it: from `api/` on."""
    match = _RESOURCE.fullmatch(resource)
    return f"api/{match[1]}/companies({match[2].lower()})/{match[3]}" if match else resource


def is_on_this_machine(url: str) -> bool:
    """Whether an address is a loopback one."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK


def _not_validated(url: str) -> ApiError:
    return bad_request(f"The notification URL '{url}' did not answer the validation request with its token in time.")
