"""A run in numbers, as a value: what `sync --json` prints, what the run's row keeps, what people are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from connector.core.approval import Lost
from connector.core.customer import Direction, Side
from connector.core.intended import Intended
from connector.run.result import Failure

__all__ = ["ApprovalSummary", "DirectionSummary", "ReadingSummary", "RunSummary", "SideCounts", "UndoSummary"]


@dataclass(frozen=True)
class SideCounts:
    """A number of each system."""

    webstore: int = 0
    business_central: int = 0

    def of(self, side: Side) -> int:
        """The number of one of them."""
        return self.webstore if side is Side.WEBSTORE else self.business_central


@dataclass(frozen=True)
class DirectionSummary:
    """Customers of one direction, after the run.

    Attributes:
        unchanged: linked pairs about which there was nothing to do.
        withheld: pairs with a change that a flag or a policy keeps from being written.
        held: customers on hold.
        dropped: approved or planned, and not sent.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    withheld: int = 0
    held: int = 0
    failed: int = 0
    dropped: int = 0

    @property
    def counters(self) -> dict[str, int]:
        """Every number by its name."""
        return asdict(self)


@dataclass(frozen=True)
class UndoSummary:
    """Of an undo: which run it put back, how many customers that one had created, and what became of them; `its_flags`: it wrote
    wherever that run wrote, also where a flag is None now."""

    undone_run: str
    created_by_undone_run: int = 0
    unlinked: int = 0
    deleted: int = 0
    its_flags: bool = False


@dataclass(frozen=True)
class ApprovalSummary:
    """Of a run that wrote an approved plan: its hash, how much of it was lost, who approved it, and without whom."""

    approved_plan: str
    dropped_from_plan: int = 0
    approved_by: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadingSummary:
    """Of a run of a webstore whose runs may read less: why it has read everybody ("" = nobody asked, or it has not), and how many
    accounts had changed of which no webhook had told (None = not counted)."""

    why_everybody: str = ""
    missed_by_webhooks: int | None = None


@dataclass(frozen=True)
class RunSummary:
    """A run in numbers. Counters describe the state after the run: a standing conflict is counted by every run.

    Attributes:
        mode: all, changed, selected or undo.
        errors: customers that were refused or failed.
        dropped_customers: what was approved or planned and not written, one for each thing that was not done.
        stopped: why loads ended early.
        shown: fingerprints of the tables that people were shown.
        validated: what validation found, by piece of data, for the next run.
        seen_at: where people find the run again.
        error: what a run said that came to no end.
        counted: the run came so far that it counted something.
    """

    run_id: str = ""
    webstore_code: str = ""
    mode: str = ""
    dry_run: bool = False
    extracted: SideCounts = SideCounts()
    push: DirectionSummary = DirectionSummary()
    pull: DirectionSummary = DirectionSummary()
    linked: int = 0
    conflicts: int = 0
    ambiguous: int = 0
    orphans: int = 0
    quarantined: int = 0
    mapping_version: int = 0
    requests: SideCounts = SideCounts()
    seconds: float = 0.0
    plan_hash: str = ""
    errors: tuple[Failure, ...] = ()
    dropped_customers: tuple[Lost, ...] = ()
    stopped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    shown: Mapping[str, str] = field(default_factory=dict)
    trigger: str = ""
    validated: Mapping[str, Any] = field(default_factory=dict)
    seen_at: str = ""
    undo: UndoSummary | None = None
    approval: ApprovalSummary | None = None
    reading: ReadingSummary | None = None
    error: str = ""
    counted: bool = True

    def of(self, direction: Direction) -> DirectionSummary:
        """The numbers of a direction."""
        return self.push if direction is Direction.PUSH else self.pull

    @property
    def counters(self) -> dict[str, int]:
        """What is counted for both directions together, by its name."""
        return {name: getattr(self, name) for name in _TOGETHER}

    @property
    def not_written(self) -> int:
        """How many customers were refused or failed."""
        return sum(error.customers for error in self.errors)

    @property
    def dropped_lines(self) -> list[str]:
        """Who was approved or planned and not written after all, and why, one line each."""
        return [f"{one.what.words}: {one.reason}" for one in self.dropped_customers]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON can hold it, for programs and for the run's row. Parts that the run does not have are left out.

        Of a customer in `dropped_customers`: `bc_id`, `bc_number`, `webstore_id`, `direction`, `action`, `fields` and `reason`.
        """
        document = asdict(self)
        document["dropped_customers"] = [one.as_document() for one in self.dropped_customers]
        for part in ("undo", "approval", "reading"):
            document |= document.pop(part) or {}
        del document["error"], document["counted"]
        return document

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> RunSummary:
        """What a run's row keeps, of whichever version: what is missing has its default, what is not known is passed over."""
        parts: dict[str, Any] = {
            "extracted": _part(SideCounts, stored.get("extracted", {})),
            "requests": _part(SideCounts, stored.get("requests", {})),
            "push": _part(DirectionSummary, stored.get("push", {})),
            "pull": _part(DirectionSummary, stored.get("pull", {})),
            "errors": tuple(_part(Failure, {**_NO_FAILURE, **error}) for error in stored.get("errors", ())),
            "dropped_customers": tuple(
                Lost(Intended.from_document(one), one["reason"]) for one in stored.get("dropped_customers", ())
            ),
            "stopped": tuple(stored.get("stopped", ())),
            "warnings": tuple(stored.get("warnings", ())),
            "undo": _part(UndoSummary, stored) if "undone_run" in stored else None,
            "approval": _part(ApprovalSummary, {**stored, "left_out": tuple(stored.get("left_out", ()))})
            if "approved_plan" in stored
            else None,
            "reading": _part(ReadingSummary, stored) if "why_everybody" in stored else None,
            "counted": "push" in stored,
        }
        made: RunSummary = _part(cls, {**stored, **parts})
        return made


_TOGETHER = ("linked", "conflicts", "ambiguous", "orphans", "quarantined")
_NO_FAILURE = {"customer": "", "system": "", "code": "", "message": ""}


def _part(made: Any, stored: Mapping[str, Any]) -> Any:
    known = {one.name for one in fields(made)}
    return made(**{name: value for name, value in stored.items() if name in known})
