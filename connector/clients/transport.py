"""One server over HTTP: sessions, retries, pacing, and errors that say whose fault it is.

Rules that hold for both systems:

- Only reads are repeated blindly. A write whose answer was lost or is a 5xx may have happened: OutcomeUnknown, and the
  caller looks before anything is sent again. A 429 is a refusal before processing, so also a write may be repeated then.
- Redirects are not followed: the next host would get the credentials.
- Where a guard is set, it is asked right before the bytes of a write leave; what it raises goes through as it is, and nothing
  was sent.
- One `requests.Session` per thread; proxies and password files of the environment are not used.
- Before the first good answer of a client an unreachable host, a TLS failure or a page instead of the API is a wrong setup;
  later the same things are trouble of the server.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests

from connector.clients.answers import (
    Answer,
    TooMuch,
    certificate_problem,
    content_of,
    content_type,
    parsed,
    plain,
    retry_after_seconds,
    was_not_sent,
)
from connector.clients.pacing import Pacing
from connector.clients.redaction import silence_addresses
from connector.clients.wire import AskingAdapter, Guard, guarded
from connector.errors import (
    AnswerNotUnderstood,
    ConnectionRefused,
    CustomerSyncError,
    OutcomeUnknown,
    RemoteThrottled,
    RemoteTrouble,
)

__all__ = ["Answer", "Transport", "Unreachable"]

_log = logging.getLogger("connector.clients")
_CONNECT_SECONDS = 10
_LONGEST_WAIT_SECONDS = 120
# a server that restarts is back in a moment; a wrong address stays wrong, and people should not wait to hear it
_TRIES_TO_REACH = 2
_NAMES = {"webstore": "the webstore", "business_central": "Business Central"}


class Transport:
    """Requests to one server.

    Args:
        system: "webstore" or "business_central", for messages.
        verify: certificate verification: True, or a file with the authority's certificate.
        timeout_seconds: how long an answer is waited for, to its last byte.
        retries: how often a request is repeated at most; backoff: seconds of the first wait, doubled each time.

    Attributes:
        guard: asked before the bytes of a write leave; raises when nothing may be sent. None = nobody is asked.
    """

    def __init__(
        self, system: str, *, verify: bool | Path, timeout_seconds: float, pacing: Pacing, retries: int, backoff: float
    ) -> None:
        self.system = system
        self.pacing = pacing
        self.requests_made = 0
        self.writes_made = 0
        self.timeout_seconds = timeout_seconds
        self.retries = retries
        self.guard: Guard | None = None
        self._verify = str(verify) if isinstance(verify, Path) else verify
        self._backoff = backoff
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()
        self._reached = False
        silence_addresses()

    @property
    def name(self) -> str:
        """How the system is called in messages."""
        return _NAMES[self.system]

    @property
    def begin(self) -> str:
        """The same at the begin of a sentence."""
        return self.name[0].upper() + self.name[1:]

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
    ) -> Answer:
        """Send one request, repeated as the rules allow.

        Args:
            as_text: the answer is a document such as XML, which is kept whole as text.

        Returns:
            Any answer with a JSON body or an empty one; also refusals (4xx), which the caller maps.

        Raises:
            ConnectionRefused, RemoteTrouble, RemoteThrottled, AnswerNotUnderstood: nothing was written.
            OutcomeUnknown: a write may have happened.
            Whatever the guard raises: nothing of this request was worked on.
        """
        body = orjson.dumps(json) if json is not None else form
        head = {"User-Agent": "customer-sync", "Accept": "application/json", **(headers or {})}
        if json is not None:
            head["Content-Type"] = "application/json"
        attempt = 0
        while True:
            seconds = timeout_seconds or self.timeout_seconds
            result = self._once(method, url, head, auth, body, is_write, seconds, as_text=as_text)
            if isinstance(result, Answer):
                self._reached = True
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
        may_be_sent_again = not is_write or isinstance(error, _NotSent)
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
    ) -> Answer | CustomerSyncError:
        """One request. Errors are returned, not raised: a raised one would drag the library's error along, with the URL."""
        path = urlsplit(url).path
        what, host = f"{method} {path}", urlsplit(url).hostname or ""
        started = time.monotonic()
        try:
            with self.pacing.slot(f"{method} {path.rsplit('/', 1)[-1]}") as turn:
                with self._lock:
                    self.requests_made += 1
                    self.writes_made += is_write
                with guarded(self.guard if is_write else None):
                    response = self._session().request(
                        method,
                        url,
                        data=body,
                        headers=dict(headers),
                        auth=auth,
                        timeout=(_CONNECT_SECONDS, seconds),
                        allow_redirects=False,
                        verify=self._verify,
                        stream=True,
                    )
                    content = content_of(response)
                turn.is_good = response.status_code < 400
        except requests.RequestException as error:
            return self._no_answer(error, what, host, is_write)
        except TooMuch as error:
            lost = OutcomeUnknown if is_write else AnswerNotUnderstood
            return lost(f"{self.begin} answered {what} with {error}.", system=self.system)
        except OSError:
            return ConnectionRefused(
                f"The file of the certificate authority for {self.name}, {self._verify}, cannot be read.",
                hint="Mend its path under verify_tls.",
                system=self.system,
            )
        milliseconds = (time.monotonic() - started) * 1000
        _log.debug("%s %s → %d in %.0f ms", self.system, what, response.status_code, milliseconds)
        kind = content_type(response.headers)
        if as_text and response.status_code == 200 and kind != "text/html":
            return Answer(200, response.headers, None, False, content.decode("utf-8-sig", "replace"))
        return self._understood(response, content, what, is_write)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, AskingAdapter())
            with self._lock:
                self._sessions.append(session)
            self._local.session = session
        return session

    def _no_answer(self, error: requests.RequestException, what: str, host: str, is_write: bool) -> CustomerSyncError:
        """The request got no answer: never reached, TLS failed, or lost on the way."""
        problem = certificate_problem(error)
        if problem or (problem == "" and not self._reached):
            return _tls_refusal(self.name, self.system, host, problem)
        not_sent = was_not_sent(error)
        if not_sent and not self._reached:
            return Unreachable(
                f"{self.begin} cannot be reached at {host}.",
                hint="Check the address in the setup, the name's spelling, the network and the firewall.",
                system=self.system,
            )
        if not_sent or not is_write:
            lost = _NotSent if not_sent else RemoteTrouble
            return lost(f"{self.begin} gave no answer to {what} ({type(error).__name__}).", system=self.system)
        return OutcomeUnknown(
            f"The answer of {self.name} to {what} was lost ({type(error).__name__}); it may have happened.",
            hint="It is looked up before anything is sent again.",
            system=self.system,
        )

    def _understood(
        self, response: requests.Response, content: bytes, what: str, is_write: bool
    ) -> Answer | CustomerSyncError:
        """The answer as JSON, or the error that a broken one is."""
        status, kind = response.status_code, content_type(response.headers)
        body, is_json = (None, False) if kind in _PAGES or not content else parsed(content)
        if status == 429 or (status == 503 and not is_write):
            retry_after = retry_after_seconds(response.headers.get("Retry-After"))
            self.pacing.push_back(retry_after)
            if status == 429 or retry_after is not None:
                return RemoteThrottled(
                    f"{self.begin} is busy and refused {what} ({status}).",
                    retry_after=retry_after,
                    status=status,
                    system=self.system,
                )
        if status == 408 or status >= 500:
            said = _said(body)
            lost = OutcomeUnknown if is_write else RemoteTrouble
            return lost(
                f"{self.begin} answered {what} with {status}{': ' + said if said else ''}.",
                hint="It may have happened, and is looked up before anything is sent again." if is_write else "",
                status=status,
                system=self.system,
            )
        if 300 <= status < 400:
            target = urlsplit(response.headers.get("Location", "")).hostname or "another address"
            return ConnectionRefused(
                f"{self.begin} redirects {what} to {target}.",
                hint="Put the final address (https, with or without www) into the setup.",
                system=self.system,
            )
        if content and not is_json and (status < 400 or "xml" not in kind):
            return self._no_api(status, kind, what, is_write)
        return Answer(
            status, response.headers, body, is_json, "" if is_json else content[:4000].decode("utf-8", "replace")
        )

    def _no_api(self, status: int, kind: str, what: str, is_write: bool) -> CustomerSyncError:
        """A page or a torn body where JSON was due."""
        shown = "a web page" if kind == "text/html" else "a text that is not JSON"
        if is_write and status < 400:
            return OutcomeUnknown(
                f"{self.begin} answered {what} with {shown} ({status}); it may have happened.",
                hint="It is looked up before anything is sent again.",
                status=status,
                system=self.system,
            )
        if kind == "text/html" and not self._reached:
            return ConnectionRefused(
                f"{self.begin} answered {what} with {shown} ({status}), not with its API.",
                hint="Check the address; a login, maintenance or firewall page, or permalinks set to Plain, do this.",
                system=self.system,
            )
        return AnswerNotUnderstood(
            f"{self.begin} answered {what} with {shown} ({status}).",
            hint="A firewall or a plugin that prints warnings into the answers does this.",
            status=status,
            system=self.system,
        )

    def _wait(self, attempt: int, retry_after: float | None) -> None:
        """Full jitter, so that clients that were refused together do not come back together."""
        longest = min(self._backoff * 2**attempt, _LONGEST_WAIT_SECONDS)
        time.sleep(retry_after if retry_after is not None else random.uniform(0, longest))


