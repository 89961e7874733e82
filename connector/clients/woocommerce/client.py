"""The webstore: customers of a WooCommerce shop over its REST API `wc/v3`.

What can be lost without a word is guarded against here, whoever calls: see refusals.py for payloads and
pages.py for the complete list. Creating an account makes the shop e-mail the person, unless the shop's setting for
new accounts is off; no request can suppress that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import product
from typing import Any

from connector.clients.chunks import lost
from connector.clients.client import Client
from connector.clients.redaction import protect
from connector.clients.results import BatchOutcomes, Census, CheckResult, Consume, Progress, Record
from connector.clients.transport import Unreachable
from connector.clients.woocommerce.api import PAGE, WebstoreApi, announced_total, csv
from connector.clients.woocommerce.batches import create_seconds, send_batch
from connector.clients.woocommerce.check import check_webstore
from connector.clients.woocommerce.pages import Page, PagedRead, read_each
from connector.clients.woocommerce.refusals import (
    SYSTEM,
    customer_label,
    email_mangled,
    id_of,
    is_account_email,
    safe_account,
)
from connector.clients.woocommerce.roles import spelled_by_shop
from connector.core.normalize import clean_email, email_key
from connector.errors import AnswerNotUnderstood, ConnectionRefused, CustomerNotFound, InternalError, RemoteRefused
from connector.setup import WebstoreConnection

__all__ = ["WooCommerceClient"]

_PAGES_AHEAD = 2
_log = logging.getLogger("connector.clients")


class WooCommerceClient(Client):
    """Customers of one webstore. May be used from several threads; a context manager that closes its connections.

    Args:
        connection: the setup's section.
        retries: how often a read is repeated at most; backoff: seconds of the first wait, doubled each time.

    All methods raise the errors of `connector.errors`: SetupError and its kinds when the setup is wrong, RemoteTrouble and
    its kinds when the shop is ill or busy, OutcomeUnknown when a write may have happened.
    """

    def __init__(self, connection: WebstoreConnection, *, retries: int = 5, backoff: float = 0.5) -> None:
        self._api = WebstoreApi(connection, retries=retries, backoff=backoff)
        super().__init__(self._api.transport, connection.max_concurrent_requests, "webstore")
        self._ahead = connection.max_concurrent_requests * _PAGES_AHEAD

    def read_customers(
        self,
        keep: Consume,
        *,
        role: str | None = None,
        fields: Sequence[str] | None = None,
        on_progress: Progress | None = None,
    ) -> Census:
        """Hand on every customer exactly once, role by role, in order of id.

        Args:
            keep: gets the customers of each page.
            role: one role, or "all"; None = those of the setup's customer_role_filter.
            fields: properties to ask for, nested ones as `billing.email`; None = whole records.
            on_progress: gets how many were handed on, and how many there are.
        """
        query: dict[str, str | int] = {"per_page": PAGE, "orderby": "id", "order": "asc"}
        if fields is not None:
            query["_fields"] = csv(dict.fromkeys(["id", *fields]))

        def read(name: str, keep: Consume, on_progress: Progress | None) -> Census:
            def fetch(offset: int) -> Page:
                asked = {**query, "role": name} | ({"offset": offset} if offset else {})
                try:
                    answer = self._api.get("customers", asked)
                except RemoteRefused as refused:
                    if refused.status != 403:
                        raise
                    # of one customer another way may be found; of the list itself there is none
                    raise ConnectionRefused(refused.message, hint=refused.hint, system=SYSTEM) from None
                return Page(offset, _rows(answer.body), announced_total(answer))

            return PagedRead(fetch, keep, self._threads, self._ahead, on_progress).run()

        return read_each((role,) if role else self._roles, read, keep, on_progress)

    @cached_property
    def _roles(self) -> tuple[str, ...]:
        """The setup's roles as the shop spells them."""
        return spelled_by_shop(self._api, self._api.connection.customer_role_filter)

    def customers_by_id(self, ids: Iterable[int], fields: Sequence[str] | None = None) -> dict[int, Record]:
        """Customers of any role by id. Whoever is left out of the answer is not in the webstore: asked for by name, and the
        webstore said so."""
        asked = set(ids)
        wanted = sorted(asked)
        chunks = [wanted[start : start + PAGE] for start in range(0, len(wanted), PAGE)]
        found: dict[int, Record] = {}
        for records in self._threads.map(partial(self._included, fields=fields), chunks):
            found |= {record["id"]: record for record in records if id_of(record) in asked}
        missing = [identifier for identifier in wanted if identifier not in found]
        for identifier, record in zip(missing, self._threads.map(self._get_or_none, missing), strict=True):
            if record is not None:
                found[identifier] = record
        return found

    def customers_past_caches(self, ids: Iterable[int], fields: Sequence[str] | None = None) -> dict[int, Record]:
        """Customers of any role by id, asked in a way that no cache answers: a POST that WordPress takes for the GET that it
        names (`_method`). Whoever is left out of the answer was not answered about: a firewall may forbid such requests.
        """
        wanted = sorted(set(ids))
        found: dict[int, Record] = {}
        for start in range(0, len(wanted), PAGE):
            try:
                records = self._included(wanted[start : start + PAGE], fields, past_caches=True)
            except (RemoteRefused, AnswerNotUnderstood) as refused:
                _log.warning("the webstore cannot be asked past caches: %s", refused.message)
                break
            found |= {record["id"]: record for record in records if id_of(record) in wanted}
        return found

    def listed(self, ids: Iterable[int]) -> set[int]:
        """Which of these accounts the list shows under the setup's role filter."""
        wanted = sorted(set(ids))
        query: dict[str, str | int] = {"per_page": PAGE, "orderby": "id", "_fields": "id"}
        found: set[int] = set()
        for role, start in product(self._roles, range(0, len(wanted), PAGE)):
            asked = {**query, "role": role, "include": csv(wanted[start : start + PAGE])}
            found |= {record["id"] for record in self._api.get_list("customers", asked) if id_of(record) is not None}
        return found & set(wanted)

    def _included(self, ids: Sequence[int], fields: Sequence[str] | None, *, past_caches: bool = False) -> list[Record]:
        query: dict[str, str | int] = {"include": csv(ids), "role": "all", "per_page": PAGE, "orderby": "id"}
        if not ids:
            raise InternalError("An empty list of ids would mean the whole list of customers to the webstore.")
        if fields is not None:
            query["_fields"] = csv(dict.fromkeys(["id", *fields]))
        return self._api.get_list("customers", query, past_caches=past_caches)

    def _get_or_none(self, webstore_id: int) -> Record | None:
        try:
            return self.get(webstore_id)
        except CustomerNotFound:
            return None

    def customers_by_email(self, email: str) -> list[Record]:
        """Accounts of any role whose own e-mail this is (not the billing e-mail), whatever its letter case.

        An address that WordPress does not keep as it is has no account, and is not asked for: the webstore would answer with
        an error, or take a leading `*` for any text.
        """
        wanted = clean_email(email)
        if not is_account_email(wanted):
            return []
        query: dict[str, str | int] = {"email": wanted, "role": "all", "orderby": "id"}
        found = self._api.get_whole_list("customers", query)
        return [record for record in found if email_key(str(record.get("email", ""))) == email_key(wanted)]

    def newest_accounts(self) -> dict[int, tuple[str, str]]:
        """User name and moment of registration of the hundred newest accounts of any role, by id, the newest first."""
        query: dict[str, str | int] = {"role": "all", "per_page": PAGE, "orderby": "id", "order": "desc"}
        found = self._api.get_list("customers", {**query, "_fields": "id,username,date_created_gmt"})
        return {
            record["id"]: (str(record.get("username") or ""), str(record.get("date_created_gmt") or ""))
            for record in found
            if id_of(record) is not None
        }

    def count_accounts(self) -> int | None:
        """How many accounts of any role there are, in one request; None when the webstore does not say."""
        return announced_total(self._api.get("customers", {"role": "all", "per_page": 1, "_fields": "id"}))

    def get(self, webstore_id: int) -> Record:
        """One customer of any role.

        Raises:
            CustomerNotFound: the webstore says that there is none.
        """
        answer = self._api.get(f"customers/{int(webstore_id)}", customer=customer_label(webstore_id))
        if not isinstance(answer.body, dict) or id_of(answer.body) != webstore_id:
            raise AnswerNotUnderstood("The webstore answered with another customer than was asked for.", system=SYSTEM)
        return answer.body

    def create(self, payload: Mapping[str, Any]) -> Record:
        """Create an account; the shop may e-mail the person.

        Raises:
            DataError: the webstore would lose or mangle a value; nothing was sent.
            EmailTaken: an account has this e-mail.
            RemoteRefused: with code `email-mangled` if the account was created but with another e-mail.
        """
        body = safe_account(payload, creating=True)
        record = self._api.write("POST", "customers", body, timeout_seconds=create_seconds(self._api))
        if id_of(record) is None:
            raise lost(SYSTEM, "The webstore answered a create without an id")
        return _as_sent(body, record)

    def update(self, webstore_id: int, payload: Mapping[str, Any]) -> Record:
        """Change the given values of one customer; returns the whole record as it is now.

        Raises:
            DataError: the webstore would lose or mangle a value; nothing was sent.
            CustomerNotFound: there is no such customer.
        """
        label = customer_label(webstore_id)
        if payload.get("id", webstore_id) != webstore_id:
            raise InternalError(f"An update of {label} carries the id of another customer.")
        body = safe_account(payload, creating=False, customer=label)
        if body.get("billing", {}).get("email") == "":
            # the single endpoint refuses to clear it, the batch endpoint does not
            outcome = self.batch(update=[{**body, "id": webstore_id}]).update[0]
            if outcome.error is not None or outcome.record is None:
                raise outcome.error or InternalError("An outcome without record and error.")
            return outcome.record
        record = self._api.write("PUT", f"customers/{int(webstore_id)}", body, customer=label)
        if id_of(record) != webstore_id:
            raise lost(SYSTEM, f"The webstore answered an update of {label} with another customer", label)
        return _as_sent(body, record)

    def batch(
        self,
        create: Sequence[Mapping[str, Any]] = (),
        update: Sequence[Mapping[str, Any]] = (),
        delete: Sequence[int] = (),
    ) -> BatchOutcomes:
        """Create, change and delete customers, up to 100 in a request (creates up to 50).

        Args:
            update: payloads with the `id` of the customer.
            delete: ids. An account is deleted for good, and its orders become those of a guest.

        Returns:
            An outcome per item. Values that the webstore would mangle are not sent, and are DataErrors here.

        Raises:
            OutcomeUnknown: the answer to the first request was lost.
            RemoteTrouble, SetupError: the first request was refused as a whole; nothing was written.
        """
        return send_batch(self._api, create, update, delete)

    def countries(self) -> list[Record]:
        """The shop's own countries: `code`, `name` and `states`, each with `code` and `name`."""
        return self._api.get_list("data/countries")

    def site(self) -> dict[str, str]:
        """What the shop tells of itself: `address` (host and path of its home, without scheme and www) and `name`.

        {} where the index of its REST API is closed, as security plugins do.
        """
        try:
            return self._api.site()
        except Unreachable:
            raise
        except (RemoteRefused, AnswerNotUnderstood, ConnectionRefused) as closed:
            _log.info("the webstore does not tell who it is: %s", closed.message)
            return {}

    def list_webhooks(self) -> list[Record]:
        """All webhooks of the shop, whoever made them."""
        return self._api.get_whole_list("webhooks", {"orderby": "id", "order": "asc"})

    def create_webhook(self, topic: str, delivery_url: str, secret: str, *, name: str = "customer-sync") -> Record:
        """Make a webhook, e.g. of topic `customer.updated`. It is active at once, and pings the address at once."""
        protect(secret)
        body = {"name": name, "topic": topic, "delivery_url": delivery_url, "secret": secret}
        return self._api.write("POST", "webhooks", body)

    def update_webhook(self, webhook_id: int, changes: Mapping[str, Any]) -> Record:
        """Change a webhook, e.g. `{"status": "active"}` of one that the shop has disabled after failed deliveries."""
        body = {name: value for name, value in changes.items() if name != "id"}
        return self._api.write("PUT", f"webhooks/{int(webhook_id)}", body)

    def delete_webhook(self, webhook_id: int) -> None:
        """Remove a webhook for good."""
        self._api.write("DELETE", f"webhooks/{int(webhook_id)}", query={"force": "true"})

    def check(self) -> list[CheckResult]:
        """Test address, certificate, keys, permissions and clock; changes nothing, raises nothing."""
        return check_webstore(self._api)


def _rows(body: Any) -> list[Any] | None:
    """The rows of a page. PHP writes a list with a hole as an object whose keys are the positions."""
    if isinstance(body, list):
        return body
    if isinstance(body, dict) and body and all(key.isdecimal() for key in body):
        return list(body.values())
    return None


def _as_sent(body: Mapping[str, Any], record: Record) -> Record:
    mangled = email_mangled(body, record)
    if mangled is not None:
        raise mangled
    return record
