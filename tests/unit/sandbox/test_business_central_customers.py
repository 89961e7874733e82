"""Customers through the API: what they hold, how they are created, changed and deleted."""

import base64
import re

import pytest
from running_company import ZEROS, refusal, running_company

from sandbox.business_central.rows import milliseconds_of

FIELDS = (
    "@odata.etag id number displayName type addressLine1 addressLine2 city state country postalCode phoneNumber email "
    "website salespersonCode balanceDue creditLimit taxLiable taxAreaId taxAreaDisplayName taxRegistrationNumber "
    "currencyId currencyCode paymentTermsId shipmentMethodId paymentMethodId blocked lastModifiedDateTime"
).split()


def test_a_customer_needs_nothing_but_a_name_and_holds_all_27_properties_in_order(cronus):
    customer = cronus.create()
    assert list(customer) == ["@odata.context", *FIELDS]
    assert (customer["number"], customer["type"], customer["blocked"]) == ("C00010", "Company", "_x0020_")
    assert (customer["currencyId"], customer["currencyCode"]) == (ZEROS, "GBP")
    assert (customer["creditLimit"], customer["taxLiable"], customer["email"]) == (0, False, "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z", customer["lastModifiedDateTime"])
    assert customer["@odata.context"] == f"{cronus.base}/$metadata#{cronus.relative}/$entity"


def test_a_created_customer_is_read_back_as_it_was_answered(cronus):
    answer = cronus.session.post(cronus.customers, json={"displayName": "Åse Ødegård & Sønn"})
    customer = answer.json()
    assert answer.headers["Location"] == f"{cronus.customers}({customer['id']})"
    assert answer.headers["OData-Version"] == "4.0"
    assert cronus.session.get(answer.headers["Location"]).json() == customer
    assert cronus.store.people_get(customer["id"])["displayName"] == "Åse Ødegård & Sønn"


def test_an_answer_can_be_declined_or_shortened(cronus):
    no_content = {"Prefer": "return-no-content"}
    answer = cronus.session.post(cronus.customers, json={"displayName": "Kari"}, headers=no_content)
    assert (answer.status_code, answer.content) == (204, b"")
    short = cronus.session.post(f"{cronus.customers}?$select=id,number", json={"displayName": "Ola"}).json()
    assert list(short) == ["@odata.context", "@odata.etag", "id", "number"]
    assert short["@odata.context"].endswith("/customers(id,number)/$entity")


def test_only_what_is_sent_changes_and_the_time_moves(cronus):
    before = cronus.create(email="kari@mail.example", city="Bergen")
    after = cronus.patch(before, city="Oslo").json()
    changed = {name for name in FIELDS if before[name] != after[name]}
    assert changed - {"lastModifiedDateTime"} == {"@odata.etag", "city"}
    assert milliseconds_of(after["lastModifiedDateTime"]) >= milliseconds_of(before["lastModifiedDateTime"])


def test_the_etag_wraps_18_to_20_digits_and_differs_for_every_state(cronus):
    customer = cronus.create()
    tags = set()
    for city in ("Oslo", "Bergen", "Oslo"):
        customer = cronus.patch(customer, city=city).json()
        tags.add(customer["@odata.etag"])
        inner = base64.b64decode(re.fullmatch(r'W/"(.+)"', customer["@odata.etag"])[1]).decode()
        length, digits = re.fullmatch(r"'(\d\d);(\d+)1;00;'", inner).groups()
        assert 18 <= int(length) == len(digits) <= 20
    assert len(tags) == 3


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [
        (None, 400, "BadRequest_InvalidToken"),
        ("JzE5OzE=", 400, "BadRequest_InvalidToken"),
        ('W/"abc"', 400, "BadRequest_InvalidToken"),
        ('"*"', 400, "BadRequest_InvalidToken"),
        ('W/"JzE5OzI1NTEwODMzMjY3NDQ0NDA0MzgxOzAwOyc="', 409, "Request_EntityChanged"),
    ],
)
def test_a_change_needs_the_etag_of_what_was_read(cronus, if_match, status, code):
    customer = cronus.create()
    headers = {} if if_match is None else {"If-Match": if_match}
    answer = cronus.session.patch(f"{cronus.customers}({customer['id']})", json={"city": "Oslo"}, headers=headers)
    assert refusal(answer)[:2] == (status, code)
    assert cronus.store.people_get(customer["id"])["city"] == ""


def test_a_star_fits_every_state(cronus):
    customer = cronus.create()
    url = f"{cronus.customers}({customer['id'].upper()})"
    for city in ("Oslo", "Bergen"):
        assert cronus.session.patch(url, json={"city": city}, headers={"If-Match": "*"}).json()["city"] == city


def test_of_two_clients_the_slower_one_is_told_that_the_record_changed(cronus):
    seen = cronus.create()
    assert cronus.patch(seen, city="Oslo").status_code == 200
    status, code, text = refusal(cronus.patch(seen, city="Bergen"))
    assert (status, code, text) == (409, "Request_EntityChanged", "Another user has already changed the record.")


