"""From two extracts, the mapping table and the bases to the plan.

`compare` works on whole columns until only the pairs are left that differ from their base by fingerprint; those few are
merged field by field (merge.py) and become writes, standing differences or agreements here.
"""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from connector.core import business_central_customer, webstore_customer
from connector.core.carrying import carried
from connector.core.comma_names import parts_of
from connector.core.customer import Direction, FieldRules, Side
from connector.core.decisions import Applied, applied
from connector.core.extracts import Replaced
from connector.core.field_history import FieldHistory
from connector.core.gc_pause import collector_resting
from connector.core.geography import Geography
from connector.core.identity import OTHER_PERSON, PERSON, SAME, digest_of, replaced
from connector.core.merge import (
    FieldPolicy,
    FieldValues,
    Gates,
    Merge,
    Situation,
    Verdict,
    merge_field,
)
from connector.core.name_order import also_agreed, decide_name, told_by_the_account
from connector.core.national_numbers import same_in_the_country
from connector.core.normalize import NORMALIZERS, email_key, key_columns
from connector.core.orphans import looks_erased
from connector.core.plan import Agreement, Change, Orphan, Quarantined, Standing, Write, account_seen, texts_at
from connector.core.refusals import Refusal, is_another
from connector.core.rows import rows_of
from connector.core.states_kept import states_lost, states_of_country
from connector.core.terms import Flags, Terms

__all__ = ["KEPT_OUT", "Decisions", "Pair", "PairFrames", "decide", "plan_update"]

_Mask = np.ndarray[Any, np.dtype[np.bool_]]
KEPT_OUT = "the account's role is {role} now, which [webstore] customer_role_filter keeps out"
_DIRECTIONS = {Verdict.PUSH: Direction.PUSH, Verdict.PULL: Direction.PULL}
_WITHHELD = {Verdict.PUSH_WITHHELD: Direction.PUSH, Verdict.PULL_WITHHELD: Direction.PULL}
_STANDS = frozenset((*_WITHHELD, Verdict.CONFLICT, Verdict.KEPT))


@dataclass(frozen=True)
class PairFrames:
    """The pairs to be merged, in one order.

    Attributes:
        pairs: `bc_id`, `bc_number`, `webstore_id`, `ticked`, and the row numbers `w` and `c` in the two extracts.
        webstore, business_central: canonical values, one column per field.
        base_webstore, base_business_central: the same for the base; null = no base for that field.
        webstore_raw, business_central_raw: the two extracts, whole, as the APIs gave them.
        gone_back: per side, whose record is older than what was seen of it; a side that is missing has none.
        replaced: what confirmed writes replaced (extracts.Replaced), where a side went back, or the account was not
            touched since it was seen, by its stamp.
        sides_back: the sides of which any record went back.
        changes: since when values differ from their base (extracts.Known.read_changes).
        kept_out: whose account the role filter keeps out; None = nobody's.
    """

    pairs: pa.Table
    webstore: pa.Table
    business_central: pa.Table
    base_webstore: pa.Table
    base_business_central: pa.Table
    webstore_raw: pa.Table
    business_central_raw: pa.Table
    gone_back: Mapping[Side, _Mask] = field(default_factory=dict)
    replaced: Replaced = field(default_factory=dict)
    changes: pd.DataFrame | None = None
    kept_out: _Mask | None = None
    sides_back: frozenset[Side] = frozenset()


@dataclass
class Decisions:
    """What became of the pairs, or of the customers to be created; `left_out` as in Plan."""

    writes: list[Write] = field(default_factory=list)
    held: list[Write] = field(default_factory=list)
    left_out: list[Write] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    standing: list[Standing] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    erased: list[Orphan] = field(default_factory=list)
    asked: set[tuple[str, int, str]] = field(default_factory=set)

    def extend(self, more: Decisions) -> None:
        """Take what became of others, too."""
        self.writes += more.writes
        self.held += more.held
        self.left_out += more.left_out
        self.agreements += more.agreements
        self.standing += more.standing
        self.quarantined += more.quarantined
        self.erased += more.erased
        self.asked |= more.asked

    def add_write(self, write: Write, holds: Mapping[tuple[str, str], Refusal | None]) -> None:
        """A write is planned, or listed as held when the customer is on hold for that direction, and still for this write."""
        if not holds:
            self.writes.append(write)
            return
        place = (write.key, str(write.direction))
        held = place in holds and not is_another(write, holds[place])
        (self.held if held else self.writes).append(write)


