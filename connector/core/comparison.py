"""One run's decisions, whole: two extracts, the mapping table and the bases in; the plan out.

Pure but for `read_bases`, which is handed in: only the pairs whose fingerprints moved need their base, and only the store
knows it.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.creating import decide_creates, of_nobody_else, one_per_email
from connector.core.customer import Direction
from connector.core.extracts import Extract, Known
from connector.core.matching import Ambiguity, Match, Matching, candidates, match
from connector.core.normalize import key_columns
from connector.core.orphans import with_proposals
from connector.core.pairing import Pairing, pair
from connector.core.plan import Orphan, Plan, Quarantined, Standing
from connector.core.planning import Decisions, PairFrames, decide
from connector.core.terms import Terms

__all__ = ["compare"]


def compare(webstore: Extract, business_central: Extract, known: Known, terms: Terms) -> Plan:
    """Decide one run.

    Returns:
        The plan, its parts sorted, so that the order of the extracts does not matter.
    """
    pairing = pair(known.mapping, webstore.raw, business_central.raw)
    matching = _match(pairing, webstore, business_central, known, terms)
    pairs = _with_matches(_chosen(pairing.pairs, known), matching.matches, webstore, business_central)
    pairs = _alive(pairs, known)
    frames = _moved(pairs, webstore, business_central, known)
    done = decide(frames, terms)
    orphans = _orphans(pairing, webstore, business_central, known, done.erased, terms)
    doubled: list[Ambiguity] = []
    for direction, rows in _to_create(pairing, matching, webstore, business_central, known, terms, orphans).items():
        side = business_central if direction is Direction.PUSH else webstore
        alone, several = one_per_email(direction, rows, side.canonical)
        doubled += several
        if direction is Direction.PULL:
            alone, shared = of_nobody_else(alone, webstore.canonical, business_central.raw, known.rejected)
            doubled += shared
        _extend(done, decide_creates(direction, side.canonical, side.raw, alone, terms, known.usernames))
    _extend(
        done,
        Decisions(
            quarantined=[*_malformed(webstore, business_central), *_twice(pairing)],
            standing=_withheld_creates(pairing, known, terms),
        ),
    )
    spent = _spent_decisions(terms, done, pairs)
    return _sorted_plan(done, pairing, matching, doubled, orphans, spent, pairs.num_rows, business_central)


def _match(pairing: Pairing, webstore: Extract, business_central: Extract, known: Known, terms: Terms) -> Matching:
    """Run the ladder where the flags want links: unmapped webstore customers (pull = All), ticked customers without an id."""
    pull_all = terms.flags.pull == "All"
    push = terms.flags.push == "Mapped Only"
    ticked = pairing.unlinked["c"].to_pylist()
    w_ids, c_ids, chosen = webstore.canonical["webstore_id"], business_central.canonical["bc_id"], known.selected
    wanted_w = [row for row in pairing.new_webstore if pull_all and (chosen is None or w_ids[row].as_py() in chosen)]
    wanted_c = [row for row in ticked if push and (chosen is None or c_ids[row].as_py() in chosen)]
    if not wanted_w and not wanted_c:
        return Matching((), ())
    return match(
        candidates(webstore.canonical, free=pairing.new_webstore, wanted=wanted_w),
        candidates(business_central.canonical, free=[*pairing.new_business_central, *ticked], wanted=wanted_c),
        ladder=terms.ladder,
        rejected=known.rejected,
    )


def _chosen(pairs: pa.Table, known: Known) -> pa.Table:
    """In a selected run only the pairs of which one customer was selected."""
    if known.selected is None:
        return pairs
    bc_ids = pa.array([key for key in known.selected if isinstance(key, str)], type=pa.large_string())
    webstore_ids = pa.array([key for key in known.selected if isinstance(key, int)], type=pa.int64())
    by_bc_id = pc.is_in(pairs["bc_id"], value_set=bc_ids)
    return pairs.filter(pc.or_(by_bc_id, pc.is_in(pairs["webstore_id"], value_set=webstore_ids)))


def _alive(pairs: pa.Table, known: Known) -> pa.Table:
    """Without pairs of erased customers: comparing them would fill again what was wiped."""
    if not known.tombstones:
        return pairs
    bc_ids = pa.array([key for key in known.tombstones if isinstance(key, str)], type=pa.large_string())
    webstore_ids = pa.array([key for key in known.tombstones if isinstance(key, int)], type=pa.int64())
    erased = pc.or_(pc.is_in(pairs["bc_id"], value_set=bc_ids), pc.is_in(pairs["webstore_id"], value_set=webstore_ids))
    return pairs.filter(pc.invert(erased))


def _with_matches(pairs: pa.Table, matches: Sequence[Match], webstore: Extract, business_central: Extract) -> pa.Table:
    """Pairs of the mapping table, then the newly matched ones (which are ticked by being linked)."""
    if not matches:
        return pairs
    w_ids = pa.array([m.webstore_id for m in matches], type=pa.int64())
    c_ids = pa.array([m.bc_id for m in matches], type=pa.large_string())
    c = pc.index_in(c_ids, value_set=business_central.raw["bc_id"].combine_chunks())
    added = pa.table(
        {
            "bc_id": c_ids,
            "bc_number": pc.take(business_central.raw["number"], c),
            "webstore_id": w_ids,
            "ticked": pa.array([True] * len(matches)),
            "w": pc.index_in(w_ids, value_set=webstore.raw["webstore_id"].combine_chunks()),
            "c": c,
        },
    )
    return pa.concat_tables([pairs, added.select(pairs.column_names).cast(pairs.schema)])


def _moved(pairs: pa.Table, webstore: Extract, business_central: Extract, known: Known) -> PairFrames:
    """The pairs whose fingerprints differ from their base's, with all that merging them needs."""
    now = [
        pa.array(side.hashes, type=pa.large_string()).take(pairs[row])
        for side, row in ((webstore, "w"), (business_central, "c"))
    ]
    base = known.base_hashes
    by_pair = pc.index_in(
        _pair_keys(pairs["bc_id"], pairs["webstore_id"]),
        value_set=_pair_keys(_texts(base["bc_id"]), pa.array(base["webstore_id"], from_pandas=True)),
    )
    unmoved = pa.array([True] * pairs.num_rows, type=pa.bool_())
    for hashes, name in zip(now, ("webstore_hash", "business_central_hash"), strict=True):
        same = pc.equal(hashes, _texts(base[name]).take(by_pair))
        unmoved = pc.and_(unmoved, pc.fill_null(same, False))
    moved = pc.invert(unmoved)
    chosen = pairs.filter(moved)
    w_index, c_index = chosen["w"], chosen["c"]
    fields = [name for name in webstore.canonical.column_names if name != "webstore_id"]
    stored = known.read_bases(chosen["bc_id"].to_pylist()) if chosen.num_rows else None
    base_w, base_c = _base_frames(chosen, stored, fields)
    return PairFrames(
        pairs=chosen.select(["bc_id", "bc_number", "webstore_id", "ticked"]),
        webstore=webstore.canonical.take(w_index),
        business_central=business_central.canonical.take(c_index),
        base_webstore=base_w,
        base_business_central=base_c,
        webstore_raw=webstore.raw.take(w_index),
        business_central_raw=business_central.raw.take(c_index),
    )


