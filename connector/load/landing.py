"""The write path that both directions share: intent, send, settle.

Every batch goes through three committed steps: the intents (what will be written, with before and after), the sending, and
one transaction with all that the answers changed: outcome rows, bases, links, holds. Whatever is killed in between leaves
intents open; the next run looks at the other system (recovery.py) and never repeats a write blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Direction
from connector.core.normalize import NORMALIZERS, fingerprint
from connector.core.plan import Agreement, Write, customer_key
from connector.errors import CustomerSyncError, OutcomeUnknown, RemoteRefused, RemoteTrouble
from connector.load.breaking import stop_failing_load
from connector.load.run import Failure, LoadResult, Run
from connector.store import Base, Intent, Settlement, Work

__all__ = ["Dropped", "Landed", "Landing", "Look", "canonical_record", "changed_since", "deliver", "put_bases"]


@dataclass(frozen=True)
class Landed:
    """The other system confirmed the write and answered with the record as it is now."""

    record: Mapping[str, Any]


@dataclass(frozen=True)
class Dropped:
    """Nothing was sent, because the customer is no longer what the plan saw. A later run decides anew."""

    reason: str


Landing = Landed | Dropped | CustomerSyncError


Send = Callable[[Sequence[Write]], Sequence[Landing]]


# looks at the other system what became of this direction's open intents; gives the keys of customers whose write happened
Look = Callable[[Run, Direction], Collection[str]]


def deliver(
    run: Run, direction: Direction, look: Look, parts: Sequence[tuple[Sequence[Write], int, Send]]
) -> LoadResult:
    """Write several lists of writes of one direction, batch by batch.

    Args:
        look: called when an answer was lost, before anything else is sent; tells what had happened after all.
        parts: writes, batch size, and what sends a batch.

    Returns:
        The counts. `stopped` says why not everything was tried; what was not tried is planned again by the next run.
    """
    result = LoadResult()
    what = "Pushing to the webstore" if direction is Direction.PUSH else "Pulling into Business Central"
    total, done = sum(len(writes) for writes, _, _ in parts), 0
    for writes, size, send in parts:
        for start in range(0, len(writes), size):
            batch = writes[start : start + size]
            if run.ending.is_set():
                result.stopped = "The run was cancelled; what was not written is planned again by the next run."
                return result
            run.check_lease()
            try:
                try:
                    land(run, batch, send, result)
                except OutcomeUnknown as lost:
                    _count_looked_up(batch, lost, look(run, direction), result)
            except RemoteTrouble as trouble:
                result.stopped = str(trouble)
                return result
            done += len(batch)
            run.progress(what, done, total)
            if done < total and stop_failing_load(run, result):
                return result
    return result


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


def land(run: Run, writes: Sequence[Write], send: Send, result: LoadResult) -> None:
    """Write one batch.

    Args:
        send: does the re-check and the request; gives one landing per write, in order. It raises OutcomeUnknown when the
            answer was lost after sending, and RemoteTrouble when nothing was sent.
        result: counts what happened.

    Raises:
        OutcomeUnknown: the batch was sent and may have happened; its intents stay open for recovery.
        RemoteTrouble: the other system is not there; the intents are settled as not happened.
    """
    with run.store_lock, run.store.work(run.code) as work:
        ids = work.journal.intend([_intent(run, write) for write in writes])
    try:
        landings = send(writes)
    except OutcomeUnknown:
        raise  # the intents stay open: recovery looks what became of them
    except RemoteTrouble as trouble:
        with run.store_lock, run.store.work(run.code) as work:
            work.journal.settle([Settlement(i, "not-happened", message=str(trouble)) for i in ids])
        raise
    settle(run, writes, ids, landings, result)


def settle(
    run: Run, writes: Sequence[Write], ids: Sequence[int], landings: Sequence[Landing], result: LoadResult
) -> None:
    """Commit what the answers of one batch say: outcomes, bases, links and holds, in one transaction."""
    with run.store_lock, run.store.work(run.code) as work:
        work.describe(actor=run.actor, reason="synchronisation", run_id=run.run_id)
        settlements = []
        for write, intent_id, landing in zip(writes, ids, landings, strict=True):
            if isinstance(landing, Landed):
                settlements.append(_confirm(run, work, write, intent_id, landing.record))
                result.created += write.operation == "create"
                result.updated += write.operation == "update"
            elif isinstance(landing, Dropped):
                settlements.append(Settlement(intent_id, "dropped", message=landing.reason))
                result.dropped += 1
            elif isinstance(landing, OutcomeUnknown):
                result.failed += 1
                result.failures.append(_failure(write, landing, "outcome-unknown"))
            else:
                settlements.append(_refuse(run, work, write, intent_id, landing, result))
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


def _confirm(run: Run, work: Work, write: Write, intent_id: int, record: Mapping[str, Any]) -> Settlement:
    """Link a created customer, move the base to what the server answered, lift holds."""
    target, stored = canonical_record(run, write.direction, record)
    bc_id, webstore_id, number = write.bc_id, write.webstore_id, write.bc_number or ""
    if write.direction is Direction.PULL:
        bc_id, number = str(record["id"]).lower(), str(record.get("number", number))
    else:
        webstore_id = int(record["id"])
    assert bc_id is not None and webstore_id is not None  # noqa: S101 - one came with the write, one with the answer
    if write.operation == "create":
        work.mapping.link(bc_id, number, webstore_id, name=stored.get("name", ""))
    sent = {name: value for name, value in write.source.items() if name not in write.both_sides}
    now = {name: stored[name] for name in sent}
    webstore, business_central = (now, sent) if write.direction is Direction.PUSH else (sent, now)
    put_bases(run, work, [Agreement(bc_id, webstore_id, webstore, business_central)])
    for key in {write.key, customer_key(bc_id, webstore_id)}:
        work.holds.succeeded(key, str(write.direction))
    return Settlement(intent_id, "confirmed", record=stored, remote_id=str(target))


def _refuse(
    run: Run, work: Work, write: Write, intent_id: int, error: CustomerSyncError, result: LoadResult
) -> Settlement:
    code = error.code if isinstance(error, RemoteRefused) else type(error).__name__
    result.failed += 1
    result.failures.append(_failure(write, error, code))
    work.holds.failed(
        write.key,
        str(write.direction),
        signature=code,
        message=str(error),
        scheduled=run.trigger == "scheduled",
        max_attempts=run.setup.synchronization.max_attempts,
    )
    return Settlement(intent_id, "refused", code=code, message=str(error))


def _failure(write: Write, error: CustomerSyncError, code: str) -> Failure:
    return Failure(write.label, str(write.direction.target), code, str(error))


def canonical_record(run: Run, direction: Direction, record: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """Id and canonical values of one record of the system that the direction writes."""
    rules, geography = run.rules.fields, run.rules.geography
    module = webstore_customer if direction is Direction.PUSH else business_central_customer
    table: pa.Table = module.columns([record], rules)
    if not webstore_customer.meta_known(table):  # an account that was looked up by e-mail, without its metadata
        rules = rules.without_metadata()
    values = module.canonical(table, rules, geography).to_pylist()[0]
    return values.pop("webstore_id" if direction is Direction.PUSH else "bc_id"), values


def changed_since(run: Run, write: Write, record: Mapping[str, Any]) -> Dropped | None:
    """The re-check: Dropped when a field that is to be written is not any more what the plan saw; None when it is."""
    _, now = canonical_record(run, write.direction, record)
    normalizers = {rule.field: NORMALIZERS[rule.normalizer] for rule in run.rules.fields.rules}
    moved = [c.field for c in write.changes if normalizers[c.field](now[c.field]) != normalizers[c.field](c.before)]
    return Dropped(f"changed by somebody since it was read: {', '.join(moved)}") if moved else None


def put_bases(run: Run, work: Work, agreements: Sequence[Agreement]) -> None:
    """Move the bases of some fields of some pairs; the other fields keep theirs."""
    stored = work.bases.read([agreement.bc_id for agreement in agreements])
    known = {
        (bc_id, webstore_id): (orjson.loads(w), orjson.loads(c))
        for bc_id, webstore_id, w, c in zip(
            stored["bc_id"], stored["webstore_id"], stored["webstore"], stored["business_central"], strict=True
        )
    }
    rows = []
    for agreement in agreements:
        w, c = known.get((agreement.bc_id, agreement.webstore_id), ({}, {}))
        w, c = {**w, **agreement.webstore}, {**c, **agreement.business_central}
        rows.append(
            Base(agreement.bc_id, agreement.webstore_id, w, c, base_hash(run, w), base_hash(run, c), run.run_id)
        )
    work.bases.put(rows)


def base_hash(run: Run, values: Mapping[str, str]) -> str:
    """The fingerprint of one side of a base, comparable with those of an extract (normalize.row_hashes)."""
    return fingerprint(
        None if rule.field not in values else NORMALIZERS[rule.normalizer](values[rule.field])
        for rule in run.rules.fields.rules
    )
