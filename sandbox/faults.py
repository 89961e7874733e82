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
| escapes-in-message | the system's own error (400), with what a terminal or a browser obeys in its text | no | status |
| slow | the right answer, late | yes, after the wait | seconds |
| slow-drip | an answer of which a byte comes now and then, for ever | yes | seconds (between two; 1), where |
| oversized | the right answer behind megabytes of blanks | yes | megabytes (300), packed (as gzip) |
| endless-pages | a list of customers behind each page of which is another one | yes | pages |
| stale-tag | what the system says when a person was faster | yes, after the person | changes (of the record) |
| read-only-key | the system's refusal of a key that may only read | no | |
| expired-token | Business Central's 401 | yes, after the tokens expired | |
| company-renamed | Business Central's company under another name, for good | yes, after the renaming | name |
| series-exhausted | Business Central's number series of customers has no number left, until it is mended | yes, after that | |
| stale | what was true earlier (see below) | no | by, headers |
| row-deleted-while-paging | a shifted list | yes, after the deletion | ids, rows (how many; 1) |
| row-inserted-while-paging | a shifted list | yes, after the insertion | records, rows (how many; 1) |

A rule strikes at requests whose path its pattern finds and whose method it names (all, when it names none), with
`writes_only` at those that write:
`after` of them pass first, then `count` are struck. Every rule counts every request that concerns it; of several
rules that are due, the oldest strikes and the others stay due. What narrows a rule further:
- stale-tag concerns only requests that write a named customer, read-only-key only those that write, the paging kinds
  only later pages of a customer list;
- altered-records concerns only requests that read customers; `records` says by id what to put over each record, where
  "billing" and the like are merged and the name of a value to leave out comes with the text "(missing)";
- endless-pages concerns only lists of customers; `count` counts lists: the later pages of one that it has struck are struck,
  too. On the `pages` stand "newcomers", who were invented, "the-same" as on the first one, or "nobody";
- slow-drip lets the bytes of the "body", of the "headers" or of its "chunks" drip, as `where` says;
- stale concerns only requests that read, and stays until it is forgotten, unless `count` is given. It answers beside
  other faults, which then spoil its answer; `by` (stale.py tells more) is a "cache" by whole addresses, a "cache-path"
  that drops what it does not know from an address, or a "replica" of the database as it is when the fault is added;
  `headers` are those of a cache's hits, by default {"Age": "(age)", "X-Cache": "HIT"};
- token requests go to another host in reality, so only a pattern that mentions "oauth2" concerns them.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.fault_rules import (
    BUSINESS_CENTRAL_ONLY,
    CHOICES,
    OPTIONS_OF_KIND,
    PAGING_KINDS,
    STAYING_KINDS,
    FaultError,
    Fired,
    Rule,
)
from sandbox.operations import SeenRequest, System
from sandbox.stale import FORMS, Memory, Replica

__all__ = ["OPTIONS_OF_KIND", "PAGING_KINDS", "FaultError", "Faults", "Fired", "Rule"]


@dataclass
class Faults:
    """The rules of one emulator; safe to use from several threads. `replica` makes a copy of the system as it is."""

    system: System
    replica: Callable[[], Replica] | None = None
    _rules: list[Rule] = field(default_factory=list)
    _fired: list[Fired] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        kind: str,
        *,
        path: str = ".*",
        method: str | None = None,
        count: int | None = None,
        after: int = 0,
        writes_only: bool = False,
        **options: Any,
    ) -> Rule:
        """Add a rule (see the module's table). Raises FaultError when it makes no sense.

        `count` is by default 1, and without end for those that stay.
        """
        if kind not in OPTIONS_OF_KIND:
            raise FaultError(f"there is no fault {kind!r}; there are: {', '.join(OPTIONS_OF_KIND)}")
        unknown = sorted(options.keys() - OPTIONS_OF_KIND[kind])
        if unknown:
            raise FaultError(f"the fault {kind!r} has no option {', '.join(unknown)}")
        if kind in BUSINESS_CENTRAL_ONLY and self.system is System.WEBSTORE:
            raise FaultError(BUSINESS_CENTRAL_ONLY[kind])
        for option, allowed in CHOICES.items():
            if options.get(option, allowed[0]) not in allowed:
                raise FaultError(f"{option} must be one of {', '.join(allowed)}")
        if count is None and kind not in STAYING_KINDS:
            count = 1
        if (count is not None and count < 1) or after < 0:
            raise FaultError("count must be at least 1 and after at least 0")
        try:
            pattern = re.compile(path)
        except re.error as error:
            raise FaultError(f"{path!r} is no regular expression: {error}") from error
        rule = Rule(kind, pattern, method.upper() if method else None, count, after, options, writes_only)
        if kind == "stale":
            rule.memory = self._memory(**options)
        with self._lock:
            self._rules.append(rule)
        return rule

    def _memory(self, by: str = "cache", headers: dict[str, str] | None = None) -> Memory:
        if by not in FORMS:
            raise FaultError(f"nothing is stale by {by!r}; there are: {', '.join(FORMS)}")
        texts = [] if headers is None else [*headers, *headers.values()] if isinstance(headers, dict) else [headers]
        if not all(isinstance(text, str) for text in texts):
            raise FaultError("headers must be an object of texts")
        if by != "replica":
            return Memory(self.system, by, headers)
        if self.replica is None:
            raise FaultError("this emulator has no replica")
        return Memory(self.system, by, headers, self.replica())

    def take(self, request: SeenRequest) -> Rule | None:
        """The rule that strikes at this request, if any; counts the request for all rules that it concerns."""
        with self._lock:
            chosen = None
            for rule in self._rules:
                if chosen is None and rule.kind == "endless-pages" and rule.lists.goes_on(request):
                    chosen = rule
                    continue
                if rule.memory is not None or not rule.is_pending or not rule.concerns(request):
                    continue
                rule.seen += 1
                if chosen is None and rule.seen > rule.after:
                    rule.struck += 1
                    chosen = rule
                    if rule.kind == "endless-pages":
                        rule.lists.begin(request)
            return chosen

    def staleness(self, request: SeenRequest) -> tuple[Rule, Memory] | None:
        """The oldest stale rule whose memory may answer the request; counts the request for it."""
        with self._lock:
            for rule in self._rules:
                if rule.memory is not None and rule.is_pending and rule.concerns(request):
                    rule.seen += 1
                    if rule.seen > rule.after:
                        return rule, rule.memory
        return None

    def struck(self, rule: Rule) -> None:
        """Count an answer from a stale rule's memory."""
        with self._lock:
            rule.struck += 1

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

    def clear(self, kind: str | None = None) -> None:
        """Forget all rules and what they did, or those of one kind."""
        with self._lock:
            self._rules[:] = [rule for rule in self._rules if kind not in (None, rule.kind)]
            self._fired[:] = [entry for entry in self._fired if kind not in (None, entry.kind)]
