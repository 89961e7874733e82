"""The pairs of the mapping table: who holds its base is left alone, and about the others is decided, field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from connector.core.base_comparison import (
    SETTLED,
    SIGHTED,
    Read,
    beside_bases,
    gone_back_since,
    gone_back_too,
    pair_keys,
)
from connector.core.customer import Side
from connector.core.extracts import Extract, Known, Replaced
from connector.core.identity import OTHER_MARKS, SAME
from connector.core.mapping_join import Pairing
from connector.core.merge import Mask, Situation
from connector.core.plan import Quarantined
from connector.core.planning import PairFrames, decide
from connector.core.terms import Terms
from connector.core.updates import Decisions

__all__ = ["Part", "alive", "decide_pairs", "frames_of", "spent_decisions", "went_back"]

# JSON is read in blocks of so many bytes; no object may be longer
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Part:
    """What was decided about some pairs of the mapping table.

    Attributes:
        pairs: how many they were.
        spent: decisions of people that are not needed any more: carried out, overtaken by an edit, or moot.
        settled: pairs that were read and hold their base, as in SETTLED: they need not be read again while they stay so.
        sighted: the other ones, as in SIGHTED, where it is not what is known already.
    """

    decisions: Decisions = field(default_factory=Decisions)
    pairs: int = 0
    spent: tuple[tuple[str, int, str], ...] = ()
    settled: pa.Table = field(default_factory=SETTLED.empty_table)
    sighted: pa.Table = field(default_factory=SIGHTED.empty_table)


def decide_pairs(pairing: Pairing, webstore: Extract, business_central: Extract, known: Known, terms: Terms) -> Part:
    """Compare the pairs of the mapping table with their bases, and decide about those that differ."""
    pairs = alive(_chosen(pairing.pairs, known), known)
    found = beside_bases(pairs, webstore, business_central, known.base_hashes)
    done = decide(
        frames_of(found.moved, webstore, business_central, known, found.read, found.gone_back, found.as_seen), terms
    )
    done.quarantined += [
        Quarantined("webstore", row["bc_id"], row["bc_number"], row["webstore_id"], SAME, OTHER_MARKS)
        for row in found.doubtful.select(["bc_id", "bc_number", "webstore_id"]).to_pylist()
    ]
    compared: Collection[tuple[str, int]] = ()
    if terms.decisions:
        compared = set(zip(pairs["bc_id"].to_pylist(), pairs["webstore_id"].to_pylist(), strict=True))
    sighted = gone_back_too(found.sighted, went_back(done))
    return Part(done, pairs.num_rows, spent_decisions(terms, done, compared), found.settled, sighted)


def went_back(done: Decisions) -> dict[Side, set[tuple[str, int]]]:
    """The pairs about which a person is asked because a side went back."""
    sides = {Situation.WEBSTORE_WENT_BACK.words: Side.WEBSTORE}
    sides[Situation.BUSINESS_CENTRAL_WENT_BACK.words] = Side.BUSINESS_CENTRAL
    found: dict[Side, set[tuple[str, int]]] = {}
    for standing in done.standing:
        side = sides.get(standing.reason)
        if side is not None:
            found.setdefault(side, set()).add((standing.bc_id or "", standing.webstore_id or 0))
    return found


def alive(pairs: pa.Table, known: Known) -> pa.Table:
    """Without pairs of erased customers: comparing them would fill again what was wiped."""
    if not known.tombstones:
        return pairs
    return pairs.filter(pc.invert(_named(pairs, known.tombstones)))


def spent_decisions(
    terms: Terms, done: Decisions, compared: Collection[tuple[str, int]]
) -> tuple[tuple[str, int, str], ...]:
    """The decisions on compared pairs that nothing asks for any more."""
    return tuple(key for key in terms.decisions if key[:2] in compared and key not in done.asked)


def frames_of(
    pairs: pa.Table,
    webstore: Extract,
    business_central: Extract,
    known: Known,
    read: Read | None = None,
    gone_back: Mapping[Side, Mask] | None = None,
    as_seen: Mask | None = None,
) -> PairFrames:
    """All that merging these pairs needs.

    Args:
        pairs: as in Pairing.
        read: canonical values of both sides, row by row, where they are known already.
        gone_back: which records of a side are older than what was seen of them; None = found out by what is kept of an earlier
            link.
        as_seen: whose account was not touched since it was seen, by its stamp; WooCommerce's stamps are whole seconds.
    """
    w, c = pairs["w"].combine_chunks(), pairs["c"].combine_chunks()
    canonical_w, canonical_c = read or (webstore.canonical_of(w), business_central.canonical_of(c))
    bc_ids = pairs["bc_id"].to_pylist()
    stored = known.read_bases(bc_ids) if bc_ids else None
    base_w, base_c = _base_frames(pairs, stored, webstore.fields)
    if gone_back is None and stored is not None and not stored.empty:
        gone_back = gone_back_since(pairs, stored, webstore, business_central)
    return PairFrames(
        pairs=pairs.select(["bc_id", "bc_number", "webstore_id", "ticked", "w", "c"]),
        webstore=canonical_w,
        business_central=canonical_c,
        base_webstore=base_w,
        base_business_central=base_c,
        webstore_raw=webstore.raw,
        business_central_raw=business_central.raw,
        gone_back=_gone_back(known, gone_back or {}, as_seen),
        replaced=_replaced(bc_ids, known, as_seen),
        changes=known.read_changes(bc_ids) if bc_ids else None,
        sides_back=known.gone_back,
        kept_out=_is_in(pairs["webstore_id"], known.kept_out),
    )


def _gone_back(known: Known, gone_back: Mapping[Side, Mask], as_seen: Mask | None) -> Mapping[Side, Mask]:
    """On a webstore that went back, an account too that holds something else than it did though its stamp is the one that was
    seen: it was touched twice within a second, and now shows the first of the two."""
    side = Side.WEBSTORE
    if as_seen is None or side not in known.gone_back or side not in gone_back:
        return gone_back
    return {**gone_back, side: gone_back[side] | as_seen}


def _replaced(bc_ids: Sequence[str], known: Known, as_seen: Mask | None) -> Replaced:
    """What writes replaced: of everybody on a side that went back; and of the accounts that changed without being touched."""
    found: dict[tuple[Side, str, int, str], Collection[str]] = {}
    if known.gone_back and bc_ids:
        found |= known.read_replaced(bc_ids, known.gone_back)
    if as_seen is not None and as_seen.any() and Side.WEBSTORE not in known.gone_back:
        found |= known.read_replaced([bc_ids[row] for row in np.flatnonzero(as_seen).tolist()], {Side.WEBSTORE})
    return found


def _is_in(ids: pa.ChunkedArray, keys: Collection[int]) -> Mask:
    if not keys:
        return np.zeros(len(ids), dtype=np.bool_)
    result: Mask = pc.is_in(ids, value_set=pa.array(list(keys), type=pa.int64())).to_numpy().astype(np.bool_)
    return result


def _chosen(pairs: pa.Table, known: Known) -> pa.Table:
    """In a selected run only the pairs of which one customer was selected."""
    return pairs if known.selected is None else pairs.filter(_named(pairs, known.selected))


def _named(pairs: pa.Table, keys: Collection[str | int]) -> pa.ChunkedArray:
    """Of which pairs one customer is among these Business Central ids and webstore ids."""
    bc_ids = pa.array([key for key in keys if isinstance(key, str)], type=pa.large_string())
    webstore_ids = pa.array([key for key in keys if isinstance(key, int)], type=pa.int64())
    by_bc_id = pc.is_in(pairs["bc_id"], value_set=bc_ids)
    return pc.or_(by_bc_id, pc.is_in(pairs["webstore_id"], value_set=webstore_ids))


def _base_frames(pairs: pa.Table, stored: pd.DataFrame | None, fields: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Bases in the order of the pairs, one text column per field; null where a pair has none."""
    schema = pa.schema([(name, pa.large_string()) for name in fields])
    if stored is None or stored.empty:
        nothing = pa.table([pa.nulls(pairs.num_rows, pa.large_string())] * len(fields), schema=schema)
        return nothing, nothing
    keys = pa.table(
        {
            "bc_id": pa.array(stored["bc_id"], type=pa.large_string()),
            "webstore_id": pa.array(stored["webstore_id"], type=pa.int64()),
        }
    )
    rows = pc.index_in(pair_keys(pairs), value_set=pair_keys(keys))
    w, c = (_fields_of(stored[side].tolist(), schema).take(rows) for side in ("webstore", "business_central"))
    return w, c


def _fields_of(texts: Sequence[str], schema: pa.Schema) -> pa.Table:
    """JSON objects as columns."""
    lines = "\n".join(texts).encode()
    longest = max(map(len, texts)) * 4
    return pyarrow.json.read_json(
        pa.py_buffer(lines),
        read_options=pyarrow.json.ReadOptions(block_size=max(_BLOCK, longest)),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    ).select(schema.names)
