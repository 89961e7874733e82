"""Business Central on premises: several tenants, names of any kind, and reverse proxies that give it another address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.clients import Create
from connector.errors import AnswerNotUnderstood, ConnectionRefused, CredentialsRefused, SetupError
from connector.setup import BusinessCentralConnection
from sandbox.server import Running, start
from tests.contract.client_systems import Asked, Reply, company_client, company_connection, scripted
from tests.contract.test_odd_companies_client import COMPANY, company, company_server, customer

INSIDE = "https://inside.local:7048"


@pytest.fixture(scope="module")
def several() -> Iterator[Running]:
    settings = {"on_premises_tenants": ("default", "hafen & söhne"), "own_address": INSIDE}
    with start(empty=True, business_central_settings=settings) as running:
        yield running


def on_premises(running: Running, query: str = "", **changes: Any) -> BusinessCentralConnection:
    root = running.base_url.split("/v2.0/")[0]
    login = {"auth": "basic", "username": running.username, "password": running.password, "token_url": None}
    return company_connection(running, **{**login, "base_url": f"{root}/BC/api/v2.0{query}", **changes})


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("?tenant=default", {}),
        ("/?Tenant=DEFAULT", {}),
        ("", {"tenant": "hafen & söhne"}),
        ("?tenant=hafen+%26+s%C3%B6hne", {}),
    ],
)
def test_the_tenant_goes_with_every_request_next_links_and_parts_of_batches_included(
    several: Running, query: str, changes: dict[str, Any]
) -> None:
    several.business_central.clear()
    several.business_central_log.clear()
    with company_client(on_premises(several, query, **changes)) as client:
        findings = client.check()
        assert [one.what for one in findings if not one.ok] == []
        assert any("?tenant=" in one.what for one in findings)
        made = [out.record for out in client.batch([Create({"displayName": f"Kari {number}"}) for number in range(5)])]
        ids = [str(record["id"]) for record in made if record]
        assert len(client.customers_by_id(ids)) == 5
        # next links name the server's own address, inside, which is not to be asked
        assert client.read_customers(lambda _page: None, page_size=2).rows == 5
        assert client.customers_by_evidence(["a@b.example"], ["Kari 1"], ["1"]).keys() == {ids[1].lower()}
        client.update(ids[0], str(made[0]["@odata.etag"]), {"city": "Bergen"})  # type: ignore[index]
        assert len(client.reference("currencies")) > 0
        assert client.list_subscriptions() == []
    assert all("tenant=" in entry.query.lower() for entry in several.business_central_log)


def test_a_tenant_that_is_missing_or_unknown_is_told_as_that(several: Running) -> None:
    with (
        company_client(on_premises(several)) as client,
        pytest.raises(CredentialsRefused, match="several tenants") as caught,
    ):
        client.companies()
    assert "tenant in the setup" in str(caught.value)
    with company_client(on_premises(several, "?tenant=bergen")) as client:
        finding = client.check()[-1]
        with pytest.raises(ConnectionRefused, match="does not find the tenant"):
            client.companies()
    assert "The tenant 'bergen' was not found" in finding.what
    assert "?tenant=NAME" in finding.remedy


@pytest.mark.parametrize("link", ["customers({id})/x?$skiptoken=1", "currencies?$skiptoken=1", "customers"])
def test_a_next_page_on_another_host_that_is_another_list_is_refused(link: str) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply({"value": [customer()], "@odata.nextLink": f"{INSIDE}/BC/api/v2.0/companies({COMPANY})/{link}"})

    with (
        scripted(company_server(answer)) as server,
        company(server) as client,
        pytest.raises(AnswerNotUnderstood, match=r"another host .inside.local:7048"),
    ):
        client.read_customers(lambda _page: None)


@pytest.mark.parametrize(
    "link", ["http://[half", "HTTP://127.0.0.1:{port}/v2.0/Production/api/v2.0/companies(x)/customers?b"]
)
def test_a_next_link_is_compared_as_what_it_means(link: str) -> None:
    port: list[str] = []

    def answer(asked: Asked) -> Reply:
        if "b" in asked.query:
            return Reply({"value": []})
        return Reply({"value": [customer()], "@odata.nextLink": link.format(port=port[0])})

    with scripted(company_server(answer)) as server, company(server) as client:
        port.append(server.url.rpartition(":")[2])
        if "half" in link:
            with pytest.raises(AnswerNotUnderstood, match="another host"):
                client.read_customers(lambda _page: None)
        else:
            assert client.read_customers(lambda _page: None).rows == 1


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ('Müller\'s "Handel" / Süd', '  MÜLLER\'S  "handel" / Su\u0308d '),
        ("株式会社 港", "株式会社\u3000港"),
        ("Ελληνική Εταιρία", "ελληνική εταιρία"),
        ("A%20B?c#d", "a%20b?c#d"),
        (COMPANY, f"{{{COMPANY.upper()}}}"),
    ],
)
def test_companies_with_names_of_any_kind_are_found_and_read(name: str, wanted: str) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/companies"):
            return Reply({"value": [{"id": COMPANY, "name": name}, {"id": COMPANY.replace("8", "9"), "name": "Other"}]})
        return Reply({"value": [customer()], "@odata.count": 1})

    with scripted(answer) as server, company(server, company=wanted) as client:
        assert client.company_id == COMPANY.lower()
        assert client.read_customers(lambda _page: None).rows == 1


def test_a_company_that_is_called_exactly_so_is_no_other_spelling_of_it() -> None:
    names = {"Hafen ①": COMPANY, "Hafen 1": COMPANY.replace("8", "9"), "HAFEN 2": COMPANY.replace("8", "7")}

    def answer(asked: Asked) -> Reply:
        return Reply({"value": [{"id": identifier, "name": name} for name, identifier in names.items()]})

    with scripted(answer) as server:
        for wanted in ("Hafen ①", "Hafen 1"):
            with company(server, company=wanted) as client:
                assert client.company_id == names[wanted].lower()
        with company(server, company="hafen 2") as client:
            assert client.company_id == names["HAFEN 2"].lower()
        with company(server, company="hafen 1") as client, pytest.raises(SetupError, match="Several companies"):
            client.companies()
            _ = client.company_id


@pytest.mark.parametrize("environment", ["Test 1", "Süd%2FNord", "проба", "O'Brien"])
def test_environments_with_names_of_any_kind_are_asked_as_they_are_written(environment: str) -> None:
    with scripted(company_server(lambda _: Reply({"value": [customer()]}))) as server:
        with company(server, base_url=f"{server.url}/v2.0/t/{environment}/api/v2.0/") as client:
            client.read_customers(lambda _page: None)
        # two segments before the API, whatever the second holds
        assert all(asked.path.split("/")[4:6] == ["api", "v2.0"] and " " not in asked.path for asked in server.asked)


def test_a_gateway_before_business_central_is_told_in_its_words() -> None:
    def answer(asked: Asked) -> Reply:
        if asked.headers.get("Ocp-Apim-Subscription-Key") != "word of the gateway":
            return Reply({"statusCode": 401, "message": "Access denied due to missing subscription key."}, 401)
        return company_server(lambda _: Reply({"value": [customer()], "@odata.count": 1}))(asked)

    with scripted(answer) as server:
        with company(server) as client, pytest.raises(ConnectionRefused, match="missing subscription key") as caught:
            client.companies()
        assert "headers" in str(caught.value)
        with company(server, headers={"Ocp-Apim-Subscription-Key": "word of the gateway"}) as client:
            assert client.read_customers(lambda _page: None).rows == 1


def test_an_error_that_comes_as_a_success_is_shown() -> None:
    with (
        scripted(lambda _: Reply({"error": {"code": "x", "message": "Licence expired."}})) as server,
        company(server) as client,
        pytest.raises(AnswerNotUnderstood, match="Licence expired"),
    ):
        client.companies()
