"""From two extracts, the mapping table and the bases to the plan.

`compare` works on whole columns until only the pairs are left that differ from their base by fingerprint; those few are
merged field by field (merge.py). What follows from their verdicts is found out once for all pairs of one shape (shapes.py); the
others are decided field by field here. They become writes (updates.py), standing differences or agreements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from connector.core.customer import Direction, FieldRules, Side
from connector.core.decisions import Applied, applied
from connector.core.extracts import Replaced
from connector.core.field_history import FieldHistory
from connector.core.gc_pause import collector_resting
from connector.core.geography import Geography
from connector.core.identity import OTHER_PERSON, SAME, digest_of, replaced
from connector.core.merge import FieldPolicy, FieldValues, Gates, Merge, Verdict, merge_field
from connector.core.name_order import decide_name, told_by_the_account
from connector.core.national_numbers import same_in_the_country
from connector.core.normalize import NORMALIZERS, key_columns
from connector.core.orphans import looks_erased
from connector.core.plan import Agreement, Orphan, Quarantined, Standing
from connector.core.rows import rows_of
from connector.core.shapes import Rows, Shape, shapes_of
from connector.core.states_kept import states_lost, states_of_country
from connector.core.terms import Flags, Terms
from connector.core.updates import Decisions, Pair, plan_update

__all__ = ["KEPT_OUT", "PairFrames", "decide"]

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


def decide(frames: PairFrames, terms: Terms) -> Decisions:
    """Merge every field of the given pairs and turn the verdicts into decisions."""
    rows, shapes, which = shapes_of(_merge(frames, terms.rules, terms.flags, terms.geography), terms.rules)
    decisions = Decisions()
    with collector_resting():
        for pair, shape in zip(_pairs(frames, rows), which.tolist(), strict=True):
            _decide_pair(pair, shapes[shape], terms, decisions)
    decisions.alike.clear()  # of no use to whoever puts partitions together, and on its way between machines
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


def _pairs(frames: PairFrames, rows: Rows) -> Iterator[Pair]:
    """Some pairs of the frames, in order."""
    index = pa.array(rows)
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


def _decide_pair(pair: Pair, shape: Shape, terms: Terms, decisions: Decisions) -> None:
    if shape.plain is not None:
        values = pair.c if shape.plain is Direction.PUSH else pair.w
        wanted = {name: (values[name], reason) for name, reason in shape.reasons.items()}
        plan_update(pair, shape.plain, wanted, terms, decisions)
        return
    _decide_field_by_field(pair, shape, terms, decisions)


def _decide_field_by_field(pair: Pair, shape: Shape, terms: Terms, decisions: Decisions) -> None:
    verdicts, reasons = shape.verdicts, shape.reasons
    # a name that was wiped has a verdict, whatever the flags are
    if "name" in verdicts and looks_erased(pair.w, pair.base_w):
        decisions.erased.append(Orphan("webstore", pair.bc_id, pair.bc_number, pair.webstore_id, erased=True))
        return
    doubt = _doubt(pair, terms, decisions) if shape.may_be_another else None
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