_PAGES = frozenset({"text/html", "application/xml", "text/xml", "application/xhtml+xml"})


class Unreachable(ConnectionRefused):
    """No connection at all: worth a second try, in case the server is just restarting."""


class _NotSent(RemoteTrouble):
    """The server went away, and no byte of the request reached it: also a write may be sent again."""


def _tls_refusal(name: str, system: str, host: str, problem: str) -> ConnectionRefused:
    if not problem:
        return ConnectionRefused(
            f"No secure connection to {name} ({host}): the TLS handshake failed.",
            hint="Check that the address and port speak https, and that the file under verify_tls holds a certificate.",
            system=system,
        )
    if "not yet valid" in problem:
        hint = "Set this machine's clock right, or renew the certificate there."
    elif "expired" in problem:
        hint = "Renew the certificate there (or set this machine's clock right)."
    elif "mismatch" in problem.lower():
        hint = "Use the host name that the certificate was made for as address in the setup."
    else:
        hint = "If your own authority signed it, name the file of the authority's certificate under verify_tls."
    return ConnectionRefused(
        f"The certificate of {name} ({host}) cannot be trusted: {problem}.", hint=hint, system=system
    )


def _said(body: Any) -> str:
    """What the server itself says about a failure, in either system's shape."""
    error = body.get("error", body) if isinstance(body, Mapping) else None
    return plain(error.get("message")) if isinstance(error, Mapping) else ""
