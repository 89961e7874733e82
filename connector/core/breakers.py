"""Breakers: limits that stop a run before its first write, or cleanly between two batches.

They ask one question: is this still an ordinary run? A shop that empties a tenth of its customers overnight, or a job that
clears every phone number, may be right, but a person should have said so. Percentages never trip over a few customers: a
shop of two may change one of them (`floor`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.core.counting import counted
from connector.core.customer import Direction, Side
from connector.core.many import counted_where
from connector.core.merge import Situation
from connector.core.plan import Plan, Write

__all__ = [
    "Before",
    "Limits",
    "SideCensus",
    "Tripped",
    "extract_breakers",
    "load_breaker",
    "plan_breakers",
    "too_many_to_select",
]

_NAMES = {Side.WEBSTORE: "the webstore", Side.BUSINESS_CENTRAL: "Business Central"}
# fewer customers than these may all go without a question
_FEW = 2
_APPROVE = "Look at the plan; if it is right, approve exactly it."
_BACK = {Side.WEBSTORE: Situation.WEBSTORE_WENT_BACK, Side.BUSINESS_CENTRAL: Situation.BUSINESS_CENTRAL_WENT_BACK}


@dataclass(frozen=True)
class Limits:
    """What a run may do unasked. None = no limit; percentages trip only when more than `floor` customers are concerned.

    Attributes:
        floor: customers that no percentage stops.
        announced_total: an extract must have as many customers as the server announced.
        shrunken_extract_percent: customers that may be missing since the last full run, of those there were.
        emptied_side: a side that had customers must not be empty.
        gone_percent: mapped customers that may newly be gone, of all linked ones.
        went_back: linked customers of one side that are older than what was seen of them.
        creates, creates_percent: customers created on one side; of those that are there (not in the first run).
        updates, updates_percent: customers of one side in whom an agreed value changes; of the linked ones.
        clears, clears_percent: customers of one side who lose a value; of the linked ones.
        account_mails: people whom the shop will send its new-account mail.
        deletions: webstore accounts that an undo may delete.
        failure_percent: writes that may fail, of those that were tried.
    """

    floor: int = 20
    announced_total: bool = True
    shrunken_extract_percent: float | None = 10
    emptied_side: bool = True
    gone_percent: float | None = 10
    went_back: int | None = 2
    creates: int | None = None
    creates_percent: float | None = None
    updates: int | None = None
    updates_percent: float | None = 50
    clears: int | None = None
    clears_percent: float | None = 10
    account_mails: int | None = None
    deletions: int = 20
    failure_percent: float | None = 50


def too_many_to_select(limits: Limits, count: int, linked: int) -> bool:
    """Whether so many customers whom no person has named must not be a selected run, in which no percentage counts: a
    percentage might stop a run over all customers that has to do with as many."""
    percents = (limits.gone_percent, limits.creates_percent, limits.updates_percent, limits.clears_percent)
    known = [percent for percent in percents if percent is not None]
    return bool(known) and _over(count, linked, min(known), limits.floor)


@dataclass(frozen=True)
class Tripped:
    """One limit that the run would exceed: the setting's name, what happened, the figures, and what to do."""

    name: str
    what: str
    figures: Mapping[str, float]
    remedy: str

    @property
    def words(self) -> str:
        """One sentence for messages."""
        return f"{self.what} ([breakers] {self.name}). {self.remedy}"


@dataclass(frozen=True)
class SideCensus:
    """One side's extract in numbers.

    Attributes:
        rows: customers read; `unreadable`: rows that were no customers at all.
        announced: what the server said there are; None = it did not say.
        before: rows of the last full run; None = there was none.
        linked: customers of this side that the mapping table links.
    """

    rows: int
    announced: int | None = None
    unreadable: int = 0
    before: int | None = None
    linked: int = 0


@dataclass(frozen=True)
class Before:
    """What the last full run left: whether there was one, how many orphans stood then, how many customers are linked."""

    there_was_one: bool
    orphans: int = 0
    linked: int = 0


def extract_breakers(limits: Limits, census: Mapping[Side, SideCensus]) -> list[Tripped]:
    """What is wrong with two full extracts as wholes."""
    tripped = []
    for side, count in census.items():
        name = _NAMES[side]
        read = count.rows + count.unreadable
        if limits.announced_total and count.announced is not None and read != count.announced:
            tripped.append(
                Tripped(
                    "announced_total",
                    f"{name} announced {counted(count.announced, 'customer')}, but {counted(read, 'was', 'were')} read",
                    {"announced": count.announced, "read": read},
                    "The read was incomplete; run again, at a time when nothing is imported there.",
                )
            )
        before = max(count.before or 0, count.linked)
        if not count.rows and before > _FEW:
            if limits.emptied_side:
                tripped.append(
                    Tripped(
                        "emptied_side",
                        f"{name} shows no customer, where {before:,} were known",
                        {"before": before, "now": 0},
                        "Look at the key's permissions, the role filter and the company of the setup.",
                    )
                )
            continue
        lost = (count.before or 0) - count.rows
        if _over(lost, count.before or 0, limits.shrunken_extract_percent, limits.floor):
            tripped.append(
                Tripped(
                    "shrunken_extract_percent",
                    f"{name} shows {counted(count.rows, 'customer')}, {count.before:,} in the last full run: "
                    f"{_share(lost, count.before or 0)} are missing, more than {limits.shrunken_extract_percent:g} %",
                    {"before": count.before or 0, "now": count.rows},
                    "Look at the key's permissions, the role filter and the company of the setup.",
                )
            )
    return tripped


