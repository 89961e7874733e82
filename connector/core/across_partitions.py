"""What a partition cannot decide by itself: its customers without a counterpart, and whoever may have to do with them.

An unmapped customer is compared with everybody, since evidence counts only when it is unique among all customers. So everybody's
evidence goes where the same evidence of others goes (circles.py), and circles in which somebody waits for an answer are decided
about in lots: all that is looked at by `conclude` (comparison.py) of a customer is in his circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.customer import Side
from connector.core.extracts import Extract, Known
from connector.core.mapping_join import Pairing
from connector.core.terms import Terms

Mask = np.ndarray[Any, np.dtype[np.bool_]]

__all__ = [
    "CIRCLE",
    "LOT",
    "MAPPED",
    "WHO",
    "Leftover",
    "Waiting",
    "gathered",
    "leftover_of",
    "mapped_of",
    "of_lot",
    "waiting_in",
    "without_leftovers",
]

# the Webstore ID of the customer's pair; who is in the mapping table without one has _NO_PAIR, or _TICKED if he is to be created;
# who is not in it has _NOT_MAPPED
MAPPED, LOT, CIRCLE = "mapped", "lot", "circle"
_TICKED, _NO_PAIR, _NOT_MAPPED = -2, -1, 0
# who a customer is, and why he is set apart
WHO = {Side.WEBSTORE: ("webstore_id", "malformed"), Side.BUSINESS_CENTRAL: ("bc_id", "number", "malformed")}


@dataclass(frozen=True)
class Leftover:
    """What is left of one partition, or of several, when their pairs are decided about.

    Attributes:
        pairing: everything but its pairs and row numbers.
        malformed_webstore, malformed_business_central: who is set apart, with the columns WHO.
        usernames: Business Central id → user name of the mapping row, for those who wait.
        waiting: how many customers wait for an answer.
        rows: how many customers there are, partition number → (webstore, Business Central).
    """

    pairing: Pairing
    malformed_webstore: pa.Table
    malformed_business_central: pa.Table
    usernames: Mapping[str, str]
    waiting: int
    rows: Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class Waiting:
    """Masks over the customers of one side of a partition.

    Attributes:
        waiting: who waits for an answer: new accounts, ticked customers, and what is left of a pair that lost one side.
        free: who is in no pair.
        lost: what is left of a pair.
    """

    waiting: Mask
    free: Mask
    lost: Mask


def waiting_in(pairing: Pairing, webstore: Extract, business_central: Extract, terms: Terms) -> tuple[Waiting, Waiting]:
    """Who of a partition waits, by side."""
    lost_w = _is_in(webstore.raw["webstore_id"], pairing.missing_business_central["webstore_id"])
    lost_c = _is_in(business_central.raw["bc_id"], pairing.missing_webstore["bc_id"])
    new_w = _at(pairing.new_webstore, len(lost_w))
    ticked = _at(pairing.unlinked["c"].to_pylist(), len(lost_c))
    new_c = _at(pairing.new_business_central, len(lost_c))
    asked = new_w if terms.flags.pull == "All" else np.zeros_like(new_w)
    return Waiting(asked | lost_w, new_w | lost_w, lost_w), Waiting(ticked | lost_c, new_c | ticked | lost_c, lost_c)


def leftover_of(
    number: int, pairing: Pairing, webstore: Extract, business_central: Extract, known: Known, terms: Terms
) -> Leftover:
    """What is left of a partition."""
    sides = waiting_in(pairing, webstore, business_central, terms)
    asked = set(pairing.unlinked["bc_id"].to_pylist()) | set(pairing.missing_webstore["bc_id"].to_pylist())
    nobody = pairing.pairs.schema.empty_table()
    return Leftover(
        replace(pairing, pairs=nobody, unlinked=pairing.unlinked.slice(0, 0), new_webstore=[], new_business_central=[]),
        webstore.malformed.select(WHO[Side.WEBSTORE]),
        business_central.malformed.select(WHO[Side.BUSINESS_CENTRAL]),
        {bc_id: name for bc_id, name in known.usernames.items() if bc_id in asked},
        sum(int(side.waiting.sum()) for side in sides),
        {number: (webstore.raw.num_rows, business_central.raw.num_rows)},
    )


def gathered(parts: Iterable[Leftover]) -> Leftover:
    """The leftovers of all partitions as one."""
    every = list(parts)
    names = ("pairs", "unlinked", "missing_webstore", "missing_business_central", "renumbered", "twice")
    tables = {name: pa.concat_tables([getattr(part.pairing, name) for part in every]) for name in names}
    return Leftover(
        Pairing(**tables, new_webstore=[], new_business_central=[]),
        pa.concat_tables([part.malformed_webstore for part in every]),
        pa.concat_tables([part.malformed_business_central for part in every]),
        {bc_id: name for part in every for bc_id, name in part.usernames.items()},
        sum(part.waiting for part in every),
        {number: rows for part in every for number, rows in part.rows.items()},
    )


def mapped_of(side: Side, size: int, pairing: Pairing) -> pa.Array:
    """The column MAPPED of so many customers of a partition's side."""
    row, new = ("w", pairing.new_webstore) if side is Side.WEBSTORE else ("c", pairing.new_business_central)
    mapped = np.full(size, _NO_PAIR, dtype=np.int64)
    mapped[pairing.pairs[row].to_numpy()] = pairing.pairs["webstore_id"].to_numpy()
    mapped[list(new)] = _NOT_MAPPED
    if side is Side.BUSINESS_CENTRAL:
        mapped[pairing.unlinked["c"].to_pylist()] = _TICKED
    return pa.array(mapped)