def decide(frames: PairFrames, terms: Terms) -> Decisions:
    """Merge every field of the given pairs and turn the verdicts into decisions."""
    merges = _merge(frames, terms.rules, terms.flags, terms.geography)
    verdicts: defaultdict[int, dict[str, Verdict]] = defaultdict(dict)
    reasons: defaultdict[int, dict[str, str]] = defaultdict(dict)
    meaning, words = tuple(Verdict), tuple(situation.words for situation in Situation)
    for name, merge in merges.items():
        rows = np.flatnonzero(merge.verdict)
        for row, verdict, situation in zip(
            rows.tolist(), merge.verdict[rows].tolist(), merge.situation[rows].tolist(), strict=True
        ):
            verdicts[row][name] = meaning[verdict]
            reasons[row][name] = words[situation]
    decisions = Decisions()
    touched = sorted(verdicts)
    with collector_resting():
        for row, pair in zip(touched, _pairs(frames, touched), strict=True):
            _decide_pair(pair, verdicts[row], reasons[row], terms, decisions)
    return decisions


def _merge(frames: PairFrames, rules: FieldRules, flags: Flags, geography: Geography) -> dict[str, Merge]:
    """Verdicts of every field that moved in any pair; of the others nobody has one."""
    tables = (frames.webstore, frames.business_central, frames.base_webstore, frames.base_business_central)
    moved = {name: kind for name, kind in rules.normalizers.items() if not _is_its_base(frames, name)}
    sides = [key_columns(table, moved) for table in tables]
    for country in dict.fromkeys(rules.country_of(name) for name in moved):
        if country:
            countries = [frames.webstore[country], frames.business_central[country]]
            beside = {name: kind for name, kind in moved.items() if rules.country_of(name) == country}
            sides = same_in_the_country(sides, beside, countries, geography)
    gates = flags.gates(frames.pairs["ticked"].to_numpy().astype(np.bool_))
    if frames.kept_out is not None:
        gates = Gates(push=gates.push & ~frames.kept_out, pull=gates.pull & ~frames.kept_out)
    history = FieldHistory(frames.pairs, frames.gone_back, frames.sides_back, frames.replaced, frames.changes)
    merges = {}
    for rule in rules.rules:
        if rule.field not in moved:
            continue
        values = FieldValues(*[side[rule.field].combine_chunks() for side in sides])
        policy = FieldPolicy.of(rule, flags.policy)
        key = NORMALIZERS[rule.normalizer]
        newer = history.newer(rule.field, values, key) if policy.conflict == "newest" else None
        merges[rule.field] = merge_field(
            values, policy, gates.of_field(rule), newer, history.went_back(rule.field, values, key)
        )
    return merges


def _is_its_base(frames: PairFrames, name: str) -> bool:
    """Whether all pairs hold their base in a field to the letter: then they do by its key, too, whatever the key is."""
    return bool(
        frames.webstore[name].equals(frames.base_webstore[name])
        and frames.business_central[name].equals(frames.base_business_central[name])
    )


@dataclass(slots=True)
class Pair:
    """One pair as plain values: ids, canonical values (`w`, `c`), bases (None = none yet), and the raw rows."""

    bc_id: str
    bc_number: str
    webstore_id: int
    ticked: bool
    w: Mapping[str, str]
    c: Mapping[str, str]
    base_w: Mapping[str, str | None]
    base_c: Mapping[str, str | None]
    w_raw: Mapping[str, Any]
    c_raw: Mapping[str, Any]
    closed: str = ""


