"""A partner's page beside the standard one: its own metadata, further properties, ship-to addresses below their customer."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as Xml

import pytest
import requests

from sandbox.business_central.custom_page import CustomPage
from tests.unit.sandbox.running_company import Company, refusal, running_company

PERSON = {"displayName": "Kari", "loyaltyPoints": 5, "deliveryDay": "Any Day", "customerSince": "2024-02-29"}


@pytest.fixture
def page() -> CustomPage:
    return CustomPage()


@pytest.fixture
def company(page: CustomPage) -> Iterator[Company]:
    with running_company(custom_page=page) as running:
        yield running


@pytest.fixture
def customers(company: Company) -> str:
    """The address of the page's list."""
    return company.customers.replace("/api/v2.0/", "/api/contoso/webshop/v1.0/")


def names(company: Company, customers: str, entity: str) -> set[str]:
    """The properties of an entity by the metadata of its API."""
    root = customers.partition("/companies(")[0]
    document = Xml.fromstring(company.session.get(f"{root}/$metadata").content)  # noqa: S314 - our own
    found = [one for one in document.iter() if one.tag.endswith("EntityType") and one.get("Name") == entity]
    return {str(part.get("Name")) for one in found for part in one if part.tag.endswith("}Property")}


def test_each_api_has_metadata_of_its_own(company: Company, customers: str) -> None:
    assert len(names(company, company.customers, "customer")) == 27
    assert names(company, customers, "customer") - names(company, company.customers, "customer") >= {
        "gln",
        "deliveryDay",
    }
    assert names(company, customers, "currency") == set()
    assert "code" in names(company, customers, "shipToAddress")


def test_both_show_the_same_customer_and_only_one_the_extension(company: Company, customers: str) -> None:
    made = company.session.post(customers, json=PERSON).json()
    assert (made["loyaltyPoints"], made["deliveryDay"], made["name2"]) == (5, "Any_x0020_Day", "")
    standard = company.session.get(f"{company.customers}({made['id']})").json()
    assert standard["displayName"] == "Kari"
    assert "loyaltyPoints" not in standard
    found = company.session.get(
        customers, params={"$filter": "loyaltyPoints eq 5", "$select": "gln,loyaltyPoints"}
    ).json()
    assert [set(row) for row in found["value"]] == [{"@odata.etag", "gln", "loyaltyPoints"}]
    refused = company.session.post(company.customers, json=PERSON)
    assert refusal(refused)[:2] == (400, "BadRequest")


@pytest.mark.parametrize(
    "body",
    [{"loyaltyPoints": 1.5}, {"loyaltyPoints": "5"}, {"customerSince": "29.02.2024"}, {"deliveryDay": "Sunday"},
     {"lastVisitAt": "yesterday"}, {"salespersonName": "Jo"}, {"gln": "12345678901234"}],
)  # fmt: skip
def test_values_of_another_kind_are_refused(company: Company, customers: str, body: dict[str, object]) -> None:
    assert company.session.post(customers, json={**PERSON, **body}).status_code == 400


def test_another_version_hides_and_locks_properties(company: Company, customers: str, page: CustomPage) -> None:
    page.hidden.add("gln")
    page.read_only.add("loyaltyPoints")
    assert "gln" not in names(company, customers, "customer")
    assert company.session.get(customers, params={"$select": "gln"}).status_code == 400
    assert refusal(company.session.post(customers, json=PERSON))[1] == "BadRequest_InvalidOperation"


def test_addresses_are_made_and_changed_below_their_customer_under_their_own_tag(
    company: Company, customers: str
) -> None:
    key = company.session.post(customers, json={"displayName": "Kari"}).json()["id"]
    below = f"{customers}({key})/shipToAddresses"
    made = company.session.post(below, json={"code": "web", "city": "Oslo", "country": "NO"}).json()
    assert (made["code"], made["customerId"]) == ("WEB", key)
    assert refusal(company.session.post(below, json={"code": "WEB"}))[1] == "Internal_EntityWithSameKeyExists"
    one = f"{below}({made['id']})"
    assert refusal(company.session.patch(one, json={"city": "Moss"}))[1] == "BadRequest_InvalidToken"
    changed = company.session.patch(one, json={"city": "Moss"}, headers={"If-Match": made["@odata.etag"]}).json()
    assert refusal(company.session.patch(one, json={}, headers={"If-Match": made["@odata.etag"]}))[0] == 409
    expanded = company.session.get(f"{customers}({key})", params={"$expand": "shipToAddresses"}).json()
    assert [(row["city"], row["@odata.etag"]) for row in expanded["shipToAddresses"]] == [
        ("Moss", changed["@odata.etag"])
    ]
    assert company.session.get(f"{company.customers}({key})", params={"$expand": "shipToAddresses"}).status_code == 400


def test_without_the_switch_there_is_no_such_api() -> None:
    with running_company() as standard:
        address = standard.customers.replace("/api/v2.0/", "/api/contoso/webshop/v1.0/")
        assert refusal(standard.session.get(address))[0] == 404
        assert requests.get(address, timeout=10).status_code == 401
