"""What the other system answered, and what follows from it in the store: outcomes, links, bases and holds, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.clients.results import Outcome
from connector.core.customer import Direction, Side
from connector.core.customer_key import customer_key
from connector.core.identity import marks_of_accounts
from connector.core.plan import Agreement, Change, Write
from connector.core.refusals import speaks_of_the_customer
from connector.core.stamps import stamp_of, stamp_of_record
from connector.errors import (
    CustomerChanged,
    CustomerNotFound,
    CustomerSyncError,
    EmailTaken,
    InternalError,
    LookedTooLongAgo,
    OutcomeUnknown,
    RemoteRefused,
    RemoteTrouble,
    SetupError,
)
from connector.extract.directory import update_directory
from connector.load.bases import Linked, put_bases, sighted_links
from connector.load.lost_accounts import free_ids
from connector.load.recheck import MappedNow, canonical_records, same_value
from connector.run.result import Failure, LoadResult
from connector.run.run import Run
from connector.store import MappingRow, Settlement, Work

__all__ = ["Answers", "Dropped", "Fate", "Written", "failure_of", "fate_of", "settle"]


@dataclass(frozen=True)
class Written:
    """The other system confirmed the write and answered with the record as it is now.

    Attributes:
        error: it did not keep a value as it was sent (an e-mail): the customer is there, but not as it should be.
    """

    record: Mapping[str, Any]
    error: CustomerSyncError | None = None


@dataclass(frozen=True)
class Dropped:
    """Nothing was sent, because the customer is no longer what the plan saw. A later run decides anew."""

    reason: str


Fate = Written | Dropped | CustomerSyncError


def fate_of(outcome: Outcome) -> Fate:
    """What a client says of one item."""
    if outcome.record is not None:
        return Written(outcome.record, outcome.error)
    if isinstance(outcome.error, LookedTooLongAgo):
        return Dropped(outcome.error.message)
    return outcome.error or InternalError("A write has neither a record nor an error.")


@dataclass(frozen=True)
class Answers:
    """What became of the writes of one batch, each with the id of its intent."""

    writes: Sequence[Write]
    ids: Sequence[int]
    fates: Sequence[Fate]


def settle(run: Run, answers: Sequence[Answers], result: LoadResult) -> None:
    """Commit what the answers of some batches of one kind say: outcomes, bases, links and holds, in one transaction."""
    writes = [write for batch in answers for write in batch.writes]
    ids = [intent_id for batch in answers for intent_id in batch.ids]
    fates = [fate for batch in answers for fate in batch.fates]
    with run.store_lock, run.store.work(run.code) as work:
        work.describe(actor=run.actor, reason="synchronisation", run_id=run.run_id)
        confirming = _Confirming(run, work, writes, fates, result)
        settlements = []
        for write, intent_id, fate in zip(writes, ids, fates, strict=True):
            if isinstance(fate, Written):
                settlements.append(confirming.confirm(write, intent_id, fate))
            elif isinstance(fate, Dropped):
                settlements.append(Settlement(intent_id, "dropped", message=fate.reason))
                result.drop(write, fate.reason)
            elif isinstance(fate, OutcomeUnknown):
                result.failed += 1
                result.failures.append(failure_of(write, fate, "outcome-unknown"))
            elif isinstance(fate, RemoteTrouble):  # not the customer's fault: nothing is counted against it
                result.failed += 1
                result.failures.append(failure_of(write, fate, type(fate).__name__))
                settlements.append(Settlement(intent_id, "not-happened", message=str(fate)))
            else:
                settlements.append(_refuse(run, work, write, intent_id, fate, result))
        confirming.commit()
        work.journal.settle(settlements)


class _Confirming:
    """What one batch has written, gathered and put into the store at once: links, bases, and holds that are lifted."""

    def __init__(
        self, run: Run, work: Work, writes: Sequence[Write], fates: Sequence[Fate], result: LoadResult
    ) -> None:
        self.run, self.work, self.result = run, work, result
        written = [(w, fate) for w, fate in zip(writes, fates, strict=True) if isinstance(fate, Written)]
        self._known = MappedNow(work, [(write.bc_id, write.webstore_id) for write, _ in written])
        self._records = [fate.record for _, fate in written]
        self._target = written[0][0].direction.target if written else Side.WEBSTORE
        self._stored = iter(canonical_records(run, written[0][0].direction, self._records) if written else [])
        accounts = self._records if self._target is Side.WEBSTORE else []
        self._marks = iter(marks_of_accounts(accounts))
        self._links: list[MappingRow] = []
        self._newcomers: dict[int, str] = {}
        self._agreements: list[Agreement] = []
        self._lifted: dict[str, set[str]] = {}
        self._linked: list[Linked] = []
        self._stamps: dict[Side, list[tuple[str, int, int]]] = {}

    def confirm(self, write: Write, intent_id: int, written: Written) -> Settlement:
        """A write that was answered with the record as it is now; called for each, in their order."""
        run, result, error = self.run, self.result, written.error
        target, stored = next(self._stored)
        marks = next(self._marks, write.account)
        bc_id, webstore_id, number = write.bc_id, write.webstore_id, write.bc_number or ""
        if write.direction is Direction.PULL:
            bc_id, number = str(written.record["id"]).lower(), str(written.record.get("number", number))
        else:
            webstore_id = int(written.record["id"])
        assert bc_id is not None and webstore_id is not None  # noqa: S101 - one came with the write, one with the answer
        refused = None if error is None else _refuse(run, self.work, write, intent_id, error, result)
        if (
            refused is not None
            and write.operation == "update"
            and not any(_stands(run, c, stored) for c in write.changes)
        ):
            return refused
        result.created += write.operation == "create"
        result.updated += write.operation == "update"
        if write.operation == "create":
            linked = self._known.linked_meanwhile(write.direction, write.bc_id, write.webstore_id)
            if linked is not None:
                created = number if write.direction is Direction.PULL else f"woo:{target}"
                return _twin(write, intent_id, linked, created, result)
            if write.direction is Direction.PUSH:
                self._newcomers[webstore_id] = number
            self._links.append(MappingRow(bc_id, number, webstore_id, True, stored.get("name", "")))
            self._linked.append(_linked(write, bc_id, webstore_id, written.record, marks))
        else:
            stamp = stamp_of_record(write.direction.target, written.record)
            if stamp is not None:
                self._stamps.setdefault(write.direction.target, []).append((bc_id, webstore_id, stamp))
        # an answer may leave fields out (metadata): of those nothing is known
        sent = {n: value for n, value in write.source.items() if n not in write.both_sides and n in stored}
        if error is not None:  # what was not kept as it was sent has not been agreed on
            sent = {name: value for name, value in sent.items() if same_value(run, name, stored[name], value)}
        now = {name: stored[name] for name in sent}
        webstore, business_central = (now, sent) if write.direction is Direction.PUSH else (sent, now)
        self._agreements.append(Agreement(bc_id, webstore_id, webstore, business_central))
        settled = Settlement(intent_id, "confirmed", record=stored, remote_id=str(target))
        if refused is not None:
            return replace(settled, code=refused.code, message=refused.message)
        self._lifted.setdefault(str(write.direction), set()).update({write.key, customer_key(bc_id, webstore_id)})
        return settled

    def commit(self) -> None:
        """Link, move the bases to what the server answered, put that into the directory, lift holds."""
        if self._links:
            free_ids(self.run, self.work, self._newcomers, {row.bc_id.lower() for row in self._links})
            self.work.mapping.link_many(self._links)
        if self._agreements:
            put_bases(self.run, self.work, self._agreements)
        if self._linked:
            self.work.bases.sight(sighted_links(self._linked), anew=True)
        update_directory(self.run, self.work, self._target, self._records)
        for side, stamps in self._stamps.items():
            self.work.bases.wrote(str(side), stamps)
        for direction, keys in self._lifted.items():
            self.work.holds.succeeded(keys, direction)


def _linked(
    write: Write, bc_id: str, webstore_id: int, record: Mapping[str, Any], marks: tuple[int | None, str]
) -> Linked:
    """What is known of both records of a pair of which one was created just now."""
    target, source = stamp_of_record(write.direction.target, record), stamp_of(write.touched)
    if write.direction is Direction.PULL:
        return Linked(bc_id, webstore_id, source, target, marks)
    return Linked(bc_id, webstore_id, target, source, marks)


def _stands(run: Run, change: Change, stored: Mapping[str, str]) -> bool:
    """Whether a change is to be seen in the answer."""
    return change.field in stored and same_value(run, change.field, stored[change.field], change.after)


def _twin(write: Write, intent_id: int, linked: str, created: str, result: LoadResult) -> Settlement:
    """Somebody linked the customer by hand in the moment in which it was created: a person must say which one stays."""
    message = (
        f"the customer was linked to {linked} while {created} was being created for it; {created} may be a duplicate"
    )
    result.failed += 1
    result.failures.append(Failure(write.label, str(write.direction.target), "linked", message))
    return Settlement(intent_id, "held", code="linked", message=message)


def _refuse(
    run: Run, work: Work, write: Write, intent_id: int, error: CustomerSyncError, result: LoadResult
) -> Settlement:
    code = _code(error)
    result.failed += 1
    settled = Settlement(intent_id, "refused", code=code, message=str(error))
    if _of_the_system(run, write, error, code):
        # nothing is counted against the customer, so that the next run tries again
        result.fail_with_others(failure_of(write, error, code))
        return settled
    result.failures.append(failure_of(write, error, code))
    work.holds.failed(
        write.key,
        str(write.direction),
        signature=code,
        message=str(error),
        scheduled=run.trigger == "scheduled",
        max_attempts=run.setup.synchronization.max_attempts,
    )
    return settled


def _of_the_system(run: Run, write: Write, error: CustomerSyncError, code: str) -> bool:
    """Whether a refusal is the other system's trouble: it would refuse the write whatever the customer's values were."""
    if isinstance(error, SetupError):
        return True
    if not isinstance(error, RemoteRefused) or isinstance(error, CustomerChanged | CustomerNotFound | EmailTaken):
        return False
    return not speaks_of_the_customer(code, error.message, write, run.rules.fields)


def _code(error: CustomerSyncError) -> str:
    return error.code if isinstance(error, RemoteRefused) and error.code else type(error).__name__


def failure_of(write: Write, error: CustomerSyncError, code: str) -> Failure:
    """A write that failed, for the summary."""
    return Failure(write.label, str(write.direction.target), code, str(error))
