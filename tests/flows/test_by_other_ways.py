"""Whole runs over all that may stand between: a proxy, plain permalinks, a login of the web server, a tenant, its own names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.server import Running, start
from sandbox.woocommerce import site
from tests.flows.shop import Shop
from tests.servers.proxy import Proxy, proxy

SHOP, COMPANY = "shop.corp.example", "bc.corp.example"
PLAIN = "index.php?rest_route="


@pytest.fixture(scope="module")
def behind() -> Iterator[Running]:
    settings = {"on_premises_tenants": ("hafen",), "own_address": "https://inside.local:7048"}
    with start(empty=True, seed=3, business_central_settings=settings) as running:
        site.change_settings(running.webstore, {"rest_prefix": PLAIN, "web_login": "staging:word of the site"})
        yield running


@pytest.fixture
def way(behind: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxy({SHOP: behind.webstore_url, COMPANY: behind.base_url}) as running:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, running.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield running


def test_edits_of_both_sides_pass_and_come_back_by_an_undo(
    behind: Running, way: Proxy, tmp_path: Path, empty_store: Path
) -> None:
    shop = Shop(behind, tmp_path, store=empty_store)
    site.change_settings(behind.webstore, {"url": f"http://{SHOP}"})
    document = shop.setup.model_dump()
    document["webstore"] |= {
        "url": f"HTTP://{SHOP.upper()}:80/",
        **{"rest_prefix": PLAIN, "api_key_as_query_param": True, "web_login": "staging:word of the site"},
        **{"proxy": "environment", "allow_plain_http": True},
    }
    document["business_central"] |= {
        "base_url": f"http://{COMPANY}/BC/api/v2.0?tenant=HAFEN",
        **{"auth": "basic", "username": behind.username, "password": behind.password},
        **{"proxy": way.url, "allow_plain_http": True},
    }
    shop.setup = type(shop.setup).model_validate(document)
    account = shop.register("kari@mail.example", phone="+47 40000001")
    customer = shop.employ("ola@mail.example", "Ola Hansen", ticked=True)
    shop.sync()
    shop.settle()
    links = shop.links()
    assert links[customer] is not None
    assert account in links.values()
    shop.type_in_webstore(account, city="Bergen")
    shop.type_in_company(customer, city="Oslo")
    done = shop.sync()
    assert shop.account(int(links[customer] or 0))["billing"]["city"] == "Oslo"
    other = next(key for key, value in links.items() if value == account)
    assert shop.customer(other)["city"] == "Bergen"
    shop.undo(done.run_id)
    assert shop.customer(other)["city"] == ""
    hosts = {urlsplit(passed.split(" ")[1]).netloc.split(":")[0] for passed in way.passed}
    assert hosts == {SHOP, COMPANY}
    asked = [*behind.webstore_log, *behind.business_central_log]
    assert asked
    assert all("hafen" in entry.query.lower() for entry in behind.business_central_log)
