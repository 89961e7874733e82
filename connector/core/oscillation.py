"""Ping-pong: a field that every run writes anew, because two rules, or a rule and a server, do not agree.

Somebody who changes a value and changes it back is no ping-pong, so one way back is written. Only when the two runs before
this one wrote a field there and back, and this one would write it there again, it is held, with the rules that did it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.core.customer import FieldRules
from connector.core.normalize import NORMALIZERS
from connector.core.plan import Plan
from connector.core.quarantining import Objection

__all__ = ["OSCILLATES", "Place", "Turn", "by_place", "oscillations"]

# how every reason of a held field begins
OSCILLATES = "it goes back and forth"
# one field of one pair
Place = tuple[str, int, str]


@dataclass(frozen=True)
class Turn:
    """One field of one confirmed update: what the written side held, what it got, and by which rule."""

    place: Place
    direction: str
    before: str
    after: str
    rule: str


def by_place(turns: Iterable[Turn]) -> dict[Place, Turn]:
    """The last turn of every field."""
    return {turn.place: turn for turn in turns}


def oscillations(plan: Plan, earlier: Mapping[Place, Sequence[Turn]], rules: FieldRules) -> list[Objection]:
    """Fields of the plan that go where they have been two runs ago, and went away from in the last one.

    Args:
        earlier: the turns of the two full runs before this one, older first; a field with fewer turns is free.
    """
    found = []
    for write in plan.writes if earlier else ():
        if write.operation != "update" or write.bc_id is None or write.webstore_id is None:
            continue
        for change in write.changes:
            turns = earlier.get((write.bc_id, write.webstore_id, change.field), ())
            if len(turns) != 2:
                continue
            key = NORMALIZERS[rules.normalizers[change.field]]
            now = (key(change.before), key(change.after))
            first, second = ((key(turn.before), key(turn.after)) for turn in turns)
            again = all(turn.direction == str(write.direction) for turn in turns)
            if first != now or not (second == (now[1], now[0]) or (second == now and again)):
                continue
            found.append(Objection(write.key, write.direction, change.field, _reason(turns, second == now)))
    return found


def _reason(turns: Sequence[Turn], put_back: bool) -> str:
    rules = f"“{turns[0].rule}” ({turns[0].direction})"
    rules += (
        ", and what is written is undone by something in the other system"
        if put_back
        else f" against “{turns[1].rule}” ({turns[1].direction})"
    )
    return f"{OSCILLATES}: {rules}. Mend one of the two; a run with this customer selected writes it once"
