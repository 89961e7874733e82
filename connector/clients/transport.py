"""One server over HTTP: sessions, retries, pacing, and errors that say whose fault it is.

Rules that hold for both systems:

- Only reads are repeated blindly. A write whose answer was lost or is a 5xx may have happened: OutcomeUnknown, and the
  caller looks before anything is sent again. A 429 is a refusal before processing, so also a write may be repeated then.
- Redirects are not followed: the next host would get the credentials.
- Where a guard is set, it is asked right before the bytes of a write leave; what it raises goes through as it is, and nothing
  was sent.
- One `requests.Session` per thread; password files of the environment are not used, its proxies only if the setup says so.
- Before the first good answer of a client an unreachable host, a TLS failure or a page instead of the API is a wrong setup;
  later the same things are trouble of the server.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import requests

from connector.clients.answers import Answer, TooMuch, body_of, content_of, retry_after_seconds
from connector.clients.no_answer import NotSent, Unreachable, no_answer, unusable_proxy
from connector.clients.pacing import Pacing
from connector.clients.redaction import silence_addresses
from connector.clients.understanding import NotTheApi, Received, understood
from connector.clients.way import Way
from connector.clients.wire import AskingAdapter, Guard, guarded
from connector.errors import (
    AnswerNotUnderstood,
    ConnectionRefused,
    CustomerSyncError,
    OutcomeUnknown,
    RemoteThrottled,
    RemoteTrouble,
)

__all__ = ["Answer", "NotTheApi", "Transport", "Unreachable"]

_log = logging.getLogger("connector.clients")
_CONNECT_SECONDS = 10
# so far into an answer a page shows that it is one, whatever its label says
_HEAD = 1_000
_LONGEST_WAIT_SECONDS = 120
# a server that restarts is back in a moment; a wrong address stays wrong, and people should not wait to hear it
_TRIES_TO_REACH = 2


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: the library would work out the next request, and read the whole answer for it, though it is never sent."""
        return


