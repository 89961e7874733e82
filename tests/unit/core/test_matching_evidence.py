"""What counts as evidence, and how it is written the same way for both sides."""

from __future__ import annotations

import pyarrow as pa
import pytest

from connector.core.evidence import FIELDS, RUNGS, evidence_of, phone_tails, rung_keys
from connector.core.phone_numbers import e164


def customers(**columns: list[str]) -> pa.Table:
    rows = len(next(iter(columns.values())))
    return evidence_of(pa.table({"bc_id": [f"c{row}" for row in range(rows)], **columns}))


def test_every_field_is_there_and_a_field_that_the_rules_lack_is_no_evidence() -> None:
    table = customers(name=["Ann Lee"])
    assert table.column_names == ["bc_id", *FIELDS]
    assert table["email"].to_pylist() == [""]


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [
        ("name", "ANN Lee", "ann lee"),
        ("name", "Straße", "strasse"),
        ("name", "ΑΣ", "ασ"),
        ("name", "Ａnn", "ann"),
        ("email", " Ann@X.example", "ann@x.example"),
        ("country", "no", "NO"),
        ("postcode", "sw1a 1aa", "SW1A1AA"),
        ("postcode", "00-950", "00950"),
        ("address_1", "Storgata 5 B, 2. etg", "5 2"),
        ("address_1", "5 High Street", "5"),
        ("address_1", "High Street", ""),
    ],
)
def test_values_are_compared_without_what_people_write_differently(field: str, written: str, meant: str) -> None:
    assert customers(**{field: [written]})[{"address_1": "house"}.get(field, field)].to_pylist() == [meant]


@pytest.mark.parametrize(
    ("country", "written", "meant"),
    [
        ("DE", "DE 123 456 780", "DE123456780"),
        ("DE", "123456780", "DE123456780"),
        ("de", "de123456780", "DE123456780"),
        ("", "123456780", "123456780"),
        ("NO", "NO 911 111 112 MVA", "NO911111112"),
        ("NO", "911111112", "NO911111112"),
        ("GR", "EL012345678", "EL012345678"),
        ("GR", "012345678", "EL012345678"),
        ("CH", "CHE-123.456.788 MWST", "CHE123456788"),
        ("ES", "B12345674", "ESB12345674"),
        ("NO", "12345", ""),
        ("NO", "000000000", ""),
        ("NO", "111111111", ""),
        ("NO", "999 999 999", ""),
        ("NO", "123456789", ""),
        ("NO", "none", ""),
        ("NO", "", ""),
    ],
)
def test_a_vat_number_carries_its_countrys_prefix_and_a_placeholder_is_none(
    country: str, written: str, meant: str
) -> None:
    assert customers(country=[country], vat=[written])["vat"].to_pylist() == [meant]
    assert customers(country=[country], vat_number=[written])["vat"].to_pylist() == [meant]


@pytest.mark.parametrize("rung", RUNGS)
def test_a_rung_of_which_one_field_is_blank_is_no_evidence(rung: str) -> None:
    whole = {
        "name": "Ann",
        "email": "a@x",
        "phone": "22334455",
        "country": "NO",
        "postcode": "0150",
        "vat": "911111112",
    }
    assert rung_keys(customers(**{name: [value] for name, value in whole.items()}), rung).to_pylist() != [""]
    for field in RUNGS[rung]:
        partly = customers(**{name: ["" if name == field else value] for name, value in whole.items()})
        assert rung_keys(partly, rung).to_pylist() == [""]


def test_a_rung_joins_its_fields_so_that_they_cannot_be_confused() -> None:
    table = customers(name=["ann", "anna"], postcode=["a1", "1"], country=["NO", "NO"])
    first, second = rung_keys(table, "name_postcode").to_pylist()
    assert first != second


@pytest.mark.parametrize(
    ("phone", "country", "meant"),
    [
        ("22 33 44 55", "NO", "+4722334455"),
        ("+47 22 33 44 55", "", "+4722334455"),
        ("0047 22 33 44 55", "SE", "+4722334455"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("22334455 ext. 7", "NO", "+4722334455"),
        ("22334455", "", ""),
        ("call me", "NO", ""),
        ("12", "NO", ""),
        ("22334455", "XX", ""),
    ],
)
def test_a_phone_number_is_written_internationally_or_is_no_evidence(phone: str, country: str, meant: str) -> None:
    assert e164(phone, country) == meant


def test_the_tail_of_a_phone_number_is_the_same_however_it_is_written() -> None:
    written = pa.array(["+47 22 33 44 55", "0047-22334455", "22334455", "22334455 ext 9", "22 33 44 55 x12", ""])
    assert phone_tails(written.cast(pa.large_string())).to_pylist() == ["2334455"] * 5 + [""]
