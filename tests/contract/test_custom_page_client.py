"""Customers over a partner's page: the same look-ups, tags and batches, and the ship-to address in the customer's record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.clients import BusinessCentralClient, Create, Update
from connector.clients.business_central.customers_page import CustomersPage
from connector.errors import (
    AnswerNotUnderstood,
    ConnectionRefused,
    CustomerChanged,
    CustomerNotFound,
    OutcomeUnknown,
    RemoteRefused,
    SetupError,
)
from connector.setup import BusinessCentralConnection
from sandbox.business_central.custom_page import CustomPage
from sandbox.server import Running, start
from tests.contract.client_systems import Asked, Reply, company_client, company_connection, scripted

SETTINGS: dict[str, Any] = {
    "customers_api": "contoso/webshop/v1.0",
    "customers_entity": "webCustomers",
    "ship_to_entity": "shipToAddresses",
    "ship_to_code": "web",
}


@pytest.fixture(scope="module")
def _partner() -> Iterator[Running]:
    page = CustomPage(entity="webCustomers")
    with start(empty=True, business_central_settings={"custom_page": page}) as running:
        yield running


@pytest.fixture
def partner(_partner: Running) -> Running:
    _partner.business_central.clear()
    _partner.business_central_faults.clear()
    _partner.business_central_log.clear()
    return _partner


@pytest.fixture
def company(partner: Running) -> Iterator[BusinessCentralClient]:
    with company_client(company_connection(partner, **SETTINGS)) as client:
        yield client


def person(systems: Running, name: str = "Kari Lie", address: dict[str, Any] | None = None, **more: Any) -> str:
    key = str(systems.business_central.people_create({"displayName": name, **more}))
    if address is not None:
        systems.business_central.people_ship_to(key, "WEB", address)
    return key


def test_every_way_to_read_gives_the_same_whole_record(partner: Running, company: BusinessCentralClient) -> None:
    key = person(partner, email="kari@nord.example", loyaltyPoints=7, address={"city": "Geilo"})
    partner.business_central.people_ship_to(key, "ANOTHER", {"city": "Hol"})
    other = person(partner, "Ola Li", email="ola@nord.example")
    listed: list[dict[str, Any]] = []
    company.read_customers(listed.extend, select=["displayName", "email", "loyaltyPoints"])
    found = [
        company.get(key),
        company.customers_by_id([key, other])[key],
        company.customers_by_number([listed[0]["number"]])[listed[0]["number"]],
        *company.customers_by_email(["kari@nord.example"])["kari@nord.example"],
        *company.customers_by_evidence([], ["kari lie"], []).values(),
        *company.find("displayName eq 'Kari Lie'"),
        listed[0],
    ]
    assert {(r["id"], r["loyaltyPoints"], r["shipTo.city"], r["shipTo.code"], r["@odata.etag"]) for r in found} == {
        (key, 7, "Geilo", "WEB", found[0]["@odata.etag"])
    }
    assert listed[1]["shipTo.id"] == ""
    assert "shipTo.city" not in listed[1]
    standard = [
        e for e in partner.business_central_log.entries if "contoso" not in e.path and "customers" in e.path.lower()
    ]
    assert standard == []


def test_one_batch_changes_cards_and_one_request_each_where_the_address_changes_with_it(
    partner: Running, company: BusinessCentralClient
) -> None:
    keys = [person(partner, f"Customer {n}", address={"city": "Oslo"} if n else None) for n in range(3)]
    tags = {key: record["@odata.etag"] for key, record in company.customers_by_id(keys).items()}
    changes: list[dict[str, Any]] = [
        {"name2": "A"}, {"shipTo.city": "Bergen"}, {"name2": "C", "shipTo.city": "Moss", "shipTo.country": "NO"},
    ]  # fmt: skip
    outcomes = company.batch([Update(key, tags[key], body) for key, body in zip(keys, changes, strict=True)])
    assert [outcome.ok for outcome in outcomes] == [True] * 3
    assert [(outcome.record or {}).get("name2") for outcome in outcomes] == ["A", "", "C"]
    assert [(outcome.record or {}).get("shipTo.city") for outcome in outcomes] == [None, "Bergen", "Moss"]
    now = company.customers_by_id(keys)
    assert now[keys[2]]["@odata.etag"] == (outcomes[2].record or {})["@odata.etag"]
    # under the new tag the address of the first one is made, under the old one nothing is written
    made, stale = company.batch(
        [
            Update(keys[0], now[keys[0]]["@odata.etag"], {"shipTo.city": "Ski"}),
            Update(keys[1], tags[keys[1]], changes[1]),
        ]
    )
    assert (made.record or {})["shipTo.code"] == "WEB"
    assert isinstance(stale.error, CustomerChanged)


def test_a_request_that_is_refused_as_a_whole_takes_nothing_from_what_was_written_before(
    partner: Running, company: BusinessCentralClient
) -> None:
    keys = [person(partner, f"Customer {n}", address={"city": "Oslo"}) for n in range(2)]
    tags = {key: record["@odata.etag"] for key, record in company.customers_by_id(keys).items()}
    partner.business_central_faults.add("escapes-in-message", path=r"\$batch", method="POST", after=1, count=1)
    changes: list[dict[str, Any]] = [{"name2": "A"}, {"name2": "B", "shipTo.city": "Moss"}]
    first, second = company.batch([Update(key, tags[key], body) for key, body in zip(keys, changes, strict=True)])
    assert first.ok and (first.record or {})["name2"] == "A"
    assert isinstance(second.error, RemoteRefused)
    assert company.get(keys[1])["name2"] == ""


@pytest.mark.parametrize("gone", [True, False])
def test_an_address_that_came_or_went_meanwhile_is_a_change_by_somebody(
    partner: Running, company: BusinessCentralClient, gone: bool
) -> None:
    key = person(partner, address={"city": "Oslo"} if gone else None)
    tag = company.get(key)["@odata.etag"]
    partner.business_central.people_ship_to(key, "WEB", None if gone else {"city": "Hol"})
    for body in ({"shipTo.city": "Moss"}, {"shipTo.city": "Moss", "name2": "B"}):
        with pytest.raises(CustomerChanged):
            company.update(key, tag, body)
    assert company.get(key)["name2"] == ""


def test_both_or_neither_is_written_where_one_is_refused(partner: Running, company: BusinessCentralClient) -> None:
    key = person(partner, address={"city": "Oslo"})
    tag = company.get(key)["@odata.etag"]
    [refused] = company.batch([Update(key, tag, {"name2": "B", "shipTo.country": "NOWHERE"})])
    assert isinstance(refused.error, RemoteRefused)
    assert (company.get(key)["name2"], company.get(key)["@odata.etag"]) == ("", tag)


def test_where_a_server_undoes_nothing_half_a_write_is_an_open_question() -> None:
    settings = {"custom_page": CustomPage(entity="webCustomers"), "snapshots_are_known": False}
    with start(empty=True, business_central_settings=settings) as running:
        key = person(running, address={"city": "Oslo"})
        with company_client(company_connection(running, **SETTINGS)) as client:
            tag = client.get(key)["@odata.etag"]
            [half] = client.batch([Update(key, tag, {"name2": "B", "shipTo.country": "NOWHERE"})])
            assert isinstance(half.error, OutcomeUnknown)
            assert client.get(key)["name2"] == "B"


def test_what_a_postal_code_overwrote_is_sent_again_and_the_address_is_still_known() -> None:
    settings = {"custom_page": CustomPage(entity="webCustomers"), "trigger_order": "page"}
    with start(empty=True, business_central_settings=settings) as running:
        body = {"displayName": "A", "country": "NO", "postalCode": "9008", "city": "Sommarøy", "shipTo.city": "Geilo"}
        with company_client(company_connection(running, **SETTINGS)) as client:
            [made] = client.batch([Create(body)])
            record = made.record or {}
            assert (made.ok, record["city"], record["shipTo.city"]) == (True, "Sommarøy", "Geilo")
            assert client.get(record["id"])["@odata.etag"] == record["@odata.etag"]


def test_a_created_customer_whose_address_is_refused_is_there_and_does_not_show_one(
    partner: Running, company: BusinessCentralClient
) -> None:
    fine, refused, plain = company.batch(
        [
            Create({"displayName": "A", "shipTo.city": "Oslo"}),
            Create({"displayName": "B", "shipTo.country": "NOWHERE"}),
            Create({"displayName": "C", "shipTo.city": ""}),
        ]
    )
    assert (fine.record or {})["shipTo.city"] == "Oslo"
    assert refused.record is not None
    assert isinstance(refused.error, RemoteRefused)
    assert not any(name.startswith("shipTo.") for name in refused.record)
    assert (plain.record or {})["shipTo.id"] == ""
    with pytest.raises(CustomerNotFound):
        company.get("a1b2c3d4-5001-ef11-8a6b-6045bd9c4e10")


def test_the_page_says_types_lengths_options_and_what_is_written(company: BusinessCentralClient) -> None:
    page = company.page()
    shown = page.properties
    assert (shown["name2"].kind, shown["name2"].length, shown["name2"].writable) == ("text", 50, True)
    assert [shown[name].kind for name in ("loyaltyPoints", "discountPercent", "newsletter", "customerSince", "lastVisitAt")] == [
        "integer", "decimal", "boolean", "date", "date-time",
    ]  # fmt: skip
    assert shown["deliveryDay"].options == ("Monday", "Friday", "Any Day")
    assert (shown["salespersonName"].writable, shown["shipTo.code"].length) == (False, 10)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"customers_entity": "webCustomer"}, "customers_entity.*webCustomers"),
        ({"customers_api": "contoso/webshop/v2.0"}, "customers_api"),
    ],
)
def test_a_misspelt_page_is_named(partner: Running, changes: dict[str, str], told: str) -> None:
    with company_client(company_connection(partner, **{**SETTINGS, **changes})) as client:
        assert not all(finding.ok for finding in client.check())
        with pytest.raises(SetupError, match=told):
            client.page()


def test_a_page_that_takes_no_changes_is_named(partner: Running, company: BusinessCentralClient) -> None:
    page = partner.business_central.custom_page
    assert page is not None
    page.is_editable = False
    (wrong,) = [finding for finding in company.check() if not finding.ok]
    page.is_editable = True
    assert "does not let customers be changed" in wrong.what
    assert all(finding.ok for finding in company.check())


def test_a_misspelt_list_of_addresses_is_named(partner: Running) -> None:
    with company_client(company_connection(partner, **{**SETTINGS, "ship_to_entity": "shipTo"})) as client:
        assert "there are: shipToAddresses" in client.page().without_ship_to


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>', AnswerNotUnderstood),
        (b"<edmx:Edmx", AnswerNotUnderstood),
        (b"{}", AnswerNotUnderstood),
        (b"<html>Log in</html>", ConnectionRefused),
    ],
)
def test_what_is_no_metadata_is_said_to_be_none(answer: bytes, error: type[Exception]) -> None:
    def serve(asked: Asked) -> Reply:
        kind = "text/html" if answer.startswith(b"<html") else "application/xml"
        return Reply(answer, headers={"Content-Type": kind})

    with scripted(serve) as server:
        settings = {"base_url": f"{server.url}/BC/api/v2.0", "auth": "basic", "username": "u", "password": "p"}
        connection = BusinessCentralConnection.model_validate({**settings, **SETTINGS, "company": "C"})
        with company_client(connection, retries=0) as client, pytest.raises(error):
            client.page()


@pytest.mark.parametrize("api", ["v2.0", "contoso/webshop/v1.0"])
def test_the_page_is_found_in_whatever_letter_case_the_address_ends(api: str) -> None:
    settings = {"base_url": "https://bc.example/BC/API/V2.0/", "auth": "basic", "username": "u", "password": "p"}
    page = CustomersPage.of(
        BusinessCentralConnection.model_validate({**settings, "company": "C", "customers_api": api})
    )
    assert (page.root, page.name) == (f"https://bc.example/BC/API/{api}", f"customers of {api}")
    assert page.is_standard == (api == "v2.0")


def test_subscriptions_are_about_the_pages_own_list(partner: Running, company: BusinessCentralClient) -> None:
    assert company.customers_resource == f"/api/contoso/webshop/v1.0/companies({company.company_id})/webCustomers"
