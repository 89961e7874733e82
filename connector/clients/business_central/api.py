"""Requests to Business Central's API v2.0: login, company, pages, `$batch`, and refusals as errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from connector.clients.answers import Answer, described, said_by
from connector.clients.business_central.company_names import chosen_company
from connector.clients.business_central.customers_page import CustomersPage
from connector.clients.business_central.odata import SYSTEM, query, refusal
from connector.clients.business_central.tokens import login_for
from connector.clients.endless import MOST_PAGES
from connector.clients.pacing import Pacing
from connector.clients.results import Record
from connector.clients.transport import Transport
from connector.clients.way import way_to
from connector.core.properties import Page
from connector.errors import AnswerNotUnderstood
from connector.setup import BusinessCentralConnection
from connector.setup.addresses import bare, joined, same_server

__all__ = ["BusinessCentralApi", "KnownCompany", "Part", "Reply"]

# Business Central's own limit for one user (an application is one user)
_REQUESTS, _WINDOW_SECONDS = 6000, 300
# the language of error messages; without it they come in the user's language, and their meaning gets lost
_LANGUAGE = {"Accept-Language": "en-US"}


@dataclass(frozen=True)
class Part:
    """One request of a `$batch` about customers. `path` is relative to the company."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    etag: str = ""


@dataclass(frozen=True)
class Reply:
    """What a `$batch` says of one of its requests."""

    status: int
    body: Any


@dataclass
class KnownCompany:
    """What was learned of a company: its id as the server writes it ("" = not asked yet), lists by name, and its page."""

    company: str = ""
    lists: dict[str, list[Record]] = field(default_factory=dict)
    page: Page | None = None


