"""The write path that both directions share: intent, send, settle.

Every batch goes through three committed steps: the intents (what will be written, with before and after), the sending, and
one transaction with all that the answers changed (settling.py). Whatever is killed in between leaves intents open; the next
run looks at the other system (recovery.py) and never repeats a write blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from connector.core.customer import Direction
from connector.core.plan import Write
from connector.errors import LookedTooLongAgo, OutcomeUnknown, RemoteRefused, RemoteTrouble, SetupError
from connector.load.recheck import MappedNow
from connector.load.settling import Answers, Dropped, Fate, Written, failure_of, settle
from connector.load.side_by_side import UnderWay, batches_of
from connector.load.together import Together
from connector.run.breakers import stop_failing_load
from connector.run.fence import LOOK_SECONDS, looked_at
from connector.run.result import LoadResult
from connector.run.run import Run
from connector.setup import UsernameRule
from connector.store import Intent, Settlement

__all__ = ["Look", "Part", "deliver"]


Send = Callable[[Sequence[Write]], Sequence[Fate]]
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
            result.failures.append(failure_of(write, lost, "outcome-unknown"))


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
