"""Finding, logging in to and checking a Business Central company: what a connection says before anybody is read."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector.clients import BusinessCentralClient
from connector.errors import (
    ConnectionRefused,
    CredentialsRefused,
    RemoteRefused,
    SetupError,
)
from connector.setup import BusinessCentralConnection
from sandbox.server import Running, start
from tests.contract.client_systems import company_client, company_connection


def person(systems: Running, name: str = "Kari Lie", **more: Any) -> str:
    return str(systems.business_central.people_create({"displayName": name, **more}))


def crowd(systems: Running, count: int) -> list[str]:
    return [person(systems, f"Customer {number}") for number in range(count)]


def read(client: BusinessCentralClient, **options: Any) -> tuple[list[dict[str, Any]], Any]:
    records: list[dict[str, Any]] = []
    return records, client.read_customers(records.extend, **options)


def on_premises(systems: Running) -> BusinessCentralConnection:
    root = systems.base_url.split("/v2.0/")[0]
    return company_connection(
        systems,
        base_url=f"{root}/BC/api/v2.0",
        auth="basic",
        username=systems.username,
        password=systems.password,
        token_url=None,
    )


class TestCompanies:
    def test_the_company_is_found_by_name_or_id_whatever_the_letter_case(self, systems: Running) -> None:
        person(systems)
        with company_client(company_connection(systems)) as client:
            (found,) = client.companies()
        for name in (found["name"].upper(), f" {found['name']} ", found["id"], found["id"].upper()):
            with company_client(company_connection(systems, company=name)) as client:
                assert read(client)[1].rows == 1

    def test_a_company_that_is_not_there_is_refused_with_the_ones_there_are(self, systems: Running) -> None:
        connection = company_connection(systems, company="CRONUS")
        with company_client(connection) as client, pytest.raises(SetupError, match="CRONUS International Ltd"):
            read(client)


class TestLogin:
    def test_threads_share_one_token(self, systems: Running) -> None:
        ids = crowd(systems, 20)
        with company_client(company_connection(systems)) as client, ThreadPoolExecutor(8) as pool:
            assert len(list(pool.map(client.get, ids))) == 20
        assert len([entry for entry in systems.business_central_log if entry.is_token_request]) == 1

    def test_a_token_is_renewed_before_it_ends(self) -> None:
        with (
            start(empty=True, business_central_settings={"token_seconds": 2}) as running,
            company_client(company_connection(running)) as client,
        ):
            first = client._api.login.header()
            assert client._api.login.header() == first
            time.sleep(1.1)
            assert client._api.login.header() != first

    def test_user_and_key_on_premises(self, systems: Running) -> None:
        person(systems)
        connection = on_premises(systems)
        with company_client(connection) as client:
            assert read(client)[1].rows == 1
        wrong = connection.model_copy(update={"username": "SOMEBODY"})
        with company_client(wrong) as client, pytest.raises(CredentialsRefused):
            client.companies()


class TestSubscriptions:
    def test_an_address_that_does_not_answer_the_handshake_gets_no_subscription(
        self, company: BusinessCentralClient
    ) -> None:
        with pytest.raises(RemoteRefused):
            company.create_subscription("http://127.0.0.1:9/hook", "a secret of ours")
        assert company.list_subscriptions() == []


class TestChecking:
    def test_a_good_connection_is_said_to_be_good_and_nothing_is_changed(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        identifier = person(systems)
        before = systems.business_central.people_get(identifier)
        findings = company.check()
        assert [finding.what for finding in findings if not finding.ok] == []
        assert any("1 customer" in finding.what for finding in findings)
        assert systems.business_central.people_get(identifier) == before
        assert systems.business_central.customer_ids() == [identifier]
        assert company.writes_made == 0

    @pytest.mark.parametrize(
        ("change", "text", "remedy"),
        [
            ({"client_secret": "wrong~secret~0123456789"}, "No access token", "secret"),
            ({"client_id": "11111111-2222-3333-4444-555555555555"}, "No access token", ""),
            ({"company": "CRONUS"}, "no company 'CRONUS'", "CRONUS International Ltd."),
            ({"base_url": "http://127.0.0.1:9/v2.0/x/api/v2.0"}, "cannot be reached", "address"),
            ({"token_url": "http://127.0.0.1:9/oauth2/v2.0/token"}, "cannot be reached", "address"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_remedy(
        self, systems: Running, change: dict[str, Any], text: str, remedy: str
    ) -> None:
        with company_client(company_connection(systems, **change)) as client:
            finding = client.check()[-1]
        assert not finding.ok
        assert text in finding.what
        assert remedy in finding.remedy
        assert finding.remedy

    def test_a_wrong_environment_is_said_although_it_is_answered_in_xml(self, systems: Running) -> None:
        connection = company_connection(systems, base_url=systems.base_url.replace("/sandbox/", "/nowhere/"))
        with company_client(connection) as client:
            finding = client.check()[-1]
            with pytest.raises(ConnectionRefused):
                client.companies()
        assert "no such environment" in finding.what
        assert "base_url" in finding.remedy

    def test_permissions_and_services_that_are_missing_are_said(self) -> None:
        with (
            start(empty=True, business_central_settings={"may_write_customers": False}) as running,
            company_client(company_connection(running)) as client,
        ):
            denied = client.check()[-1]
        with (
            start(empty=True, business_central_settings={"is_api_enabled": False}) as running,
            company_client(on_premises(running)) as client,
        ):
            closed = client.check()[-1]
        assert not denied.ok
        assert "does not permit" in denied.what
        assert "permission" in denied.remedy
        assert not closed.ok
        assert "switched off" in closed.what
        assert "ApiServicesEnabled" in closed.remedy


class TestSecrets:
    def test_tokens_and_secrets_are_in_no_log_or_message(
        self, systems: Running, caplog: pytest.LogCaptureFixture
    ) -> None:
        person(systems, "Kari Lie", email="kari@mail.example")
        with caplog.at_level(logging.DEBUG), company_client(company_connection(systems)) as client:
            client.find("displayName eq 'Kari Lie'")
            client.customers_by_email(["kari@mail.example"])
            token = client._api.login.header()
            with pytest.raises(RemoteRefused) as caught:
                client.create({"displayName": "Kari", "email": "kari lie@mail@example"})
        logged = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("uvicorn"))
        shown = logged + str(caught.value)
        for secret in (systems.client_secret, token.removeprefix("Bearer "), "Lie", "kari@mail", "lie@mail"):
            assert secret not in shown
