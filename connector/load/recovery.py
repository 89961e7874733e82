"""Settles what an earlier run, or a lost answer, left open: by looking at the other system, never by repeating.

An open intent says what was about to be written and when. For an update the customer is read: if a field holds its new
value the write has happened, and what else is found there somebody has typed since. For a create the natural key is
looked up: one customer that the mapping does not know yet and that holds what was sent → it is ours, adopt it; none → it
did not happen; several → a person must say which (held). A delete has happened if the account is gone. A server may still
be working on a request whose answer was lost, so an intent younger than the setup's `settle_seconds` is waited for before
"it did not happen" is believed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.clients.business_central.odata import literal
from connector.core.business_central_order import in_doubt
from connector.core.customer import Direction, Side
from connector.core.customer_key import customer_key
from connector.core.plan import Agreement
from connector.core.undoing import UNDO
from connector.extract.directory import update_directory
from connector.load.bases import put_bases, remember_record
from connector.load.lost_accounts import free_ids, is_lost
from connector.load.pull import customers_like
from connector.load.push import accounts_by_email
from connector.load.recheck import MappedNow, canonical_record, read_again, same_value
from connector.run.decisions import decisions_of
from connector.run.run import Run
from connector.store import OpenIntent, Settlement, View, Work

__all__ = ["UNSURE", "Recovery", "adopt", "created_by", "linked_meanwhile", "may_be_made_by", "recover"]

# code of a write that was found not to have happened, and may yet: its process was not known to be dead
UNSURE = "unsure"
_ENDED = ("completed", "stopped", "refused", "rejected", "failed", "waiting")
CLOCKS_DIFFER = timedelta(minutes=10)
_log = logging.getLogger("connector.load")


@dataclass
class Recovery:
    """How open intents were settled.

    Attributes:
        ended: runs that send nothing any more.
    """

    ended: frozenset[str] = frozenset()
    adopted: list[OpenIntent] = field(default_factory=list)
    not_happened: list[OpenIntent] = field(default_factory=list)
    held: list[OpenIntent] = field(default_factory=list)

    @property
    def total(self) -> int:
        """All settled intents."""
        return len(self.adopted) + len(self.not_happened) + len(self.held)

    @property
    def happened(self) -> frozenset[str]:
        """Keys of the customers whose write had happened."""
        return frozenset(customer_key(intent.bc_id, intent.webstore_id) for intent in self.adopted)


def recover(run: Run, only: Direction | None = None) -> Recovery:
    """Settle every open intent of the webstore.

    Args:
        only: one direction alone, while the other one may be writing.

    Raises:
        RemoteTrouble: the other system does not answer; the intents stay open.
    """
    with run.store.view(run.code) as view:
        intents = [i for i in view.journal.open() if only is None or i.direction == str(only)]
        recovery = Recovery(_ended(run, view, intents))
    if not intents:
        return recovery
    youngest = min((datetime.now(UTC) - intent.intended_at).total_seconds() for intent in intents)
    settle_seconds = run.setup.synchronization.settle_seconds
    if youngest < settle_seconds:
        time.sleep(settle_seconds - max(youngest, 0))
    run.progress("Settling interrupted writes", 0, len(intents))
    for operation, direction, settle in (
        ("update", Direction.PUSH, _updates),
        ("update", Direction.PULL, _updates),
        ("delete", Direction.PUSH, _deletes),
        ("create", Direction.PUSH, _creates),
        ("create", Direction.PULL, _creates),
    ):
        chosen = [i for i in intents if i.operation == operation and i.direction == str(direction)]
        if chosen:
            settle(run, direction, chosen, recovery)
    _log.info(
        "settled %d interrupted writes: %d had happened, %d had not, %d wait for a person",
        recovery.total,
        len(recovery.adopted),
        len(recovery.not_happened),
        len(recovery.held),
    )
    return recovery


def _updates(run: Run, direction: Direction, intents: Sequence[OpenIntent], recovery: Recovery) -> None:
    """An interrupted update has happened if the customer holds values that were sent."""
    pushing = direction is Direction.PUSH
    records = read_again(run, direction.target, [i.webstore_id if pushing else i.bc_id for i in intents])
    others = _other_sides(run, direction, intents)
    with run.store_lock, run.store.work(run.code) as work:
        for intent in intents:
            record = records.get(intent.webstore_id if pushing else intent.bc_id)
            values = canonical_record(run, direction, record)[1] if record else {}
            if record and _agreed(run, values, intent):
                adopt(run, work, direction, intent, record, values, create=False, other=others.get(intent.intent_id))
                recovery.adopted.append(intent)
            else:
                message = "the old values stand" if record else "the customer is not there any more"
                work.journal.settle([_not_happened(intent, recovery, message)])
                recovery.not_happened.append(intent)


def _deletes(run: Run, direction: Direction, intents: Sequence[OpenIntent], recovery: Recovery) -> None:
    """An interrupted delete (of an undone run's account) has happened if the account is gone."""
    there = read_again(run, direction.target, [i.webstore_id for i in intents])
    with run.store_lock, run.store.work(run.code) as work:
        for intent in intents:
            gone = intent.webstore_id not in there
            message = "the account is gone" if gone else "the account is still there"
            adopted = Settlement(intent.intent_id, "adopted", message=message)
            work.journal.settle([adopted if gone else _not_happened(intent, recovery, message)])
            if gone and intent.webstore_id is not None:
                work.directory.remove(webstore_ids=[intent.webstore_id])
            (recovery.adopted if gone else recovery.not_happened).append(intent)


def _creates(run: Run, direction: Direction, intents: Sequence[OpenIntent], recovery: Recovery) -> None:
    """An interrupted create has happened if one customer with its natural key is there that nobody is linked to."""
    found = created_by(run, direction, intents)
    with run.store_lock, run.store.work(run.code) as work:
        work.describe(actor=run.actor, reason="recovery of interrupted writes", run_id=run.run_id)
        rejected = work.mapping.rejections()
        for intent, records in zip(intents, found, strict=True):
            free = [r for r in records if may_be_made_by(run, work, direction, intent, r, rejected)]
            if not free:
                work.journal.settle([_not_happened(intent, recovery, "nobody there has its e-mail or name")])
                recovery.not_happened.append(intent)
            elif len(free) > 1:
                ids = ", ".join(str(record.get("number") or record["id"]) for record in free)
                message = f"several customers could be the interrupted create: {ids}. Link the right one by hand."
                work.journal.settle([Settlement(intent.intent_id, "held", code="ambiguous", message=message)])
                recovery.held.append(intent)
            elif (linked := linked_meanwhile(work, direction, intent)) is not None:
                twin = free[0].get("number") or f"woo:{free[0]['id']}"
                message = f"the customer was linked to {linked} meanwhile; {twin} may be a duplicate from an interrupted write"
                work.journal.settle([Settlement(intent.intent_id, "held", code="linked", message=message)])
                recovery.held.append(intent)
            else:
                values = canonical_record(run, direction, free[0])[1]
                adopt(run, work, direction, intent, free[0], values, create=True)
                recovery.adopted.append(intent)


def created_by(run: Run, direction: Direction, intents: Sequence[OpenIntent]) -> Sequence[Sequence[Mapping[str, Any]]]:
    """For each interrupted create the customers that could be it, by its natural key."""
    return _accounts(run, intents) if direction is Direction.PUSH else _customers(run, intents)


def may_be_made_by(
    run: Run,
    work: Work,
    direction: Direction,
    intent: OpenIntent,
    record: Mapping[str, Any],
    rejected: Collection[tuple[str, int]],
) -> bool:
    """Whether an interrupted create can have made this customer: nobody is linked to it, nobody said that it is somebody
    else, and it is what was sent."""
    return (
        _may_be_ours(work, direction, record)
        and _pair(direction, intent, record).isdisjoint(rejected)
        and _is_what_was_sent(run, direction, intent, record)
    )


def _not_happened(intent: OpenIntent, recovery: Recovery, message: str) -> Settlement:
    """It did not happen; where the process that was about to send it may still live, it may yet."""
    code = "" if intent.run_id in recovery.ended else UNSURE
    return Settlement(intent.intent_id, "not-happened", code=code, message=message)


def _ended(run: Run, view: View, intents: Sequence[OpenIntent]) -> frozenset[str]:
    """The runs of these intents that send nothing any more: this one, those that came to an end of their own, and the one
    whose process is known to be dead. Of the others nobody knows: a process that stands still may go on."""
    runs = {intent.run_id for intent in intents}
    known = {run_id: view.runs.show(run_id) for run_id in runs}
    came_to_an_end = {run_id for run_id, row in known.items() if row is not None and row["status"] in _ENDED}
    buried = run.lease.buried if run.lease is not None else ""
    return frozenset({run.run_id} | came_to_an_end | {run_id for run_id in runs if f"run {run_id}" == buried})


def linked_meanwhile(work: Work, direction: Direction, intent: OpenIntent) -> str | None:
    """The counterpart that the customer of an interrupted create has got; None if it has none."""
    known = MappedNow(work, [(intent.bc_id, intent.webstore_id)])
    return known.linked_meanwhile(direction, intent.bc_id, intent.webstore_id)


def _accounts(run: Run, intents: Sequence[OpenIntent]) -> list[list[Mapping[str, Any]]]:
    """For each interrupted create the account that has its e-mail, whole."""
    by_email = accounts_by_email(run, [intent.natural_key for intent in intents])
    whole = read_again(run, Side.WEBSTORE, [int(account["id"]) for account in by_email.values()])
    ids = [int(by_email[i.natural_key]["id"]) if i.natural_key in by_email else 0 for i in intents]
    return [[whole[key]] if key in whole else [] for key in ids]


def _customers(run: Run, intents: Sequence[OpenIntent]) -> list[list[Mapping[str, Any]]]:
    """For each interrupted create the Business Central customers that could be it: by e-mail, or by name if somebody has
    changed the e-mail since."""
    found = [list(records) for records in customers_like(run, intents)]
    for index, intent in enumerate(intents):
        if not found[index] and intent.natural_key and intent.payload.get("displayName"):
            since = (intent.intended_at - CLOCKS_DIFFER).strftime("%Y-%m-%dT%H:%M:%SZ")
            name = literal(str(intent.payload["displayName"]))
            found[index] = [*run.business_central.find(f"displayName eq {name} and lastModifiedDateTime ge {since}")]
    return found


def adopt(
    run: Run,
    work: Work,
    direction: Direction,
    intent: OpenIntent,
    record: Mapping[str, Any],
    values: Mapping[str, str],
    *,
    create: bool,
    other: Mapping[str, str] | None = None,
    settled: Settlement | None = None,
) -> None:
    """Take the customer for the one that was written: link it, and let the base say what both sides hold.

    Args:
        other: what the side holds that an undo did not write; None = what was sent was agreed on.
        settled: what is written into the journal; None = that it had happened.
    """
    pushing = direction is Direction.PUSH
    bc_id = (intent.bc_id or "") if pushing else str(record["id"]).lower()
    webstore_id = int(record["id"]) if pushing else int(intent.webstore_id or 0)
    number = (intent.bc_number or "") if pushing else str(record.get("number", ""))
    if create:
        if pushing:
            free_ids(run, work, {webstore_id: number}, {bc_id.lower()})
        work.mapping.link(bc_id, number, webstore_id, name=values.get("name", ""))
    # a value that a person typed for both sides is agreed on only when both hold it
    typed = {key[2] for key, d in decisions_of(work).items() if key[:2] == (bc_id, webstore_id) and d.take == "value"}
    there = {f: v for f, v in _written(run, values, intent, create=create).items() if f not in typed}
    sent = {name: intent.after[name] if other is None else other[name] for name in there}
    webstore, business_central = (there, sent) if pushing else (sent, there)
    put_bases(run, work, [Agreement(bc_id, webstore_id, webstore, business_central)])
    remember_record(work, direction.target, (bc_id, webstore_id), record, created=create)
    update_directory(run, work, direction.target, [record])
    work.holds.succeeded(
        {customer_key(intent.bc_id, intent.webstore_id), customer_key(bc_id, webstore_id)}, str(direction)
    )
    happened = Settlement(intent.intent_id, "adopted", message="it had happened") if settled is None else settled
    happened = replace(happened, record=dict(values), remote_id=str(record["id"]))
    work.journal.settle([happened], again=settled is not None)


def _other_sides(run: Run, direction: Direction, intents: Sequence[OpenIntent]) -> dict[int, Mapping[str, str]]:
    """What the side that an undo did not write holds, by intent: the restored difference is accepted as it stands.

    It is read before anything is written down: while a transaction is open, every other webstore of the store waits.
    """
    undone = [i for i in intents if i.rule.startswith(UNDO) and i.bc_id and i.webstore_id]
    if not undone:
        return {}
    pushing = direction is Direction.PUSH
    opposite = Direction.PULL if pushing else Direction.PUSH
    records = read_again(run, opposite.target, [i.bc_id if pushing else i.webstore_id for i in undone])
    held: dict[int, Mapping[str, str]] = {}
    for intent in undone:
        record = records.get(intent.bc_id if pushing else intent.webstore_id)
        held[intent.intent_id] = canonical_record(run, opposite, record)[1] if record else intent.after
    return held


def _may_be_ours(work: Work, direction: Direction, record: Mapping[str, Any]) -> bool:
    """Whether an interrupted create can have made this customer: nobody is linked to it (but to an account that had its id
    before and is gone), and its role is the API's."""
    if direction is Direction.PUSH:
        free = work.mapping.row(webstore_id=int(record["id"])) is None or is_lost(work, record)
        return record.get("role") == "customer" and free
    row = work.mapping.row(bc_id=str(record["id"]).lower())
    return row is None or row.webstore_id is None


def _is_what_was_sent(run: Run, direction: Direction, intent: OpenIntent, record: Mapping[str, Any]) -> bool:
    """Whether more than half of what was sent stands there. Somebody who registers with the same e-mail in the meantime is
    no customer of ours: the next run matches the account, and takes nothing in it for an edit or for cleared."""
    values = canonical_record(run, direction, record)[1]
    later = _written_later(run, intent)  # no evidence: it may not have been reached
    sent = [n for n, v in intent.after.items() if v and n != "email" and n in values and n not in later]
    agreed = _agreed(run, values, intent)
    return not sent or 2 * len([name for name in sent if name in agreed]) > len(sent)


def _pair(direction: Direction, intent: OpenIntent, record: Mapping[str, Any]) -> set[tuple[str, int]]:
    """The pair that adopting a customer would link."""
    if direction is Direction.PUSH:
        return {(intent.bc_id or "", int(record["id"]))}
    return {(str(record["id"]).lower(), intent.webstore_id or 0)}


def _written(run: Run, values: Mapping[str, str], intent: OpenIntent, *, create: bool) -> dict[str, str]:
    """What the write left in each field when it happened: the base of the written side.

    A field that holds neither what was sent nor what was there before has been edited since: its base is what was sent, so
    that the edit is seen as one. A field that still holds the old value may not have been written: its base stays. So does that
    of a field that Business Central itself may have overwritten, until it is sent once more. Of a created customer a ship-to
    address that is not there was not reached, and the next run gives it.
    """
    written: dict[str, str] = {}
    doubted = in_doubt(intent.payload) if intent.direction == str(Direction.PULL) else frozenset()
    later = _written_later(run, intent)
    overwritable = {rule.field for rule in run.rules.fields.rules if rule.business_central in doubted}
    for name, sent in intent.after.items():
        now = values.get(name, "")
        if same_value(run, name, now, sent):
            written[name] = now
        elif name in overwritable or (name in later and not now):
            continue
        elif create or not same_value(run, name, now, intent.before.get(name, "")):
            written[name] = sent
    return written


def _written_later(run: Run, intent: OpenIntent) -> frozenset[str]:
    """The fields of a customer to be created in Business Central that are written once the customer is there."""
    if intent.direction != str(Direction.PULL) or intent.operation != "create":
        return frozenset()
    return frozenset(rule.field for rule in run.rules.fields.rules if rule.in_ship_to)


def _agreed(run: Run, values: Mapping[str, str], intent: OpenIntent) -> dict[str, str]:
    """The fields that hold what was sent."""
    return {name: value for name, value in intent.after.items() if same_value(run, name, values.get(name, ""), value)}
