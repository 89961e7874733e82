"""National phone numbers and VAT numbers without their country, compared in the customer's country."""

from __future__ import annotations

import pyarrow as pa
import pytest

from connector.core.geography import Geography
from connector.core.national_numbers import international_phone, same_in_the_country
from connector.core.vat import without_country
from tests.unit.core.customers import (
    account,
    bases,
    business_central,
    customer,
    mapping,
    planned,
    terms,
    values,
    webstore,
)


@pytest.mark.parametrize(
    ("key", "country", "meant"),
    [
        ("0301234567", "DE", "+49301234567"),
        ("22000000", "NO", "+4722000000"),
        ("0612345678", "IT", "+390612345678"),
        ("+4722000000ext5", "DE", "+4722000000ext5"),
        ("0301234567", "", "0301234567"),
        ("0301234567", "XX", "0301234567"),
        ("1", "DE", "1"),
        ("n/a", "DE", "n/a"),
    ],
)
def test_a_national_number_is_one_of_its_country(key: str, country: str, meant: str) -> None:
    assert international_phone(key, country) == meant


def test_a_vat_number_is_the_same_without_its_country() -> None:
    assert without_country("DE123456789", "DE") == "123456789"
    assert without_country("EL094259216", "GR") == "094259216"
    assert without_country("DE", "DE") == "DE"


def test_rows_that_are_equal_are_not_touched_and_nulls_stay() -> None:
    def side(*phones: str | None) -> pa.Table:
        return pa.table({"phone": pa.array(phones, pa.large_string())})

    countries = [pa.array(["DE", ""], pa.large_string()), pa.array(["", "DE"], pa.large_string())]
    sides = [side("0301", "0301234567"), side("0301", "+49301234567"), side(None, None), side("0301", None)]
    result = same_in_the_country(sides, {"phone": "phone"}, countries, Geography())
    assert [table["phone"].to_pylist() for table in result] == [
        ["0301", "+49301234567"], ["0301", "+49301234567"], [None, None], ["0301", None],
    ]  # fmt: skip


def test_two_spellings_of_a_phone_number_are_no_conflict() -> None:
    shop = [account(1, "Ann Lee", "a@x.example", country="DE", phone="030 1234567")]
    company = [customer("a", "Ann Lee", "a@x.example", country="DE", phoneNumber="+49 30 1234567")]
    plan = planned(shop, company, mapping(("a", 1, True)))
    assert (plan.writes, plan.standing) == ((), ())
    assert "phone" in plan.agreements[0].webstore


def test_moving_to_another_country_does_not_change_the_phone_number() -> None:
    rules = terms()
    before = account(1, "Ann Lee", "a@x.example", country="DE", phone="030 1234567")
    company = [customer("a", "Ann Lee", "a@x.example", country="DE", phoneNumber="+49 30 1234567")]
    base = bases(("a", 1, values(webstore([before], rules)), values(business_central(company, rules))))
    moved = account(1, "Ann Lee", "a@x.example", country="NO", phone="030 1234567")
    plan = planned([moved], company, mapping(("a", 1, True)), base)
    assert [change.field for write in plan.writes for change in write.changes] == ["country"]