def _texts(column: pd.Series) -> pa.Array:
    return pa.array(column, type=pa.large_string(), from_pandas=True)


def _pair_keys(bc_ids: pa.Array | pa.ChunkedArray, webstore_ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One text per pair."""
    both = [bc_ids.cast(pa.large_string()), webstore_ids.cast(pa.int64()).cast(pa.large_string())]
    columns = [column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column for column in both]
    return pc.binary_join_element_wise(*columns, pa.scalar(" ", pa.large_string()))


def _base_frames(pairs: pa.Table, stored: pd.DataFrame | None, fields: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Bases in the order of the pairs, one text column per field; null where a pair has none."""
    by_pair = {}
    if stored is not None:
        for bc_id, webstore_id, w, c in zip(
            stored["bc_id"], stored["webstore_id"], stored["webstore"], stored["business_central"], strict=True
        ):
            by_pair[bc_id, webstore_id] = (orjson.loads(w), orjson.loads(c))
    found = [
        by_pair.get(key, ({}, {}))
        for key in zip(pairs["bc_id"].to_pylist(), pairs["webstore_id"].to_pylist(), strict=True)
    ]
    schema = pa.schema([(name, pa.large_string()) for name in fields])
    return (
        pa.table({name: [w.get(name) for w, _ in found] for name in fields}, schema=schema),
        pa.table({name: [c.get(name) for _, c in found] for name in fields}, schema=schema),
    )


def _to_create(
    pairing: Pairing,
    matching: Matching,
    webstore: Extract,
    business_central: Extract,
    known: Known,
    terms: Terms,
    orphans: Sequence[Orphan],
) -> dict[Direction, list[int]]:
    """Row numbers, per direction, of the source customers that have no counterpart and are wanted on the other side."""
    chosen = known.selected
    result: dict[Direction, list[int]] = {}
    if terms.flags.push == "Mapped Only" and terms.create_accounts:
        settled = matching.waiting_business_central | {m.bc_id for m in matching.matches}
        wanted = list(zip(pairing.unlinked["bc_id"].to_pylist(), pairing.unlinked["c"].to_pylist(), strict=True))
        recreated = {orphan.bc_id for orphan in orphans if orphan.action == "recreate"}
        if recreated:
            rows = {key: row for row, key in enumerate(business_central.raw["bc_id"].to_pylist()) if key in recreated}
            wanted += [(key, rows[key]) for key in sorted(rows)]
        result[Direction.PUSH] = [
            row
            for bc_id, row in wanted
            if bc_id not in settled and bc_id not in known.tombstones and (chosen is None or bc_id in chosen)
        ]
    if terms.flags.pull == "All":
        waiting = matching.waiting_webstore | {m.webstore_id for m in matching.matches}
        ids = webstore.raw["webstore_id"].to_pylist()
        result[Direction.PULL] = [
            row
            for row in pairing.new_webstore
            if ids[row] not in waiting and ids[row] not in known.tombstones and (chosen is None or ids[row] in chosen)
        ]
    return result


def _withheld_creates(pairing: Pairing, known: Known, terms: Terms) -> list[Standing]:
    """Ticked customers without an account wait while Push Webstore Customers is None, or no account mails may go out."""
    if terms.flags.push != "None" and terms.create_accounts:
        return []
    gate = terms.flags.gate_text(Direction.PUSH, True) if terms.flags.push == "None" else "account mails are withheld"
    reason = f"ticked as Webstore Customer and not in the webstore yet; {gate}"
    return [
        Standing("withheld", Direction.PUSH, row["bc_id"], row["bc_number"], None, "", None, "", "", reason)
        for row in pairing.unlinked.to_pylist()
        if known.selected is None or row["bc_id"] in known.selected
    ]


def _orphans(
    pairing: Pairing,
    webstore: Extract,
    business_central: Extract,
    known: Known,
    erased: Sequence[Orphan],
    terms: Terms,
) -> list[Orphan]:
    """Mapping rows whose customer has gone or was erased, with what the policy makes of them."""
    policy = known.orphan_policy
    may_recreate = policy == "recreate" and terms.flags.push == "Mapped Only" and terms.create_accounts
    found = [
        Orphan(
            "webstore",
            row["bc_id"],
            row["bc_number"],
            row["webstore_id"],
            action="recreate"
            if may_recreate and row["ticked"] and row["bc_id"] not in known.tombstones
            else "unlink"
            if policy == "unlink"
            else "report",
        )
        for row in pairing.missing_webstore.to_pylist()
        if row["webstore_id"] in known.gone_webstore
    ]
    found += [
        Orphan(
            "business_central",
            row["bc_id"],
            row["bc_number"],
            row["webstore_id"],
            action="unlink" if policy == "unlink" else "report",
        )
        for row in pairing.missing_business_central.to_pylist()
        if row["bc_id"] in known.gone_business_central
    ]
    if known.selected is not None:
        found = [o for o in found if o.bc_id in known.selected or o.webstore_id in known.selected]
    if not any(orphan.gone == "business_central" for orphan in found):
        return [*found, *erased]
    normalizers = {rule.field: rule.normalizer for rule in terms.rules.rules}
    w_keys, c_keys = key_columns(webstore.canonical, normalizers), key_columns(business_central.canonical, normalizers)
    w_keys = w_keys.append_column("webstore_id", webstore.canonical["webstore_id"])
    return [*with_proposals(found, w_keys, c_keys, business_central.raw["number"].to_pylist()), *erased]


def _twice(pairing: Pairing) -> list[Quarantined]:
    """Mapping rows of which one id stands in another row, too: nobody can say which one is right."""
    reason = "one of its ids stands twice in the mapping table; unlink the wrong row"
    return [
        Quarantined("mapping", row["bc_id"], row["bc_number"], row["webstore_id"], "", reason)
        for row in pairing.twice.to_pylist()
    ]


def _spent_decisions(terms: Terms, done: Decisions, pairs: pa.Table) -> tuple[tuple[str, int, str], ...]:
    """Decisions on pairs of this run that are not needed any more: carried out, overtaken by an edit, or moot."""
    if not terms.decisions:
        return ()
    compared = set(zip(pairs["bc_id"].to_pylist(), pairs["webstore_id"].to_pylist(), strict=True))
    return tuple(sorted(key for key in terms.decisions if key[:2] in compared and key not in done.asked))


def _malformed(webstore: Extract, business_central: Extract) -> list[Quarantined]:
    found = [
        Quarantined("webstore", None, None, row["webstore_id"], "", row["malformed"])
        for row in webstore.malformed.select(["webstore_id", "malformed"]).to_pylist()
    ]
    return found + [
        Quarantined("business_central", row["bc_id"], row["number"], None, "", row["malformed"])
        for row in business_central.malformed.select(["bc_id", "number", "malformed"]).to_pylist()
    ]


def _extend(decisions: Decisions, more: Decisions) -> None:
    decisions.writes += more.writes
    decisions.held += more.held
    decisions.agreements += more.agreements
    decisions.standing += more.standing
    decisions.quarantined += more.quarantined
    decisions.erased += more.erased
    decisions.asked |= more.asked


def _sorted_plan(
    done: Decisions,
    pairing: Pairing,
    matching: Matching,
    doubled: Sequence[Ambiguity],
    orphans: Sequence[Orphan],
    spent: tuple[tuple[str, int, str], ...],
    pairs: int,
    business_central: Extract,
) -> Plan:
    return Plan(
        writes=tuple(
            sorted(done.writes, key=lambda w: (w.direction, w.operation, w.bc_number or "", w.webstore_id or 0))
        ),
        links=tuple(sorted(matching.matches, key=lambda m: (m.webstore_id, m.bc_id))),
        agreements=tuple(sorted(done.agreements, key=lambda a: (a.bc_id, a.webstore_id))),
        standing=tuple(sorted(done.standing, key=lambda s: (s.bc_number or "", s.field, s.kind))),
        held=tuple(sorted(done.held, key=lambda w: (w.direction, w.key))),
        quarantined=tuple(
            sorted(done.quarantined, key=lambda q: (q.system, q.bc_number or "", q.webstore_id or 0, q.field))
        ),
        ambiguous=tuple(sorted((*matching.ambiguities, *doubled), key=lambda a: (a.rung, a.webstore_ids, a.bc_ids))),
        orphans=tuple(sorted(orphans, key=lambda o: (o.gone, o.bc_number))),
        spent_decisions=spent,
        renumbered=tuple((row["bc_id"], row["bc_number"]) for row in pairing.renumbered.to_pylist()),
        pairs=pairs,
        numbers=dict(
            zip(business_central.raw["bc_id"].to_pylist(), business_central.raw["number"].to_pylist(), strict=True)
        ),
    )
