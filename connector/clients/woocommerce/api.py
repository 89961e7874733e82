"""Requests to WooCommerce's REST API `wc/v3`: addresses, keys, and refusals as errors."""

from __future__ import annotations

import html
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from connector.clients.answers import Answer, described, said_by
from connector.clients.endless import MOST_PAGES
from connector.clients.pacing import Pacing
from connector.clients.redaction import protect, protect_login
from connector.clients.results import Record
from connector.clients.transport import NotTheApi, Transport
from connector.clients.way import way_to
from connector.clients.woocommerce.in_front import WOOCOMMERCE, masked, masked_refusal
from connector.clients.woocommerce.refusals import SYSTEM, refusal
from connector.clients.woocommerce.rest_root import RestRoot, told_root
from connector.errors import AnswerNotUnderstood, ConnectionRefused, CustomerSyncError, OutcomeUnknown
from connector.setup import WebstoreConnection
from connector.setup.addresses import spelled

__all__ = ["PAGE", "WebstoreApi", "announced_total", "csv"]

Query = Mapping[str, str | int]
PAGE = 100


class WebstoreApi:
    """One webstore's API. Every address is built here; links that the shop sends are never followed: they may name another
    host, and hold key and secret when those travel in the query."""

    def __init__(self, connection: WebstoreConnection, *, retries: int, backoff: float) -> None:
        key, secret = connection.consumer_key.get_secret_value(), connection.consumer_secret.get_secret_value()
        protect(key, secret)
        protect_login(key, secret)
        self.connection = connection
        self.transport = Transport(
            way_to(connection, "url", connection.url),
            timeout_seconds=connection.timeout_seconds,
            pacing=Pacing(connection.max_concurrent_requests),
            retries=retries,
            backoff=backoff,
        )
        self._is_known = False
        self.root = RestRoot(connection.url.rstrip("/"), connection.rest_prefix)
        in_query = connection.api_key_as_query_param
        self._auth = None if in_query else (key, secret)
        self._key_query: Query = {"consumer_key": key, "consumer_secret": secret} if in_query else {}

    def get(self, path: str, query: Query | None = None, *, customer: str = "", past_caches: bool = False) -> Answer:
        """Read. Raises the error that a refusal stands for.

        Caches of hosts answer signed-in reads for days and ignore Cache-Control (WP-API/node-wpapi#348), so each read has an
        address that nobody has asked for before; WordPress ignores parameters that it does not know.

        Args:
            past_caches: send it as a POST that names the method it stands for, which no cache answers at all.
        """
        address = {**(query or {}), "_": uuid.uuid4().hex[:12]} | ({"_method": "GET"} if past_caches else {})
        return self._sent(
            "POST" if past_caches else "GET",
            self._url(path, address),
            headers={"Cache-Control": "no-cache"},
            customer=customer,
        )

    def get_plainly(self, path: str, query: Query) -> Answer:
        """Read with exactly this address and nothing that keeps a cache from answering; for looking at the cache itself."""
        return self._sent("GET", self._url(path, query))

    def get_without_key(self, path: str, query: Query, *, past_caches: bool = False) -> Answer:
        """Ask as somebody who has no key, whatever the answer: the webstore refuses him, and a cache may not."""
        more = {"_": uuid.uuid4().hex[:12]} if past_caches else {}
        return self.transport.send("GET", self._url(path, {**query, **more}, with_key=False))

    def site(self) -> dict[str, str]:
        """What WordPress' index tells: `address` and `name`; {} where it tells no address."""
        query = urlencode({"_fields": "name,home,url", "_": uuid.uuid4().hex[:12]}, safe=",")
        answer = self._sent("GET", self.root.address("", query))
        told = answer.body if isinstance(answer.body, dict) else {}
        address = spelled(str(told.get("home") or told.get("url") or "")).partition("://")[2].removeprefix("www.")
        return {"address": address, "name": html.unescape(str(told.get("name") or ""))} if address else {}

    def get_list(self, path: str, query: Query | None = None, *, past_caches: bool = False) -> list[Record]:
        """Read a list of objects.

        Raises:
            AnswerNotUnderstood: it is no list of objects.
        """
        body = self.get(path, query, past_caches=past_caches).body
        if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
            what = "rows that are no objects" if isinstance(body, list) else f"{described(body)}, which is no list"
            raise AnswerNotUnderstood(f"The webstore answered GET {path} with {what}.", system=SYSTEM)
        return body

    def get_whole_list(self, path: str, query: Query) -> list[Record]:
        """Read a short list in all its pages; one that changes meanwhile may lack rows."""
        found: list[Record] = []
        while True:
            page = self.get_list(path, {**query, "per_page": PAGE, "page": len(found) // PAGE + 1})
            found += page
            if len(page) < PAGE:
                return found
            if len(found) > MOST_PAGES * PAGE:
                raise AnswerNotUnderstood(
                    f"The webstore sends a list of {path} that does not end: {len(found)} rows so far.", system=SYSTEM
                )

    def write(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Query | None = None,
        *,
        customer: str = "",
        timeout_seconds: float | None = None,
        changes_nothing: bool = False,
    ) -> Record:
        """Write, and return the object that the webstore answers.

        Args:
            changes_nothing: the request cannot change anything, so it may be repeated, and counts as no write.

        Raises:
            OutcomeUnknown: the answer was lost, or is a success that says nothing.
            RemoteRefused: and its kinds, and SetupError: nothing was written.
        """
        answer = self._sent(
            method,
            self._url(path, query or {}),
            json=body,
            is_write=not changes_nothing,
            timeout_seconds=timeout_seconds,
            customer=customer,
        )
        if not isinstance(answer.body, dict):
            if changes_nothing:
                return {}
            raise OutcomeUnknown(
                f"The webstore answered {method} {path} without saying what it wrote.",
                hint="It is looked up before anything is sent again.",
                system=SYSTEM,
                customer=customer,
            )
        return answer.body

    def _sent(self, method: str, url: str, *, customer: str = "", is_write: bool = False, **more: Any) -> Answer:
        """Send with the key; raise the error that a refusal stands for, also one that comes as a success."""
        try:
            answer = self.transport.send(method, url, auth=self._auth, is_write=is_write, **more)
        except NotTheApi as error:
            raise self._elsewhere(error) from None
        if answer.status >= 400:
            refused = refusal(answer.status, answer.body, customer=customer)
            # a 404 of WordPress has a code; one without is of whatever else answers at this address
            is_strange = answer.status == 404 and not self._is_known and not said_by(answer.body).code
            raise self._elsewhere(refused) if is_strange else refused
        said = masked(answer.body)
        if said is not None and said.code.startswith(WOOCOMMERCE) and said.status in {401, 403}:
            raise refusal(said.status, answer.body, customer=customer)
        if said is not None:
            raise masked_refusal(said, customer=customer, is_write=is_write, is_known=self._is_known)
        # the index may be open where the rest is closed
        self._is_known = self._is_known or "wc/v3/" in url
        return answer

    def _elsewhere(self, error: CustomerSyncError) -> CustomerSyncError:
        """The same error, or where the shop says that its API is instead."""
        told = told_root(self.transport, self.root.url)
        if told is None or spelled(told.shown) == spelled(self.root.shown):
            return error
        return ConnectionRefused(
            f"The webstore's REST API is not at {self.root.shown} but at {told.shown}, says the shop itself.",
            hint=f"Write {told.settings} under [webstore].",
            system=SYSTEM,
        )

    def _url(self, path: str, query: Query, *, with_key: bool = True) -> str:
        pairs = {name: str(value) for name, value in {**query, **(self._key_query if with_key else {})}.items()}
        # commas stay: percent-encoded ones would make a list of ids three times as long, and long addresses are refused
        encoded = urlencode(pairs, quote_via=quote, safe=",")
        return self.root.address(f"wc/v3/{path}", encoded)


def announced_total(answer: Answer) -> int | None:
    """How many rows the whole list has, by the webstore's own count; None when it does not say."""
    value = answer.headers.get("X-WP-Total", "").strip()
    return int(value) if value.isascii() and value.isdecimal() else None


def csv(values: Iterable[Any]) -> str:
    """Values as the API takes lists."""
    return ",".join(map(str, values))
