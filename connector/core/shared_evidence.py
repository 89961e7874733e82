"""Who shares which evidence: the customers of both sides grouped by what one rung compares.

Grouping is done on whole columns; only groups in which somebody waits for an answer become Python objects, so a million
linked customers cost one pass over their keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.evidence import loose, rung_keys
from connector.core.phone_numbers import e164_of

__all__ = ["Candidates", "Group", "Shared", "candidates", "readable", "readable_column", "share", "with_e164"]

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Codes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Candidates:
    """All customers of one side that could be meant, row by row.

    Attributes:
        evidence: as `evidence_of` returns it: the id column, then the fields.
        linked: in the mapping table already: they cannot be matched, but whoever shares their evidence is ambiguous.
        wanted: somebody waits for an answer: without a match the customer would be created on the other side.
        pairs: which pair of the mapping table the customer is of, the same number on both sides; -1 = of none that is known.
    """

    evidence: pa.Table
    linked: Mask
    wanted: Mask
    pairs: Codes

    def key(self, row: int) -> Any:
        """One customer's webstore id or Business Central id."""
        return self._keys[row].as_py()

    @cached_property
    def _keys(self) -> pa.Array:
        return self.evidence.column(0).combine_chunks()  # one array finds a row ten times as fast as a chunked one

    def those(self, rows: Mask) -> Candidates:
        """Some of them."""
        return Candidates(self.evidence.filter(pa.array(rows)), self.linked[rows], self.wanted[rows], self.pairs[rows])

    def values(self, row: int) -> dict[str, str]:
        """One customer's evidence by field."""
        return {name: self.evidence[name][row].as_py() for name in self.evidence.column_names[1:]}


@dataclass(frozen=True)
class Group:
    """The customers of both sides (row numbers, ascending) that share one value on one rung."""

    rung: str
    value: str
    webstore: tuple[int, ...]
    business_central: tuple[int, ...]

    @property
    def is_pair(self) -> bool:
        """Whether one customer of each side has it."""
        return len(self.webstore) == len(self.business_central) == 1


@dataclass(frozen=True, eq=False)
class Shared:
    """One rung's evidence of all customers.

    Attributes:
        values: distinct values; "" is no evidence.
        webstore, business_central: per customer the number of its value.
        on_both_sides: per value, whether it is evidence and both sides have customers with it.
        only_webstore, only_business_central: per value the only customer that has it, or -1.
    """

    rung: str
    values: pa.Array
    webstore: Codes
    business_central: Codes
    on_both_sides: Mask
    only_webstore: Codes
    only_business_central: Codes

    def groups(self, waiting_webstore: Mask, waiting_business_central: Mask) -> Iterator[Group]:
        """The groups that have customers on both sides and hold somebody who waits, in order of their value."""
        asked = np.zeros(len(self.values), dtype=bool)
        asked[self.webstore[waiting_webstore]] = True
        asked[self.business_central[waiting_business_central]] = True
        asked &= self.on_both_sides
        w_rows, c_rows = _rows_by_code(self.webstore, asked), _rows_by_code(self.business_central, asked)
        texts = {code: self.values[code].as_py() for code in w_rows}
        for code, value in sorted(texts.items(), key=lambda item: item[1]):
            yield Group(self.rung, value, w_rows[code], c_rows[code])

    def pairs(self, waiting_webstore: Mask, waiting_business_central: Mask) -> tuple[Codes, Codes]:
        """The groups of one customer of each side of whom one waits: the row numbers of both."""
        asked = self.on_both_sides & (self.only_webstore >= 0) & (self.only_business_central >= 0)
        w, c = self.only_webstore[asked], self.only_business_central[asked]
        waits = waiting_webstore[w] | waiting_business_central[c]
        return w[waits], c[waits]

    def agree(self, webstore: Codes, business_central: Codes) -> list[str]:
        """The value that the customers of each pair share, for people to read; "" if they share none."""
        codes = self.webstore[webstore]
        shared = (codes == self.business_central[business_central]) & self.on_both_sides[codes]
        texts = pc.if_else(pa.array(shared), self.values.take(pa.array(codes)), "")
        told: list[str] = readable_column(texts).to_pylist()
        return told

    def has_rivals(self, webstore: Codes, business_central: Codes) -> Mask:
        """Of which pairs `rivals` finds any."""
        w, c = self.webstore[webstore], self.business_central[business_central]
        of_w = self.on_both_sides[w] & (self.only_business_central[w] >= 0)
        of_c = self.on_both_sides[c] & (self.only_webstore[c] >= 0)
        found: Mask = (w != c) & (of_w | of_c)
        return found

    def rivals(self, webstore: int, business_central: int) -> list[tuple[int, int]]:
        """The pairs that this evidence, unique on both sides, makes of one of two customers and somebody else."""
        w, c = self.webstore[webstore], self.business_central[business_central]
        if w == c:
            return []
        found = [(webstore, int(self.only_business_central[w])), (int(self.only_webstore[c]), business_central)]
        return [pair for pair, code in zip(found, (w, c), strict=True) if self.on_both_sides[code] and min(pair) >= 0]


