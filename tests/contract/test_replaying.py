"""The replayer sees what differs from a recording: a test that cannot fail proves nothing."""

from __future__ import annotations

import pytest

from tests.contract.replaying import Unbound, difference, fill

VARIABLES = {"run": "q1234567", "A": 12, "C": [5, 6, 7]}


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        (1, "1"),
        (1, True),
        ("", None),
        ({"id": 1}, {"id": 1, "more": 2}),
        ({"id": 1}, {}),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"id": 1}, [1]),
        ("${A}", "12"),
        ("<<int>>", True),
        ("<<datetime>>", None),
        ("<<datetime>>", "2026-01-01T00:00:00Z"),
        ("<<url:/customers/${A}>>", "https://shop.example/wp-json/wc/v3/customers/13"),
        ("<<re:^ann-\\d{4}$>>", "ann-123"),
    ],
)
def test_a_different_value_is_a_difference(wanted: object, got: object) -> None:
    assert difference(wanted, got, VARIABLES)


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ({"id": "${A}", "...": "<<any>>"}, {"id": 12, "more": 2}),
        ("ann.${run}@example.com", "ann.q1234567@example.com"),
        ("<<datetime|null>>", None),
        ("<<url:/customers/${A}>>", "https://shop.example/wp-json/wc/v3/customers/12"),
        (["<<object>>", "<<string>>", "<<any>>"], [{}, "", None]),
    ],
)
def test_an_equal_value_is_none(wanted: object, got: object) -> None:
    assert difference(wanted, got, VARIABLES) is None


def test_placeholders_keep_their_type_unless_they_are_part_of_a_text() -> None:
    assert fill(["${A}", "${A|s}", "x${A}", "${C.1}", "${C|csv}"], VARIABLES) == [12, "12", "x12", 6, "5,6,7"]
    with pytest.raises(Unbound):
        fill("${B}", VARIABLES)
