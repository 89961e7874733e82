"""How Business Central refuses: status, code and text, and that nothing is left behind."""

import pytest
import requests
from running_company import refusal, running_company

SIXTY_ONE = "Gebäude 4, Aufgang C, 3. Obergeschoss links, hinter der Rampe"
DIALOG, RELATION = "Application_DialogException", "Internal_InvalidTableRelation"
UNKNOWN_ID = "deadbeef-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("sent", "code", "text"),
    [
        (
            {"displayName": None},
            "BadRequest_RequiredParamNotProvided",
            "Field 'displayName' must not be blank or empty.",
        ),
        ({"displayName": ""}, DIALOG, 'The blank "displayName" is not allowed.'),
        ({"email": "not-an-address"}, DIALOG, 'The email address "not-an-address" is not valid.'),
        ({"email": "a@b.example;;c@d.example"}, DIALOG, 'The email address "" is not valid.'),
        (
            {"phoneNumber": "12 34 ext. 5"},
            "Application_FieldValidationException",
            "Phone No. must not contain letters in Customer No.=''.",
        ),
        (
            {"addressLine2": SIXTY_ONE},
            "Application_StringExceededLength",
            f"The length of the string is 61, but it must be less than or equal to 50 characters. Value: {SIXTY_ONE}",
        ),
        (
            {"country": "xx"},
            RELATION,
            "The field Country/Region Code of table Customer contains a value (XX) that cannot be found in the related "
            "table (Country/Region).",
        ),
        (
            {"salespersonCode": "NOBODY"},
            RELATION,
            "The field Salesperson Code of table Customer contains a value (NOBODY) that cannot be found in the related "
            "table (Salesperson/Purchaser).",
        ),
        (
            {"salespersonCode": "OF"},
            DIALOG,
            "You cannot choose Salesperson/Purchaser OF because it is blocked.",
        ),
        ({"currencyCode": "XXX"}, DIALOG, 'The "currencyCode" does not match to a Currency.'),
        (
            {"paymentTermsId": UNKNOWN_ID},
            RELATION,
            "The field Payment Terms Id of table Customer contains a value ({DEADBEEF-0000-0000-0000-000000000000}) that "
            "cannot be found in the related table (Payment Terms).",
        ),
        ({"paymentTermsId": "30 DAYS"}, "Application_InvalidGUID", "The GUID format is incorrect. Value: 30 DAYS"),
        (
            {"blocked": "Sometimes"},
            "Unknown",
            "'Sometimes' is not an option. The existing options are:  ,Ship,Invoice,All",
        ),
        ({"type": ""}, "Unknown", "'' is not an option. The existing options are: Company,Person"),
        ({"balanceDue": 1}, "BadRequest_InvalidOperation", "Control 'balanceDue' is read-only."),
        ({"id": UNKNOWN_ID}, "BadRequest_InvalidOperation", "Control 'id' is read-only."),
        ({"mobilePhone": "1"}, "BadRequest", "Invalid Request Body"),
        ({"creditLimit": "7"}, "BadRequest", "Cannot convert the literal '7' to the expected type 'Edm.Decimal'."),
        ({"taxLiable": 1}, "BadRequest", "Cannot convert the literal '1' to the expected type 'Edm.Boolean'."),
        ({"city": 7}, "BadRequest", "Cannot convert the literal '7' to the expected type 'Edm.String'."),
        (
            {"creditLimit": 1e40},
            "Application_EvaluateException",
            "Cannot convert the literal '1e+40' to the expected type 'Edm.Decimal'.",
        ),
    ],
)
def test_a_value_that_is_refused_creates_no_customer(cronus, sent, code, text):
    answer = cronus.session.post(cronus.customers, json={"displayName": "Kari", **sent})
    assert refusal(answer) == (400, code, text)
    assert cronus.store.customer_ids() == []


def test_a_customer_without_a_name_is_refused(cronus):
    answer = cronus.session.post(cronus.customers, json={"email": "kari@mail.example"})
    assert refusal(answer) == (400, DIALOG, 'A "displayName" must be provided.')


