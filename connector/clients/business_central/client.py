"""Business Central: customers of one company over its API v2.0, or over a partner's custom page.

Every change carries the tag of the record it was decided on (`If-Match`), and the answer is the truth afterwards: setting a
postal code may change city, state and country, setting a country may clear them. A create has no idempotency key: look first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connector.clients.business_central.api import BusinessCentralApi, KnownCompany
from connector.clients.business_central.batches import create_customer, send_chunk, update_customer
from connector.clients.business_central.check import check_company
from connector.clients.business_central.lookup import by_email, by_evidence, by_id, by_id_or_changed, by_number
from connector.clients.business_central.metadata import read_page
from connector.clients.business_central.odata import SYSTEM, checked_filter, is_guid, literal, refusal
from connector.clients.business_central.pages import CompanyRead, changed_since_filter
from connector.clients.chunks import in_chunks
from connector.clients.client import Client
from connector.clients.redaction import protect
from connector.clients.results import Census, CheckResult, Consume, Create, Outcome, Progress, Record, Update
from connector.core import batch_sizes
from connector.core.properties import Page
from connector.errors import CustomerNotFound, InternalError
from connector.setup import BusinessCentralConnection

__all__ = ["BusinessCentralClient"]

# servers set the time of a change before they commit it
_LATE_ROWS_SECONDS = 60.0


class BusinessCentralClient(Client):
    """Customers of one company. May be used from several threads; a context manager that closes its connections.

    Args:
        connection: the setup's section.
        retries: how often a read is repeated at most; backoff: seconds of the first wait, doubled each time.

    All methods raise the errors of `connector.errors`: SetupError and its kinds when the setup is wrong, RemoteTrouble and
    its kinds when Business Central is ill or busy, OutcomeUnknown when a write may have happened.
    """

    def __init__(self, connection: BusinessCentralConnection, *, retries: int = 5, backoff: float = 0.5) -> None:
        self._api = BusinessCentralApi(connection, retries=retries, backoff=backoff)
        super().__init__(self._api.transport, connection.max_concurrent_requests, "business-central")

    def close(self) -> None:
        """Close the connections, also those for tokens; a request that is under way is waited for."""
        super().close()
        self._api.login.close()

    @property
    def company_id(self) -> str:
        """The company's id as Business Central says it (lower case), however the setup names the company.

        Raises:
            SetupError: there is no such company.
        """
        return self._api.company_id

    @property
    def known(self) -> KnownCompany:
        """What is asked for once; of another client of the same connection it may be taken over."""
        return self._api.known

    @known.setter
    def known(self, known: KnownCompany) -> None:
        self._api.known = known

    @property
    def lists(self) -> dict[str, list[Record]]:
        """What `reference` has read, for whoever goes on without asking."""
        return self.known.lists

    def companies(self) -> list[Record]:
        """The environment's companies: `id`, `name`, `displayName` (may be blank) and more."""
        return self._api.companies()

    def read_customers(
        self,
        keep: Consume,
        *,
        select: Sequence[str] | None = None,
        on_progress: Progress | None = None,
        changed_since: str | None = None,
        overlap_seconds: float = 5,
        page_size: int = 20_000,
    ) -> Census:
        """Hand on every customer exactly once, in order of number.

        Args:
            keep: gets the customers of each page.
            select: properties to ask for; None = whole records. Tags always come.
            on_progress: gets how many were handed on, and how many there are.
            changed_since: only customers modified since then; deleted ones are not seen.
            overlap_seconds: how much earlier than `changed_since` to begin, for rows that became visible late.
            page_size: customers a page; the server allows 20,000.
        """
        restriction = changed_since_filter(changed_since, overlap_seconds) if changed_since else ""
        # a copy that lags behind what this client has just written, or behind a watermark, would show old values
        from_replica = not changed_since and not self.writes_made
        return CompanyRead(
            self._api,
            keep,
            self._threads,
            restriction=restriction,
            select=select,
            from_replica=from_replica,
            page_size=page_size,
            on_progress=on_progress,
        ).run()

    def customers_by_id(self, ids: Iterable[str], *, past_caches: bool = False) -> dict[str, Record]:
        """Customers by id (lower case). Whoever is left out is not there: the server said so of each.

        Args:
            past_caches: never by a GET, which something on the way may answer.
        """
        return by_id(self._api, ids, past_caches=past_caches)

    def customers_by_id_or_changed(self, ids: Iterable[str], changed_since: str, most: int) -> dict[str, Record]:
        """Customers by id, and with the same request those that were modified since a moment, less a minute; by id (lower case).

        Args:
            most: of the modified ones the first so many, by the time of their change.
        """
        restriction = changed_since_filter(changed_since, _LATE_ROWS_SECONDS)
        return by_id_or_changed(self._api, ids, restriction, most)

    def customers_by_number(self, numbers: Iterable[str]) -> dict[str, Record]:
        """Customers by number, under the texts that were asked for; letter case does not count."""
        return by_number(self._api, numbers)

    def customers_by_email(self, emails: Iterable[str]) -> dict[str, list[Record]]:
        """Customers that have one of the addresses among those of their e-mail field, by the address in lower case.

        Addresses of nobody are left out. Business Central does not keep e-mails unique: there may be several customers.
        """
        return by_email(self._api, emails)

    def customers_by_evidence(
        self, emails: Iterable[str], names: Iterable[str], numbers: Iterable[str]
    ) -> dict[str, Record]:
        """Customers that may share evidence, by id (lower case): who has one of the addresses, names or VAT numbers, in any
        letter case, and whoever has several addresses.

        Args:
            names, numbers: texts, none of them with an asterisk.
        """
        return by_evidence(self._api, emails, names, numbers)

    def find(self, odata_filter: str) -> list[Record]:
        """Customers that a filter finds. Comparisons know letter case, and `*` in a literal stands for any text."""
        page = self._api.page
        found = self._api.objects_at(self._api.customers(page.path(options={"$filter": checked_filter(odata_filter)})))
        return [page.whole(record) for record in found]

    def get(self, bc_id: str) -> Record:
        """One customer.

        Raises:
            CustomerNotFound: there is none with this id.
        """
        if not is_guid(bc_id):
            raise InternalError("A customer was asked for by something that is no id.")
        found = by_id(self._api, [bc_id])
        if not found:
            raise CustomerNotFound(f"{bc_id} is not in Business Central.", status=404, system=SYSTEM, customer=bc_id)
        return found[bc_id.lower()]

    def create(self, payload: Mapping[str, Any]) -> Record:
        """Create a customer; Business Central gives it a number. Look for it first: nothing here keeps it unique.

        Raises:
            DataError: the payload has no name, or a null.
            RemoteRefused: Business Central says no; nothing was written.
        """
        return create_customer(self._api, payload)

    def update(self, bc_id: str, etag: str, payload: Mapping[str, Any]) -> Record:
        """Change the given values of one customer; returns the whole record as it is now.

        Raises:
            CustomerChanged: somebody changed it since `etag` was read; nothing was written.
            CustomerNotFound: it is not there any more.
        """
        return update_customer(self._api, bc_id, etag, payload)

    def batch(self, writes: Sequence[Create | Update]) -> list[Outcome]:
        """Create and change customers, up to 100 in a request; one that fails stops no other.

        Returns:
            An outcome per write, in order.

        Raises:
            OutcomeUnknown: the answer to the first request was lost.
            RemoteTrouble, SetupError: the first request was refused as a whole; nothing was written.
        """
        return in_chunks(writes, batch_sizes.COMPANY, lambda chunk: send_chunk(self._api, chunk))

    def reference(self, entity_set: str) -> list[Record]:
        """A whole list of the company such as `countriesRegions`, `paymentTerms` or `currencies`; asked for once."""
        if not entity_set.isidentifier():
            raise InternalError(f"{entity_set!r} is no list of Business Central.")
        if entity_set not in self.lists:
            self.lists[entity_set] = self._api.read_all(entity_set)
        return self.lists[entity_set]

    @property
    def page_name(self) -> str:
        """How messages and copies call the page that customers are read from."""
        return self._api.page.name

    def page(self) -> Page:
        """What that page has, as its `$metadata` says; asked for once.

        Raises:
            SetupError: the API has no such list.
            AnswerNotUnderstood: the document is none.
        """
        if self.known.page is None:
            self.known.page = read_page(self._api)
        return self.known.page

    @property
    def customers_resource(self) -> str:
        """How subscriptions name this company's customers."""
        connection = self._api.connection
        return f"/api/{connection.customers_api}/{self._api.company_path}/{connection.customers_entity}"

    def list_subscriptions(self) -> list[Record]:
        """The webhook subscriptions of the environment that this login sees."""
        return self._api.read_all("subscriptions", of_company=False)

    def create_subscription(self, notification_url: str, client_state: str) -> Record:
        """Ask for notifications about this company's customers; the address must answer a handshake within 5 s.

        The subscription ends after three days unless it is renewed.
        """
        protect(client_state)
        body = {"notificationUrl": notification_url, "resource": self.customers_resource, "clientState": client_state}
        return self._changed_subscription("POST", "subscriptions", body)

    def renew_subscription(self, subscription: Mapping[str, Any]) -> Record:
        """Three more days for a subscription, as `list_subscriptions` or `create_subscription` gave it."""
        path = f"subscriptions({literal(str(subscription['subscriptionId']))})"
        body = {
            name: subscription[name] for name in ("notificationUrl", "resource", "clientState") if name in subscription
        }
        return self._changed_subscription("PATCH", path, body, etag=str(subscription.get("@odata.etag") or "*"))

    def delete_subscription(self, subscription_id: str) -> None:
        """End a subscription."""
        address = self._api.address(f"subscriptions({literal(subscription_id)})", of_company=False)
        answer = self._api.send("DELETE", address, is_write=True)
        if answer.status >= 400:
            raise refusal(answer.status, answer.body, answer.text)

    def _changed_subscription(self, method: str, path: str, body: Mapping[str, Any], etag: str = "") -> Record:
        headers = {"If-Match": etag} if etag else {}
        address = self._api.address(path, of_company=False)
        answer = self._api.send(method, address, headers=headers, body=body, is_write=True)
        if answer.status >= 400:
            raise refusal(answer.status, answer.body, answer.text)
        return answer.body if isinstance(answer.body, dict) else {}

    def check(self) -> list[CheckResult]:
        """Test address, certificate, login, company, permissions and clock; changes nothing, raises nothing."""
        return check_company(self._api)
