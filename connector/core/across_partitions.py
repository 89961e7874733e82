"""What a partition cannot decide by itself: its customers without a counterpart, and whoever may have to do with them.

An unmapped customer is compared with everybody, since evidence counts only when it is unique among all customers. So everybody's
evidence goes where the same evidence of others goes (circles.py), and circles in which somebody waits for an answer are decided
about in lots: all that is looked at by `conclude` (comparison.py) of a customer is in his circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.already_there import namesake_keys
from connector.core.circles import ALONE, BUSINESS_CENTRAL, FREE, KEYS, WEBSTORE
from connector.core.column_lookup import hashes_of_rows
from connector.core.customer import Side
from connector.core.evidence import RUNGS, evidence_of, phone_tails, rung_keys
from connector.core.extracts import Extract, Known
from connector.core.mail_address import SEVERAL
from connector.core.mapping_join import Pairing
from connector.core.normalize import by_unique, email_keys, key_columns, text_key
from connector.core.terms import Terms

Mask = np.ndarray[Any, np.dtype[np.bool_]]

__all__ = [
    "LOT",
    "MAPPED",
    "WHO",
    "Leftover",
    "Waiting",
    "gathered",
    "keys_of",
    "leftover_of",
    "loose",
    "of_lot",
    "rows_in_lots",
    "shares",
    "waiting_in",
    "without_leftovers",
]

# the Webstore ID of the customer's pair; who is in the mapping table without one has _NO_PAIR, or _TICKED if he is to be created;
# who is not in it has _NOT_MAPPED
MAPPED, LOT = "mapped", "lot"
_TICKED, _NO_PAIR, _NOT_MAPPED = -2, -1, 0
# who a customer is, and why he is set apart
WHO = {Side.WEBSTORE: ("webstore_id", "malformed"), Side.BUSINESS_CENTRAL: ("bc_id", "number", "malformed")}
# evidence by which a gone customer's successor is looked for (orphans.py)
_HEIRS = ("vat_number", "email")
_LOST = pa.array([0], pa.int64())  # one key for all: orphans are proposed for beside each other


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


def keys_of(
    pairing: Pairing,
    webstore: Extract,
    business_central: Extract,
    orphans: pa.Table,
    terms: Terms,
    *,
    begins: tuple[int, int] = (0, 0),
) -> pa.Table:
    """All evidence by which `conclude` could have to do with one of a partition's customers beside another one, as in KEYS.

    Args:
        orphans: the rows of the whole mapping table whose Business Central customer is missing.
        begins: the number of the first customer, by side; the others follow in the order of their rows.
    """
    found: list[pa.Table] = []
    sides = (webstore, business_central)
    for extract, waits, begin in zip(sides, waiting_in(pairing, *sides, terms), begins, strict=True):
        customers = np.arange(begin, begin + extract.raw.num_rows, dtype=np.int32)
        side = WEBSTORE if extract.side is Side.WEBSTORE else BUSINESS_CENTRAL
        traits = np.where(waits.free, side | FREE, side).astype(np.int8)
        lost = waits.lost
        if side == BUSINESS_CENTRAL and orphans.num_rows:
            lost = lost | _is_in(extract.raw["number"], orphans["bc_number"])
        found.append(_keys(pc.take(_LOST, pa.array(np.zeros(int(lost.sum()), np.int64))), customers[lost],
                           traits[lost] | np.int8(ALONE)))  # fmt: skip
        for salt, alone, rows, columns in _evidence(extract, orphans, terms):
            there = rows if rows is not None else np.arange(len(customers))
            there_too = reduce(np.logical_and, [_is_text(column) for column in columns])
            hashes = hashes_of_rows([column.filter(pa.array(there_too)) for column in columns], salt)
            whose = there[there_too]
            found.append(_keys(pa.array(hashes), customers[whose], traits[whose] | np.int8(ALONE if alone else 0)))
    return pa.concat_tables(found)


def _evidence(
    extract: Extract, orphans: pa.Table, terms: Terms
) -> Iterator[tuple[str, bool, np.ndarray[Any, Any] | None, list[pa.Array]]]:
    """What a side's customers share evidence by: a name for it, whether it counts among customers of one side, too, the rows
    (None = all, in order), and its texts; a blank one is none."""
    canonical, raw = extract.canonical, extract.raw
    evidence = loose(evidence_of(canonical))
    for rung in dict.fromkeys(("email", *terms.ladder.rungs)):
        yield rung, rung == "email" or rung in terms.ladder.link, None, [_flat(evidence[name]) for name in RUNGS[rung]]
    if extract.side is Side.WEBSTORE:
        if "name" in canonical.column_names:
            yield "namesake", False, None, [by_unique(canonical["name"], text_key)]
    else:
        yield "namesake", False, None, [namesake_keys(raw)]
        several = pc.indices_nonzero(pc.match_substring_regex(_flat(raw["email"]), SEVERAL)).to_numpy()
        addresses = [(row, key) for row in several.tolist() for key in email_keys(raw["email"][row].as_py())]
        yield "email", True, np.array([row for row, _ in addresses], np.int64), [_texts(key for _, key in addresses)]
    if orphans.num_rows:
        compared = key_columns(canonical, terms.rules.normalizers)
        for name in _HEIRS:
            if name in compared.column_names:
                yield f"heir by {name}", False, None, [_flat(compared[name])]


def rows_in_lots(side: Side, raw: pa.Table, lots: pa.Array, pairing: Pairing) -> pa.Table:
    """The customers of a partition's side, raw, with the columns MAPPED and LOT.

    Args:
        lots: the lot of each; negative = none.
    """
    row, new = ("w", pairing.new_webstore) if side is Side.WEBSTORE else ("c", pairing.new_business_central)
    mapped = np.full(raw.num_rows, _NO_PAIR, dtype=np.int64)
    mapped[pairing.pairs[row].to_numpy()] = pairing.pairs["webstore_id"].to_numpy()
    mapped[list(new)] = _NOT_MAPPED
    if side is Side.BUSINESS_CENTRAL:
        mapped[pairing.unlinked["c"].to_pylist()] = _TICKED
    return raw.append_column(MAPPED, pa.array(mapped)).append_column(LOT, lots)


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


def loose(evidence: pa.Table) -> pa.Table:
    """Evidence with phone numbers by their last digits: equal, if the numbers are."""
    tails = phone_tails(evidence["phone"].combine_chunks())
    return evidence.set_column(evidence.column_names.index("phone"), "phone", tails)


def shares(evidence: pa.Table, keys: Mapping[str, frozenset[str]]) -> Mask:
    """Who has one of some keys on its rung, row by row.

    Args:
        evidence: as `loose` gives it; keys: rung → keys.
    """
    found = np.zeros(evidence.num_rows, dtype=bool)
    for rung, values in keys.items():
        if values:
            found |= _is_in(rung_keys(evidence, rung), pa.array(sorted(values), type=pa.large_string()))
    return found


def _keys(keys: pa.Array, customers: np.ndarray[Any, Any], traits: np.ndarray[Any, Any]) -> pa.Table:
    return pa.table([keys, pa.array(customers), pa.array(traits)], schema=KEYS)


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


def _is_text(column: pa.Array) -> Mask:
    there: Mask = pc.fill_null(pc.not_equal(column, ""), False).to_numpy(zero_copy_only=False)
    return there.astype(bool)


def _texts(values: Iterable[str]) -> pa.Array:
    return pa.array(list(values), type=pa.large_string())


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