def of_lot(rest: Leftover, webstore: pa.Table, business_central: pa.Table) -> Pairing:
    """The pairing of some gathered rows, with the row numbers that they have there.

    Args:
        rest: what goes with them.
    """
    new_w, new_c = (np.flatnonzero(_mapped(table) == _NOT_MAPPED).tolist() for table in (webstore, business_central))
    ticked = pa.array(np.flatnonzero(_mapped(business_central) == _TICKED))
    some = business_central.select(["bc_id", "number"]).take(ticked)
    unlinked = pa.table({"bc_id": some["bc_id"], "bc_number": some["number"], "c": ticked})
    pairs = _pairs_among(webstore, business_central)
    return replace(rest.pairing, pairs=pairs, unlinked=unlinked, new_webstore=new_w, new_business_central=new_c)


def without_leftovers(rest: Leftover) -> Leftover:
    """No orphans, and nobody who is set apart: what goes with one lot only."""
    pairing = rest.pairing
    names = ("missing_webstore", "missing_business_central", "renumbered", "twice")
    return replace(
        rest,
        pairing=replace(pairing, **{name: getattr(pairing, name).slice(0, 0) for name in names}),
        malformed_webstore=rest.malformed_webstore.slice(0, 0),
        malformed_business_central=rest.malformed_business_central.slice(0, 0),
    )


def _pairs_among(webstore: pa.Table, business_central: pa.Table) -> pa.Table:
    """The row numbers of the pairs of which both are there."""
    linked = business_central[MAPPED]
    w = pc.index_in(linked, value_set=_flat(webstore["webstore_id"]))
    rows = pa.table({"w": w, "c": pa.array(range(business_central.num_rows), type=pa.int64())})
    return rows.filter(pc.and_(pc.is_valid(w), pc.greater(linked, _NOT_MAPPED)))


def _mapped(table: pa.Table) -> np.ndarray[Any, Any]:
    mapped: np.ndarray[Any, Any] = table[MAPPED].to_numpy()
    return mapped


def _at(rows: Sequence[int], size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[list(rows)] = True
    return mask


def _is_in(column: pa.Array | pa.ChunkedArray, values: pa.Array | pa.ChunkedArray) -> Mask:
    found: Mask = pc.is_in(_flat(column), value_set=_flat(values)).to_numpy(zero_copy_only=False)
    return found.astype(bool)


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
