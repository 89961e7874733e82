"""Greek customers write GR before their VAT number; Business Central and the tax offices know EL only."""

from __future__ import annotations

from connector.core import business_central_customer
from connector.core.vat import without_country
from tests.unit.core.customers import RULES


def sent(number: str, country: str) -> str:
    geography = RULES.geography.with_company(["EL", "DE"])
    values = {"vat_number": number, "country": country, "name": "Elli"}
    return str(business_central_customer.payload(values, RULES.fields, geography, None)["taxRegistrationNumber"])


def test_a_greek_number_gets_the_prefix_that_the_company_has_for_greece() -> None:
    assert sent("GR123456789", "GR") == "EL123456789"
    assert sent("EL123456789", "GR") == "EL123456789"
    assert sent("123456789", "GR") == "123456789"


def test_the_number_of_another_country_stays_as_it_is() -> None:
    assert sent("DE123456789", "DE") == "DE123456789"
    assert sent("DE123456789", "GR") == "DE123456789"


def test_both_prefixes_mean_the_same_number() -> None:
    assert {without_country(key, "GR") for key in ("GR123456789", "EL123456789", "123456789")} == {"123456789"}
    assert without_country("GR", "GR") == "GR"
