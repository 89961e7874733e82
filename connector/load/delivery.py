"""The write path that both directions share: intent, send, settle.

Every batch goes through three committed steps: the intents (what will be written, with before and after), the sending, and
one transaction with all that the answers changed: outcome rows, bases, links, holds. Whatever is killed in between leaves
intents open; the next run looks at the other system (recovery.py) and never repeats a write blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
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
from connector.load.side_by_side import UnderWay, batches_of
from connector.load.together import Together
from connector.run.breakers import stop_failing_load
from connector.run.fence import LOOK_SECONDS, looked_at
from connector.run.result import Failure, LoadResult
from connector.run.run import Run
from connector.setup import UsernameRule
from connector.store import Intent, MappingRow, Settlement, Work

__all__ = ["Dropped", "Fate", "Look", "Part", "Written", "deliver", "fate_of"]


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


Send = Callable[[Sequence[Write]], Sequence[Fate]]


@dataclass(frozen=True)
class Answers:
    """What became of the writes of one batch, each with the id of its intent."""

    writes: Sequence[Write]
    ids: Sequence[int]
    fates: Sequence[Fate]


# looks at the other system what became of this direction's open intents; gives the keys of customers whose write happened
Look = Callable[[Run, Direction], Collection[str]]


@dataclass(frozen=True)
class Part:
    """Writes of one kind, so many in a batch, and what sends one.

    Attributes:
        at_once: how many batches the server takes at a time, asked anew before each. More than one only where no write
            depends on another (core/business_central_order.py).
        looks_ahead: the next batch looks while others are sent. Not where what somebody types between the look and the sending
            would be overwritten: an account has no tag.
        claims: what two batches that are under way together must not both claim: a server looks whether it is taken, and then
            takes it, and between the two somebody else may.
    """

    writes: Sequence[Write]
    size: int
    send: Send
    at_once: Callable[[], int] = lambda: 1
    looks_ahead: bool = False
    claims: Callable[[Write], Collection[str]] = lambda _: ()


def deliver(run: Run, direction: Direction, look: Look, parts: Sequence[Part]) -> LoadResult:
    """Write several lists of writes of one direction, batch by batch.

    Args:
        look: called when an answer was lost, when nothing is under way, and before anything else is sent; tells what had
            happened after all.

    Returns:
        The counts. `stopped` says why not everything was tried; what was not tried is planned again by the next run.
    """
    result = LoadResult()
    what = "Pushing to the webstore" if direction is Direction.PUSH else "Pulling into Business Central"
    total, done = sum(len(part.writes) for part in parts), 0
    settled = Together(run.store_lock, partial(settle, run, result=result))
    for part in parts:
        batches = batches_of(part.writes, part.size, part.claims)
        following = next(batches, None)
        lost: list[Unknown] = []
        trouble = False
        with UnderWay(partial(_deliver_batch, run, part=part, settled=settled, result=result)) as under_way:
            while under_way or lost or (following and not result.stopped):
                if following and not result.stopped and run.ending.is_set():
                    result.stopped = "The run was cancelled; what was not written is planned again by the next run."
                if (
                    following
                    and not result.stopped
                    and not lost
                    and under_way.has_room(following, part.at_once(), looks_ahead=part.looks_ahead)
                ):
                    run.check_lease()
                    under_way.begin(following)
                    following = next(batches, None)
                    continue
                if under_way:
                    if (ended := under_way.ended()) is None:
                        continue
                    batch, future = ended
                    try:
                        lost += filter(None, [future.result()])
                    except (RemoteTrouble, RemoteRefused) as refused:  # of a request as a whole
                        result.stopped, trouble = result.stopped or str(refused), True
                    done += len(batch.writes)
                    run.progress(what, done, total)
                elif lost:  # and nothing is under way; after a refusal the next run looks
                    happened = () if trouble else look(run, direction)
                    for writes, why in lost:
                        _count_looked_up(writes, why, happened, result)
                    lost = []
                if done < total and not lost and not result.stopped:
                    stop_failing_load(run, result)
        if result.stopped:
            break
    return result


Unknown = tuple[Sequence[Write], OutcomeUnknown]


def _deliver_batch(
    run: Run,
    batch: Sequence[Write],
    answered: Callable[[], None],
    *,
    part: Part,
    settled: Together[Answers],
    result: LoadResult,
) -> Unknown | None:
    """Announce, look, send and settle; again from the start when so much time has passed since the look that nothing was
    sent (this process stood still, or the shop asked to be waited for). Gives the writes whose answer was lost."""

    def send(writes: Sequence[Write]) -> Sequence[Fate]:
        fates = part.send(writes)
        if all(isinstance(fate, Dropped) or (isinstance(fate, Written) and fate.error is None) for fate in fates):
            answered()  # else the breaker is asked before another one begins
        return fates

    for seconds in LOOK_SECONDS:
        with looked_at(seconds):
            announced = announce(run, batch, result)
            batch = [write for write, _ in announced]
            try:
                land(run, announced, send, settled)
            except LookedTooLongAgo:
                continue
            except OutcomeUnknown as lost:
                return batch, lost
            return None
    for write in batch:
        result.drop(write, "looked at too long ago to be sent; the next run plans it anew")
    return None


def _count_looked_up(
    writes: Sequence[Write], lost: OutcomeUnknown, happened: Collection[str], result: LoadResult
) -> None:
    """The answer of a whole batch was lost and looked up: what had happened counts as done, the rest as failed."""
    for write in writes:
        if write.key in happened:
            result.created += write.operation == "create"
            result.updated += write.operation == "update"
        else:
            result.failed += 1
            result.failures.append(_failure(write, lost, "outcome-unknown"))


def announce(run: Run, writes: Sequence[Write], result: LoadResult) -> list[tuple[Write, int]]:
    """Commit the intents of one batch.

    A write that an edit of the mapping table has overtaken is dropped at once: what was never to be sent must not be looked
    for, and taken for ours, when the answer to the others is lost.

    Returns:
        The writes that are to be sent, each with the id of its intent.
    """
    with run.store_lock, run.store.work(run.code) as work:
        known = MappedNow(work, [(write.bc_id, write.webstore_id) for write in writes])
        names = run.setup.accounts.username is UsernameRule.MAPPING
        reasons = [known.overtaken(write, names_accounts=names) for write in writes]
        ids = work.journal.intend([_intent(run, write) for write in writes])
        dropped = [Settlement(i, "dropped", message=reason) for i, reason in zip(ids, reasons, strict=True) if reason]
        work.journal.settle(dropped)
    for write, reason in zip(writes, reasons, strict=True):
        if reason:
            result.drop(write, reason)
    return [(write, i) for write, i, reason in zip(writes, ids, reasons, strict=True) if not reason]


def land(run: Run, announced: Sequence[tuple[Write, int]], send: Send, settled: Together[Answers]) -> None:
    """Write what was announced.

    Args:
        announced: writes with the ids of their intents.
        send: does the re-check and the request; gives one fate per write, in order. It raises OutcomeUnknown when the
            answer was lost after sending, and another error of ours when nothing was written.
        settled: commits what the answers say.

    Raises:
        OutcomeUnknown: the batch was sent and may have happened; its intents stay open for recovery.
        LookedTooLongAgo: nothing was sent; the intents are settled as dropped.
        LeaseLost, StoreError: part of the batch may have been sent before; the intents stay open for whoever took over.
        RemoteTrouble, RemoteRefused, SetupError: the other system took nothing; the intents are settled as not happened.
    """
    if not announced:
        return
    writes, ids = [write for write, _ in announced], [i for _, i in announced]
    try:
        fates = send(writes)
    except OutcomeUnknown:
        raise  # the intents stay open: recovery looks what became of them
    except LookedTooLongAgo as old:
        with run.store_lock, run.store.work(run.code) as work:
            work.journal.settle([Settlement(i, "dropped", message=old.message) for i in ids])
        raise
    except (RemoteTrouble, RemoteRefused, SetupError) as trouble:
        with run.store_lock, run.store.work(run.code) as work:
            work.journal.settle([Settlement(i, "not-happened", message=str(trouble)) for i in ids])
        raise
    settled(Answers(writes, ids, fates))


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
                result.failures.append(_failure(write, fate, "outcome-unknown"))
            elif isinstance(fate, RemoteTrouble):  # not the customer's fault: nothing is counted against it
                result.failed += 1
                result.failures.append(_failure(write, fate, type(fate).__name__))
                settlements.append(Settlement(intent_id, "not-happened", message=str(fate)))
            else:
                settlements.append(_refuse(run, work, write, intent_id, fate, result))
        confirming.commit()
        work.journal.settle(settlements)


def _intent(run: Run, write: Write) -> Intent:
    return Intent(
        run_id=run.run_id,
        direction=str(write.direction),
        system=str(write.direction.target),
        operation=write.operation,
        bc_id=write.bc_id,
        bc_number=write.bc_number,
        webstore_id=write.webstore_id,
        natural_key=write.natural_key,
        payload=dict(write.payload),
        before={change.field: change.before for change in write.changes},
        after=dict(write.source) if write.operation == "create" else {c.field: c.after for c in write.changes},
        rule="; ".join(sorted({change.reason for change in write.changes})),
        token=write.etag,
    )


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
        result.fail_with_others(_failure(write, error, code))
        return settled
    result.failures.append(_failure(write, error, code))
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


def _failure(write: Write, error: CustomerSyncError, code: str) -> Failure:
    return Failure(write.label, str(write.direction.target), code, str(error))
