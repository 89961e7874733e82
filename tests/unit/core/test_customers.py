"""Records of both systems, what they mean, and the payloads that set them."""

from __future__ import annotations

from typing import Any

import pytest

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Direction, FieldRule, FieldRules
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
        "billing": billing, "date_modified_gmt": "2026-01-01T00:00:00", "meta_data": [],
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
    table = webstore_customer.columns([account(**changes)], RULES)
    row: dict[str, str] = webstore_customer.canonical(table, RULES, PLACES).to_pylist()[0]
    return row


def c(**changes: Any) -> dict[str, str]:
    table = business_central_customer.columns([company_customer(**changes)], RULES)
    row: dict[str, str] = business_central_customer.canonical(table, RULES, PLACES).to_pylist()[0]
    return row


def raw_account(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = webstore_customer.columns([account(**changes)], RULES).to_pylist()[0]
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


def test_a_canonical_value_is_read_from_the_columns_that_are_said_to_be_read() -> None:
    for module, record in ((webstore_customer, account()), (business_central_customer, company_customer())):
        table = module.columns([record], RULES)
        for rules in (RULES, *(RULES.only({name}) for name in RULES.names)):
            some = table.select(module.columns_read(rules))
            assert module.canonical(some, rules, PLACES) == module.canonical(table, rules, PLACES)


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


def test_zero_is_no_name_because_the_webstore_loses_it_with_the_next_save() -> None:
    assert w(first_name="0", last_name="Lee")["name"] == "Lee"


def meta(**values: Any) -> dict[str, Any]:
    return {"meta_data": [{"key": key, "value": value} for key, value in values.items()]}


def test_the_first_vat_key_that_is_set_counts() -> None:
    assert w(**meta(billing_vat_number="DE1", billing_vat_id="DE2", vat_number=" "))["vat_number"] == "DE1"
    assert w()["vat_number"] == ""


def test_a_vat_number_goes_back_to_the_key_that_holds_it_and_a_new_one_to_the_first() -> None:
    assert push({"vat_number": "DE3"}, **meta(billing_vat_number="DE1")) == {
        "meta_data": [{"key": "billing_vat_number", "value": "DE3"}]
    }
    assert push({"vat_number": "DE3"}) == {"meta_data": [{"key": "vat_number", "value": "DE3"}]}


def test_clearing_a_vat_number_clears_every_key_that_would_count_next() -> None:
    body = push({"vat_number": ""}, **meta(billing_vat_number="DE1", billing_vat_id="DE2"))
    assert [item["key"] for item in body["meta_data"]] == ["billing_vat_number", "billing_vat_id"]


def test_metadata_that_is_not_shown_is_not_taken_for_blank() -> None:
    record = {name: value for name, value in account().items() if name != "meta_data"}
    table = webstore_customer.columns([account(), record], RULES)
    assert not webstore_customer.meta_known(table)
    with pytest.raises(ValueError, match="did not show"):
        webstore_customer.canonical(table, RULES, PLACES)
    left = webstore_customer.canonical(table, RULES.without_metadata(), PLACES)
    assert "vat_number" not in left.column_names


def test_metadata_with_a_hole_is_read_like_a_list() -> None:
    holed = {"1": {"key": "newsletter", "value": "1"}, "3": {"key": "vat_number", "value": "DE3"}}
    table = webstore_customer.columns([account(), account(id=8, meta_data=holed), account(id=9, meta_data={})], RULES)
    assert webstore_customer.meta_known(table)
    assert table["malformed"].to_pylist() == ["", "", ""]
    assert webstore_customer.canonical(table, RULES, PLACES)["vat_number"].to_pylist() == ["", "DE3", ""]


@pytest.mark.parametrize("items", ["(missing)", None, "a:0:{}", {"key": "vat_number"}, 7])
def test_metadata_of_one_account_that_cannot_be_read_sets_apart_that_account_alone(items: Any) -> None:
    odd = account(id=8, meta_data=items)
    if items == "(missing)":
        del odd["meta_data"]
    table = webstore_customer.columns([account(), odd, account(id=9, **meta(vat_number="DE3"))], RULES)
    assert [bool(reason) for reason in table["malformed"].to_pylist()] == [False, True, False]
    assert webstore_customer.meta_shown(table)
    assert not webstore_customer.meta_known(table)


def test_a_key_that_sees_no_metadata_sees_none_of_anybody() -> None:
    records = [{name: value for name, value in account(id=key).items() if name != "meta_data"} for key in (7, 8)]
    table = webstore_customer.columns(records, RULES)
    assert (webstore_customer.meta_shown(table), table["malformed"].to_pylist()) == (False, ["", ""])


def test_only_what_the_rules_read_is_asked_for() -> None:
    plain = RULES.without_metadata()
    assert webstore_customer.api_fields(plain) == webstore_customer.API_FIELDS
    assert webstore_customer.api_fields(RULES)[-1] == "meta_data"
    delivery = FieldRules((rule("delivery", "shipping.city", "website", "text"),))
    assert webstore_customer.api_fields(delivery)[-1] == "shipping"
    assert business_central_customer.api_fields(delivery)[-1] == "website"


def rule(field: str, path: str, name: str, normalizer: str, **more: Any) -> FieldRule:
    return FieldRule(field, path, name, frozenset(Direction), "", "", "", 0, normalizer, **more)


OWN = FieldRules(
    (
        rule("liable", "meta:liable", "taxLiable", "boolean"),
        rule("limit", "meta:limit", "creditLimit", "decimal", default="100"),
        rule("blocked", "meta:blocked", "blocked", "option", options=("Ship", "All")),
        rule("terms", "meta:terms", "paymentTermsId", "code"),
    )
)
NO_TERMS = "00000000-0000-0000-0000-000000000000"


def own_w(**values: Any) -> dict[str, str]:
    table = webstore_customer.columns([account(**meta(**values))], OWN)
    row: dict[str, str] = webstore_customer.canonical(table, OWN, PLACES).select(OWN.names).to_pylist()[0]
    return row


def own_c(**properties: Any) -> dict[str, str]:
    table = business_central_customer.columns([company_customer(**properties)], OWN)
    row: dict[str, str] = business_central_customer.canonical(table, OWN, PLACES).select(OWN.names).to_pylist()[0]
    return row


def test_metadata_and_typed_properties_mean_the_same() -> None:
    shop = own_w(liable="1", limit="1500.50", blocked="all", terms="a1")
    company = own_c(taxLiable=True, creditLimit=1500.5, blocked="All", paymentTermsId="a1")
    assert shop == company == {"liable": "true", "limit": "1500.5", "blocked": "All", "terms": "a1"}


def test_a_missing_key_is_no_statement_while_an_empty_truth_value_is_false() -> None:
    assert own_w() == {"liable": "", "limit": "", "blocked": "", "terms": ""}
    assert own_w(liable="")["liable"] == own_c(taxLiable=False)["liable"] == "false"


def test_blank_options_and_references_are_blank() -> None:
    blank = own_c(taxLiable=False, creditLimit=0, blocked="_x0020_", paymentTermsId=NO_TERMS)
    assert blank == {"liable": "false", "limit": "0", "blocked": "", "terms": ""}


def test_typed_values_are_written_as_each_system_takes_them() -> None:
    values = {"liable": "true", "limit": "1500.5", "blocked": "", "terms": ""}
    current = {**own_c(), "raw.email": ""}
    assert business_central_customer.payload(values, OWN, PLACES, current) == {
        "taxLiable": True, "creditLimit": 1500.5, "blocked": " ", "paymentTermsId": NO_TERMS,
    }  # fmt: skip
    row = webstore_customer.columns([account()], OWN).to_pylist()[0]
    body = webstore_customer.payload({"liable": "false", "limit": "2"}, OWN, row, company=False)
    assert body == {"meta_data": [{"key": "liable", "value": ""}, {"key": "limit", "value": "2"}]}


def test_a_new_customer_gets_the_default_where_the_source_is_blank() -> None:
    assert webstore_customer.payload({"liable": "true"}, OWN, None, company=False)["meta_data"] == [
        {"key": "limit", "value": "100"}, {"key": "liable", "value": "1"},
    ]  # fmt: skip
    body = business_central_customer.payload({"limit": "5"}, OWN, PLACES, None)
    assert body == {"type": "Person", "creditLimit": 5}


def test_a_structure_in_a_mapped_key_makes_the_record_malformed_and_others_are_not_looked_at() -> None:
    row = webstore_customer.columns([account(**meta(limit=[1], other=[1]))], OWN).to_pylist()[0]
    assert row["malformed"] == "not a text: meta:limit"


def test_the_order_of_names_is_the_countrys() -> None:
    assert w(first_name="János", last_name="Nagy", billing={"country": "HU"})["name"] == "Nagy János"
    assert push({"name": "Nagy Pál"}, first_name="János", last_name="Nagy", billing={"country": "HU"}) == {
        "first_name": "Pál", "last_name": "Nagy",
    }  # fmt: skip
