"""Validates what is more than memory holds, piece by piece; the findings are those of all pieces as one table.

Most expectations are about one record. What is unique is looked for among the records whose hashes are not; what is said of all
records together is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.column_lookup import hashes_of_rows
from connector.core.expectations import WHOLE, Expectation, Finding, Severity
from connector.quality.validating import EXAMPLES, validate

__all__ = ["validate_pieces"]

_UNIQUE = frozenset({"is unique", "is unique together with"})


def validate_pieces(
    suite: str, expectations: Sequence[Expectation], pieces: Callable[[], Iterable[pa.Table]]
) -> list[Finding]:
    """As `validate`.

    Args:
        pieces: gives the tables, each time it is called; at least one, which may be empty.

    Returns:
        As `validate`; keys are the numbers of the records in all pieces together.
    """
    tables = iter(pieces())
    first = list(islice(tables, 2))
    if len(first) == 1:
        return validate(suite, expectations, first[0], pa.array(range(first[0].num_rows)))
    there = set(first[0].column_names)
    expectations = [e for e in expectations if e.words == "is there" or there.issuperset(e.fields)]
    alone = [e for e in expectations if e.words not in _UNIQUE | WHOLE]
    unique = [e for e in expectations if e.words in _UNIQUE]
    shares = {e: [0, 0] for e in expectations if e.words == "is filled in at least"}
    hashes: dict[Expectation, list[np.ndarray]] = {e: [] for e in unique}
    found: list[Finding] = []
    rows = 0
    for begin, table in _numbered(chain(first, tables)):
        found += validate(suite, alone, table, pa.array(range(begin, begin + table.num_rows)))
        for expectation, so_far in hashes.items():
            so_far.append(_hashes(table, expectation))
        for expectation, share in shares.items():
            counted = _where(table, expectation)
            share[0] += counted.num_rows - pc.sum(_is_blank(counted[expectation.field]), min_count=0).as_py()
            share[1] += counted.num_rows
        rows += table.num_rows
    found += _twice(suite, {e: np.concatenate(parts) for e, parts in hashes.items()}, pieces)
    found += [Finding(suite, e, 0) for e, (filled, of) in shares.items() if of and filled / of < float(e.value) / 100]
    found += [
        Finding(suite, e, 0)
        for e in expectations
        if (e.words == "counts at least" and rows < int(e.value)) or (e.words == "is there" and e.field not in there)
    ]
    return _united(found)


def _twice(
    suite: str, hashes: dict[Expectation, np.ndarray], pieces: Callable[[], Iterable[pa.Table]]
) -> list[Finding]:
    """What is not unique, among the records whose hash another one has."""
    suspects = {e: np.sort(mine)[1:][np.diff(np.sort(mine)) == 0] for e, mine in hashes.items()}
    found = []
    for expectation, twice in suspects.items():
        if not len(twice):
            continue
        masks = np.isin(hashes[expectation], twice)
        some = [
            (table.filter(pa.array(masks[begin : begin + table.num_rows])), begin)
            for begin, table in _numbered(pieces())
        ]
        numbers = pa.array(np.flatnonzero(masks))
        found += validate(suite, [expectation], pa.concat_tables([table for table, _ in some]), numbers)
    return found


def _hashes(table: pa.Table, expectation: Expectation) -> np.ndarray:
    names = [expectation.field, *(expectation.choices if expectation.words == "is unique together with" else [])]
    columns = [pc.fill_null(table[name].cast(pa.large_string()), "").combine_chunks() for name in names]
    return np.asarray(hashes_of_rows(columns, "unique"))


def _numbered(tables: Iterable[pa.Table]) -> Iterator[tuple[int, pa.Table]]:
    begin = 0
    for table in tables:
        yield begin, table
        begin += table.num_rows


def _where(table: pa.Table, expectation: Expectation) -> pa.Table:
    condition = expectation.condition
    return table if condition is None else table.filter(pc.equal(table[condition[0]], condition[1]))


def _is_blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_large_string(column.type):
        return pc.is_null(column)
    return pc.fill_null(pc.equal(column, ""), True)


def _united(found: Sequence[Finding]) -> list[Finding]:
    """One finding for each expectation, in the order of the file."""
    by_line: dict[Expectation, list[Finding]] = {}
    for one in found:
        by_line.setdefault(one.expectation, []).append(one)
    united = []
    for expectation, ones in sorted(by_line.items(), key=lambda item: item[0].line):
        keys = tuple(key for one in ones for key in one.keys)
        shown = keys[:EXAMPLES] if expectation.severity is Severity.WARN else keys
        united.append(replace(ones[0], count=sum(one.count for one in ones), keys=shown))
    return united
