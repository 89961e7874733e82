"""Webstores that answer in ways no emulator would: firewalls, caches, plugins, proxies, other hosts."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from connector.clients import RedactingFilter, WooCommerceClient
from connector.errors import (
    AnswerNotUnderstood,
    ConnectionRefused,
    CustomerNotFound,
    OutcomeUnknown,
    RemoteRefused,
    RemoteTrouble,
)
from connector.setup import WebstoreConnection
from tests.contract.client_systems import Asked, Reply, Scripted, scripted, webstore_client

KEY, SECRET = "ck_scripted_key_0123456789", "cs_scripted_secret_0123456789"
ID = "a1b2c3d4-5001-ef11-8a6b-6045bd9c4e10"
HTML = {"Content-Type": "text/html"}
NOT_FOUND = {"code": "wc_user_invalid_id", "message": "Invalid user ID.", "data": {"status": 404}}


def shop(server: Scripted, **changes: Any) -> WooCommerceClient:
    settings = {"url": server.url, "consumer_key": KEY, "consumer_secret": SECRET, "timeout_seconds": 5, **changes}
    return webstore_client(WebstoreConnection.model_validate(settings), retries=2)


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
                pytest.raises(ConnectionRefused, match=r"redirects .* to http://localhost") as caught,
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


def test_the_filter_for_logs_hides_what_a_client_may_say(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test.clients.filter")
    logger.addFilter(RedactingFilter())
    with caplog.at_level(logging.INFO, logger.name):
        logger.info("%s", {"Authorization": "Bearer abcdefghij"})
    assert "abcdefghij" not in caplog.text
