"""Customers for tests of the matching: only what a test says of them is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from connector.core.evidence import evidence_of
from connector.core.matching import Candidates, Matching

FIELDS = ("name", "email", "phone", "country", "postcode", "address_1", "vat")


def side(key: str, people: Sequence[dict[str, Any]]) -> Candidates:
    """One side's customers; `linked=True` and `wanted=False` mark the others than the unmapped that wait, `pair=N` on both
    sides those that are linked to each other."""
    kind = pa.int64() if key == "webstore_id" else pa.large_string()
    canonical = pa.table(
        {key: pa.array([person["key"] for person in people], type=kind)}
        | {name: pa.array([person.get(name, "") for person in people], type=pa.large_string()) for name in FIELDS}
    )
    return Candidates(
        evidence_of(canonical),
        pa.array([person.get("linked", "pair" in person) for person in people], type=pa.bool_()).to_numpy(
            zero_copy_only=False
        ),
        pa.array([person.get("wanted", True) for person in people], type=pa.bool_()).to_numpy(zero_copy_only=False),
        pa.array([person.get("pair", -1) for person in people], type=pa.int64()).to_numpy(),
    )


def webstore(*people: dict[str, Any]) -> Candidates:
    """Webstore customers."""
    return side("webstore_id", people)


def business_central(*people: dict[str, Any]) -> Candidates:
    """Business Central customers."""
    return side("bc_id", people)


def person(key: int | str, name: str = "Ann Lee", **fields: Any) -> dict[str, Any]:
    """One customer of either side; everybody is called Ann Lee unless the test says otherwise."""
    return {"key": key, "name": name, **fields}


def pairs(matching: Matching) -> list[tuple[int, str]]:
    """Who was matched with whom."""
    return [(found.webstore_id, found.bc_id) for found in matching.matches]
