"""What the clients take and answer: writes, a census of a complete read, an outcome per item of a batch, findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.errors import CustomerSyncError

__all__ = [
    "BatchOutcomes",
    "Census",
    "CheckResult",
    "Consume",
    "Create",
    "Outcome",
    "Progress",
    "Record",
    "Records",
    "Update",
]

Record = dict[str, Any]
Records = list[Record]
# gets every page as soon as it is read; every record exactly once
Consume = Callable[[Records], None]
# how many customers were handed on, and how many there are (0: not known)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Census:
    """How a complete read went.

    Attributes:
        rows: customers handed on; announced: what the server said there are (None: it did not say). Where customers came
            or went during the read, the server said several numbers; `announced` is the one among them that is nearest
            to the rows, so `rows + unreadable != announced` always means that something is not explained.
        pages, requests, rereads: `rereads` counts pages that were asked for again because rows had shifted.
        watermark: the greatest modification time seen.
        unreadable: rows that are no customers at all (no object, no id); `reasons` says what they were, each text once.
    """

    rows: int
    announced: int | None
    pages: int
    requests: int
    rereads: int
    watermark: str | None
    unreadable: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of one item of a batch: the record as it is now, or why it was not written.

    Both are set when the server wrote something else than it was sent (an e-mail it mangled): the customer is there, as
    `record` says, but not as it should be.
    """

    record: Record | None
    error: CustomerSyncError | None

    @property
    def ok(self) -> bool:
        """Whether the item was written."""
        return self.error is None


@dataclass(frozen=True)
class BatchOutcomes:
    """Outcomes of a webstore batch, each list as long as what was sent and in the same order."""

    create: list[Outcome] = field(default_factory=list)
    update: list[Outcome] = field(default_factory=list)
    delete: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True)
class Create:
    """One Business Central customer to be created."""

    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Update:
    """Changes to one Business Central customer, under the tag that it was read with.

    Attributes:
        cleared: texts that are made blank right before, since they would have the changes refused. All of it is one write.
    """

    bc_id: str
    etag: str
    payload: Mapping[str, Any]
    cleared: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """One line of a connection check. A `warning` lets the check pass, and wants to be read all the same."""

    system: str
    ok: bool
    what: str
    remedy: str = ""
    warning: bool = False

    @property
    def mark(self) -> str:
        """How it stands in tables."""
        return "FAILED" if not self.ok else "warning" if self.warning else "ok"