class Transport:
    """Requests to one server.

    Args:
        way: how the server is reached.
        timeout_seconds: how long an answer is waited for, to its last byte.
        retries: how often a request is repeated at most; backoff: seconds of the first wait, doubled each time.

    Attributes:
        guard: asked before the bytes of a write leave; raises when nothing may be sent. None = nobody is asked.
        answers: how many requests were answered how: 2xx, 3xx, 4xx, 5xx, 429, other, none.
        seconds: how long all of them took together, to the last byte.
    """

    def __init__(self, way: Way, *, timeout_seconds: float, pacing: Pacing, retries: int, backoff: float) -> None:
        self.way = way
        self.pacing = pacing
        self.requests_made = 0
        self.writes_made = 0
        self.answers: Counter[str] = Counter()
        self.seconds = 0.0
        self.timeout_seconds = timeout_seconds
        self.retries = retries
        self.guard: Guard | None = None
        self._backoff = backoff
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()
        self._reached = False
        silence_addresses()

    @property
    def name(self) -> str:
        """How the system is called in messages."""
        return self.way.name

    @property
    def begin(self) -> str:
        """The same at the begin of a sentence."""
        return self.way.begin

    def close(self) -> None:
        """Close the sessions of all threads."""
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()
        self._local = threading.local()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        is_write: bool = False,
        timeout_seconds: float | None = None,
        as_text: bool = False,
        any_page: bool = False,
    ) -> Answer:
        """Send one request, repeated as the rules allow.

        Args:
            auth: user and password for HTTP's Basic scheme; None = the login of the web server, if it wants one.
            as_text: the answer is a document such as XML, which is kept whole as text.
            any_page: whatever comes is the answer, also a web page or a redirect.

        Returns:
            Any answer with a JSON body or an empty one; also refusals (4xx), which the caller maps.

        Raises:
            ConnectionRefused, RemoteTrouble, RemoteThrottled, AnswerNotUnderstood: nothing was written.
            OutcomeUnknown: a write may have happened.
            Whatever the guard raises: nothing of this request was worked on.
        """
        body = orjson.dumps(json) if json is not None else form
        head = {"User-Agent": "customer-sync", "Accept": "application/json", **self.way.headers, **(headers or {})}
        if json is not None:
            head["Content-Type"] = "application/json"
        attempt = 0
        while True:
            seconds, login = timeout_seconds or self.timeout_seconds, auth or self.way.login
            result = self._once(
                method, url, head, login, body, is_write, seconds, as_text=as_text, any_page=any_page
            )  # fmt: skip
            if isinstance(result, Answer):
                self._reached = self._reached or not any_page
                return result
            if not self._may_repeat(result, attempt, is_write):
                raise result
            self._wait(attempt, getattr(result, "retry_after", None))
            attempt += 1

    def _may_repeat(self, error: CustomerSyncError, attempt: int, is_write: bool) -> bool:
        if isinstance(error, RemoteThrottled):
            return attempt < self.retries and (error.retry_after or 0) <= _LONGEST_WAIT_SECONDS
        if isinstance(error, Unreachable):
            return attempt < min(self.retries, _TRIES_TO_REACH)
        may_be_sent_again = not is_write or isinstance(error, NotSent)
        return isinstance(error, RemoteTrouble) and may_be_sent_again and attempt < self.retries

    def _once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        auth: tuple[str, str] | None,
        body: Any,
        is_write: bool,
        seconds: float,
        *,
        as_text: bool = False,
        any_page: bool = False,
    ) -> Answer | CustomerSyncError:
        """One request. Errors are returned, not raised: a raised one would drag the library's error along, with the URL."""
        path = _path_of(url)
        what, proxy = f"{method} {path}", self.way.proxy_for(url)
        unusable = unusable_proxy(self.way, proxy)
        if unusable is not None:
            return unusable
        started = time.monotonic()
        try:
            with self.pacing.slot(f"{method} {path.rsplit('/', 1)[-1]}") as turn:
                with self._lock:
                    self.requests_made += 1
                    self.writes_made += is_write
                with self._timed() as answered, guarded(self.guard if is_write else None):
                    response = self._session().request(
                        method,
                        url,
                        data=body,
                        headers=dict(headers),
                        # the library would take letters beyond Latin-1 for a mistake
                        auth=(auth[0].encode(), auth[1].encode()) if auth else None,  # type: ignore[arg-type]
                        timeout=(_CONNECT_SECONDS, seconds),
                        allow_redirects=False,
                        verify=self.way.verify,
                        proxies={"http": proxy, "https": proxy} if proxy else {},
                        stream=True,
                    )
                    content = content_of(response)
                    answered.append(response.status_code)
                turn.is_good = response.status_code < 400
        except requests.RequestException as error:
            return no_answer(error, self.way, what, url, reached=self._reached, is_write=is_write)
        except TooMuch as error:
            lost = OutcomeUnknown if is_write else AnswerNotUnderstood
            return lost(f"{self.begin} answered {what} with {error}.", system=self.way.system)
        except OSError:
            return ConnectionRefused(
                f"The file of the certificate authority for {self.name}, {self.way.verify}, cannot be read.",
                hint="Mend its path under verify_tls.",
                system=self.way.system,
            )
        milliseconds = (time.monotonic() - started) * 1000
        _log.debug("%s %s → %d in %.0f ms", self.way.system, what, response.status_code, milliseconds)
        status, headers = response.status_code, response.headers
        is_document = as_text and status == 200 and b"<html" not in content[:_HEAD].lower()
        if any_page or is_document:
            body = body_of(content, headers)
            text = content.decode("utf-8-sig", "replace") if is_document else body.text
            return Answer(status, headers, body.json, body.is_json, text)
        if status == 429 or (status == 503 and not is_write):
            self.pacing.push_back(retry_after_seconds(headers.get("Retry-After")))
        return understood(Received(what, url, status, headers, content, is_write), self.way, reached=self._reached)

    @contextmanager
    def _timed(self) -> Iterator[list[int]]:
        """Counts a request by its status, which is put into the list when the whole answer is there."""
        answered: list[int] = []
        sent = time.monotonic()
        try:
            yield answered
        finally:
            with self._lock:
                self.seconds += time.monotonic() - sent
                self.answers[_kind_of(answered[0]) if answered else "none"] += 1

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = _Session()
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, AskingAdapter())
            with self._lock:
                self._sessions.append(session)
            self._local.session = session
        return session

    def _wait(self, attempt: int, retry_after: float | None) -> None:
        """Full jitter, so that clients that were refused together do not come back together."""
        longest = min(self._backoff * 2**attempt, _LONGEST_WAIT_SECONDS)
        time.sleep(retry_after if retry_after is not None else random.uniform(0, longest))


def _kind_of(status: int) -> str:
    """A status as it is counted: few kinds, whatever a server answers."""
    if status == 429:
        return "429"
    return f"{status // 100}xx" if 200 <= status < 600 else "other"


def _path_of(url: str) -> str:
    """The path for messages; where permalinks are plain, the route that stands in the query."""
    parts = urlsplit(url)
    route = parse_qs(parts.query).get("rest_route")
    return f"{parts.path}?rest_route={route[0]}" if route else parts.path
