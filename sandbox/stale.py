"""Answers from an earlier moment, as caches and lagging databases give them: writes get through, reads show the past.

| by | what it remembers | what it answers |
|---|---|---|
| cache | answers of status 200 to GET and HEAD, by their whole address | the same addresses |
| cache-path | the same, by path and the parameters that it knows | also addresses that differ in parameters it does not know |
| replica | the system's database as it was when the fault was added | every read, whatever its form |

A cache keeps the Date of the answer that it remembers and adds headers: `headers` names them, "(age)" stands for the
seconds since. {} makes a cache that says nothing. What was not asked since the fault was added comes fresh, and from
then on is remembered. A replica adds nothing; no request gets past it.
"""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from starlette.types import ASGIApp

from sandbox.canned_answers import Answer
from sandbox.operations import System
from sandbox.woocommerce.arguments import LIST_CUSTOMERS, LIST_WEBHOOKS

FORMS = ("cache", "cache-path", "replica")
_HEADERS = {"Age": "(age)", "X-Cache": "HIT"}
_AGE = "(age)"
_OF_WORDPRESS = ("_fields", "_embed", "_envelope", "_method", "rest_route", "consumer_key", "consumer_secret")
_KNOWN_IN_WEBSTORE = frozenset({*LIST_CUSTOMERS, *LIST_WEBHOOKS, *_OF_WORDPRESS})

_Key = tuple[str, str, str]


@dataclass
class Replica:
    """A copy of a system that only reads are sent to. `close` is called when nobody uses it any more."""

    app: ASGIApp
    close: Callable[[], None]


class Memory:
    """What one stale fault remembers; safe to use from several threads."""

    def __init__(
        self, system: System, by: str, headers: dict[str, str] | None = None, replica: Replica | None = None
    ) -> None:
        self._system = system
        self._by = by
        self._headers = _HEADERS if headers is None else headers
        self._lock = threading.Lock()
        self._answers: dict[_Key, tuple[float, Answer]] = {}
        self.app = None if replica is None else replica.app
        # not when the fault is forgotten: a request may be at it
        self.closing = None if replica is None else weakref.finalize(self, replica.close)

    def remembered(self, method: str, path: str, query: str) -> Answer | None:
        """The answer of a cache to a request (its real method, its raw query), None when it has none."""
        with self._lock:
            found = self._answers.get(self._key(method, path, query))
        if found is None:
            return None
        since, answer = found
        age = str(int(time.monotonic() - since))
        added = [(name.lower().encode(), text.replace(_AGE, age).encode()) for name, text in self._headers.items()]
        return replace(answer, headers=[*answer.headers, *added])

    def remember(self, method: str, path: str, query: str, answer: Answer) -> None:
        """Keep a fresh answer, if a cache would."""
        if self._by == "replica" or answer.status != 200 or method not in ("GET", "HEAD"):
            return
        with self._lock:
            self._answers.setdefault(self._key(method, path, query), (time.monotonic(), answer))

    def _key(self, method: str, path: str, query: str) -> _Key:
        if self._by == "cache":
            return method, path, query
        known = sorted(pair for pair in parse_qsl(query, keep_blank_values=True) if self._is_known(pair[0]))
        return method, path, repr(known)

    def _is_known(self, name: str) -> bool:
        if self._system is System.WEBSTORE:
            return name.partition("[")[0] in _KNOWN_IN_WEBSTORE
        return name.startswith("$") or name == "company"