def candidates(
    evidence: pa.Table, *, free: Sequence[int], wanted: Sequence[int], paired: pa.ChunkedArray | None = None
) -> Candidates:
    """All customers of one extract.

    Args:
        evidence: of all of them, as `evidence_of` gives it.
        free: row numbers of the customers that the mapping table does not link.
        wanted: row numbers of those for whom somebody waits.
        paired: the row numbers of the pairs of the mapping table, in the same order for both sides; None = no pair is known.
    """
    pairs = np.full(evidence.num_rows, -1, dtype=np.int64)
    if paired is not None:
        pairs[paired.to_numpy()] = np.arange(len(paired))
    linked, asked = np.ones(evidence.num_rows, dtype=bool), np.zeros(evidence.num_rows, dtype=bool)
    linked[list(free)] = False
    asked[list(wanted)] = True
    return Candidates(evidence, linked, asked, pairs)


def share(rung: str, webstore: Candidates, business_central: Candidates) -> Shared:
    """Group all customers of both sides by what a rung compares."""
    sides = (webstore.evidence, business_central.evidence)
    if rung == "phone_name":
        sides = _with_e164(webstore, business_central)
    values, w, c = _coded(rung_keys(sides[0], rung), rung_keys(sides[1], rung))
    return Shared(rung, values, w, c, _both(values, w, c), _only(w, len(values)), _only(c, len(values)))


def readable(value: str) -> str:
    """A rung's value as people read it: the fields with commas between."""
    return value.replace("\x1f", ", ")


def readable_column(values: pa.Array) -> pa.Array:
    """The same of a whole column."""
    return pc.replace_substring(values, "\x1f", ", ")


def with_e164(side: pa.Table, rows: Mask) -> pa.Table:
    """Evidence with the phone numbers of some customers in E.164, and without those of the others."""
    few = side.filter(pa.array(rows))
    numbers = e164_of(*(few[name].combine_chunks() for name in ("phone", "country")))
    places = np.full(side.num_rows, -1, dtype=np.int64)
    places[rows] = np.arange(len(numbers))
    there = numbers.take(pa.array(places, mask=~rows))
    return side.set_column(side.column_names.index("phone"), "phone", pc.fill_null(there, ""))


def _with_e164(webstore: Candidates, business_central: Candidates) -> tuple[pa.Table, pa.Table]:
    """Phone numbers in E.164 where somebody on the other side has the same name and the same last digits, "" elsewhere.

    Where all of them are linked nobody asks, and nothing is worked out.
    """
    sides = (webstore.evidence, business_central.evidence)
    values, w, c = _coded(*(rung_keys(loose(side), "phone_name") for side in sides))
    asked = np.zeros(len(values), dtype=bool)
    asked[w[~webstore.linked]] = True
    asked[c[~business_central.linked]] = True
    asked &= _both(values, w, c)
    return with_e164(sides[0], asked[w]), with_e164(sides[1], asked[c])


def _coded(webstore: pa.Array, business_central: pa.Array) -> tuple[pa.Array, Codes, Codes]:
    """Distinct values, and the number of its value for every customer of each side."""
    encoded = pc.dictionary_encode(pa.concat_arrays([webstore, business_central]))
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return encoded.dictionary, codes[: len(webstore)], codes[len(webstore) :]


def _both(values: pa.Array, webstore: Codes, business_central: Codes) -> Mask:
    both = np.zeros(len(values), dtype=bool)
    both[webstore] = True
    there = np.zeros(len(values), dtype=bool)
    there[business_central] = True
    evident: Mask = pc.not_equal(values, "").to_numpy(zero_copy_only=False).astype(bool)
    return both & there & evident


def _only(codes: Codes, values: int) -> Codes:
    only = np.full(values, -1, dtype=np.int64)
    only[codes] = np.arange(len(codes))
    only[np.bincount(codes, minlength=values) != 1] = -1
    return only


def _rows_by_code(codes: Codes, asked: Mask) -> dict[int, tuple[int, ...]]:
    """Code → its rows in ascending order, for the codes that are asked for."""
    rows = np.flatnonzero(asked[codes])
    found: dict[int, list[int]] = {}
    for row, code in zip(rows.tolist(), codes[rows].tolist(), strict=True):
        found.setdefault(code, []).append(row)
    return {code: tuple(members) for code, members in found.items()}