def test_a_new_number_renames_the_customer_and_keeps_its_id(cronus):
    customer = cronus.create()
    renamed = cronus.patch(customer, number="  woo-7 ").json()
    assert (renamed["id"], renamed["number"]) == (customer["id"], "WOO-7")
    assert cronus.find("number eq 'C00010'") == []


def test_numbers_follow_the_series_and_skip_those_in_use(cronus):
    cronus.create(number="C00011")
    assert [cronus.create()["number"] for _ in range(3)] == ["C00010", "C00012", "C00013"]
    cronus.session.delete(f"{cronus.customers}({cronus.store.customer_ids()[-1]})")
    assert cronus.create()["number"] == "C00014"


def test_a_number_in_use_is_refused_also_as_a_new_name(cronus):
    first, second = cronus.create(), cronus.create()
    expected = (
        400,
        "Internal_EntityWithSameKeyExists",
        "The record in table Customer already exists. Identification fields and values: No.='C00010'",
    )
    answer = cronus.session.post(cronus.customers, json={"displayName": "Ola", "number": first["number"]})
    assert refusal(answer) == expected
    assert refusal(cronus.patch(second, number="c00010")) == expected
    assert len(cronus.store.customer_ids()) == 2


def test_a_series_without_manual_numbers_refuses_chosen_ones():
    with running_company(manual_numbers=False) as company:
        company.create()
        answer = company.session.post(company.customers, json={"displayName": "Ola", "number": "WOO-1"})
        status, code, text = refusal(answer)
        assert (status, code) == (400, "Application_DialogException")
        assert text.endswith("please activate Manual Nos. in No. Series CUST.")
        used = company.session.post(company.customers, json={"displayName": "Ola", "number": "C00010"})
        assert refusal(used)[1] == "Internal_EntityWithSameKeyExists"


def test_a_deleted_customer_is_gone_and_if_match_is_checked_when_it_is_sent(cronus):
    customer, other = cronus.create(), cronus.create()
    url = f"{cronus.customers}({customer['id']})"
    stale = {"If-Match": other["@odata.etag"]}
    assert refusal(cronus.session.delete(url, headers=stale))[:2] == (409, "Request_EntityChanged")
    answer = cronus.session.delete(url)
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (cronus.session.get(url), cronus.session.delete(url), cronus.patch(customer, city="Oslo")):
        status, code, text = refusal(gone)
        assert (status, code) == (404, "Internal_RecordNotFound")
        assert f"SystemId='{{{customer['id'].upper()}}}'" in text


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ({"openEntries": True}, "there are one or more open ledger entries."),
        ({"openFiscalYearEntries": True}, "it has ledger entries in a fiscal year that has not been closed yet."),
        ({"projects": True}, "there is at least one Project associated to this customer."),
        ({"outstandingDocument": "Order"}, "there is at least one outstanding Sales Order for this customer."),
    ],
)
def test_a_customer_with_business_under_way_cannot_be_deleted(cronus, flag, reason):
    made = cronus.store.people_create({"displayName": "Kari Lie", **flag})
    answer = cronus.session.delete(f"{cronus.customers}({made})")
    expected = (400, "Application_DialogException", f"You cannot delete Customer C00010 because {reason}")
    assert refusal(answer) == expected
    cronus.store.people_update(made, {name: type(value)() for name, value in flag.items()})
    assert cronus.session.delete(f"{cronus.customers}({made})").status_code == 204


def test_what_belongs_to_a_customer_can_be_expanded(cronus):
    terms = cronus.reference("paymentTerms", "30 DAYS")
    customer = cronus.create(paymentTermsId=terms["id"])
    url = f"{cronus.customers}({customer['id']})"
    wanted = {"$select": "number", "$expand": "paymentTerm($select=code),currency,customerFinancialDetail"}
    answer = cronus.session.get(url, params=wanted).json()
    assert answer["@odata.context"].endswith(
        "customers(number,paymentTerm(),currency(),customerFinancialDetail())/$entity"
    )
    assert answer["paymentTerm"] == {"@odata.etag": terms["@odata.etag"], "code": "30 DAYS"}
    assert answer["currency"] is None
    assert answer["customerFinancialDetail"]["balance"] == 0
    (listed,) = cronus.session.get(cronus.customers, params={"$expand": "defaultDimensions"}).json()["value"]
    assert (listed["defaultDimensions"], listed["number"]) == ([], "C00010")


def test_the_contact_of_a_customer_is_reached_through_the_customer_only(cronus):
    customer = cronus.create(type="Person")
    url = f"{cronus.customers}({customer['id']})/contactsInformation"
    (contact,) = cronus.session.get(url).json()["value"]
    assert (contact["contactName"], contact["contactType"]) == ("Kari Lie", "Person")
    flat = cronus.session.get(cronus.customers.replace("/customers", "/contactsInformation"))
    assert refusal(flat)[:2] == (400, "Application_DialogException")
    assert "parent ID" in refusal(flat)[2]