def plan_breakers(
    limits: Limits, plan: Plan, before: Before, customers: Mapping[Side, int], *, selected: bool = False
) -> list[Tripped]:
    """What the plan does more of than may be done unasked.

    Args:
        customers: how many each side has.
        selected: the run's customers were named by a person: percentages do not count.
    """
    limit = _Counter(limits, selected)
    for direction in Direction:
        place = _NAMES[direction.target]
        creates = len(plan.of(direction, "create"))
        there = customers.get(direction.target, 0) if before.there_was_one else None
        limit.check("creates", creates, there, f"customers would be created in {place}", "that are there")
        updates = counted_where(plan.of(direction, "update"), _changes_agreed)
        limit.check("updates", updates, plan.pairs, f"customers would be changed in {place}", "linked ones")
        clears = counted_where(plan.of(direction, "update"), _clears)
        limit.check("clears", clears, plan.pairs, f"customers would lose a value in {place}", "linked ones")
    limit.check("account_mails", plan.account_mails, None, "people would be sent the shop's new-account mail", "")
    for side, situation in _BACK.items():
        back = {(s.bc_id, s.webstore_id) for s in plan.conflicts if s.reason == situation.words}
        limit.check(
            "went_back",
            len(back),
            None,
            f"customers of {_NAMES[side]} are older than what was seen of them",
            "",
            "Was it restored from a backup, or does a cache or a lagging copy of its database answer? They are left alone. "
            f"customer-sync restored {str(side).replace('_', '-')} shows them and lets you say which side is right; or wait "
            "until the present comes back by itself.",
        )
    limit.check("deletions", len(plan.deletions), None, "accounts would be deleted in the webstore", "")
    gone = len(plan.orphans) - before.orphans
    limit.check("gone", gone, before.linked, "mapped customers more than before are gone", "linked ones")
    return limit.tripped


def load_breaker(limits: Limits, tried: int, failed: int) -> Tripped | None:
    """Whether so many writes of one direction failed that the rest had better not be tried."""
    if not _over(failed, tried, limits.failure_percent, limits.floor):
        return None
    return Tripped(
        "failure_percent",
        f"{failed:,} of {counted(tried, 'write')} failed ({_share(failed, tried)}), more than {limits.failure_percent:g} %",
        {"tried": tried, "failed": failed},
        "What was confirmed is kept; mend the cause, the next run goes on with the rest.",
    )


class _Counter:
    """Compares counts with `<what>` and `<what>_percent` of the limits."""

    def __init__(self, limits: Limits, selected: bool) -> None:
        self.tripped: list[Tripped] = []
        self._limits = limits
        self._selected = selected

    def check(self, what: str, count: int, whole: int | None, words: str, of: str, remedy: str = _APPROVE) -> None:
        """Args: `whole`: what the percentage is of; None = it does not count here."""
        most = getattr(self._limits, what, None)
        percent = getattr(self._limits, f"{what}_percent", None)
        if most is not None and count > most:
            self._trip(what, f"{count:,} {words}, more than {most:,}", {"count": count, "limit": most}, remedy)
        elif whole is not None and not self._selected and _over(count, whole, percent, self._limits.floor):
            text = f"{count:,} {words}, {_share(count, whole)} of the {whole:,} {of}, more than {percent:g} %"
            self._trip(f"{what}_percent", text, {"count": count, "of": whole, "limit": percent or 0}, remedy)

    def _trip(self, name: str, what: str, figures: Mapping[str, float], remedy: str) -> None:
        self.tripped.append(Tripped(name, what, figures, remedy))


def _over(count: int, whole: int, percent: float | None, floor: int) -> bool:
    """More than the floor, and more than the percentage of the whole."""
    return percent is not None and count > floor and count * 100 > percent * whole


def _share(count: int, whole: int) -> str:
    return f"{100 * count / whole:.1f} %" if whole else "all"


def _changes_agreed(write: Write) -> bool:
    """Whether a value changes on which both sides agreed; filling what a new link or a new field lacks is no change."""
    return any(change.base is not None for change in write.changes)


def _clears(write: Write) -> bool:
    return any(change.before and not change.after for change in write.changes)