def _pairs(frames: PairFrames, rows: Sequence[int]) -> Iterator[Pair]:
    """Some pairs of the frames, in order."""
    index = pa.array(rows, type=pa.int64())
    # the two extracts are whole
    there = (index, index, index, index, index, frames.pairs["w"].take(index), frames.pairs["c"].take(index))
    tables = (
        frames.pairs,
        frames.webstore,
        frames.business_central,
        frames.base_webstore,
        frames.base_business_central,
        frames.webstore_raw,
        frames.business_central_raw,
    )
    kept_out = frames.kept_out[index.to_numpy()] if frames.kept_out is not None else np.zeros(len(index), np.bool_)
    for out, (ids, *values) in zip(kept_out.tolist(), zip(*map(rows_of, tables, there), strict=True), strict=True):
        w, c, base_w, base_c, w_raw, c_raw = cast(Any, values)
        who = (ids["bc_id"], ids["bc_number"], ids["webstore_id"], ids["ticked"])
        yield Pair(*who, w, c, base_w, base_c, w_raw, c_raw, KEPT_OUT.format(role=w_raw["role"]) if out else "")


def _decide_pair(
    pair: Pair, verdicts: Mapping[str, Verdict], reasons: Mapping[str, str], terms: Terms, decisions: Decisions
) -> None:
    # a name that was wiped has a verdict, whatever the flags are
    if "name" in verdicts and looks_erased(pair.w, pair.base_w):
        decisions.erased.append(Orphan("webstore", pair.bc_id, pair.bc_number, pair.webstore_id, erased=True))
        return
    # of a pair in which none of these moved nobody asks whether it is the same person
    doubt = None if verdicts.keys().isdisjoint(PERSON) else _doubt(pair, terms, decisions)
    if doubt is not None:
        decisions.quarantined.append(doubt)
        return
    verdicts, w = decide_name(verdicts, pair.w, pair.c, pair.base_w, pair.w_raw, terms.rules)
    if w is not pair.w:
        pair = replace(pair, w=w)
    verdicts, turned = told_by_the_account(verdicts, w, pair.c, pair.w_raw, pair.c_raw, terms.rules)
    agreed = [name for name, verdict in verdicts.items() if verdict is Verdict.AGREE]
    if agreed:
        webstore, business_central = {name: pair.w[name] for name in agreed}, {name: pair.c[name] for name in agreed}
        decisions.agreements.append(Agreement(pair.bc_id, pair.webstore_id, webstore, business_central))
    decided = _decided(pair, verdicts, terms, decisions)
    pushed = _pushed(pair, verdicts, decided)
    lost = states_lost(pushed, pair.w, pair.c_raw, terms.rules, terms.geography)
    decisions.standing += [_of_a_state(pair, name, f"{reasons[name]}; {why}") for name, why in lost.items()]
    verdicts = {name: verdict for name, verdict in verdicts.items() if name not in lost}
    decided = {name: result for name, result in decided.items() if name not in lost}
    wanted: dict[Direction, dict[str, tuple[str, str]]] = {}
    abroad = states_of_country(pair.w, pair.c, terms.rules, terms.geography)
    for name, verdict in verdicts.items():
        direction = _DIRECTIONS.get(verdict)
        if direction is not None:
            here: Mapping[str, str] = pair.w
            if direction is Direction.PUSH:
                here = abroad if name in abroad else turned if name in turned else pair.c
            wanted.setdefault(direction, {})[name] = (here[name], reasons[name])
        elif verdict in _STANDS and name not in decided:
            standing = _standing(pair, name, verdict, reasons[name], terms)
            decisions.standing += [standing] if standing else []
    for name, result in decided.items():
        for direction, value in ((Direction.PUSH, result.push), (Direction.PULL, result.pull)):
            if value is not None:
                is_theirs = direction is Direction.PUSH and value == pair.c[name]
                value = abroad.get(name, value) if is_theirs else value  # noqa: PLW2901 - the same value, as the webstore writes it
                wanted.setdefault(direction, {})[name] = (value, f"{reasons[name]}; a person decided")
    both = frozenset(n for n, r in decided.items() if r.push is not None and r.pull is not None)
    for direction in sorted(wanted, reverse=True):  # pushes first
        said = {name: pair.c[name] for name in turned} if direction is Direction.PUSH else {}
        plan_update(pair, direction, wanted[direction], terms, decisions, both_sides=both, said=said)


