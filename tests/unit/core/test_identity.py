"""Marks of accounts, and what it takes for a record to look like somebody else's."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

from connector.core.identity import digest_of, marks_of, marks_shown, replaced
from connector.core.normalize import NORMALIZERS

FIELDS = {
    "email": "email",
    "name": "text",
    "address_1": "text",
    "postcode": "postcode",
    "city": "text",
    "phone": "phone",
}
BASE: dict[str, str | None] = {
    "email": "kari@nord.example", "name": "Kari Nordmann", "address_1": "Storgata 1", "postcode": "5003", "city": "Bergen",
    "phone": "+47 40000001",
}  # fmt: skip
OTHER = {
    "email": "nina@new.example", "name": "Nina New", "address_1": "Nygaten 9", "postcode": "5003", "city": "Bergen",
    "phone": "+47 99999999",
}  # fmt: skip


def test_everything_at_once_is_somebody_else() -> None:
    assert set(FIELDS.values()) <= NORMALIZERS.keys()
    assert replaced(OTHER, BASE, FIELDS) == ["e-mail", "name", "address", "phone"]


@pytest.mark.parametrize("name", ["email", "name", "phone"])
def test_one_thing_that_stayed_is_enough(name: str) -> None:
    assert replaced(OTHER | {name: str(BASE[name])}, BASE, FIELDS) == []
    assert replaced(OTHER | {name: ""}, BASE, FIELDS) == []  # cleared is not somebody else's


def test_the_same_written_otherwise_is_the_same() -> None:
    assert replaced(OTHER | {"email": "KARI@nord.example"}, BASE, FIELDS) == []
    assert replaced(OTHER | {"phone": "+4740000001"}, BASE, FIELDS) == []


def test_who_was_hardly_known_cannot_be_told_from_somebody_else() -> None:
    hardly = dict.fromkeys(BASE) | {"email": BASE["email"], "name": BASE["name"]}
    assert replaced(OTHER, hardly, FIELDS) == []
    assert replaced(OTHER, hardly | {"phone": BASE["phone"]}, FIELDS) == ["e-mail", "name", "phone"]
    assert replaced(OTHER, dict.fromkeys(BASE), FIELDS) == []


def test_an_answer_is_about_the_person_and_nothing_else() -> None:
    assert digest_of(OTHER, FIELDS) == digest_of(OTHER | {"vat_number": "X", "email": "NINA@new.example"}, FIELDS)
    assert digest_of(OTHER, FIELDS) != digest_of(OTHER | {"name": "Nina Old"}, FIELDS)


def test_marks_are_unknown_where_one_of_them_is_missing() -> None:
    table = pa.table(
        {
            "username": pa.array(["kari", "KARI", "", "kari", "bo"], pa.large_string()),
            "created": pa.array(["2020-01-01T00:00:00"] * 3 + ["", "2020-01-01T00:00:00"], pa.large_string()),
        }
    )
    first, again, nameless, undated, other = marks_of(table).to_pylist()
    assert (first, nameless, undated) == (again, None, None)
    assert other not in {first, None}


def test_marks_are_the_same_in_every_process_and_for_ever() -> None:
    mark = marks_shown("kari", "2020-01-01T00:00:00")[0]
    code = "from connector.core.identity import marks_shown; print(marks_shown('kari', '2020-01-01T00:00:00')[0])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(told.stdout) == mark == MARK_OF_KARI


# kept in stores: a change of this number would hold every customer of every shop
MARK_OF_KARI = -6090934357348591373
