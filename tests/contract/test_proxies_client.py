"""Systems that are reached only through a company's proxy: nothing goes past it, and the fence holds there as well."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connector.errors import ConnectionRefused, OutcomeUnknown, RemoteTrouble, StoreError
from sandbox.server import Running
from tests.contract.client_systems import (
    Asked,
    Reply,
    company_client,
    company_connection,
    scripted,
    webstore_client,
    webstore_connection,
)
from tests.contract.test_tls_client import Authority, empty, shop
from tests.servers.proxy import Proxy, proxy

SHOP, COMPANY = "shop.corp.example", "bc.corp.example"
VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def names(systems: Running) -> dict[str, str]:
    return {SHOP: systems.webstore_url, COMPANY: systems.base_url}


def behind(systems: Running, address: str, host: str) -> str:
    return address.replace(urlsplit(systems.base_url if host == COMPANY else systems.webstore_url).netloc, host)


def webstore_behind(systems: Running, value: str) -> dict[str, object]:
    return {"url": behind(systems, systems.webstore_url, SHOP), "allow_plain_http": True, "proxy": value}


def test_both_systems_and_the_tokens_are_reached_through_the_proxy_alone(systems: Running) -> None:
    with proxy(names(systems), login="user:word-of-the-proxy-€") as way:
        # as pip takes it, without a scheme
        address = way.url.replace("http://", "user:word-of-the-proxy-%E2%82%AC@")
        store = webstore_connection(systems, **webstore_behind(systems, address))
        company = company_connection(
            systems,
            base_url=behind(systems, systems.base_url, COMPANY),
            token_url=behind(systems, systems.token_url, COMPANY),
            allow_plain_http=True,
            proxy=address,
        )
        with webstore_client(store) as client, company_client(company) as other:
            findings = [*client.check(), *other.check()]
            client.create({"email": "kari@mail.example"})
            assert other.create({"displayName": "Kari"})["number"]
            other.list_subscriptions()
            client.list_webhooks()
        assert [finding.what for finding in findings if not finding.ok] == []
        told = [finding.what for finding in findings if finding.what.startswith("way:")]
        assert [f"through the proxy {way.url}" in what for what in told] == [True, True]
        assert "word-of-the-proxy" not in str(findings)
        assert len(way.passed) == len(systems.webstore_log) + len(systems.business_central_log)
        assert any(passed.endswith("/token") for passed in way.passed)


def test_the_environments_proxy_is_taken_when_the_setup_says_so_and_told_when_it_does_not(
    systems: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(names(systems)) as way:
        monkeypatch.setenv("HTTP_PROXY", way.url)
        monkeypatch.setenv("http_proxy", way.url)
        with webstore_client(webstore_connection(systems, **webstore_behind(systems, "environment"))) as client:
            client.read_customers(lambda _page: None)
        assert way.passed
        settings = webstore_behind(systems, "environment")
        del settings["proxy"]
        with webstore_client(webstore_connection(systems, **settings)) as client:
            (finding,) = client.check()
        assert f"A proxy is set in the environment, {way.url}, and not used" in finding.remedy
        assert 'proxy = "environment" under [webstore]' in finding.remedy
        monkeypatch.setenv("NO_PROXY", ".corp.example")
        with webstore_client(webstore_connection(systems, **webstore_behind(systems, "environment"))) as client:
            (finding,) = client.check()
        assert "The environment names no proxy for it" in finding.remedy
        passed = len(way.passed)
        with webstore_client(webstore_connection(systems, proxy="environment")) as client:
            monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
            client.read_customers(lambda _page: None)
        assert len(way.passed) == passed


def tunnelled(authority: Authority, way: Proxy, login: str = "") -> dict[str, object]:
    return {"verify_tls": authority.file, "proxy": way.url.replace("://", f"://{login}")}


def test_https_goes_through_a_tunnel_and_what_must_not_leave_does_not(tmp_path: Path) -> None:
    def refuse() -> None:
        raise StoreError("The lease was lost.")

    authority = Authority(tmp_path)
    with (
        scripted(empty, authority.server(host=SHOP)) as server,
        proxy({SHOP: server.url}) as way,
        shop(f"https://{SHOP}", **tunnelled(authority, way)) as client,
    ):
        assert client.read_customers(lambda _page: None).announced == 0
        assert way.passed == [f"CONNECT {SHOP}:443"]
        client.guard = refuse
        with pytest.raises(StoreError, match="was lost"):
            client.update(7, {"first_name": "Kari"})
        assert [asked.method for asked in server.asked] == ["GET"]


def test_a_proxy_that_refuses_is_told_as_the_proxy_and_without_its_login(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with scripted(empty, authority.server(host=SHOP)) as server:
        with proxy({}) as way, shop(f"https://{SHOP}", **tunnelled(authority, way)) as client:
            (finding,) = client.check()
            assert f"{way.url} does not connect to {SHOP} (403 Forbidden)" in finding.what
        with proxy({SHOP: server.url}, login="user:right") as way:
            with shop(f"https://{SHOP}", **tunnelled(authority, way, "user:wrong-word@")) as client:
                (finding,) = client.check()
            assert "asks for a login (407)" in finding.what
            assert "wrong-word" not in finding.what + finding.remedy
            with shop(f"http://{SHOP}", proxy=way.url, allow_plain_http=True) as client:
                assert "asks for a login (407)" in client.check()[0].what
        with shop(f"https://{SHOP}", **tunnelled(authority, Proxy(9))) as client:
            (finding,) = client.check()
        assert "http://127.0.0.1:9 on the way to the webstore cannot be reached" in finding.what
        assert "[webstore]" in finding.remedy
        assert server.asked == []


def test_a_proxy_that_goes_away_later_is_trouble_and_no_write_was_sent(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply([], headers={"X-WP-Total": "0", "Connection": "close"})

    authority = Authority(tmp_path)
    with scripted(answer, authority.server(host=SHOP)) as server:
        with proxy({SHOP: server.url}) as way:
            client = shop(f"https://{SHOP}", **tunnelled(authority, way))
            client.read_customers(lambda _page: None)
        with client, pytest.raises(RemoteTrouble, match="proxy") as caught:
            client.create({"email": "kari@mail.example"})
    assert not isinstance(caught.value, ConnectionRefused)
    assert [asked.method for asked in server.asked] == ["GET"]


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_write_whose_answer_a_proxy_loses_is_sent_once(tmp_path: Path, scheme: str) -> None:
    def answer(_asked: Asked) -> Reply:
        return Reply([], headers={"X-WP-Total": "0", "Connection": "close"})

    authority = Authority(tmp_path)
    tls = authority.server(host=SHOP) if scheme == "https" else None
    with scripted(answer, tls) as server, proxy({SHOP: server.url}) as way:
        how = tunnelled(authority, way) if tls else {"proxy": way.url, "allow_plain_http": True}
        with shop(f"{scheme}://{SHOP}", **how) as client:
            client.read_customers(lambda _page: None)
            way.loses_answers = lambda: any(asked.method == "POST" for asked in server.asked)
            with pytest.raises(OutcomeUnknown):
                client.create({"email": "kari@mail.example"})
    assert [asked.method for asked in server.asked if asked.method != "GET"] == ["POST"]


@pytest.mark.parametrize(
    "value", ["socks5://user:word@127.0.0.1:1080", "http://[half", "proxy.example:99999", "http://", "two words"]
)
def test_a_proxy_of_the_environment_through_which_nothing_could_go_is_told(
    systems: Running, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    # with SOCKS the library has connections of its own, which would not ask the fence
    monkeypatch.setenv("ALL_PROXY", value)
    with webstore_client(webstore_connection(systems, proxy="environment")) as client:
        (finding,) = client.check()
    assert "The proxy that the environment names for the webstore" in finding.what
    assert "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY" in finding.remedy
    assert "word@" not in finding.what + finding.remedy
