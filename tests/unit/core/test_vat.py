"""VAT numbers: one number however it is written, another company, and a slip of the pen."""

from __future__ import annotations

import pyarrow as pa
import pytest

from connector.core.contradictions import contradictions
from connector.core.evidence import FIELDS, evidence_of
from connector.core.geography import Geography
from connector.core.national_numbers import same_in_the_country
from connector.core.normalize import vat_key
from connector.core.vat import is_slip, is_valid

SPELLED = [
    ("GB", ("XI123456789", "GB123456789", "GB 123 4567 89", "123456789", "gb123456789\u200b")),
    ("CH", ("CHE-123.456.788", "CHE-123.456.788 MWST", "CHE-123.456.788 TVA", "CHE 123 456 788 IVA", "CHE-123.456.788 HR/MWST")),
    ("GR", ("EL094259216", "GR094259216", "094259216", "ＥＬ０９４２５９２１６")),
    ("NO", ("NO995525828MVA", "995 525 828 MVA", "995525828")),
    ("DE", ("DE136695976", "136695976", "DE 136 695 976")),
    ("AT", ("ATU13585627", "U13585627")),
]  # fmt: skip


@pytest.mark.parametrize(("country", "spelled"), SPELLED)
def test_a_number_is_one_for_comparing_and_for_matching(country: str, spelled: tuple[str, ...]) -> None:
    first = [spelled[0]] * len(spelled)
    sides = [pa.table({"vat": pa.chunked_array([list(map(vat_key, side))])}) for side in (first, spelled)]
    countries = [pa.array([country] * len(spelled))] * 2
    webstore, company = same_in_the_country(sides, {"vat": "vat"}, countries, Geography())
    assert webstore["vat"].to_pylist() == company["vat"].to_pylist()
    canonical = pa.table({"id": list(spelled), "vat": list(spelled), "country": [country] * len(spelled)})
    assert len(set(evidence_of(canonical)["vat"].to_pylist())) == 1


def test_a_foreign_number_keeps_its_country_wherever_its_customer_lives() -> None:
    canonical = pa.table({"id": ["a", "b"], "vat": ["DE136695976", "DE136695976"], "country": ["DE", "AT"]})
    assert evidence_of(canonical)["vat"].to_pylist() == ["DE136695976"] * 2


def test_check_digits_tell_a_slip_from_another_company() -> None:
    assert is_slip("DE136695976", "DE136695967")
    assert is_slip("GB980780684", "GB980780685")
    assert not is_slip("DE136695976", "DE136695976")
    assert not is_slip("DE136695976", "DE123456789")
    assert (is_valid("CHE107787577"), is_valid("NO995525828"), is_valid("US123456789")) == (True, True, None)


def test_two_right_numbers_are_two_companies_and_a_slip_is_none() -> None:
    said = dict.fromkeys(FIELDS, "") | {"name": "acme", "email": "acme@x.example", "vat": "DE136695976"}
    slip, other = said | {"vat": "DE136695967"}, said | {"vat": "DE811907980"}
    assert contradictions("email", said, slip) == {}
    assert "vat" in contradictions("email", said, other)
