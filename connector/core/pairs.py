"""The pairs of the mapping table: who has not moved since both sides last agreed, and what becomes of the others.

An unchanged pair costs one comparison per side: its record reads word for word as it did when it was last found to hold the
base. Only the others are read (canonical values, comparison keys), and only those whose keys differ from their base's are
merged field by field.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from connector.core.alignment import rows_in
from connector.core.extracts import Extract, Known, ReadBases
from connector.core.pairing import Pairing
from connector.core.planning import Decisions, PairFrames, decide
from connector.core.terms import Terms

__all__ = ["SETTLED", "Part", "alive", "decide_pairs", "frames_of", "spent_decisions"]

# JSON is read in blocks of so many bytes; no object may be longer
_BLOCK = 1 << 20
# canonical values of both sides
_Read = tuple[pa.Table, pa.Table]
# pairs that hold their base, with what the store is to remember of them (Known.base_hashes)
SETTLED = pa.schema(
    [
        ("bc_id", pa.large_string()),
        ("webstore_id", pa.int64()),
        ("webstore_seen", pa.int64()),
        ("business_central_seen", pa.int64()),
        ("webstore_hash", pa.large_string()),
        ("business_central_hash", pa.large_string()),
    ]
)


@dataclass(frozen=True)
class Part:
    """What was decided about some pairs of the mapping table.

    Attributes:
        pairs: how many they were.
        spent: decisions of people that are not needed any more: carried out, overtaken by an edit, or moot.
        settled: pairs that were read and hold their base, as in SETTLED: they need not be read again while they stay so.
    """

    decisions: Decisions = field(default_factory=Decisions)
    pairs: int = 0
    spent: tuple[tuple[str, int, str], ...] = ()
    settled: pa.Table = field(default_factory=SETTLED.empty_table)


def decide_pairs(pairing: Pairing, webstore: Extract, business_central: Extract, known: Known, terms: Terms) -> Part:
    """Compare the pairs of the mapping table with their bases, and decide about those that differ."""
    pairs = alive(_chosen(pairing.pairs, known), known)
    moved, read, settled = _moved(pairs, webstore, business_central, known.base_hashes)
    done = decide(frames_of(moved, webstore, business_central, known.read_bases, read), terms)
    compared: Collection[tuple[str, int]] = ()
    if terms.decisions:
        compared = set(zip(pairs["bc_id"].to_pylist(), pairs["webstore_id"].to_pylist(), strict=True))
    return Part(done, pairs.num_rows, spent_decisions(terms, done, compared), settled)


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
    pairs: pa.Table, webstore: Extract, business_central: Extract, read_bases: ReadBases, read: _Read | None = None
) -> PairFrames:
    """All that merging these pairs needs.

    Args:
        pairs: as in Pairing.
        read: canonical values of both sides, row by row, where they are known already.
    """
    w, c = pairs["w"].combine_chunks(), pairs["c"].combine_chunks()
    canonical_w, canonical_c = read or (webstore.canonical_of(w), business_central.canonical_of(c))
    stored = read_bases(pairs["bc_id"].to_pylist()) if pairs.num_rows else None
    base_w, base_c = _base_frames(pairs, stored, webstore.fields)
    return PairFrames(
        pairs=pairs.select(["bc_id", "bc_number", "webstore_id", "ticked", "w", "c"]),
        webstore=canonical_w,
        business_central=canonical_c,
        base_webstore=base_w,
        base_business_central=base_c,
        webstore_raw=webstore.raw,
        business_central_raw=business_central.raw,
    )


def _chosen(pairs: pa.Table, known: Known) -> pa.Table:
    """In a selected run only the pairs of which one customer was selected."""
    return pairs if known.selected is None else pairs.filter(_named(pairs, known.selected))


def _named(pairs: pa.Table, keys: Collection[str | int]) -> pa.ChunkedArray:
    """Of which pairs one customer is among these Business Central ids and webstore ids."""
    bc_ids = pa.array([key for key in keys if isinstance(key, str)], type=pa.large_string())
    webstore_ids = pa.array([key for key in keys if isinstance(key, int)], type=pa.int64())
    by_bc_id = pc.is_in(pairs["bc_id"], value_set=bc_ids)
    return pc.or_(by_bc_id, pc.is_in(pairs["webstore_id"], value_set=webstore_ids))


def _moved(
    pairs: pa.Table, webstore: Extract, business_central: Extract, base_hashes: pd.DataFrame
) -> tuple[pa.Table, _Read, pa.Table]:
    """The pairs that differ from their base, their canonical values, and (as in SETTLED) those that were read and do not."""
    base = _bases(base_hashes)
    at_base = _rows_of_bases(pairs, base)
    seen = {
        "webstore_seen": pa.array(webstore.fingerprints).take(pairs["w"].combine_chunks()),
        "business_central_seen": pa.array(business_central.fingerprints).take(pairs["c"].combine_chunks()),
    }
    known = [pc.fill_null(pc.equal(now, base[name].take(at_base)), False) for name, now in seen.items()]
    rows = pc.indices_nonzero(pc.invert(pc.and_(*known)))
    pairs, base = pairs.take(rows), base.take(at_base.take(rows))
    sides = (("webstore_hash", webstore, "w"), ("business_central_hash", business_central, "c"))
    read = [side.canonical_of(pairs[at].combine_chunks()) for _, side, at in sides]
    same = pa.repeat(pa.scalar(True), len(rows))
    for (name, side, _), canonical in zip(sides, read, strict=True):
        now = pa.array(side.hashes_of(canonical), type=pa.large_string())
        same = pc.and_(same, pc.fill_null(pc.equal(now, base[name]), False))
    settled = {
        **{name: pairs[name] for name in ("bc_id", "webstore_id")},
        **{name: now.take(rows) for name, now in seen.items()},
        **{name: base[name] for name in ("webstore_hash", "business_central_hash")},
    }
    moved = pc.invert(same)
    canonical_w, canonical_c = (canonical.filter(moved) for canonical in read)
    return pairs.filter(moved), (canonical_w, canonical_c), pa.table(settled, schema=SETTLED).filter(same)


def _bases(base_hashes: pd.DataFrame) -> pa.Table:
    """The fingerprints of all bases, columns as in SETTLED."""
    columns = {
        column.name: pa.array(base_hashes[column.name], type=column.type, from_pandas=True)
        if column.name in base_hashes
        else pa.nulls(len(base_hashes), column.type)
        for column in SETTLED
    }
    return pa.table(columns, schema=SETTLED)


def _rows_of_bases(pairs: pa.Table, base: pa.Table) -> pa.Array:
    """The row of each pair's base; null where it has none."""
    if base["bc_id"].equals(pairs["bc_id"]) and base["webstore_id"].equals(pairs["webstore_id"]):
        return pa.array(np.arange(pairs.num_rows))  # as they were linked; later edits of the mapping change the order
    rows = rows_in(pairs["bc_id"], base["bc_id"])
    # a customer that was linked to another account before has a base for each of the two
    others = pc.not_equal(base["webstore_id"].take(rows), pairs["webstore_id"])
    if pc.any(others, min_count=0).as_py():
        return pc.index_in(_pair_keys(pairs), value_set=_pair_keys(base))
    return rows


def _pair_keys(pairs: pa.Table) -> pa.Array:
    """One text per pair."""
    ids = [pairs["bc_id"].combine_chunks(), pairs["webstore_id"].combine_chunks().cast(pa.large_string())]
    return pc.binary_join_element_wise(*ids, pa.scalar(" ", pa.large_string()))


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
    rows = pc.index_in(_pair_keys(pairs), value_set=_pair_keys(keys))
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
