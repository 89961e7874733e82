"""The reverse of a run: from the before-images in the journal to a plan like any other.

Field by field: what the run wrote is put back to what was there before, if the customer still holds what the run left. A
field that somebody has changed since is left alone, on either side: where the other side does not hold any more what both
had agreed on, it was edited, which the next run carries, or it went back to an older state, and what the run wrote is the only
copy of an edit. What the other side holds stays; the restored difference is accepted (both bases say what stands), so that the
next run does not simply do again what was undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from connector.core.customer import Direction
from connector.core.normalize import NORMALIZERS
from connector.core.plan import Plan, Standing
from connector.core.terms import Terms
from connector.core.undone_creates import DELETE, KEEP, UNLINK, UndoneCreate
from connector.core.updates import Decisions, Pair, plan_update

__all__ = ["UNDO", "Done", "Links", "reversal"]

# how the reason of a reversed write begins; recovery tells such writes by it
UNDO = "undo of run "
# what both sides held when they agreed last: the webstore, and Business Central
Agreed = tuple[Mapping[str, str], Mapping[str, str]]


@dataclass(frozen=True)
class Done:
    """One confirmed write of the run.

    Attributes:
        before: what the written side held, field by field.
        after: what it held when the server had answered.
        bc_number: of the customer, as far as the journal knows it.
    """

    direction: Direction
    operation: str
    bc_id: str
    webstore_id: int
    before: Mapping[str, str]
    after: Mapping[str, str]
    bc_number: str = ""


@dataclass(frozen=True)
class Links:
    """What stands now of the customers that an undone run had created.

    Attributes:
        accounts: Webstore ID → what the account holds; one that has gone is missing.
        linked: Business Central id → Webstore ID by the mapping table.
        numbers: Business Central id → number.
    """

    accounts: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    linked: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)


def reversal(
    run_id: str,
    done: Iterable[Done],
    pairs: Mapping[tuple[str, int], Pair],
    terms: Terms,
    links: Links = Links(),
    agreed: Mapping[tuple[str, int], Agreed] = MappingProxyType({}),
    *,
    delete_accounts: bool = False,
) -> Plan:
    """Plan the undo of a run.

    Args:
        done: the run's confirmed writes in the order in which they happened.
        pairs: what both sides hold now; a pair of which one side has gone is missing.
        links: what stands now of the customers that the run created.
        agreed: the bases of the pairs: the webstore's values, and Business Central's; a field that is missing has none.
        delete_accounts: delete webstore accounts that the run created and that nobody has touched since.

    Returns:
        The plan: its writes put values back; its `standing` rows (kind "kept") are the fields that are left alone, with the
        reason; its `undone_creates` are the customers that the run created, and what becomes of them.
    """
    decisions = Decisions()
    created: list[UndoneCreate] = []
    for (bc_id, webstore_id, direction), writes in _by_target(done).items():
        pair = pairs.get((bc_id, webstore_id))
        if any(write.operation == "create" for write in writes):
            number = pair.bc_number if pair else links.numbers.get(bc_id) or writes[0].bc_number
            created.append(_undone_create(run_id, direction, number, writes, links, terms, delete_accounts))
        elif pair is not None:
            base = agreed.get((bc_id, webstore_id), ({}, {}))[1 if direction is Direction.PUSH else 0]
            _reverse(f"{UNDO}{run_id}", direction, writes, pair, base, terms, decisions)
    return Plan(
        writes=tuple(sorted(decisions.writes, key=lambda w: (w.direction, w.bc_number or ""))),
        held=tuple(decisions.held),
        left_out=tuple(decisions.left_out),
        standing=tuple(decisions.standing),
        quarantined=tuple(decisions.quarantined),
        undone_creates=tuple(sorted(created, key=lambda one: (one.direction, one.bc_number, one.webstore_id))),
        pairs=len(pairs),
    )


def _undone_create(
    run_id: str, direction: Direction, number: str, writes: Sequence[Done], links: Links, terms: Terms, delete: bool
) -> UndoneCreate:
    """What becomes of a customer that the run created. The link goes if it is still there; the account only if that was asked
    for, nobody else has it, and it still is as the run left it."""
    bc_id, account = writes[0].bc_id, writes[0].webstore_id
    left = {name: value for write in writes for name, value in write.after.items()}
    now = links.accounts.get(account)
    is_linked = links.linked.get(bc_id) == account
    why_not = ""
    if direction is Direction.PUSH and delete:
        others = [other for other, linked in links.linked.items() if linked == account and other != bc_id]
        if terms.flags.push == "None":
            why_not = "Push Webstore Customers = None"
        elif now is None:
            why_not = "gone already"
        elif others:
            why_not = "another customer is linked to it"
        elif changed := [name for name in left if name in now and not _same(terms, name, left[name], now[name])]:
            why_not = f"it was changed since the run: {', '.join(changed)}"
        else:
            return UndoneCreate(DELETE, direction, bc_id, number, account, now, f"{UNDO}{run_id}: it was created by it")
    action = UNLINK if is_linked else KEEP
    reason = f"{UNDO}{run_id}: it was created by it" if is_linked else "it is not linked any more"
    return UndoneCreate(
        action, direction, bc_id, number, account, left, f"{reason}; kept: {why_not}" if why_not else reason
    )


def _same(terms: Terms, name: str, left: str, right: str) -> bool:
    rule = terms.rules.by_name.get(name)
    key = NORMALIZERS[rule.normalizer] if rule is not None else str
    return key(left) == key(right)


def _by_target(done: Iterable[Done]) -> dict[tuple[str, int, Direction], list[Done]]:
    grouped: dict[tuple[str, int, Direction], list[Done]] = {}
    for write in done:
        grouped.setdefault((write.bc_id, write.webstore_id, write.direction), []).append(write)
    return grouped


def _reverse(
    reason: str,
    direction: Direction,
    writes: Sequence[Done],
    pair: Pair,
    base: Mapping[str, str],
    terms: Terms,
    decisions: Decisions,
) -> None:
    """Put back what was written in one customer.

    Args:
        base: what the other side held when both agreed last.
    """
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
            why = "changed by somebody since the run; left alone"
            decisions.standing.append(_standing("kept", pair, name, direction, old, why))
        elif name in base and key(other[name]) != key(base[name]):
            side = "Business Central" if pushing else "the webstore"
            why = f"{side} has another value since the run, which the next run carries or asks about; left alone"
            decisions.standing.append(_standing("kept", pair, name, direction, old, why))
        else:
            wanted[name] = (old, reason)
    closed = _closed_gate(direction, pair, terms)
    shut = {name: terms.rules.by_name[name].closed for name in wanted if _is_shut(name, direction, terms)}
    shut |= {name: closed for name in wanted if closed and name not in shut}
    decisions.standing += [
        _standing("withheld", pair, name, direction, wanted[name][0], f"{reason}; {why}") for name, why in shut.items()
    ]
    wanted = {name: value for name, value in wanted.items() if name not in shut}
    if wanted:
        plan_update(pair, direction, wanted, terms, decisions, source={name: other[name] for name in wanted})


def _is_shut(name: str, direction: Direction, terms: Terms) -> bool:
    """Whether the other system's page does not let a field be written any more."""
    rule = terms.rules.by_name[name]
    return bool(rule.closed) and direction not in rule.directions


def _closed_gate(direction: Direction, pair: Pair, terms: Terms) -> str:
    """Undoing is writing: a direction whose flag is None stays untouched, and so does a pair that runs leave alone."""
    if pair.closed:
        return pair.closed
    value = terms.flags.push if direction is Direction.PUSH else terms.flags.pull
    return terms.flags.gate_text(direction, pair.ticked) if value == "None" else ""


def _standing(kind: str, pair: Pair, name: str, direction: Direction, old: str, reason: str) -> Standing:
    """A field that is not put back: what stands on both sides, and what would have been put back."""
    who = (pair.bc_id, pair.bc_number, pair.webstore_id)
    return Standing(kind, direction, *who, name, None, pair.w[name], pair.c[name], reason, wanted=old)