def _doubt(pair: Pair, terms: Terms, decisions: Decisions) -> Quarantined | None:
    """The pair as one that a person is asked about, if everything that makes the person changed on one side at once."""
    normalizers = terms.rules.normalizers
    for system, now, base in (("webstore", pair.w, pair.base_w), ("business_central", pair.c, pair.base_c)):
        changed = replaced(now, base, normalizers)
        if not changed:
            continue
        answer = terms.decisions.get((pair.bc_id, pair.webstore_id, SAME))
        if answer is not None:
            decisions.asked.add((pair.bc_id, pair.webstore_id, SAME))
            seen = {answer.webstore_seen, answer.business_central_seen}
            if digest_of(now, normalizers) in seen:
                continue
        side = {"webstore": "the webstore", "business_central": "Business Central"}[system]
        reason = OTHER_PERSON.format(side=side, what=", ".join(changed))
        return Quarantined(system, pair.bc_id, pair.bc_number, pair.webstore_id, SAME, reason)
    return None


def _pushed(pair: Pair, verdicts: Mapping[str, Verdict], decided: Mapping[str, Applied]) -> dict[str, str]:
    """What would be written to the webstore, decisions of people included."""
    pushed = {name: pair.c[name] for name, verdict in verdicts.items() if verdict is Verdict.PUSH}
    return pushed | {name: result.push for name, result in decided.items() if result.push is not None}


def _of_a_state(pair: Pair, name: str, reason: str) -> Standing:
    who = (pair.bc_id, pair.bc_number, pair.webstore_id)
    return Standing("withheld", Direction.PUSH, *who, name, pair.base_w[name], pair.w[name], pair.c[name], reason)


def _decided(pair: Pair, verdicts: Mapping[str, Verdict], terms: Terms, decisions: Decisions) -> dict[str, Applied]:
    """The conflicts of a pair that a person has decided, as far as the decision still fits and its gates are open."""
    if not terms.decisions:
        return {}
    gates = terms.flags.gates(np.array([pair.ticked], dtype=np.bool_))
    found: dict[str, Applied] = {}
    for name, verdict in verdicts.items():
        decision = terms.decisions.get((pair.bc_id, pair.webstore_id, name))
        if verdict is not Verdict.CONFLICT or decision is None:
            continue
        rule = terms.rules.by_name[name]
        result = applied(decision, pair.w[name], pair.c[name], NORMALIZERS[rule.normalizer])
        if result.stale:
            continue
        decisions.asked.add((pair.bc_id, pair.webstore_id, name))  # not spent: it is being applied, or waits for a gate
        open_gates = gates.of_field(rule)
        if (result.push is None or open_gates.push[0]) and (result.pull is None or open_gates.pull[0]):
            found[name] = result
    return found


