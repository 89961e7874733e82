"""Pairs beside their bases: who holds it, who differs, whose record went back, whose account is somebody else's.

An unchanged pair costs one comparison per side: its record reads word for word as it did when it was last found to hold the base.
Only the others are read (canonical values, comparison keys).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.column_lookup import rows_in
from connector.core.customer import Side
from connector.core.extracts import Extract
from connector.core.merge import Mask
from connector.core.stamps import BACK, older

__all__ = [
    "SETTLED",
    "SIGHTED",
    "Compared",
    "Read",
    "beside_bases",
    "gone_back_too",
    "pair_keys",
    "sighted",
    "suspects",
]

# canonical values of both sides
Read = tuple[pa.Table, pa.Table]
_SIDES = ((Side.WEBSTORE, "w"), (Side.BUSINESS_CENTRAL, "c"))
# pairs that hold their base, with what the store is to remember of them (Known.base_hashes)
SETTLED = pa.schema(
    [
        ("bc_id", pa.large_string()),
        ("webstore_id", pa.int64()),
        ("webstore_seen", pa.int64()),
        ("business_central_seen", pa.int64()),
        ("webstore_hash", pa.large_string()),
        ("business_central_hash", pa.large_string()),
        ("webstore_stamp", pa.int64()),
        ("business_central_stamp", pa.int64()),
        ("account_mark", pa.int64()),
        ("marks", pa.large_string()),
    ]
)
# pairs that do not hold their base, with what the store is to remember of who they are and when they were touched
SIGHTED = pa.schema(
    [
        SETTLED.field(name)
        for name in ("bc_id", "webstore_id", "webstore_stamp", "business_central_stamp", "account_mark", "marks")
    ]
)


def suspects(
    pairs: pa.Table, base_hashes: pd.DataFrame, webstore: pa.Array, business_central: pa.Array
) -> tuple[dict[int, int], dict[str, int]]:
    """Whose records are older than what was seen of them, and must be asked for anew: webstore id, or Business Central id →
    the stamp that was seen.

    Args:
        pairs: as in Pairing.
        webstore, business_central: the stamps of the two extracts, row by row.
    """
    base = _beside(pairs, _bases(base_hashes).select(["bc_id", "webstore_id", *(f"{side}_stamp" for side in Side)]))
    found: list[dict[Any, int]] = []
    for stamps, (side, at), key in zip((webstore, business_central), _SIDES, ("webstore_id", "bc_id"), strict=True):
        seen = base[f"{side}_stamp"].combine_chunks()
        old = pa.array(older(stamps.take(pairs[at].combine_chunks()), seen))
        found.append(dict(zip(pairs[key].filter(old).to_pylist(), seen.filter(old).to_pylist(), strict=True)))
    return found[0], found[1]


@dataclass(frozen=True)
class Compared:
    """Pairs beside their bases.

    Attributes:
        moved: those that differ, with their canonical values in `read`, and (per side) which of them went back, and whose
            account has the stamp that was seen of it.
        settled, sighted: see Part.
        doubtful: those whose account has other marks than the one that was linked; they are in nothing else.
    """

    moved: pa.Table
    read: Read
    gone_back: Mapping[Side, Mask]
    as_seen: Mask
    settled: pa.Table
    sighted: pa.Table
    doubtful: pa.Table


def beside_bases(pairs: pa.Table, webstore: Extract, business_central: Extract, base_hashes: pd.DataFrame) -> Compared:
    base = _beside(pairs, _bases(base_hashes))
    now: dict[str, pa.Array] = {}
    for side, at, extract in ((*one, e) for one, e in zip(_SIDES, (webstore, business_central), strict=True)):
        rows = pairs[at].combine_chunks()
        now[f"{side}_seen"] = pa.array(extract.fingerprints).take(rows)
        now[f"{side}_stamp"] = extract.stamps.take(rows)
    known = pc.and_(*(_equal(now[f"{side}_seen"], base[f"{side}_seen"]) for side in Side))
    touched = pc.or_(*(pc.invert(_same(now[f"{side}_stamp"], base[f"{side}_stamp"])) for side in Side))
    rested = _settled(*_taken(pc.indices_nonzero(pc.and_(known, touched)), pairs, now, base))
    pairs, now, base = _taken(pc.indices_nonzero(pc.invert(known)), pairs, now, base)
    marks = webstore.marks_of(pairs["w"].combine_chunks())
    other = _mask(pc.fill_null(pc.not_equal(marks, base["account_mark"]), False))
    now["account_mark"], now["marks"] = marks, _marks_shown(webstore, pairs, base)
    with ThreadPoolExecutor(2, "canonical values") as threads:
        rows = [pairs[at].combine_chunks() for _, at in _SIDES]
        read, hashes = zip(*threads.map(_read, (webstore, business_central), rows), strict=True)
    same = {side: _mask(_equal(its, base[f"{side}_hash"])) for side, its in zip(Side, hashes, strict=True)}
    held = same[Side.WEBSTORE] & same[Side.BUSINESS_CENTRAL]
    moved = ~held & ~other
    back = {side: older(now[f"{side}_stamp"], _whole(base[f"{side}_stamp"])) & ~same[side] for side in Side}
    return Compared(
        moved=pairs.filter(pa.array(moved)),
        read=(read[0].filter(pa.array(moved)), read[1].filter(pa.array(moved))),
        gone_back={side: back[side][moved] for side in Side},
        as_seen=_mask(_equal(now["webstore_stamp"], base["webstore_stamp"]))[moved],
        settled=pa.concat_tables([rested, _settled(pairs, now, base).filter(pa.array(held & ~other))]),
        sighted=_sighted(pairs, now, base, same, back).filter(pa.array(moved)),
        doubtful=pairs.filter(pa.array(other)),
    )


def _read(extract: Extract, rows: pa.Array) -> tuple[pa.Table, pa.Array]:
    """Canonical values of some customers of a side, and the hashes of their keys."""
    canonical = extract.canonical_of(rows)
    return canonical, pa.array(extract.hashes_of(canonical), pa.large_string())


def _taken(
    rows: pa.Array, pairs: pa.Table, now: Mapping[str, pa.Array], base: pa.Table
) -> tuple[pa.Table, dict[str, pa.Array], pa.Table]:
    return pairs.take(rows), {name: column.take(rows) for name, column in now.items()}, base.take(rows)


def _settled(pairs: pa.Table, now: Mapping[str, pa.Array], base: pa.Table) -> pa.Table:
    """Pairs as in SETTLED: the records as they are now, the hashes of the base that they hold."""
    nothing = {
        "account_mark": pa.nulls(pairs.num_rows, pa.int64()),
        "marks": pa.nulls(pairs.num_rows, pa.large_string()),
    }
    columns = {**nothing, **now, **{f"{side}_hash": base[f"{side}_hash"] for side in Side}}
    return (
        pa.table({**{name: pairs[name] for name in ("bc_id", "webstore_id")}, **columns})
        .select(SETTLED.names)
        .cast(SETTLED)
    )


def _sighted(
    pairs: pa.Table, now: Mapping[str, pa.Array], base: pa.Table, same: Mapping[Side, Mask], back: Mapping[Side, Mask]
) -> pa.Table:
    """Pairs as in SIGHTED. A record that went back stays so until both sides hold their base again, whatever is edited in it;
    one that holds its side of the base is what it is; of the others the latest stamp counts."""
    columns = dict(now)
    for side in Side:
        name = f"{side}_stamp"
        # WooCommerce's stamps are whole seconds: a millisecond less than one says that an edit was seen with it, and the whole
        # one that nothing but our own write was (Compared.as_seen)
        edited = pc.subtract(now[name], 1) if side is Side.WEBSTORE else now[name]
        seen = pc.max_element_wise(edited, base[name], skip_nulls=True)
        columns[name] = pc.if_else(
            pa.array(back[side]), BACK, pc.if_else(pa.array(same[side]), now[name], _whole(seen))
        )
    table = pa.table({**{name: pairs[name] for name in ("bc_id", "webstore_id")}, **columns}).select(SIGHTED.names)
    return table.cast(SIGHTED)


def gone_back_since(
    pairs: pa.Table, stored: pd.DataFrame, webstore: Extract, business_central: Extract
) -> Mapping[Side, Mask]:
    """Which records of pairs that are linked once more are older than they were seen when they were linked before.

    Args:
        pairs: as in Pairing; stored: the bases of their customers, with the stamps.
    """
    keys = pa.table(
        {
            "bc_id": pa.array(stored["bc_id"], type=pa.large_string()),
            "webstore_id": pa.array(stored["webstore_id"], type=pa.int64()),
        }
    )
    rows = pc.index_in(pair_keys(pairs), value_set=pair_keys(keys))
    return {
        side: older(
            extract.stamps.take(pairs[at].combine_chunks()),
            pa.array(stored[f"{side}_stamp"], type=pa.int64(), from_pandas=True).take(rows),
        )
        for (side, at), extract in zip(_SIDES, (webstore, business_central), strict=True)
    }


def gone_back_too(sighted: pa.Table, found: Mapping[Side, Collection[tuple[str, int]]]) -> pa.Table:
    """Pairs as in SIGHTED, with those that were found to have gone back by what they hold, though no stamp tells it: they stay
    so like the others. The next run would find the old value a second time, and take it for an edit."""
    if not found:
        return sighted
    keys = list(zip(sighted["bc_id"].to_pylist(), sighted["webstore_id"].to_pylist(), strict=True))
    for side, pairs in found.items():
        name = f"{side}_stamp"
        back = pa.array([key in pairs for key in keys], pa.bool_())
        at = sighted.schema.get_field_index(name)
        sighted = sighted.set_column(at, name, pc.if_else(back, pa.scalar(BACK, pa.int64()), _whole(sighted[name])))
    return sighted


def sighted(pairs: pa.Table, webstore: Extract, business_central: Extract) -> pa.Table:
    """Newly linked pairs, as in SIGHTED.

    Args:
        pairs: as in Pairing.
    """
    w, c = pairs["w"].combine_chunks(), pairs["c"].combine_chunks()
    now = {
        "webstore_stamp": webstore.stamps.take(w),
        "business_central_stamp": business_central.stamps.take(c),
        "account_mark": webstore.marks_of(w),
        "marks": _marks_shown(webstore, pairs, None),
    }
    return (
        pa.table({**{name: pairs[name] for name in ("bc_id", "webstore_id")}, **now})
        .select(SIGHTED.names)
        .cast(SIGHTED)
    )


def _marks_shown(webstore: Extract, pairs: pa.Table, base: pa.Table | None) -> pa.Array:
    """User name and registration as people read them, where they are not kept yet; null elsewhere."""
    w = pairs["w"].combine_chunks()
    parts = [_whole(webstore.raw[name].take(w)) for name in ("username", "created")]
    texts = pc.binary_join_element_wise(*parts, pa.scalar("\n", pa.large_string()))
    return (
        texts
        if base is None
        else pc.if_else(_whole(pc.is_null(base["account_mark"])), texts, pa.scalar(None, texts.type))
    )


def _equal(one: pa.Array, other: pa.ChunkedArray) -> pa.Array:
    return _whole(pc.fill_null(pc.equal(one, other), False))


def _same(one: pa.Array, other: pa.ChunkedArray) -> pa.Array:
    """Equal, or missing on both sides."""
    return pc.or_(_equal(one, other), pc.and_(pc.is_null(one), _whole(pc.is_null(other))))


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _mask(column: pa.Array | pa.ChunkedArray) -> Mask:
    result: Mask = _whole(column).to_numpy(zero_copy_only=False).astype(np.bool_)
    return result


def _bases(base_hashes: pd.DataFrame) -> pa.Table:
    """The fingerprints of all bases, columns as in SETTLED."""
    columns = {
        column.name: pa.array(base_hashes[column.name], type=column.type, from_pandas=True)
        if column.name in base_hashes
        else pa.nulls(len(base_hashes), column.type)
        for column in SETTLED
    }
    return pa.table(columns, schema=SETTLED)


def _beside(pairs: pa.Table, base: pa.Table) -> pa.Table:
    """Each pair's base, nulls where it has none."""
    if base["bc_id"].equals(pairs["bc_id"]) and base["webstore_id"].equals(pairs["webstore_id"]):
        return base  # as they were linked; later edits of the mapping change the order
    rows = rows_in(pairs["bc_id"], base["bc_id"])
    # a customer that was linked to another account before has a base for each of the two
    others = pc.not_equal(base["webstore_id"].take(rows), pairs["webstore_id"])
    if pc.any(others, min_count=0).as_py():
        rows = pc.index_in(pair_keys(pairs), value_set=pair_keys(base))
    return base.take(rows)


def pair_keys(pairs: pa.Table) -> pa.Array:
    """One text per pair."""
    ids = [pairs["bc_id"].combine_chunks(), pairs["webstore_id"].combine_chunks().cast(pa.large_string())]
    return pc.binary_join_element_wise(*ids, pa.scalar(" ", pa.large_string()))
