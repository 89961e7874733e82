"""What customers share evidence by, as numbers: the hash of each piece of it that could be looked at when somebody waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.across_partitions import Waiting
from connector.core.already_there import namesake_keys
from connector.core.circles import ALONE, BUSINESS_CENTRAL, FREE, KEYS, WEBSTORE
from connector.core.column_lookup import hashes_of_rows
from connector.core.customer import Side
from connector.core.evidence import RUNGS, loose, rung_keys
from connector.core.extracts import Extract
from connector.core.mail_address import SEVERAL
from connector.core.normalize import by_unique, email_keys, key_columns, text_key
from connector.core.terms import Terms

Mask = np.ndarray[Any, np.dtype[np.bool_]]

__all__ = ["keys_of", "shares"]

# evidence by which a gone customer's successor is looked for (orphans.py)
_HEIRS = ("vat_number", "email")
_LOST = pa.array([0], pa.int64())  # one key for all: orphans are proposed for beside each other


def keys_of(
    extracts: Sequence[Extract],
    evidence: Sequence[pa.Table],
    waiting: Sequence[Waiting],
    orphans: pa.Table,
    terms: Terms,
    *,
    begins: tuple[int, int] = (0, 0),
) -> pa.Table:
    """All evidence by which `conclude` could have to do with one of a partition's customers beside another one, as in KEYS.

    Args:
        extracts, evidence, waiting: the webstore's, and Business Central's.
        orphans: the rows of the whole mapping table whose Business Central customer is missing.
        begins: the number of the first customer, by side; the others follow in the order of their rows.
    """
    found: list[pa.Table] = []
    for extract, known, waits, begin in zip(extracts, evidence, waiting, begins, strict=True):
        customers = np.arange(begin, begin + extract.raw.num_rows, dtype=np.int32)
        side = WEBSTORE if extract.side is Side.WEBSTORE else BUSINESS_CENTRAL
        traits = np.where(waits.free, side | FREE, side).astype(np.int8)
        lost = waits.lost
        if side == BUSINESS_CENTRAL and orphans.num_rows:
            has_number = pc.is_in(extract.raw["number"], value_set=orphans["bc_number"].combine_chunks())
            lost = lost | np.asarray(has_number).astype(np.bool_)
        found.append(_keys(pc.take(_LOST, pa.array(np.zeros(int(lost.sum()), np.int64))), customers[lost],
                           traits[lost] | np.int8(ALONE)))  # fmt: skip
        for salt, alone, rows, columns in _evidence(extract, known, orphans, terms):
            said = np.flatnonzero(reduce(np.logical_and, [_is_text(column) for column in columns]))
            few = 2 * len(said) < len(columns[0])  # to hash a blank takes less than to take the others out of a column
            hashes = hashes_of_rows([column.take(pa.array(said)) for column in columns] if few else columns, salt)
            hashes, whose = hashes if few else hashes[said], said if rows is None else rows[said]
            found.append(_keys(pa.array(hashes), customers[whose], traits[whose] | np.int8(ALONE if alone else 0)))
    return pa.concat_tables(found)


def _evidence(
    extract: Extract, known: pa.Table, orphans: pa.Table, terms: Terms
) -> Iterator[tuple[str, bool, np.ndarray[Any, Any] | None, list[pa.Array]]]:
    """What a side's customers share evidence by: a name for it, whether it counts among customers of one side, too, the rows
    (None = all, in order), and its texts; a blank one is none."""
    canonical, raw, evidence = extract.canonical, extract.raw, loose(known)
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


def shares(evidence: pa.Table, keys: Mapping[str, frozenset[str]]) -> Mask:
    """Who has one of some keys on its rung, row by row.

    Args:
        evidence: as `loose` gives it; keys: rung → keys.
    """
    found = np.zeros(evidence.num_rows, dtype=bool)
    for rung, values in keys.items():
        if values:
            there = pc.is_in(rung_keys(evidence, rung), value_set=pa.array(sorted(values), type=pa.large_string()))
            found |= np.asarray(there).astype(np.bool_)
    return found


def _keys(keys: pa.Array, customers: np.ndarray[Any, Any], traits: np.ndarray[Any, Any]) -> pa.Table:
    return pa.table([keys, pa.array(customers), pa.array(traits)], schema=KEYS)


def _is_text(column: pa.Array) -> Mask:
    there: Mask = pc.fill_null(pc.not_equal(column, ""), False).to_numpy(zero_copy_only=False)
    return there.astype(bool)


def _texts(values: Iterable[str]) -> pa.Array:
    return pa.array(list(values), type=pa.large_string())


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