def plan_update(
    pair: Pair,
    direction: Direction,
    wanted: Mapping[str, tuple[str, str]],
    terms: Terms,
    decisions: Decisions,
    *,
    both_sides: frozenset[str] = frozenset(),
    source: Mapping[str, str] | None = None,
    said: Mapping[str, str] | None = None,
) -> None:
    """One update of one side. Values that this side cannot keep are left out of it: they are quarantined, and kept in
    `left_out` as the write that would carry them.

    Args:
        wanted: field → (new canonical value, reason).
        both_sides: fields whose base must not move yet.
        source: what the other side holds, where that is not what is written (undo).
        said: the same for single fields, where it is what is written in other words.
    """
    pushing = direction is Direction.PUSH
    target, base = (pair.w, pair.base_w) if pushing else (pair.c, pair.base_c)
    body_of = partial(_push_of if pushing else _pull_of, pair, terms)
    all_values = {name: value for name, (value, _) in wanted.items()}
    there: ChainMap[str, str] = ChainMap(all_values, cast(Any, pair.c if pushing else pair.w))
    can = carried(direction.target, all_values, there, body_of, terms)
    values, body = can.values, can.body
    decisions.quarantined += [
        Quarantined(str(direction.target.other), pair.bc_id, pair.bc_number, pair.webstore_id, name, reason)
        for name, reason in can.left_out.items()
    ]
    waits = {name: wanted[name] for name in wanted if name not in values}
    if source is not None:
        source = {name: value for name, value in source.items() if name not in waits}
    elif pushing and values:
        source = dict(values) | also_agreed(values, pair.w, pair.c, (pair.base_w, pair.base_c), pair.w_raw, terms.rules)
        source |= {name: value for name, value in (said or {}).items() if name in values}
    write = Write(
        direction=direction,
        operation="update",
        bc_id=pair.bc_id,
        bc_number=pair.bc_number,
        webstore_id=pair.webstore_id,
        natural_key=email_key(target.get("email", "")),
        changes=_changes({name: wanted[name] for name in values}, target, base),
        payload=body,
        source=values if source is None else source,
        etag="" if pushing else pair.c_raw["etag"],
        both_sides=both_sides & frozenset(values),
        seen=texts_at(pair.w_raw, body) | account_seen(pair.w_raw) if pushing else texts_at(pair.c_raw, body),
        touched=pair.w_raw["modified"] if pushing else pair.c_raw["lastModifiedDateTime"],
    )
    if waits:
        decisions.left_out.append(replace(write, changes=_changes(waits, target, base), payload={}, source={}))
    if values:
        decisions.add_write(write, terms.holds)


def _push_of(pair: Pair, terms: Terms, values: Mapping[str, str]) -> Mapping[str, Any]:
    """The request body that sets canonical values in the webstore."""
    parts = None
    if any(terms.rules.by_name[name].webstore == "name" for name in values):
        parts = parts_of(pair.c_raw, pair.c.get(terms.rules.country, ""), terms.rules.cultures)
    company = pair.c_raw["type"] != "Person"
    return webstore_customer.payload(values, terms.rules, pair.w_raw, company=company, parts=parts)


def _pull_of(pair: Pair, terms: Terms, values: Mapping[str, str]) -> Mapping[str, Any]:
    """The request body that sets canonical values in Business Central."""
    states = [rule.business_central for rule in terms.rules.states]
    raw = {f"raw.{name}": pair.c_raw[name] for name in ("email", "type", "displayName", *states)}
    current: ChainMap[str, Any] = ChainMap(raw, cast(Any, pair.c))
    return business_central_customer.payload(values, terms.rules, terms.geography, current)


def _changes(
    wanted: Mapping[str, tuple[str, str]], target: Mapping[str, str], base: Mapping[str, str | None]
) -> tuple[Change, ...]:
    return tuple(Change(name, target[name], value, base[name], reason) for name, (value, reason) in wanted.items())


def _gate(direction: Direction, name: str, ticked: bool, terms: Terms) -> str:
    """What keeps a change of a field from being written."""
    rule = terms.rules.by_name[name]
    is_open = terms.flags.gates(np.array([ticked], dtype=np.bool_))
    flag_is_open = (is_open.push if direction is Direction.PUSH else is_open.pull)[0]
    return rule.closed if rule.closed and flag_is_open else terms.flags.gate_text(direction, ticked)


def _standing(pair: Pair, name: str, verdict: Verdict, reason: str, terms: Terms) -> Standing | None:
    """The row of a difference that this run leaves as it is; None for the other verdicts."""
    kind, direction = "", None
    if verdict in _WITHHELD:
        kind, direction = "withheld", _WITHHELD[verdict]
        gate = pair.closed or _gate(direction, name, pair.ticked, terms)
        reason = f"{reason}; {gate}"
    elif verdict is Verdict.CONFLICT:
        kind = "conflict"
    elif verdict is Verdict.KEPT:
        kind, reason = "kept", f"{reason}; blanks do not overwrite (blank policy keep)"
    if not kind:
        return None
    return Standing(
        kind,
        direction,
        pair.bc_id,
        pair.bc_number,
        pair.webstore_id,
        name,
        pair.base_w[name] if pair.base_w[name] is not None else None,
        pair.w[name],
        pair.c[name],
        reason,
    )
