"""One fault to play: which requests concern it, how often it struck. The table of kinds stands in faults.py."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.endless_answers import PAGES, PLACES, EndlessLists
from sandbox.operations import SeenRequest
from sandbox.stale import Memory

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
    "escapes-in-message": frozenset({"status"}),
    "slow": frozenset({"seconds"}),
    "slow-drip": frozenset({"seconds", "where"}),
    "oversized": frozenset({"megabytes", "packed"}),
    "endless-pages": frozenset({"pages"}),
    "stale-tag": frozenset({"changes"}),
    "read-only-key": frozenset(),
    "expired-token": frozenset(),
    "company-renamed": frozenset({"name"}),
    "series-exhausted": frozenset(),
    "stale": frozenset({"by", "headers"}),
    "row-deleted-while-paging": frozenset({"ids", "rows"}),
    "row-inserted-while-paging": frozenset({"records", "rows"}),
}
PAGING_KINDS = frozenset({"row-deleted-while-paging", "row-inserted-while-paging"})
# options that are one of some words
CHOICES: dict[str, tuple[str, ...]] = {"where": PLACES, "pages": PAGES}
# these strike until they are forgotten, unless a count says otherwise
STAYING_KINDS = frozenset({"stale"})
BUSINESS_CENTRAL_ONLY = {
    "expired-token": "WooCommerce has no tokens that expire",
    "company-renamed": "WooCommerce has no companies",
    "series-exhausted": "WooCommerce has no number series",
}


def _any(_: SeenRequest) -> bool:
    return True


def _lists_customers(request: SeenRequest) -> bool:
    return request.lists_customers and request.method == "GET"


def _reads_customers(request: SeenRequest) -> bool:
    return not request.is_write and any(o.target.startswith("customers") for o in request.operations)


def _writes_a_named_customer(request: SeenRequest) -> bool:
    return request.is_write and bool(request.addressed_customers)


def _continues_a_list(request: SeenRequest) -> bool:
    return request.lists_customers and request.is_later_page


def _writes(request: SeenRequest) -> bool:
    return request.is_write


def _reads(request: SeenRequest) -> bool:
    return not request.is_write


_NARROWED: dict[str, Callable[[SeenRequest], bool]] = {
    "read-only-key": _writes,
    "stale": _reads,
    "altered-records": _reads_customers,
    "endless-pages": _lists_customers,
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
    """One fault to play. `seen` counts the requests that concerned it, `struck` those it spoiled.

    `count` is how many it may spoil (None: all), `memory` what a stale one answers from, `lists` what an endless one has begun.
    """

    kind: str
    path: re.Pattern[str]
    method: str | None
    count: int | None
    after: int
    options: dict[str, Any]
    writes_only: bool = False
    seen: int = 0
    struck: int = 0
    memory: Memory | None = None
    lists: EndlessLists = field(default_factory=EndlessLists)

    @property
    def is_pending(self) -> bool:
        """Whether it can still strike."""
        return self.count is None or self.struck < self.count

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
