"""Servers that answer in ways no emulator would: firewalls, caches, plugins, proxies, other hosts."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from connector.clients import BusinessCentralClient, Create, RedactingFilter, Update, WooCommerceClient
from connector.errors import (
    AnswerNotUnderstood,
    ConnectionRefused,
    CredentialsRefused,
    CustomerNotFound,
    OutcomeUnknown,
    RemoteRefused,
    RemoteTrouble,
    SetupError,
)
from connector.setup import BusinessCentralConnection, WebstoreConnection
from tests.contract.client_systems import Asked, Reply, Scripted, company_client, scripted, webstore_client

KEY, SECRET = "ck_scripted_key_0123456789", "cs_scripted_secret_0123456789"
ID = "a1b2c3d4-5001-ef11-8a6b-6045bd9c4e10"
OTHER = "a1b2c3d4-5002-ef11-8a6b-6045bd9c4e10"
COMPANY = "8d4f6f0a-52c1-ef11-8a6b-6045bd9c4e10"
HTML = {"Content-Type": "text/html"}
NOT_FOUND = {"code": "wc_user_invalid_id", "message": "Invalid user ID.", "data": {"status": 404}}


def shop(server: Scripted, **changes: Any) -> WooCommerceClient:
    settings = {"url": server.url, "consumer_key": KEY, "consumer_secret": SECRET, "timeout_seconds": 5, **changes}
    return webstore_client(WebstoreConnection.model_validate(settings), retries=2)


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


def listed(rows: Any, total: int | None = None, **headers: str) -> Reply:
    totals = {} if total is None else {"X-WP-Total": str(total), "X-WP-TotalPages": "1"}
    return Reply(rows, headers={**totals, **headers})


def batch_answer(asked: Asked) -> dict[str, Any]:
    """What a good shop answers to a batch."""
    created = [{"id": 100 + index, **item} for index, item in enumerate(asked.body.get("create", []))]
    return {"create": created, "update": asked.body.get("update", [])}


class TestWebstore:
    def test_links_to_another_host_are_not_followed(self) -> None:
        link = '<http://elsewhere.example/wp-json/wc/v3/customers?page=2&consumer_key=ck_x>; rel="next"'

        def answer(asked: Asked) -> Reply:
            start = int(asked.query.get("offset", 0))
            return listed([{"id": number + 1} for number in range(start, min(start + 100, 150))], 150, Link=link)

        with scripted(answer) as server, shop(server) as client:
            ids: list[int] = []
            client.read_customers(lambda page: ids.extend(record["id"] for record in page))
        assert ids == list(range(1, 151))

    def test_a_list_with_holes_that_php_sends_as_an_object_is_a_list(self) -> None:
        with scripted(lambda _: listed({"0": {"id": 1}, "2": {"id": 3}}, 2)) as server, shop(server) as client:
            ids: list[int] = []
            census = client.read_customers(lambda page: ids.extend(record["id"] for record in page))
        assert ids == [1, 3]
        assert census.unreadable == 0

    def test_rows_that_are_no_customers_are_counted_and_stop_nobody(self) -> None:
        rows = [{"id": 1}, None, {"id": "2"}, {"email": "x"}, {"id": 5}]
        with scripted(lambda _: listed(rows, 5)) as server, shop(server) as client:
            ids: list[int] = []
            census = client.read_customers(lambda page: ids.extend(record["id"] for record in page))
        assert ids == [1, 5]
        assert (census.unreadable, census.announced) == (3, 5)
        assert len(census.reasons) == 3

    @pytest.mark.parametrize("body", [{"code": "ok"}, "text", 17, None])
    def test_a_page_that_is_no_list_is_counted_and_not_taken_for_an_empty_shop(self, body: Any) -> None:
        with scripted(lambda _: listed(body, 3)) as server, shop(server) as client:
            census = client.read_customers(lambda _page: None)
        assert (census.rows, census.unreadable, census.announced) == (0, 3, 3)

    def test_records_without_meta_data_are_customers_like_any_other(self) -> None:
        record = {"id": 7, "email": "kari@mail.example"}
        with scripted(lambda _: listed([record], 1)) as server, shop(server) as client:
            assert client.customers_by_id([7]) == {7: record}

    def test_a_byte_order_mark_before_the_answer_is_skipped(self) -> None:
        body = b"\xef\xbb\xbf" + json.dumps({"id": 7, "email": "x"}).encode()
        with scripted(lambda _: Reply(body)) as server, shop(server) as client:
            assert client.get(7)["id"] == 7

    def test_warnings_of_php_before_the_answer_are_no_answer(self) -> None:
        def answer(asked: Asked) -> Reply:
            return Reply(b"<br />\nWarning: x in y.php on line 3" + json.dumps({"id": 7}).encode())

        with scripted(answer) as server, shop(server) as client:
            with pytest.raises(AnswerNotUnderstood, match="plugin"):
                client.get(7)
            with pytest.raises(OutcomeUnknown):
                client.update(7, {"first_name": "Kari"})
            assert [asked.method for asked in server.asked] == ["GET", "GET", "GET", "PUT"]

    def test_a_cache_that_answers_with_another_customer_is_not_believed(self) -> None:
        with scripted(lambda _: Reply({"id": 8, "email": "x"})) as server, shop(server) as client:
            with pytest.raises(AnswerNotUnderstood, match="another customer"):
                client.get(7)
            with pytest.raises(OutcomeUnknown, match="another customer"):
                client.update(7, {"first_name": "Kari"})
            with pytest.raises(AnswerNotUnderstood):
                client.customers_by_id([7])

    def test_somebody_is_gone_only_when_the_webstore_itself_says_so(self) -> None:
        def gone(asked: Asked) -> Reply:
            return listed([], 0) if "include" in asked.query else Reply(NOT_FOUND, 404)

        with scripted(gone) as server, shop(server) as client:
            assert client.customers_by_id([7]) == {}

        for reply in (
            Reply(b"<h1>Not found</h1>", 404, HTML),
            Reply({"code": "rest_no_route", "message": "No route", "data": {"status": 404}}, 404),
            Reply({"code": "x", "message": "Blocked", "data": {"status": 403}}, 403),
        ):

            def odd(asked: Asked, reply: Reply = reply) -> Reply:
                return listed([], 0) if "include" in asked.query else reply

            with scripted(odd) as server, shop(server) as client:
                with pytest.raises((AnswerNotUnderstood, ConnectionRefused, RemoteRefused)) as caught:
                    client.customers_by_id([7])
                assert not isinstance(caught.value, CustomerNotFound)

    def test_an_e_mail_that_a_plugin_changes_is_noticed(self) -> None:
        def answer(asked: Asked) -> Reply:
            if asked.path.endswith("/batch"):
                answer = batch_answer(asked)
                for item in answer["create"] + answer["update"]:
                    item["email"] = ""
                return Reply(answer)
            return Reply({"id": 7, "email": "other@mail.example"})

        with scripted(answer) as server, shop(server) as client:
            with pytest.raises(RemoteRefused, match="another e-mail"):
                client.create({"email": "kari@mail.example"})
            with pytest.raises(RemoteRefused, match="another e-mail"):
                client.update(7, {"email": "kari@mail.example"})
            outcomes = client.batch(
                create=[{"email": "kari@mail.example"}], update=[{"id": 7, "email": "kari@mail.example"}]
            )
        for outcome in (*outcomes.create, *outcomes.update):
            assert isinstance(outcome.error, RemoteRefused)
            assert outcome.error.code == "email-mangled"
            assert outcome.record is not None

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda items: items[:-1],
            lambda items: [],
            lambda items: {"0": items[0]},
            lambda items: None,
        ],
    )
    def test_a_batch_that_answers_fewer_items_than_were_sent_leaves_all_unknown(
        self, spoil: Callable[[Any], Any]
    ) -> None:
        def answer(asked: Asked) -> Reply:
            return Reply({name: spoil(items) for name, items in batch_answer(asked).items() if items})

        with scripted(answer) as server, shop(server) as client:
            outcomes = client.batch(
                create=[{"email": "a@mail.example"}, {"email": "b@mail.example"}],
                update=[{"id": 7, "first_name": "A"}, {"id": 8, "first_name": "B"}],
            )
        assert all(isinstance(outcome.error, OutcomeUnknown) for outcome in outcomes.create + outcomes.update)

    def test_an_update_that_is_answered_with_another_id_is_unknown(self) -> None:
        with scripted(lambda _: Reply({"update": [{"id": 8}, {"id": 8}]})) as server, shop(server) as client:
            outcomes = client.batch(update=[{"id": 7, "first_name": "A"}, {"id": 8, "first_name": "B"}]).update
        assert isinstance(outcomes[0].error, OutcomeUnknown)
        assert outcomes[1].ok

    @pytest.mark.parametrize("status", [403, 406, 413])
    def test_a_firewall_that_dislikes_one_customer_stops_nobody_else(self, status: int) -> None:
        def answer(asked: Asked) -> Reply:
            if asked.method == "GET":
                return listed([], 0)
            if "DROP TABLE" in json.dumps(asked.body):
                return Reply(b"<h1>Blocked</h1>", status, HTML)
            return Reply(batch_answer(asked))

        with scripted(answer) as server, shop(server) as client:
            client.read_customers(lambda _page: None)
            bodies = [{"id": number, "first_name": f"N{number}"} for number in range(1, 101)]
            bodies[41]["first_name"] = "'; DROP TABLE"
            outcomes = client.batch(update=bodies).update
            requests = len(server.asked) - 1
        assert [index for index, outcome in enumerate(outcomes) if not outcome.ok] == [41]
        assert isinstance(outcomes[41].error, RemoteRefused)
        assert outcomes[41].error.status == status
        assert requests <= 15

    def test_a_batch_item_that_is_no_object_is_unknown(self) -> None:
        with scripted(lambda _: Reply({"create": [None, "x"]})) as server, shop(server) as client:
            outcomes = client.batch(create=[{"email": "a@mail.example"}, {"email": "b@mail.example"}]).create
        assert all(isinstance(outcome.error, OutcomeUnknown) for outcome in outcomes)

    def test_redirects_are_not_followed_because_the_other_host_would_get_the_keys(self) -> None:
        seen: list[Asked] = []

        def elsewhere(asked: Asked) -> Reply:
            seen.append(asked)
            return listed([], 0)

        with scripted(elsewhere) as other:
            target = other.url.replace("127.0.0.1", "localhost") + "/wp-json/wc/v3/customers"
            with (
                scripted(lambda _: Reply(b"", 301, {"Location": target})) as server,
                shop(server) as client,
                pytest.raises(ConnectionRefused, match=r"redirects .* to localhost") as caught,
            ):
                client.read_customers(lambda _page: None)
        assert "final address" in str(caught.value)
        assert seen == []

    def test_the_check_says_what_a_shop_lacks(self) -> None:
        with scripted(lambda _: listed([], None)) as server, shop(server) as client:
            assert "X-WP-Total" in client.check()[0].what
        with scripted(lambda _: listed({"a": 1}, 5)) as server, shop(server) as client:
            assert not client.check()[-1].ok
        with scripted(lambda _: Reply(b"<html>", 200, HTML)) as server, shop(server) as client:
            assert "permalinks" in client.check()[0].remedy
        with scripted(lambda _: Reply(b"<html>", 503, HTML)) as server, shop(server) as client:
            assert "503" in client.check()[0].what
        no_route = {"code": "rest_no_route", "message": "No route was found", "data": {"status": 404}}
        with scripted(lambda _: Reply(no_route, 404)) as server, shop(server) as client:
            assert "Activate WooCommerce" in client.check()[0].remedy
        cannot = {"code": "woocommerce_rest_cannot_batch", "message": "Sorry", "data": {"status": 403}}

        def manager(asked: Asked) -> Reply:
            return listed([], 0) if asked.method == "GET" else Reply(cannot, 403)

        with scripted(manager) as server, shop(server) as client:
            assert "administrator" in client.check()[-1].remedy

    def test_the_check_says_when_a_clock_is_wrong(self) -> None:
        def answer(asked: Asked) -> Reply:
            date = formatdate(time.time() - 7200, usegmt=True)
            return listed([], 0, Date=date) if asked.method == "GET" else Reply({})

        with scripted(answer) as server, shop(server) as client:
            findings = client.check()
        assert "clock is" in findings[0].what
        assert "ahead of the webstore's" in findings[0].what
        assert findings[-1].ok

    def test_no_error_drags_the_address_with_the_keys_along(self) -> None:
        with (
            scripted(lambda _: Reply(b"", drop=True)) as server,
            shop(server, api_key_as_query_param=True) as client,
            pytest.raises(RemoteTrouble, match="gave no answer") as caught,
        ):
            client.get(7)
        error: BaseException | None = caught.value
        while error is not None:
            assert SECRET not in repr(error) + str(error)
            error = error.__cause__ or error.__context__

    def test_a_write_to_a_server_that_has_gone_is_known_not_to_have_happened(self) -> None:
        with scripted(lambda _: listed([], 0, Connection="close")) as server:
            client = shop(server)
            client.read_customers(lambda _page: None)
        with client, pytest.raises(RemoteTrouble, match="gave no answer") as caught:
            client.create({"email": "kari@mail.example"})
        assert not isinstance(caught.value, OutcomeUnknown)

    def test_unknown_webhooks_and_odd_lists_are_errors_and_not_crashes(self) -> None:
        with scripted(lambda _: Reply([1, 2])) as server, shop(server) as client:
            with pytest.raises(AnswerNotUnderstood):
                client.list_webhooks()
            with pytest.raises(AnswerNotUnderstood):
                client.countries()


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


def test_the_filter_for_logs_hides_what_a_client_may_say(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test.clients.filter")
    logger.addFilter(RedactingFilter())
    with caplog.at_level(logging.INFO, logger.name):
        logger.info("%s", {"Authorization": "Bearer abcdefghij"})
    assert "abcdefghij" not in caplog.text
