"""What the journal says against a write: it was refused again and again, or it goes back and forth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from connector.core.customer import Direction, Side
from connector.core.oscillation import OSCILLATES, Place, Turn, by_place, oscillations
from connector.core.plan import Plan
from connector.core.quarantining import Objection
from connector.core.refusals import known_refusals
from connector.run.refused_writes import refusals_of
from connector.run.run import Run
from connector.store import View
from connector.store.journal import Update

__all__ = ["objections_of", "replaced_by_writes"]


def objections_of(run: Run, plan: Plan, *, selected: bool) -> list[Objection]:
    """What is known against writes of a run over all customers; who is selected by name is tried in any case."""
    if not plan.writes or selected:
        return []
    settings = run.setup.breakers
    # a scheduled run leaves nobody out before the hold: its attempts are counted
    enough = max(settings.refusals, run.setup.synchronization.max_attempts) if run.trigger == "scheduled" else 0
    with run.store.view(run.code) as view:
        found = known_refusals(plan, refusals_of(view, plan), enough, run.rules.fields)
        if settings.oscillation:
            found += oscillations(plan, _turns(view, plan, run.run_id), run.rules.fields)
    return found


def replaced_by_writes(
    view: View, bc_ids: Sequence[str], sides: Collection[Side]
) -> dict[tuple[Side, str, int, str], set[str]]:
    """The older values of some customers: side, Business Central id, webstore id, field → canonical values that a confirmed
    update replaced.

    On whichever side the update was written: the other side held the older value as well, until a person typed the newer one
    there. A restored side holds it again, and no write of ours ever touched it there.
    """
    found: dict[tuple[Side, str, int, str], set[str]] = {}
    if not sides:
        return found
    for turn in _read(view.journal.updates_of_customers(bc_ids)):
        for side in sides:
            found.setdefault((side, *turn.place), set()).add(turn.before)
    return found


def _turns(view: View, plan: Plan, run_id: str) -> Mapping[Place, Sequence[Turn]]:
    """The turns of the last two full runs, and of fields that are held already their last two."""
    if not any(plan.of(direction, "update") for direction in Direction):
        return {}
    runs = view.runs.full_that_wrote(2, besides=run_id)
    turns: dict[Place, Sequence[Turn]] = {}
    if len(runs) == 2:
        newer, older = (by_place(_read(view.journal.updates_of_run(key))) for key in runs)
        turns = {place: (older[place], turn) for place, turn in newer.items() if place in older}
    return {**turns, **_held(view, plan)}


def _held(view: View, plan: Plan) -> dict[Place, Sequence[Turn]]:
    """A held field is written by no run, so its turns are looked up where they are."""
    standing = view.quarantine.all()
    standing = standing[standing["reason"].str.startswith(OSCILLATES).astype(bool)]
    held = set(zip(standing["key"], standing["field"], strict=True))
    turns: dict[Place, Sequence[Turn]] = {}
    for write in chain(*(plan.of(direction, "update") for direction in Direction)) if held else ():
        fields = {change.field for change in write.changes if (write.key, change.field) in held}
        if not fields or write.bc_id is None:
            continue
        history = [t for t in _read(view.journal.updates_of_customers([write.bc_id])) if t.place[2] in fields]
        for field in fields:
            place = (write.bc_id, write.webstore_id or 0, field)
            turns[place] = [turn for turn in history if turn.place == place][-2:]
    return turns


def _read(updates: Iterable[Update]) -> Iterator[Turn]:
    """Their fields, in order."""
    for update in updates:
        direction = str(Direction(update.direction))
        for field, value in update.after.items():
            place = (update.bc_id, update.webstore_id, field)
            yield Turn(place, direction, update.before.get(field, ""), value, update.rule)
