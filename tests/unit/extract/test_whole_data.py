"""What is expected of all records together is found though no two of them stand in one partition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from connector.core.expectations import Expectation, Severity
from connector.extract.file_partitions import partitions_at
from connector.extract.whole_data import judged, takes_all
from connector.quality import validate

NUMBERS = ["1", "2", "1", "", None, "", "3", "1"]
NAMES = ["a", "b", "a", "c", "c", "c", "", "b"]
TABLE = pa.table(
    {
        "bc_id": pa.array([f"k{row}" for row in range(8)], pa.large_string()),
        "number": pa.array(NUMBERS, pa.large_string()),
        "name": pa.array(NAMES, pa.large_string()),
        "malformed": pa.array([*[""] * 7, "no customer"], pa.large_string()),
    }
)


@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize(
    ("words", "value", "wrong"),
    [
        ("is unique", "", {"k0", "k2"}),
        # together with a value, a blank and a missing one are the same
        ("is unique together with", "name", {"k0", "k2", "k3", "k4", "k5"}),
    ],
)
def test_what_stands_twice_is_found_across_partitions_as_in_one(
    tmp_path: Path, words: str, value: str, wrong: set[str], count: int
) -> None:
    one = Expectation(2, "number", words, value, Severity.QUARANTINE, "Because.")
    assert takes_all(one)
    fine = TABLE.slice(0, 7)
    whole = validate("business_central", [one], fine, fine["bc_id"].combine_chunks())
    with partitions_at(str(tmp_path), count) as partitions:
        with partitions.landing("business_central", TABLE.schema, lambda t: np.arange(len(t)) % count) as landing:
            landing.add(TABLE)
        found = judged(partitions, "business_central", "bc_id", one)
    assert {key for finding in found for key in finding.keys} == wrong
    assert [(f.count, set(f.keys)) for f in found] == [(f.count, set(f.keys)) for f in whole]
