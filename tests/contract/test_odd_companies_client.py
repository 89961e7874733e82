"""Business Central behind proxies and gateways: answers that no emulator would give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.clients import BusinessCentralClient, Create, Update
from connector.errors import (
    AnswerNotUnderstood,
    CredentialsRefused,
    OutcomeUnknown,
    RemoteRefused,
    SetupError,
)
from connector.setup import BusinessCentralConnection
from tests.contract.client_systems import Asked, Reply, Scripted, company_client, scripted

ID = "a1b2c3d4-5001-ef11-8a6b-6045bd9c4e10"
OTHER = "a1b2c3d4-5002-ef11-8a6b-6045bd9c4e10"
COMPANY = "8d4f6f0a-52c1-ef11-8a6b-6045bd9c4e10"


def company(server: Scripted, **changes: Any) -> BusinessCentralClient:
    settings = {
        "base_url": f"{server.url}/v2.0/Production/api/v2.0",
        "company": "Hafen Handel",
        "auth": "basic",
        "username": "SYNC",
        "password": "a very long password",
        "timeout_seconds": 5,
        **changes,
    }
    return company_client(BusinessCentralConnection.model_validate(settings), retries=2)


def company_server(answer: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    def whole(asked: Asked) -> Reply:
        if asked.path.endswith("/companies"):
            rows = [
                {"id": COMPANY, "name": "Hafen Handel", "displayName": "Hafen"},
                {"id": OTHER, "name": "Other", "displayName": "Twin"},
                {"id": ID, "name": "Third", "displayName": "Twin"},
            ]
            return Reply({"value": rows})
        return answer(asked)

    return whole


def customer(identifier: str = ID, number: str = "C1", **more: Any) -> dict[str, Any]:
    return {"@odata.etag": 'W/"1"', "id": identifier, "number": number, "displayName": "Kari", **more}


def replies(asked: Asked, *items: tuple[int, Any] | None) -> Reply:
    requests = asked.body["requests"]
    return Reply(
        {
            "responses": [
                {"id": request["id"], "status": item[0], "headers": {}, "body": item[1]}
                for request, item in zip(requests, items, strict=False)
                if item is not None
            ]
        }
    )


class TestBusinessCentral:
    def test_a_next_page_on_another_host_is_refused_because_it_would_get_the_login(self) -> None:
        def answer(asked: Asked) -> Reply:
            return Reply({"value": [customer()], "@odata.nextLink": "https://internal:7048/BC/api/v2.0/customers?x"})

        with (
            scripted(company_server(answer)) as server,
            company(server) as client,
            pytest.raises(AnswerNotUnderstood, match=r"another host .internal:7048"),
        ):
            client.read_customers(lambda _page: None)

    def test_a_next_page_that_was_read_already_does_not_go_on_for_ever(self) -> None:
        def answer(asked: Asked) -> Reply:
            return Reply({"value": [customer()], "@odata.nextLink": "customers?aid=FIN&$skiptoken=1"})

        with (
            scripted(company_server(answer)) as server,
            company(server) as client,
            pytest.raises(AnswerNotUnderstood, match="read already"),
        ):
            client.read_customers(lambda _page: None)

    def test_rows_that_are_no_customers_are_counted_and_nobody_is_handed_on_twice(self) -> None:
        def answer(asked: Asked) -> Reply:
            if "$skiptoken" in asked.query:
                return Reply({"value": [customer(), customer(OTHER, "C2")]})
            rows = [customer(), None, {"number": "C3"}, {"id": 5}]
            return Reply({"value": rows, "@odata.count": 5, "@odata.nextLink": "customers?$skiptoken=1"})

        with scripted(company_server(answer)) as server, company(server) as client:
            ids: list[str] = []
            census = client.read_customers(lambda page: ids.extend(record["id"] for record in page))
        assert ids == [ID, OTHER]
        assert (census.rows, census.unreadable, census.announced) == (2, 3, 5)
        assert len(census.reasons) == 2

    def test_the_latest_time_is_found_although_trailing_zeros_are_cut(self) -> None:
        times = [
            "2026-01-01T00:00:22.37Z",
            "2026-01-01T00:00:22Z",
            "2026-01-01T00:00:22.4Z",
            None,
            "0001-01-01T00:00:00Z",
        ]
        rows = [customer(f"{ID[:-1]}{n}", lastModifiedDateTime=time) for n, time in enumerate(times)]
        with scripted(company_server(lambda _: Reply({"value": rows}))) as server, company(server) as client:
            assert client.read_customers(lambda _page: None).watermark == "2026-01-01T00:00:22.4Z"

    def test_a_page_that_is_no_list_does_not_pass_for_the_end(self) -> None:
        def answer(asked: Asked) -> Reply:
            if "$skiptoken" in asked.query:
                return Reply({"value": [customer()]})
            return Reply({"value": None, "@odata.count": 2, "@odata.nextLink": "customers?$skiptoken=1"})

        with scripted(company_server(answer)) as server, company(server) as client:
            census = client.read_customers(lambda _page: None)
            assert (census.rows, census.unreadable) == (1, 1)
        with scripted(company_server(lambda _: Reply({"values": []}))) as server, company(server) as client:
            with pytest.raises(AnswerNotUnderstood):
                client.read_customers(lambda _page: None)
            with pytest.raises(AnswerNotUnderstood):
                client.find("number eq 'C1'")

    def test_a_filter_that_is_ignored_finds_nobody_by_mistake(self) -> None:
        everybody = [customer(), customer(OTHER, "C2", email="ola@mail.example")]
        with scripted(company_server(lambda _: Reply({"value": everybody}))) as server, company(server) as client:
            assert client.customers_by_number(["C9"]) == {}
            assert set(client.customers_by_number(["C2"])) == {"C2"}

        def batch(asked: Asked) -> Reply:
            return replies(asked, *[(200, {"value": everybody})] * 3)

        with scripted(company_server(batch)) as server, company(server) as client:
            assert set(client.customers_by_email(["ola@mail.example", "kari@mail.example"])) == {"ola@mail.example"}

    def test_what_a_batch_of_reads_does_not_say_is_asked_again_alone(self) -> None:
        def answer(asked: Asked) -> Reply:
            if asked.path.endswith("$batch"):
                return replies(asked, (429, None))
            return Reply(customer(OTHER if OTHER in asked.path else ID))

        with scripted(company_server(answer)) as server, company(server) as client:
            assert set(client.customers_by_id([ID, OTHER])) == {ID, OTHER}
            assert client.writes_made == 0

    def test_writes_that_a_batch_does_not_speak_of_are_unknown_and_not_failed(self) -> None:
        def answer(asked: Asked) -> Reply:
            return replies(asked, (201, customer()), (400, {"error": {"code": "BadRequest", "message": "No."}}))

        with scripted(company_server(answer)) as server, company(server) as client:
            outcomes = client.batch([Create({"displayName": f"C{number}"}) for number in range(4)])
            (batch,) = [asked for asked in server.asked if asked.path.endswith("$batch")]
        assert [type(outcome.error) for outcome in outcomes] == [
            type(None),
            RemoteRefused,
            OutcomeUnknown,
            OutcomeUnknown,
        ]
        assert "odata.continue-on-error" in batch.headers["Prefer"]

    @pytest.mark.parametrize(
        "item",
        [(500, {"error": {"code": "Internal_ServerError", "message": "x"}}), (504, None), (408, None), (201, None),
         (200, {"id": "nonsense"}), (200, customer(OTHER))],
    )  # fmt: skip
    def test_an_item_that_failed_on_the_way_or_says_nothing_is_unknown(self, item: tuple[int, Any]) -> None:
        with scripted(company_server(lambda asked: replies(asked, item))) as server, company(server) as client:
            (outcome,) = client.batch([Update(ID, 'W/"1"', {"city": "Oslo"})])
        assert isinstance(outcome.error, OutcomeUnknown)

    def test_items_that_were_refused_because_the_server_is_busy_are_sent_again(self) -> None:
        rounds: list[int] = []

        def answer(asked: Asked) -> Reply:
            rounds.append(len(asked.body["requests"]))
            if len(rounds) == 1:
                return replies(asked, (201, customer()), (429, None), (201, customer(OTHER)))
            return replies(asked, (201, customer(COMPANY)))

        with scripted(company_server(answer)) as server, company(server) as client:
            outcomes = client.batch([Create({"displayName": f"C{number}"}) for number in range(3)])
        assert [outcome.record and outcome.record["id"] for outcome in outcomes] == [ID, COMPANY, OTHER]
        assert rounds == [3, 1]

    def test_every_change_carries_its_tag_also_inside_a_batch(self) -> None:
        def answer(asked: Asked) -> Reply:
            return replies(asked, (200, customer())) if asked.path.endswith("$batch") else Reply(customer())

        with scripted(company_server(answer)) as server, company(server) as client:
            client.update(ID, 'W/"7"', {"city": "Oslo"})
            client.batch([Update(ID, 'W/"8"', {"city": "Oslo"})])
            single, batch = [asked for asked in server.asked if asked.method in {"PATCH", "POST"}]
        assert single.headers["If-Match"] == 'W/"7"'
        assert single.body == {"city": "Oslo"}
        (request,) = batch.body["requests"]
        assert request["headers"]["If-Match"] == 'W/"8"'
        assert request["headers"]["Content-Type"] == "application/json"
        assert not request["url"].startswith("/")

    def test_a_company_that_two_are_called_by_needs_its_id(self) -> None:
        for name, reason in (("Twin", "use the id"), ("Nobody", "Hafen Handel, Other, Third")):
            with (
                scripted(company_server(lambda _: Reply({}))) as server,
                company(server, company=name) as client,
                pytest.raises(SetupError, match=reason),
            ):
                client.read_customers(lambda _page: None)

    def test_half_an_emoji_in_one_name_does_not_stop_the_others(self) -> None:
        body = rb'{"value":[{"id":"%s","number":"C1","displayName":"A \ud83d"},{"id":"%s","number":"C2"}]}' % (
            ID.encode(),
            OTHER.encode(),
        )
        with scripted(company_server(lambda _: Reply(body))) as server, company(server) as client:
            names: list[Any] = []
            client.read_customers(lambda page: names.extend(record.get("displayName") for record in page))
        assert names == ["A �", None]

    @pytest.mark.parametrize(
        ("error", "remedy"),
        [("AADSTS7000215: Invalid client secret provided.", "not its id"), ("AADSTS7000222: expired", "has expired"),
         ("AADSTS700016: x", "client_id"), ("AADSTS90002: x", "tenant"), ("AADSTS70011: x", "scope"), ("other", "Check")],
    )  # fmt: skip
    def test_a_refused_token_is_said_with_its_remedy(self, error: str, remedy: str) -> None:
        body = {"error": "invalid_client", "error_description": f"{error} Trace ID: 1"}
        with scripted(lambda _: Reply(body, 401)) as server:
            login = {
                "auth": "client-credentials",
                "token_url": f"{server.url}/oauth2/v2.0/token",
                "client_id": "an-application",
                "client_secret": "a~very~secret~text",
            }
            with company(server, **login) as client, pytest.raises(CredentialsRefused) as caught:
                client.companies()
            (asked,) = server.asked
        assert remedy in str(caught.value)
        assert "a~very~secret~text" not in str(caught.value)
        assert "client_secret=a~very~secret~text" in asked.body

    def test_an_answer_without_a_token_is_no_token(self) -> None:
        with scripted(lambda _: Reply({"token_type": "Bearer"})) as server:
            login = {
                "auth": "client-credentials",
                "token_url": f"{server.url}/token",
                "client_id": "an-application",
                "client_secret": "a~very~secret~text",
            }
            with company(server, **login) as client, pytest.raises(AnswerNotUnderstood):
                client.companies()
