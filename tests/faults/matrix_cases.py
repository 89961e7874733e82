"""The cases of the fault matrix: every fault, at every kind of work, on either side, once and over and over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["FAULTS", "OPERATIONS", "SIDES", "Case", "Fault", "all_cases"]

SIDES = ("webstore", "business_central")
OPERATIONS = ("extract", "create", "update", "batch", "link")


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    Attributes:
        kind: of sandbox/faults.py, with its options; "" = only the side's clock is set ahead; "restored" = of going_back.py.
        operations: of the work that it can spoil.
        sides: that can play it.
        settle: of the setup: a server that works on after its answer was given up must be waited for.
        often: whether it is also played at every request of the run; the others strike once and for good.
        only: the requests that it strikes at (names of sandbox/faults.py), where not every one of the work's.
    """

    name: str
    kind: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    operations: tuple[str, ...] = OPERATIONS
    sides: tuple[str, ...] = SIDES
    often: bool = True
    timeout: float = 30
    clock_ahead: float = 0
    settle: float = 0
    only: dict[str, Any] = field(default_factory=dict)


WRITING = ("create", "update", "batch", "link")
# a list begins while a side is read, whatever the work is; behind the first one are those of the look before a write
LISTS = {"method": "GET", "path": "customers$"}
LOOK_UPS = {**LISTS, "after": 1}
FAULTS = (
    Fault("429 with Retry-After", "429", {"retry_after": 1}),
    Fault("429 without Retry-After", "429"),
    Fault("503", "503"),
    Fault("maintenance mode (503, Retry-After 600)", "503", {"retry_after": 600}),
    Fault("500, nothing done", "500"),
    Fault("500 after the work", "500", {"handled": True}),
    Fault("504 after the work", "504-after-write"),
    Fault("connection dropped before", "drop-before"),
    Fault("connection dropped after the work", "drop-after-write"),
    Fault("torn JSON", "torn-json"),
    Fault("HTML error page", "html", {"status": 502}),
    Fault("HTML log-in page with status 200", "html", {"status": 200}),
    Fault("XML error", "xml"),
    Fault("endless pages of new customers", "endless-pages", {"pages": "newcomers"}, only=LISTS),
    Fault("endless pages, always the same", "endless-pages", {"pages": "the-same"}, only=LISTS),
    Fault("endless empty pages", "endless-pages", {"pages": "nobody"}, sides=("business_central",), only=LISTS),
    Fault(
        "endless look-ups",
        "endless-pages",
        {"pages": "newcomers"},
        operations=WRITING,
        sides=("webstore",),
        only=LOOK_UPS,
    ),
    Fault("slow drip of the answer", "slow-drip", {"seconds": 0.1}, timeout=0.4),
    Fault("slow drip of its headers", "slow-drip", {"seconds": 0.1, "where": "headers"}, timeout=0.4),
    Fault("oversized answer", "oversized"),
    Fault("oversized answer, compressed", "oversized", {"packed": True}),
    Fault("escapes in a refusal", "escapes-in-message", {"status": 400}),
    Fault("escapes in a 500", "escapes-in-message", {"status": 500}),
    Fault("slow answer", "slow", {"seconds": 0.3}, often=False),
    Fault("answer after the client's patience", "slow", {"seconds": 0.8}, timeout=0.4, settle=1.0, often=False),
    Fault("expired token", "expired-token", sides=("business_central",)),
    Fault("somebody edits first (stale tag)", "stale-tag", operations=("update", "batch", "link"), often=False),
    Fault("row deleted while paging", "row-deleted-while-paging", operations=("extract",), often=False),
    Fault("row inserted while paging", "row-inserted-while-paging", operations=("extract",), often=False),
    Fault("key turned read-only", "read-only-key", operations=WRITING),
    Fault("company renamed", "company-renamed", {"name": "Other"}, sides=("business_central",), often=False),
    Fault(
        "number series exhausted, then mended",
        "series-exhausted",
        operations=("create",),
        sides=("business_central",),
        often=False,
    ),
    Fault("clock two hours ahead", clock_ahead=7_200, often=False),
    Fault("clock two hours behind", clock_ahead=-7_200, often=False),
    Fault("stale list: cache by whole address", "stale", {"by": "cache"}, often=False),
    Fault("stale list: cache that drops parameters", "stale", {"by": "cache-path"}, often=False),
    Fault("stale list: lagging database", "stale", {"by": "replica"}, often=False),
    Fault("restored from a backup", "restored", often=False),
)


@dataclass(frozen=True)
class Case:
    """One cell of the matrix."""

    fault: Fault
    operation: str
    side: str
    always: bool

    @property
    def title(self) -> str:
        """The case in words."""
        often = "at every request" if self.always else "once"
        return f"{self.fault.name} {often}, {self.operation}, {self.side}"


def all_cases() -> list[Case]:
    """The whole matrix."""
    return [
        Case(fault, operation, side, always)
        for fault in FAULTS
        for operation in fault.operations
        for side in fault.sides
        for always in ((False, True) if fault.often else (False,))
    ]
