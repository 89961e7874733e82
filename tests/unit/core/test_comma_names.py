"""Names that are written "Last, First", and names with a comma that are not."""

from __future__ import annotations

import pytest

from connector.core.comma_names import in_the_same_style, last_comma_first
from connector.rules import load_rules

CULTURES = load_rules().fields.cultures


@pytest.mark.parametrize(
    ("country", "name", "first", "last"),
    [
        ("DE", "Müller, Hans", "Hans", "Müller"),
        ("DE", "Müller,Hans Peter", "Hans Peter", "Müller"),
        ("DE", "Müller, Dr. Hans", "Dr. Hans", "Müller"),
        ("US", "Smith, John Jr.", "John", "Smith Jr."),
        ("NL", "Berg, Anna van den", "Anna", "van den Berg"),
        ("ES", "García Lorca, Federico", "Federico", "García Lorca"),
        ("HU", "Nagy, János", "János", "Nagy"),
        ("JP", "王，小明", "小明", "王"),
    ],
)
def test_the_comma_tells_the_family_name(country: str, name: str, first: str, last: str) -> None:
    assert last_comma_first(name, CULTURES.of(country)) == (first, last)


@pytest.mark.parametrize(
    "name",
    [
        "Müller, Dr.", "Smith, Jr.", "John Smith, Jr.", "Smith, John, Jr.", "Hans Müller, Inhaber", "Müller, Frau", "Acme, Inc.",
        "Müller, Meier & Co. KG", "Müller, Hans und Anna", "Dewey, Cheatham, Howe", "Lee, 2nd floor", "Smith,", ", John", "Smith",
        "Hans Peter Müller, Berlin", "A, B C D E F", "Müller, Hans (privat)", "",
    ],
)  # fmt: skip
def test_no_other_name_is_turned_round(name: str) -> None:
    assert last_comma_first(name, CULTURES.of("DE")) is None


def test_a_new_name_is_written_like_the_one_before() -> None:
    german, hungarian = CULTURES.of("DE"), CULTURES.of("HU")
    assert in_the_same_style("Hans Meier", "Müller, Hans", german) == "Meier, Hans"
    assert in_the_same_style("Meier János", "Nagy, János", hungarian) == "Meier, János"
    assert in_the_same_style("Hans Meier", "Hans Müller", german) == "Hans Meier"
    assert in_the_same_style("Meier GmbH", "Müller, Hans", german) == "Meier GmbH"