def test_a_refused_change_leaves_the_customer_as_it_was(cronus):
    customer = cronus.create(country="NO", city="Namsos")
    answer = cronus.patch(customer, country="SE", phoneNumber="none")
    assert refusal(answer)[2] == "Phone No. must not contain letters in Customer No.='C00010'."
    assert cronus.session.get(f"{cronus.customers}({customer['id']})").json() == customer


def test_annotations_in_a_body_are_ignored(cronus):
    customer = cronus.create(**{"@odata.etag": "x", "city@odata.type": "#String", "city": "Bergen"})
    assert customer["city"] == "Bergen"


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'"text"'])
def test_a_body_that_is_no_json_object_is_refused(cronus, body):
    answer = cronus.session.post(cronus.customers, data=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (400, "BadRequest", "Invalid Request Body")


def test_another_content_type_is_a_415(cronus):
    answer = cronus.session.post(cronus.customers, data={"displayName": "Kari"})
    assert refusal(answer)[0] == 415


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/customer", 404, "BadRequest_ResourceNotFound"),
        ("GET", "/customers(1)", 400, "BadRequest_InvalidRequestUrl"),
        ("GET", "/customers(number='C1')", 400, "BadRequest_InvalidRequestUrl"),
        ("GET", "/customers/nothing", 404, "BadRequest_ResourceNotFound"),
        ("GET", f"/customers({UNKNOWN_ID})", 404, "Internal_RecordNotFound"),
        ("PATCH", "/customers", 405, "BadRequest_MethodNotAllowed"),
        ("PUT", f"/customers({UNKNOWN_ID})", 405, "BadRequest_MethodNotAllowed"),
        ("POST", "/currencies", 405, "BadRequest_MethodNotAllowed"),
        ("POST", "", 405, "BadRequest_MethodNotAllowed"),
    ],
)
def test_addresses_and_verbs_that_do_not_exist(cronus, method, path, status, code):
    url = cronus.customers.replace("/customers", path) if path else f"{cronus.base}/companies"
    assert refusal(cronus.session.request(method, url, json={}))[:2] == (status, code)


def test_the_text_of_a_patch_on_the_collection_says_how_the_product_calls_it(cronus):
    answer = cronus.session.patch(f"{cronus.customers}?$filter=number eq 'C1'", json={}, headers={"If-Match": "*"})
    assert refusal(answer)[2].startswith("'PATCH' requests for 'customers' of EdmType 'Collection' are not allowed")


def test_every_answer_has_an_id_of_its_own(cronus):
    answers = [cronus.session.get(f"{cronus.customers}({UNKNOWN_ID})") for _ in range(2)]
    assert len({answer.headers["request-id"] for answer in answers}) == 2
    assert len({answer.json()["error"]["message"] for answer in answers}) == 2


def test_a_missing_permission_is_a_403_for_writes_only():
    with running_company(may_write_customers=False) as company:
        made = company.store.people_create({"displayName": "Kari"})
        url = f"{company.customers}({made})"
        answers = [
            company.session.post(company.customers, json={"displayName": "Ola"}),
            company.session.patch(url, json={"city": "Oslo"}, headers={"If-Match": "*"}),
            company.session.delete(url),
        ]
        assert [refusal(answer)[:2] for answer in answers] == [(403, "Authorization_PermissionDenied")] * 3
        assert company.session.get(url).status_code == 200


def test_read_replicas_are_for_reading(cronus):
    only_reading = {"Data-Access-Intent": "ReadOnly"}
    assert cronus.session.get(cronus.customers, headers=only_reading).status_code == 200
    answer = cronus.session.post(cronus.customers, json={"displayName": "Kari"}, headers=only_reading)
    assert refusal(answer)[0] == 400


def test_a_body_above_the_limit_is_a_413():
    with running_company(maximum_body=200) as company:
        answer = company.session.post(company.customers, json={"displayName": "K" * 200})
        assert refusal(answer)[0] == 413


def test_an_environment_that_does_not_exist_is_answered_in_xml_before_anybody_asks_who_calls(cronus):
    for address in ("/v2.0/elsewhere/api/v2.0/companies", "/v2.0/other-tenant/sandbox/api/v2.0/companies"):
        answer = requests.get(f"{cronus.root}{address}", timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/xml")
        assert "<code>NoEnvironment</code>" in answer.text
