"""How a client gets in: tokens, Basic, addresses, companies, the company's tables, what the API says of itself."""

import xml.etree.ElementTree as ET

import pytest
import requests
from running_company import SETTINGS, TOKEN_FORM, refusal, running_company

REFUSED = (401, "Authentication_InvalidCredentials", "The server has rejected the client credentials.")


def test_a_token_opens_the_api_until_it_expires():
    with running_company(token_seconds=3599) as company:
        answer = company.session.post(f"{company.root}/{SETTINGS.tenant}/oauth2/v2.0/token", data=TOKEN_FORM).json()
        assert (answer["token_type"], answer["expires_in"], answer["ext_expires_in"]) == ("Bearer", 3599, 3599)
        assert answer["access_token"].count(".") == 2
        assert company.session.get(company.customers).status_code == 200
        company.store.clock.advance(3600)
        assert refusal(company.session.get(company.customers)) == REFUSED
        company.log_in()
        assert company.session.get(company.customers).status_code == 200
        company.store.expire_tokens()
        assert refusal(company.session.get(company.customers)) == REFUSED


@pytest.mark.parametrize(
    ("change", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": "wrong"}, 400, "unauthorized_client", 700016),
        ({"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_scope", 70011),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
    ],
)
def test_a_token_request_that_is_wrong_is_told_what(cronus, change, status, error, number):
    form = {**TOKEN_FORM, **change}
    answer = requests.post(f"{cronus.root}/{SETTINGS.tenant}/oauth2/v2.0/token", data=form, timeout=10)
    content = answer.json()
    assert (answer.status_code, content["error"], content["error_codes"]) == (status, error, [number])
    assert content["error_description"].startswith(f"AADSTS{number}: ")
    assert {"timestamp", "trace_id", "correlation_id"} <= content.keys()
    assert TOKEN_FORM["client_secret"] not in answer.text


def test_a_token_of_another_tenant_is_not_to_be_had(cronus):
    answer = requests.post(f"{cronus.root}/nobody/oauth2/v2.0/token", data=TOKEN_FORM, timeout=10)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


@pytest.mark.parametrize(
    "authorization", [None, "Bearer", "Bearer wrong", "Basic U0FOREJPWDpTYW5kYm94LjE=", "Digest x"]
)
def test_online_nothing_but_a_valid_token_is_accepted(cronus, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    assert refusal(requests.get(cronus.customers, headers=headers, timeout=10)) == REFUSED


def test_on_premises_a_user_may_use_the_password(cronus):
    url = f"{cronus.root}/BC/api/v2.0/companies"
    answer = requests.get(url, auth=(SETTINGS.username.lower(), SETTINGS.password), timeout=10)
    assert answer.json()["@odata.context"] == f"{cronus.root}/BC/api/v2.0/$metadata#companies"
    assert refusal(requests.get(url, auth=(SETTINGS.username, "wrong"), timeout=10)) == REFUSED
    assert refusal(requests.get(url, headers={"Authorization": "Basic ="}, timeout=10)) == REFUSED
    assert cronus.session.get(url).status_code == 200


def test_on_premises_the_api_may_be_off():
    with running_company(is_api_enabled=False) as company:
        answer = company.session.get(f"{company.root}/BC/api/v2.0/companies")
        assert answer.status_code == 405
        assert company.session.get(f"{company.base}/companies").status_code == 200


def test_the_tenant_may_be_left_out_of_the_address_and_case_does_not_matter(cronus):
    for address in ("/v2.0/sandbox/api/v2.0", f"/v2.0/{SETTINGS.tenant.upper()}/Sandbox/api/v2.0"):
        companies = cronus.session.get(f"{cronus.root}{address}/companies").json()
        assert companies["@odata.context"] == f"{cronus.root}{address}/$metadata#companies"


def test_the_environment_is_listed(cronus):
    (row,) = cronus.session.get(f"{cronus.root}/environments/v1.2").json()["value"]
    assert (row["name"], row["aadTenantId"], row["type"]) == ("sandbox", SETTINGS.tenant, "Sandbox")
    assert requests.get(f"{cronus.root}/environments/v1.2", timeout=10).status_code == 401


def test_the_company_is_listed_found_and_read(cronus):
    (row,) = cronus.session.get(f"{cronus.base}/companies").json()["value"]
    assert row["name"] == "CRONUS International Ltd."
    assert "@odata.etag" not in row
    assert row["timestamp"] == 47433
    wanted = {"$filter": "name eq 'CRONUS International Ltd.'", "$select": "id"}
    found = cronus.session.get(f"{cronus.base}/companies", params=wanted).json()["value"]
    assert found == [{"id": row["id"]}]
    assert cronus.session.get(f"{cronus.base}/companies({row['id']})").json()["displayName"] == row["displayName"]


def test_the_company_may_be_named_in_query_or_header(cronus):
    made = cronus.create()["id"]
    company_id = cronus.store.company_id
    for how in (
        {"params": {"company": company_id}},
        {"params": {"company": "CRONUS International Ltd."}},
        {"headers": {"Company": company_id}},
    ):
        rows = cronus.session.get(f"{cronus.base}/customers", **how).json()["value"]
        assert [row["id"] for row in rows] == [made]


def test_a_wrong_or_missing_company_is_refused(cronus):
    other = cronus.customers.replace(cronus.store.company_id, "11111111-1111-4111-8111-111111111111")
    assert refusal(cronus.session.get(other))[:2] == (404, "Internal_CompanyNotFound")
    assert refusal(cronus.session.get(f"{cronus.base}/customers"))[:2] == (404, "Internal_CompanyNotFound")
    status, code, text = refusal(cronus.session.get(f"{cronus.base}/customers", params={"company": "Nobody"}))
    assert (status, code) == (400, "Unknown")
    assert text.startswith("The supplied company name is not valid.")


@pytest.mark.parametrize(
    ("entity_set", "code", "properties"),
    [
        ("currencies", "NOK", {"displayName": "Norwegian krone", "amountDecimalPlaces": "2:2"}),
        ("paymentTerms", "30 DAYS", {"dueDateCalculation": "30D", "calculateDiscountOnCreditMemos": False}),
        ("shipmentMethods", "EXW", {"displayName": "Ex Warehouse"}),
        ("paymentMethods", "BANK", {"displayName": "Bank Transfer"}),
        ("taxAreas", "DOMESTIC", {"taxType": "VAT"}),
        ("countriesRegions", "EL", {"displayName": "Greece"}),
        ("salespeoplePurchasers", "JO", {"displayName": "Jim Olive"}),
    ],
)
def test_the_companys_tables_are_readable(cronus, entity_set, code, properties):
    row = cronus.reference(entity_set, code)
    assert {name: row[name] for name in properties} == properties
    url = cronus.customers.replace("/customers", f"/{entity_set}({row['id']})")
    one = cronus.session.get(url).json()
    assert {name: value for name, value in one.items() if name != "@odata.context"} == row


def test_greece_has_the_unions_own_code_and_no_country_shows_its_iso_code(cronus):
    url = cronus.customers.replace("/customers", "/countriesRegions")
    rows = cronus.session.get(url).json()["value"]
    codes = {row["code"] for row in rows}
    assert "GR" not in codes
    assert {"EL", "GB", "NO", "US"} <= codes
    assert set(rows[0]) == {"@odata.etag", "id", "code", "displayName", "addressFormat", "lastModifiedDateTime"}


def test_a_company_may_be_given_countries_and_post_codes(cronus):
    cronus.store.references.put("countriesRegions", {"code": "XK", "displayName": "Kosovo"})
    cronus.store.references.put_post_code(code="10000", city="Prishtina", county="", country="XK")
    assert cronus.create(postalCode="10000")["country"] == "XK"
    assert cronus.create(country="XK")["country"] == "XK"


def test_the_metadata_tell_types_lengths_and_options(cronus):
    root = ET.fromstring(cronus.session.get(f"{cronus.base}/$metadata").content)  # noqa: S314 - our own document
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    (customer,) = (node for node in root.iter(f"{edm}EntityType") if node.get("Name") == "customer")
    properties = {node.get("Name"): node for node in customer.iter(f"{edm}Property")}
    assert len(properties) == 27
    assert properties["addressLine2"].get("MaxLength") == "50"
    assert properties["lastModifiedDateTime"].get("Type") == "Edm.DateTimeOffset"
    members = {node.get("Name") for node in root.iter(f"{edm}Member")}
    assert {"_x0020_", "Ship", "Invoice", "All", "Person"} <= members


def test_entity_definitions_are_found_by_the_name_of_the_set(cronus):
    wanted = {"$filter": "entitySetName eq 'customers'"}
    (row,) = cronus.session.get(f"{cronus.base}/entityDefinitions", params=wanted).json()["value"]
    assert row["entityName"] == "customer"
    assert "customerFinancialDetail" in [entry["name"] for entry in row["navigationProperties"]]
    assert {"name": "All", "value": 3, "property": "blocked"} in row["enumMembers"]


def test_the_service_document_lists_the_sets(cronus):
    names = [row["name"] for row in cronus.session.get(f"{cronus.base}/").json()["value"]]
    assert {"companies", "customers", "countriesRegions"} <= set(names)
