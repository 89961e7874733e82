"""Records of both systems, what they mean, and the payloads that set them."""

from __future__ import annotations

from typing import Any

import pytest

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import FieldRules
from connector.core.geography import Geography, State
from connector.rules import load_rules

RULES: FieldRules = load_rules().fields
PLACES = Geography(
    {"GR": "EL"},
    (State("US", "CA", "California"), State("DE", "DE-BY", "Bavaria")),
    frozenset({"EL", "US", "DE", "NO"}),
)


def account(**changes: Any) -> dict[str, Any]:
    billing = {
        "first_name": "Ann", "last_name": "Lee", "company": "", "address_1": "1 Quay Row", "address_2": "", "city": "Galway",
        "postcode": "H91", "country": "US", "state": "CA", "email": "ann@x.example", "phone": "+1 555",
    }  # fmt: skip
    billing |= changes.pop("billing", {})
    record = {
        "id": 7, "email": "ann@x.example", "first_name": "Ann", "last_name": "Lee", "role": "customer", "username": "ann",
        "billing": billing, "date_modified_gmt": "2026-01-01T00:00:00",
    }  # fmt: skip
    return record | changes


def company_customer(**changes: Any) -> dict[str, Any]:
    record = {
        "@odata.etag": 'W/"x"', "id": "A1B2", "number": "C1", "displayName": "Ann Lee", "type": "Person",
        "addressLine1": "", "addressLine2": "", "city": "", "state": "California", "country": "US", "postalCode": "h91",
        "phoneNumber": "", "email": "ann@x.example; second@x.example", "taxRegistrationNumber": "", "blocked": "_x0020_",
        "lastModifiedDateTime": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return record | changes


def w(**changes: Any) -> dict[str, str]:
    table = webstore_customer.columns([account(**changes)])
    row: dict[str, str] = webstore_customer.canonical(table, RULES, PLACES).to_pylist()[0]
    return row


def c(**changes: Any) -> dict[str, str]:
    table = business_central_customer.columns([company_customer(**changes)])
    row: dict[str, str] = business_central_customer.canonical(table, RULES, PLACES).to_pylist()[0]
    return row


def raw_account(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = webstore_customer.columns([account(**changes)]).to_pylist()[0]
    return row


def test_a_company_is_named_by_its_company() -> None:
    assert w(billing={"company": "Smith & Sons"})["name"] == "Smith & Sons"


def test_entities_in_account_names_are_read_as_the_person_wrote_them() -> None:
    assert w(last_name="Smith &amp; Sons")["name"] == "Ann Smith & Sons"


def test_an_account_without_a_name_is_named_as_on_its_invoices() -> None:
    assert w(first_name="", last_name="")["name"] == "Ann Lee"


def test_both_sides_mean_the_same_place() -> None:
    assert (w()["country"], w()["state"]) == (c()["country"], c()["state"]) == ("US", "CA")
    assert c(country="EL", state="")["country"] == "GR"


def test_the_first_of_several_business_central_emails_is_the_customers_own() -> None:
    assert c()["email"] == "ann@x.example"


@pytest.mark.parametrize("value", [17, ["a"], {"a": 1}, True, "\ud800"])
def test_a_value_that_is_no_text_makes_the_record_malformed_and_names_the_field(value: Any) -> None:
    row = raw_account(billing={"city": value})
    assert row["malformed"] == "not a text: billing.city"
    assert row["billing.city"] == ""


def test_missing_parts_are_blank_not_malformed() -> None:
    row = webstore_customer.columns([{"id": 1, "email": None}]).to_pylist()[0]
    assert row["malformed"] == ""
    assert row["billing.city"] == ""


def test_records_without_an_id_are_no_rows() -> None:
    assert webstore_customer.columns([{"id": "7"}, {"id": True}, {}]).num_rows == 0
    assert business_central_customer.columns([{"id": ""}, {}]).num_rows == 0


def push(values: dict[str, str], **changes: Any) -> dict[str, Any]:
    return webstore_customer.payload(values, RULES, raw_account(**changes), company=True)


def test_a_payload_holds_only_what_changes_and_never_an_id() -> None:
    assert push({"city": "Cork"}) == {"billing": {"city": "Cork"}}


def test_a_companys_new_name_goes_to_the_company_field() -> None:
    assert push({"name": "New Ltd"}, billing={"company": "Old Ltd"}) == {"billing": {"company": "New Ltd"}}


def test_a_persons_new_name_goes_to_account_and_invoice_while_they_are_one() -> None:
    names = {"first_name": "Bea", "last_name": "Lee"}
    assert push({"name": "Bea Lee"}) == {**names, "billing": names}


def test_another_invoice_name_is_left_alone() -> None:
    assert push({"name": "Bea Lee"}, billing={"first_name": "Carl"}) == {"first_name": "Bea", "last_name": "Lee"}


def test_the_invoice_email_follows_the_account_only_while_they_are_one() -> None:
    assert push({"email": "new@x.example"}) == {"email": "new@x.example", "billing": {"email": "new@x.example"}}
    assert push({"email": "new@x.example"}, billing={"email": "books@x.example"}) == {"email": "new@x.example"}


def test_a_new_account_of_a_person_gets_both_names_and_of_a_company_the_company() -> None:
    person = webstore_customer.payload({"name": "Ann Lee", "email": "a@x.example"}, RULES, None, company=False)
    company = webstore_customer.payload({"name": "Lee Ltd", "email": "a@x.example"}, RULES, None, company=True)
    assert person["first_name"] == person["billing"]["first_name"] == "Ann"
    assert company["billing"] == {"company": "Lee Ltd", "email": "a@x.example"}


def pull(values: dict[str, str], **changes: Any) -> dict[str, Any]:
    current = {**c(**changes), "raw.email": company_customer(**changes)["email"]}
    return business_central_customer.payload(values, RULES, PLACES, current)


def test_a_new_country_takes_the_whole_address_with_it_in_the_order_of_validation() -> None:
    body = pull({"country": "GR", "city": "Athens"}, postalCode="105 57", city="Old")
    assert list(body) == ["country", "postalCode", "city", "state"]
    assert body["country"] == "EL"


def test_a_new_email_keeps_the_other_addresses_of_the_field() -> None:
    assert pull({"email": "new@x.example"}) == {"email": "new@x.example;second@x.example"}


def test_a_state_is_written_by_its_name() -> None:
    assert pull({"state": "CA"}) == {"state": "California"}


def test_a_create_leaves_blanks_out_and_says_person_or_company() -> None:
    body = business_central_customer.payload({"name": "Ann Lee", "city": ""}, RULES, PLACES, None, company=False)
    assert body == {"type": "Person", "displayName": "Ann Lee"}
