"""The reverse of a run: from the before-images in the journal to a plan like any other.

Field by field: what the run wrote is put back to what was there before, if the customer still holds what the run left. A
field that somebody has changed since is left alone. What the other side holds stays; the restored difference is accepted
(both bases say what stands), so that the next run does not simply do again what was undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.core.customer import Direction
from connector.core.normalize import NORMALIZERS
from connector.core.plan import Plan, Standing
from connector.core.planning import Decisions, Pair, plan_update
from connector.core.terms import Terms

__all__ = ["UNDO", "Created", "Done", "reversal"]

# how the reason of a reversed write begins; recovery tells such writes by it
UNDO = "undo of run "


@dataclass(frozen=True)
class Done:
    """One confirmed write of the run.

    Attributes:
        before: what the written side held, field by field.
        after: what it held when the server had answered.
    """

    direction: Direction
    operation: str
    bc_id: str
    webstore_id: int
    before: Mapping[str, str]
    after: Mapping[str, str]


@dataclass(frozen=True)
class Created:
    """A customer that the run created: it is unlinked, and deleted only when that was asked for.

    Attributes:
        left: what it held when the run had ended, field by field.
    """

    direction: Direction
    bc_id: str
    bc_number: str
    webstore_id: int
    left: Mapping[str, str] = field(default_factory=dict, compare=False)


def reversal(
    run_id: str, done: Iterable[Done], pairs: Mapping[tuple[str, int], Pair], terms: Terms
) -> tuple[Plan, list[Created]]:
    """Plan the undo of a run.

    Args:
        done: the run's confirmed writes in the order in which they happened.
        pairs: what both sides hold now; a pair of which one side has gone is missing.

    Returns:
        The plan: its writes put values back; its `standing` rows (kind "kept") are the fields that are left alone, with the
        reason. And the customers that the run created.
    """
    decisions = Decisions()
    created: list[Created] = []
    for (bc_id, webstore_id, direction), writes in _by_target(done).items():
        pair = pairs.get((bc_id, webstore_id))
        if any(write.operation == "create" for write in writes):
            left = {name: value for write in writes for name, value in write.after.items()}
            created.append(Created(direction, bc_id, pair.bc_number if pair else "", webstore_id, left))
        elif pair is not None:
            _reverse(f"{UNDO}{run_id}", direction, writes, pair, terms, decisions)
    plan = Plan(
        writes=tuple(sorted(decisions.writes, key=lambda w: (w.direction, w.bc_number or ""))),
        held=tuple(decisions.held),
        standing=tuple(decisions.standing),
        quarantined=tuple(decisions.quarantined),
        pairs=len(pairs),
    )
    return plan, created


def _by_target(done: Iterable[Done]) -> dict[tuple[str, int, Direction], list[Done]]:
    grouped: dict[tuple[str, int, Direction], list[Done]] = {}
    for write in done:
        grouped.setdefault((write.bc_id, write.webstore_id, write.direction), []).append(write)
    return grouped


def _reverse(
    reason: str, direction: Direction, writes: Sequence[Done], pair: Pair, terms: Terms, decisions: Decisions
) -> None:
    pushing = direction is Direction.PUSH
    now, other = (pair.w, pair.c) if pushing else (pair.c, pair.w)
    wanted: dict[str, tuple[str, str]] = {}
    for name in dict.fromkeys(name for write in writes for name in write.before):
        old = next(write.before[name] for write in writes if name in write.before)
        left = [write.after[name] for write in writes if name in write.after]
        key = NORMALIZERS[terms.rules.by_name[name].normalizer] if name in terms.rules.by_name else None
        if key is None or not left or key(old) == key(now[name]):
            continue
        if key(now[name]) != key(left[-1]):
            decisions.standing.append(_left_alone(pair, name, old, direction))
        else:
            wanted[name] = (old, reason)
    closed = _closed_gate(direction, pair, terms)
    if closed:
        decisions.standing += [_withheld(pair, name, direction, f"{reason}; {closed}") for name in wanted]
    elif wanted:
        plan_update(pair, direction, wanted, terms, decisions, source={name: other[name] for name in wanted})


def _closed_gate(direction: Direction, pair: Pair, terms: Terms) -> str:
    """Undoing is writing: a direction whose flag is None stays untouched."""
    value = terms.flags.push if direction is Direction.PUSH else terms.flags.pull
    return terms.flags.gate_text(direction, pair.ticked) if value == "None" else ""


def _left_alone(pair: Pair, name: str, old: str, direction: Direction) -> Standing:
    reason = "changed by somebody since the run; left alone"
    return Standing(
        "kept", direction, pair.bc_id, pair.bc_number, pair.webstore_id, name, old, pair.w[name], pair.c[name], reason
    )


def _withheld(pair: Pair, name: str, direction: Direction, reason: str) -> Standing:
    base = pair.base_w.get(name)
    return Standing(
        "withheld", direction, pair.bc_id, pair.bc_number, pair.webstore_id, name, base, pair.w[name], pair.c[name],
        reason,
    )  # fmt: skip