class BusinessCentralApi:
    """One company's API. `known` is asked for once."""

    def __init__(self, connection: BusinessCentralConnection, *, retries: int, backoff: float) -> None:
        self.connection = connection
        self.login = login_for(connection, retries=retries, backoff=backoff)
        self.transport = Transport(
            way_to(connection, "base_url", connection.base_url),
            timeout_seconds=connection.timeout_seconds,
            pacing=Pacing(connection.max_concurrent_requests, per_window=_REQUESTS, window_seconds=_WINDOW_SECONDS),
            retries=retries,
            backoff=backoff,
        )
        self.root = connection.base_url.rstrip("/")
        self.page = CustomersPage.of(connection)
        self._company_lock = threading.Lock()
        self.known = KnownCompany()

    def companies(self) -> list[Record]:
        """All companies of the environment."""
        return self.read_all("companies", of_company=False)

    @property
    def company_id(self) -> str:
        """The id (lower case) of the company that the setup names by id or name; raises as `company_path`."""
        return self._company().lower()

    @property
    def company_path(self) -> str:
        """`companies(…)`, of the setup's company by its id or its name.

        Raises:
            SetupError: there is no such company; lists the ones there are.
        """
        return f"companies({self._company()})"

    def _company(self) -> str:
        """The company's id as the server writes it; asked for once."""
        with self._company_lock:
            if not self.known.company:
                self.known.company = chosen_company(self.connection.company, self.companies())
            return self.known.company

    def address(self, path: str, options: Mapping[str, str] | None = None, *, of_company: bool = True) -> str:
        """The full address of a path of API v2.0."""
        return self.at(self.root, "/".join([*([self.company_path] if of_company else []), path])) + query(options or {})

    def customers(self, path: str) -> str:
        """The full address of a path of the customers' page below the company."""
        return self.at(self.page.root, f"{self.company_path}/{path}")

    def at(self, root: str, path: str) -> str:
        """The full address of a path below the address of an API."""
        return f"{root}/{path}"

    def send(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        is_write: bool = False,
        as_text: bool = False,
    ) -> Answer:
        """Send a request; a token that is refused is renewed once. A 401 is a refusal, so a write may be sent again."""
        header, address = self.login.header(), self.of_tenant(address)
        for attempt in range(2):
            answer = self.transport.send(
                method,
                address,
                headers={**_LANGUAGE, **(headers or {}), "Authorization": header},
                json=body,
                is_write=is_write,
                as_text=as_text,
            )
            if answer.status != 401 or attempt or not self.login.renew(header):
                break
            header = self.login.header()
        return answer

    def of_tenant(self, address: str) -> str:
        """An address, or the path of a part of a batch, with the tenant that an on-premises server with several needs in each."""
        tenant = self.connection.tenant
        if not tenant or any(name.lower() == "tenant" for name, _ in parse_qsl(urlsplit(address).query)):
            return address
        return f"{address}{'&' if '?' in address else '?'}tenant={quote(tenant, safe='')}"

    def get(self, address: str, *, headers: Mapping[str, str] | None = None, customer: str = "") -> Record:
        """Read one object. Raises the error that a refusal stands for."""
        answer = self.send("GET", address, headers=headers)
        if answer.status >= 400:
            raise refusal(answer.status, answer.body, answer.text, customer=customer)
        if not isinstance(answer.body, dict) or masked(answer.body):
            raise AnswerNotUnderstood(
                f"Business Central answered GET {urlsplit(address).path} with {_shown(answer)}.",
                system=SYSTEM,
            )
        return answer.body

    def pages(self, address: str, headers: Mapping[str, str] | None = None) -> Iterator[Record]:
        """The pages of a list, each as the server sends it."""
        seen: set[str] = set()
        following: str | None = address
        while following is not None:
            page = self.get(following, headers=headers)
            yield page
            if len(seen) >= MOST_PAGES:
                raise AnswerNotUnderstood(
                    f"Business Central sends a list of {urlsplit(address).path} that does not end: {MOST_PAGES} pages so far.",
                    system=SYSTEM,
                )
            following = self.next_address(page, following, seen)

    def next_address(self, page: Record, address: str, seen: set[str]) -> str | None:
        """Where the next page is, exactly as the server says; None after the last page.

        Raises:
            AnswerNotUnderstood: on another host, which would get the token, or where a page was read already.
        """
        seen.add(address)
        link = page.get("@odata.nextLink")
        if not link:
            return None
        following = joined(address, str(link))
        if not same_server(following, self.root):
            following = self._by_our_way(following, address)
        if not same_server(following, self.root):
            raise AnswerNotUnderstood(
                f"Business Central's next page is said to be on another host ({urlsplit(following).netloc or bare(str(link))}).",
                hint="Use the host name that the server gives itself (on premises: PublicODataBaseUrl) in base_url.",
                system=SYSTEM,
            )
        if following in seen:
            raise AnswerNotUnderstood("Business Central's next page is one that was read already.", system=SYSTEM)
        return following

    def _by_our_way(self, link: str, address: str) -> str:
        """A link with the name that the server has for itself behind a reverse proxy, by the address of the setup; the link as it
        is when it leads to another list than the one that is read."""
        asked = unquote(urlsplit(address).path)
        path = asked[len(unquote(urlsplit(self.root).path)) :]
        parts = urlsplit(link)
        if not path.strip("/") or not unquote(parts.path).lower().endswith(path.lower()) or not parts.query:
            return link
        return f"{urlsplit(address)._replace(query='').geturl()}?{parts.query}"

    def read_all(self, path: str, options: Mapping[str, str] | None = None, *, of_company: bool = True) -> list[Record]:
        """All objects of a list that is short enough to keep."""
        return self.objects_at(self.address(path, options, of_company=of_company))

    def objects_at(self, address: str) -> list[Record]:
        """The same at a full address."""
        return [found for page in self.pages(address) for found in objects(page)]

    def batch(self, parts: Sequence[Part], *, is_write: bool, together: bool = False) -> list[Reply | None]:
        """Several requests in one; at most 100.

        Args:
            together: all of them happen or none does. What a reply says of success is true only if all of them say so.

        Returns:
            A reply for each part, in order; None where the server says nothing of it.

        Raises:
            OutcomeUnknown: the answer to a batch with writes was lost.
        """
        requests = [
            {
                "id": str(index),
                "method": part.method,
                "url": self.of_tenant(f"{self.company_path}/{part.path}"),
                "headers": {
                    **_LANGUAGE,
                    **({"Content-Type": "application/json"} if part.body is not None else {}),
                    **({"If-Match": part.etag} if part.etag else {}),
                },
                **({"body": part.body} if part.body is not None else {}),
            }
            for index, part in enumerate(parts)
        ]
        answer = self.send(
            "POST",
            self.at(self.page.root, "$batch"),
            # without a preference it stops at the first failure
            headers={"Isolation": "snapshot"} if together else {"Prefer": "odata.continue-on-error"},
            body={"requests": requests},
            is_write=is_write,
        )
        if answer.status >= 400:
            raise refusal(answer.status, answer.body, answer.text)
        return _replies(answer.body, len(parts))


def objects(page: Record) -> list[Record]:
    """The objects of a page.

    Raises:
        AnswerNotUnderstood: the page holds no list of objects.
    """
    value = page.get("value")
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        what = f"{described(page)} instead of a list" if "value" not in page else "something that is no list"
        raise AnswerNotUnderstood(f"Business Central answered with {what}.", system=SYSTEM)
    return value


def _replies(body: Any, count: int) -> list[Reply | None]:
    responses = body.get("responses") if isinstance(body, dict) else None
    replies: list[Reply | None] = [None] * count
    for response in responses if isinstance(responses, list) else []:
        if not isinstance(response, dict):
            continue
        identifier, status = str(response.get("id")), response.get("status")
        if identifier.isdecimal() and int(identifier) < count and str(status).isdecimal():
            replies[int(identifier)] = Reply(int(str(status)), response.get("body"))
    return replies


def masked(body: Record) -> bool:
    """Whether an object is an error that comes as a success: something in front of the server says it."""
    return "id" not in body and "value" not in body and said_by(body.get("error")).is_some


def _shown(answer: Answer) -> str:
    said = said_by(answer.body)
    return f"an error under {answer.status}: {said.message}" if said.is_some else f"{described(answer.body)}, no object"
