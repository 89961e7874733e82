"""Where the REST API of a shop is, and who stands before it and answers in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.clients import WooCommerceClient
from connector.errors import (
    ConnectionRefused,
    CredentialsRefused,
    CustomerSyncError,
    OutcomeUnknown,
    RemoteRefused,
    RemoteTrouble,
)
from sandbox.server import Running
from sandbox.woocommerce import site
from sandbox.woocommerce.doorway import DOORWAY
from tests.contract.client_systems import Asked, Reply, scripted, webstore_client, webstore_connection
from tests.contract.test_odd_webstores_client import HTML, listed, shop

PLAIN = "index.php?rest_route="
TEXT = {"Content-Type": "text/plain"}
PAGE = Reply(b"<html><title>Page not found</title></html>", 404, HTML)


@pytest.fixture
def shop_settings(systems: Running) -> Iterator[Any]:
    """Changes what the shop is like; it is as it was at the end."""
    yield lambda **changes: site.change_settings(systems.webstore, changes)
    site.change_settings(systems.webstore, DOORWAY)


def checked(client: WooCommerceClient) -> str:
    """All that a failed check says, or "" if it passes."""
    return " ".join(f"{one.what} {one.remedy}" for one in client.check() if not one.ok)


class TestPlaces:
    @pytest.mark.parametrize("prefix", ["api", "/rest/v9/", PLAIN, "/?rest_route=/"])
    def test_another_prefix_and_plain_permalinks_serve_everything(
        self, systems: Running, shop_settings: Any, prefix: str
    ) -> None:
        connection = webstore_connection(systems, rest_prefix=prefix)
        shop_settings(rest_prefix=PLAIN if "?" in prefix else connection.rest_prefix)
        with webstore_client(connection) as client:
            findings = client.check()
            assert all(one.ok for one in findings)
            assert f"way: {systems.webstore_url}/{connection.rest_prefix}/" in [one.what for one in findings]
            made = client.create({"email": "kari@mail.example"})
            assert client.batch(update=[{"id": made["id"], "first_name": "Kari"}]).update[0].ok
            assert client.customers_past_caches([made["id"]])[made["id"]]["first_name"] == "Kari"
            assert client.read_customers(lambda _page: None).rows == 1
            assert client.site()["address"] == systems.webstore_url.partition("//")[2]
            assert client.create_webhook("customer.updated", "http://127.0.0.1:9/", "a secret of ours")["id"]
        writes = systems.webstore_log.operations("create") + systems.webstore_log.operations("update")
        assert writes == [("create", "customers"), ("create", "webhooks"), ("update", f"customers/{made['id']}")]

    @pytest.mark.parametrize(
        "strange",
        [PAGE, Reply({"message": "Not Found"}, 404), Reply(b"", 404), Reply(b"404 page not found", 404, TEXT)],
    )
    def test_whatever_else_answers_at_the_usual_place_the_shop_is_asked(self, strange: Reply) -> None:
        def answer(asked: Asked) -> Reply:
            return (
                Reply(b"<html>", 200, {**HTML, "Link": '</api/>; rel="https://api.w.org/"'})
                if asked.path == "/"
                else strange
            )

        with scripted(answer) as server, shop(server) as client:
            assert 'rest_prefix = "api"' in checked(client)
            assert len(server.asked) == 2

    @pytest.mark.parametrize("prefix", ["api", PLAIN])
    def test_a_shop_whose_api_is_elsewhere_is_asked_where_without_the_key(
        self, systems: Running, shop_settings: Any, prefix: str
    ) -> None:
        shop_settings(rest_prefix=prefix)
        with webstore_client(webstore_connection(systems)) as client:
            told = checked(client)
            with pytest.raises(ConnectionRefused, match="says the shop itself"):
                client.read_customers(lambda _page: None)
        assert f"not at {systems.webstore_url}/wp-json/ but at {systems.webstore_url}/{prefix}/" in told
        assert f'rest_prefix = "{prefix}"' in told

    @pytest.mark.parametrize(
        ("link", "html", "said"),
        [
            ('<{url}/blog/wp-json/>; rel="https://api.w.org/"', "", 'url = "{url}/blog", rest_prefix = "wp-json"'),
            ('<{url}/index.php/wp-json/>; rel="https://api.w.org/"', "", 'rest_prefix = "index.php/wp-json"'),
            ('</x/>; rel="shortlink", </api/>; rel="https://api.w.org/"', "", 'url = "{url}", rest_prefix = "api"'),
            ("", '<link href="{url}/en/rest/" rel="https://api.w.org/">', 'url = "{url}", rest_prefix = "en/rest"'),
            ("", '<link rel="https://api.w.org/" href="{url}/?rest_route=/">', f'rest_prefix = "{PLAIN}"'),
            ("", "", "rest_prefix"),
            ('<ftp://[half>; rel="https://api.w.org/"', "", "rest_prefix"),
            ('<{url}/wp-json/>; rel="https://api.w.org/"', "", "rest_prefix"),
        ],
    )
    def test_what_the_home_page_says_is_told_and_not_followed(self, link: str, html: str, said: str) -> None:
        place: list[str] = []

        def answer(asked: Asked) -> Reply:
            if asked.path != "/":
                return PAGE
            assert "Authorization" not in asked.headers
            headers = {**HTML, "Link": link.format(url=place[0])} if link else HTML
            return Reply(f"<html>{html.format(url=place[0])}</html>".encode(), 200, headers)

        with scripted(answer) as server, shop(server) as client:
            place.append(server.url)
            assert said.format(url=server.url) in checked(client)


class TestRedirects:
    @pytest.mark.parametrize(
        ("location", "said"),
        [
            ("{url}/wp-login.php?redirect_to=x&token=secret", "asks for a login there"),
            ("/my-account/", "asks for a login there"),
            ("/konto?redirect_to=x", "asks for a login there"),
            ("{url}/api/wc/v3/customers", 'rest_prefix = "api" under [webstore]'),
            ("{url}/login-shop/wp-json/wc/v3/customers", 'url = "{url}/login-shop" under [webstore]'),
            ("https://login.example/oauth2/authorize?client_id=x", "asks for a login there"),
            ("{url}/en/wp-json/wc/v3/customers?per_page=1", 'url = "{url}/en" under [webstore]'),
            ("https://www.shop.example/wp-json/wc/v3/customers", 'url = "https://www.shop.example" under [webstore]'),
            ("{url}/wp-json/wc/v3/customers/?a=b", "Only a slash at the end or the spelling differs"),
            ("{url}/wp-json/wc/v3/customers", "redirects to itself"),
            ("{url}/maintenance.html", "exempt /wp-json/wc/v3/customers from the plugin"),
            ("http://[half", "No address is like that"),
            ("", "without saying where to"),
        ],
    )
    def test_both_addresses_are_named_and_what_to_write(self, location: str, said: str) -> None:
        place: list[str] = []

        def answer(asked: Asked) -> Reply:
            return Reply(b"", 302, {"Location": location.format(url=place[0])} if location else {})

        with scripted(answer) as server, shop(server) as client:
            place.append(server.url)
            told = checked(client)
            assert len(server.asked) == 1
        assert said.format(url=server.url) in told
        assert "secret" not in told
        if location and "[" not in location:
            target = location.partition("?")[0].format(url=server.url)
            assert f"from {server.url}/wp-json/wc/v3/customers to " in told
            assert f"{target}." in told


class TestWhoStandsBefore:
    @pytest.mark.parametrize("status", ["401", "403", "200"])
    def test_a_plugins_refusal_is_told_in_its_words_and_never_as_a_wrong_key(
        self, systems: Running, shop_settings: Any, status: str
    ) -> None:
        shop_settings(plugin_refusal=f"{status} rest_cannot_access DRA: Only <b>authenticated</b> users may.")
        with webstore_client(webstore_connection(systems)) as client:
            told = checked(client)
            with pytest.raises((ConnectionRefused, RemoteRefused)) as caught:
                client.read_customers(lambda _page: None)
            with pytest.raises((ConnectionRefused, RemoteRefused, OutcomeUnknown)) as written:
                client.create({"email": "kari@mail.example"})
        for said in (told, str(caught.value), str(written.value)):
            assert "rest_cannot_access" in said
            assert "DRA: Only authenticated users may" in said
            assert "Let the REST API" in said
            assert "know the key" not in said
        assert caught.value.exit_code == 2
        assert not isinstance(caught.value, CredentialsRefused)
        assert isinstance(written.value, OutcomeUnknown) == (status == "200")
        assert systems.webstore.count("all") == 0

    @pytest.mark.parametrize(
        ("status", "body", "said"),
        [
            (200, {"success": False, "data": {"message": "REST is closed."}}, "REST is closed"),
            (200, {"status": "error", "error": "UNAUTHORIZED", "error_description": "No token."}, "No token"),
            (401, {"errors": [{"code": "blocked", "message": "By the firewall."}]}, "By the firewall"),
            (401, {"statusCode": 401, "message": "Subscription key missing."}, "Subscription key missing"),
            (403, {"error": {"code": 1020, "message": "Access denied by owner."}}, "Access denied by owner"),
            (403, {"detail": "Country not allowed"}, "Country not allowed"),
            (401, {}, "without saying why"),
            (401, {"code": "invalid_username", "message": "Unknown username."}, "for an application password"),
        ],
    )
    def test_refusals_of_any_shape_are_shown(self, status: int, body: Any, said: str) -> None:
        with scripted(lambda _: Reply(body, status)) as server, shop(server) as client:
            told = checked(client)
        assert said in told
        assert "does not know the key" not in told

    def test_a_refusal_of_woocommerce_itself_that_comes_as_a_success_is_of_the_key(self) -> None:
        said = {"code": "woocommerce_rest_authentication_error", "message": "Consumer key is invalid."}
        with scripted(lambda _: Reply({**said, "data": {"status": 401}}, 200)) as server, shop(server) as client:
            assert "does not know the key" in checked(client)

    def test_a_plugin_that_refuses_later_is_trouble_of_the_moment(self) -> None:
        def answer(asked: Asked) -> Reply:
            return listed([], 0) if len(server.asked) == 1 else Reply({"code": "slow_down", "message": "Later."}, 200)

        with scripted(answer) as server, shop(server) as client:
            client.read_customers(lambda _page: None)
            with pytest.raises(RemoteTrouble, match="Later"):
                client.read_customers(lambda _page: None)

    def test_an_index_that_a_plugin_closes_stops_nobody(self) -> None:
        def answer(asked: Asked) -> Reply:
            closed = {"code": "rest_not_logged_in", "message": "Log in.", "data": {"status": 401}}
            return Reply(closed, 401) if asked.path == "/wp-json/" else listed([], 0)

        with scripted(answer) as server, shop(server) as client:
            assert client.site() == {}

    def test_a_login_of_the_web_server_has_its_place_and_is_told_where_it_lacks(
        self, systems: Running, shop_settings: Any
    ) -> None:
        shop_settings(web_login="staging:wörd of the site €")
        with webstore_client(webstore_connection(systems)) as client:
            told = checked(client)
        assert "asks for a login of its own (401 “Staging”)" in told
        assert "web_login" in told
        wrong = webstore_connection(systems, api_key_as_query_param=True, web_login="staging:another word")
        with webstore_client(wrong) as client:
            told = checked(client)
        assert "does not accept web_login" in told
        assert "another word" not in told
        right = webstore_connection(systems, api_key_as_query_param=True, web_login="staging:wörd of the site €")
        with webstore_client(right) as client:
            assert checked(client) == ""
            assert client.create({"email": "kari@mail.example"})["id"]

    def test_headers_of_a_gateway_go_with_every_request(self) -> None:
        def answer(asked: Asked) -> Reply:
            if asked.headers.get("X-Gateway-Key") != "word of the gateway":
                return Reply({"message": "No key."}, 401)
            return listed([], 0) if asked.method == "GET" else Reply({})

        with scripted(answer) as server:
            with shop(server, headers={"X-Gateway-Key": "word of the gateway"}) as client:
                findings = client.check()
            assert all(finding.ok for finding in findings)
            assert "word of the gateway" not in str(findings)
            with shop(server) as client:
                assert "No key. Let" in checked(client)
                assert "headers" in checked(client)


class TestLabels:
    @pytest.mark.parametrize("label", ["text/html; charset=UTF-8", "application/xml", "text/plain", ""])
    def test_json_is_read_whatever_its_label(self, label: str) -> None:
        headers = {"Content-Type": label, "X-WP-Total": "1"}
        with scripted(lambda _: Reply([{"id": 7}], headers=headers)) as server, shop(server) as client:
            assert client.read_customers(lambda _page: None).rows == 1

    @pytest.mark.parametrize(
        ("content", "label", "said"),
        [
            (
                b"<!doctype html><title>Just a &amp; moment...</title>",
                "application/json",
                "is called “Just a & moment”",
            ),
            (b"\n <!-- x --><html><h1>Wartung</h1>", "text/plain", "is called “Wartung”"),
            (b"Error establishing a database connection", "text/html", "with a web page"),
            (b"Fatal error: x in y.php", "application/json", "begins with “Fatal error: x in y.php”"),
            (b'Notice: x [{"first_name": "Kari"', "application/json", "begins with “Notice: x”"),
            (b"  ", "application/json", "with nothing (200)"),
        ],
    )
    def test_what_came_instead_is_told_in_one_line(self, content: bytes, label: str, said: str) -> None:
        with scripted(lambda _: Reply(content, 200, {"Content-Type": label})) as server, shop(server) as client:
            with pytest.raises(CustomerSyncError) as caught:
                client.get(7)
            assert said in caught.value.message
            assert "Kari" not in caught.value.message
            assert "\n" not in caught.value.message
