"""Faults that an emulator plays on purpose: what goes wrong, on which requests, how often.

| kind | what the client meets | the application works on the request | options |
|---|---|---|---|
| 429, 503 | a refusal, with Retry-After when asked for | no | retry_after (seconds) |
| 500 | the system's own 500 | no, or yes with handled=True | handled |
| 504-after-write | a gateway's 504 page | yes | |
| drop-before | a closed connection without an answer | no | |
| drop-after-write | a closed connection without an answer | yes | |
| torn-json | the answer's text ends in the middle | yes | |
| html, xml | a page (503; with status=200 a login page) | no | status |
| altered-records | records with other values, and without some, in every answer | yes | records |
| slow | the right answer, late | yes, after the wait | seconds |
| stale-tag | what the system says when a person was faster | yes, after the person | changes (of the record) |
| read-only-key | the system's refusal of a key that may only read | no | |
| expired-token | Business Central's 401 | yes, after the tokens expired | |
| company-renamed | Business Central's company under another name, for good | yes, after the renaming | name |
| row-deleted-while-paging | a shifted list | yes, after the deletion | ids, rows (how many; 1) |
| row-inserted-while-paging | a shifted list | yes, after the insertion | records, rows (how many; 1) |

A rule strikes at requests whose path its pattern finds and whose method it names (all, when it names none), with
`writes_only` at those that write:
`after` of them pass first, then `count` are struck. Every rule counts every request that concerns it; of several
rules that are due, the oldest strikes and the others stay due. Two things narrow a rule further:
- stale-tag concerns only requests that write a named customer, read-only-key only those that write, the paging kinds
  only later pages of a customer list;
- altered-records concerns only requests that read customers; `records` says by id what to put over each record, where
  "billing" and the like are merged and the name of a value to leave out comes with the text "(missing)";
- token requests go to another host in reality, so only a pattern that mentions "oauth2" concerns them.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.operations import SeenRequest, System

OPTIONS_OF_KIND: dict[str, frozenset[str]] = {
    "429": frozenset({"retry_after"}),
    "503": frozenset({"retry_after"}),
    "500": frozenset({"handled"}),
    "504-after-write": frozenset(),
    "drop-before": frozenset(),
    "drop-after-write": frozenset(),
    "torn-json": frozenset(),
    "altered-records": frozenset({"records"}),
    "html": frozenset({"status"}),
    "xml": frozenset({"status"}),
    "slow": frozenset({"seconds"}),
    "stale-tag": frozenset({"changes"}),
    "read-only-key": frozenset(),
    "expired-token": frozenset(),
    "company-renamed": frozenset({"name"}),
    "row-deleted-while-paging": frozenset({"ids", "rows"}),
    "row-inserted-while-paging": frozenset({"records", "rows"}),
}
PAGING_KINDS = frozenset({"row-deleted-while-paging", "row-inserted-while-paging"})
_BUSINESS_CENTRAL_ONLY = {
    "expired-token": "WooCommerce has no tokens that expire",
    "company-renamed": "WooCommerce has no companies",
}


def _any(_: SeenRequest) -> bool:
    return True


def _reads_customers(request: SeenRequest) -> bool:
    return not request.is_write and any(o.target.startswith("customers") for o in request.operations)


def _writes_a_named_customer(request: SeenRequest) -> bool:
    return request.is_write and bool(request.addressed_customers)


def _continues_a_list(request: SeenRequest) -> bool:
    return request.lists_customers and request.is_later_page


def _writes(request: SeenRequest) -> bool:
    return request.is_write


_NARROWED: dict[str, Callable[[SeenRequest], bool]] = {
    "read-only-key": _writes,
    "altered-records": _reads_customers,
    "stale-tag": _writes_a_named_customer,
    **dict.fromkeys(PAGING_KINDS, _continues_a_list),
}
_NOT_FOR_TOKENS = {*_NARROWED, "expired-token"}


class FaultError(ValueError):
    """A rule that makes no sense: unknown kind or option, broken pattern, numbers below zero."""


@dataclass(frozen=True)
class Fired:
    """A fault that struck: which request, and what was done about it (the ids that were touched)."""

    kind: str
    method: str
    path: str
    at: datetime
    touched: tuple[str, ...] = ()


@dataclass
class Rule:
    """One fault to play. `seen` counts the requests that concerned it, `struck` those it spoiled."""

    kind: str
    path: re.Pattern[str]
    method: str | None
    count: int
    after: int
    options: dict[str, Any]
    writes_only: bool = False
    seen: int = 0
    struck: int = 0

    @property
    def is_pending(self) -> bool:
        """Whether it can still strike."""
        return self.struck < self.count

    def concerns(self, request: SeenRequest) -> bool:
        """Whether the request is one of those that the rule counts."""
        if not self.path.search(request.path) or (self.method and self.method != request.method):
            return False
        if self.writes_only and not request.is_write:
            return False
        if request.is_token_request:
            return "oauth2" in self.path.pattern and self.kind not in _NOT_FOR_TOKENS
        return _NARROWED.get(self.kind, _any)(request)

    def as_json(self) -> dict[str, Any]:
        """The rule as it stands in the answers of the control address."""
        return {
            "kind": self.kind,
            "path": self.path.pattern,
            "method": self.method,
            "count": self.count,
            "after": self.after,
            "writes_only": self.writes_only,
            "seen": self.seen,
            "struck": self.struck,
            **self.options,
        }


@dataclass
class Faults:
    """The rules of one emulator; safe to use from several threads."""

    system: System
    _rules: list[Rule] = field(default_factory=list)
    _fired: list[Fired] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        kind: str,
        *,
        path: str = ".*",
        method: str | None = None,
        count: int = 1,
        after: int = 0,
        writes_only: bool = False,
        **options: Any,
    ) -> Rule:
        """Add a rule (see the module's table). Raises FaultError when it makes no sense."""
        if kind not in OPTIONS_OF_KIND:
            raise FaultError(f"there is no fault {kind!r}; there are: {', '.join(OPTIONS_OF_KIND)}")
        unknown = sorted(options.keys() - OPTIONS_OF_KIND[kind])
        if unknown:
            raise FaultError(f"the fault {kind!r} has no option {', '.join(unknown)}")
        if kind in _BUSINESS_CENTRAL_ONLY and self.system is System.WEBSTORE:
            raise FaultError(_BUSINESS_CENTRAL_ONLY[kind])
        if count < 1 or after < 0:
            raise FaultError("count must be at least 1 and after at least 0")
        try:
            pattern = re.compile(path)
        except re.error as error:
            raise FaultError(f"{path!r} is no regular expression: {error}") from error
        rule = Rule(kind, pattern, method.upper() if method else None, count, after, options, writes_only)
        with self._lock:
            self._rules.append(rule)
        return rule

    def take(self, request: SeenRequest) -> Rule | None:
        """The rule that strikes at this request, if any; counts the request for all rules that it concerns."""
        with self._lock:
            chosen = None
            for rule in self._rules:
                if not rule.is_pending or not rule.concerns(request):
                    continue
                rule.seen += 1
                if chosen is None and rule.seen > rule.after:
                    rule.struck += 1
                    chosen = rule
            return chosen

    def note(self, rule: Rule, request: SeenRequest, touched: tuple[str, ...] = ()) -> None:
        """Remember that the rule struck; called when its effect is certain."""
        with self._lock:
            self._fired.append(Fired(rule.kind, request.method, request.path, datetime.now(UTC), touched))

    @property
    def fired(self) -> list[Fired]:
        """What struck so far, in order; a copy."""
        with self._lock:
            return list(self._fired)

    @property
    def pending(self) -> list[Rule]:
        """Rules that can still strike."""
        with self._lock:
            return [rule for rule in self._rules if rule.is_pending]

    def watches_pages(self) -> bool:
        """Whether some rule waits for a later page and must know which rows were read before."""
        return any(rule.kind in PAGING_KINDS for rule in self.pending)

    def clear(self) -> None:
        """Forget all rules and what they did."""
        with self._lock:
            self._rules.clear()
            self._fired.clear()
