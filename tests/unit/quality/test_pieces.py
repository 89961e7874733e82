"""Findings of pieces together are those of one table."""

from __future__ import annotations

import random
from itertools import count

import pyarrow as pa

from connector.core.expectations import Expectation, Severity
from connector.quality import validate, validate_pieces

_LINES = count(2)


def expectation(words: str, field: str, value: str = "", when: str = "", severity: str = "quarantine") -> Expectation:
    return Expectation(next(_LINES), field, words, value, Severity(severity), "Because.", when)


SUITE = (
    expectation("is filled", "city"),
    expectation("has at most", "city", "3", severity="warn"),
    expectation("is unique", "name"),
    expectation("is unique", "name", when="city is Oslo"),
    expectation("is unique together with", "name", "number | city"),
    expectation("is filled in at least", "city", "60"),
    expectation("is filled in at least", "city", "70"),
    expectation("is filled in at least", "city", "80", when="name is n1"),
    expectation("counts at least", "", "150"),
    expectation("counts at least", "", "151"),
    expectation("is there", "shoe_size"),
    expectation("is filled", "shoe_size"),
)


def test_pieces_are_judged_as_the_whole_is() -> None:
    dice = random.Random(7)
    rows = [
        {
            "name": f"n{dice.randrange(99)}",
            "number": dice.randrange(2),
            "city": dice.choice(("Oslo", "Bø", "", None, "Rom")),
        }
        for _ in range(150)
    ]
    rows[3], rows[140] = rows[140] | {"name": "same"}, rows[140] | {"name": "same"}
    table = pa.Table.from_pylist(rows, schema=pa.schema([("name", pa.large_string()), ("number", pa.int64()),
                                                         ("city", pa.large_string())]))  # fmt: skip
    whole = validate("plan", SUITE, table, pa.array(range(table.num_rows)))
    pieces = validate_pieces("plan", SUITE, lambda: (table.slice(begin, 60) for begin in range(0, 150, 60)))
    assert pieces == whole
    assert {finding.expectation.words for finding in whole} == {e.words for e in SUITE}
    both = [finding for finding in whole if finding.expectation.words == "is unique together with"]
    assert {"3", "140"} <= set(both[0].keys), "one is in the first piece, the other in the last"
