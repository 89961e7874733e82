"""Writes that happened after they had been found not to have happened: by a process that stood still between its last
question and the network, and went on.

Nothing can exclude that moment, so it is looked for. For a day after an interrupted write was settled as not-happened, and
unless its process is known to be dead, every run looks once more:

- a customer that nobody is linked to, and that is what was sent: linked if its counterpart is not linked yet; otherwise told
  as a possible duplicate, for a person (`log --failed`);
- a field that holds what was sent, and not what both sides last agreed on: that process wrote it, or somebody typed the same
  value once more. Nobody can tell, so what was agreed on is forgotten: where the two sides differ, a person is asked (or the
  policy for newly linked customers), and neither value overwrites the other by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.core.customer import Direction, Side
from connector.load.bases import base_hash
from connector.load.recheck import canonical_record, read_again, same_value
from connector.load.recovery import UNSURE, adopt, created_by, linked_meanwhile, may_be_made_by
from connector.run.run import Run
from connector.store import Base, OpenIntent, Settlement, Work

__all__ = ["find_late_writes"]

LATE = "late-write"
_LOOK_BACK = timedelta(days=1)
# creates are looked up one by one in a webstore; more than a batch are not left behind by one process
_MOST_CREATES = 50


def find_late_writes(run: Run) -> None:
    """Look for them, settle them, and say so in the run's warnings; no request when no process was left behind."""
    with run.store.view(run.code) as view:
        unsure = view.journal.not_happened(UNSURE, datetime.now(UTC) - _LOOK_BACK)
    for direction in Direction:
        of_direction = [intent for intent in unsure if intent.direction == str(direction)]
        by_operation = {
            name: [i for i in of_direction if i.operation == name] for name in ("update", "create", "delete")
        }
        if by_operation["update"]:
            _updates(run, direction, by_operation["update"])
        if by_operation["create"]:
            _creates(run, direction, by_operation["create"][-_MOST_CREATES:])
        if by_operation["delete"]:
            _deletes(run, by_operation["delete"])


def _creates(run: Run, direction: Direction, intents: Sequence[OpenIntent]) -> None:
    found = created_by(run, direction, intents)
    if not any(found):
        return
    with run.store_lock, run.store.work(run.code) as work:
        work.describe(actor=run.actor, reason="a late write was found", run_id=run.run_id)
        rejected = work.mapping.rejections()
        for intent, records in zip(intents, found, strict=True):
            made = [r for r in records if may_be_made_by(run, work, direction, intent, r, rejected)]
            if not made:
                continue
            names = ", ".join(_named(direction, record) for record in made)
            linked = linked_meanwhile(work, direction, intent)
            if linked is None and len(made) == 1:
                message = f"{names} was created by a run that had stood still; it was linked"
                values = canonical_record(run, direction, made[0])[1]
                late = Settlement(intent.intent_id, "adopted", code=LATE, message=message)
                adopt(run, work, direction, intent, made[0], values, create=True, settled=late)
            else:
                message = (
                    f"{names} may be a duplicate{f' of {linked}' if linked else ''}: it is what a run was creating that "
                    "stood still meanwhile. Merge the two or delete one, in the system where they are."
                )
                work.journal.settle([Settlement(intent.intent_id, "held", code=LATE, message=message)], again=True)
            run.warnings.append(f"Late write: {message}")


def _updates(run: Run, direction: Direction, intents: Sequence[OpenIntent]) -> None:
    pushing = direction is Direction.PUSH
    records = read_again(run, direction.target, [i.webstore_id if pushing else i.bc_id for i in intents])
    with run.store_lock, run.store.work(run.code) as work:
        bases = work.bases.find([i.bc_id for i in intents if i.bc_id])
        for intent in intents:
            record = records.get(intent.webstore_id if pushing else intent.bc_id)
            base = bases.get((intent.bc_id or "", intent.webstore_id or 0))
            if record is None or base is None or not _still_linked(work, intent):
                continue
            agreed = base.webstore if pushing else base.business_central
            values = canonical_record(run, direction, record)[1]
            late = sorted(
                name
                for name, sent in intent.after.items()
                if name in values
                and name in agreed
                and same_value(run, name, values[name], sent)
                and not same_value(run, name, values[name], agreed[name])
            )
            if not late:
                continue
            work.bases.put([_without(run, base, late)])
            message = (
                f"{', '.join(late)} of {intent.bc_number or intent.bc_id} in {_NAMES[direction.target]} holds what a run "
                "was about to write that stood still meanwhile: it wrote late, or somebody typed the same value again. "
                "Where the other side differs, decide which value is right."
            )
            work.journal.settle([Settlement(intent.intent_id, "held", code=LATE, message=message)], again=True)
            run.warnings.append(f"Late write: {message}")


def _without(run: Run, base: Base, names: Sequence[str]) -> Base:
    """A base that knows nothing of some fields."""
    webstore = {name: value for name, value in base.webstore.items() if name not in names}
    business_central = {name: value for name, value in base.business_central.items() if name not in names}
    return replace(
        base,
        webstore=webstore,
        business_central=business_central,
        webstore_hash=base_hash(run, webstore),
        business_central_hash=base_hash(run, business_central),
        run_id=run.run_id,
    )


def _deletes(run: Run, intents: Sequence[OpenIntent]) -> None:
    there = read_again(run, Side.WEBSTORE, [i.webstore_id for i in intents])
    gone = [intent for intent in intents if intent.webstore_id not in there]
    if not gone:
        return
    with run.store_lock, run.store.work(run.code) as work:
        for intent in gone:
            message = f"woo:{intent.webstore_id} was deleted by an undo that had stood still, or by somebody since"
            work.journal.settle([Settlement(intent.intent_id, "adopted", code=LATE, message=message)], again=True)
            run.warnings.append(f"Late write: {message}.")


_NAMES = {Side.WEBSTORE: "the webstore", Side.BUSINESS_CENTRAL: "Business Central"}


def _still_linked(work: Work, intent: OpenIntent) -> bool:
    row = work.mapping.row(bc_id=intent.bc_id or "")
    return row is not None and row.webstore_id == intent.webstore_id


def _named(direction: Direction, record: Mapping[str, Any]) -> str:
    return f"woo:{record['id']}" if direction is Direction.PUSH else str(record.get("number") or record["id"])
