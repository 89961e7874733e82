"""A shop and a company stay who they are, whichever way leads to them and however their addresses are spelt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.errors import SetupError
from connector.run.sides import _differences, verify_sides
from connector.setup import Setup, parse_setup
from connector.store import Store, open_store
from sandbox.server import Running, start
from sandbox.woocommerce import site


@pytest.fixture(scope="module")
def systems() -> Iterator[Running]:
    with start(empty=True, seed=2) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield made
    made.close()


def setup_of(systems: Running, webstore: dict[str, Any], company: dict[str, Any]) -> Setup:
    root = systems.base_url.split("/v2.0/")[0]
    shop = {
        "url": systems.webstore_url,
        "consumer_key": systems.consumer_key,
        "consumer_secret": systems.consumer_secret,
    }
    login = {"auth": "basic", "username": systems.username, "password": systems.password}
    where = {"base_url": f"{root}/BC/api/v2.0", "company": systems.company}
    document = {
        "webstore_code": "shop",
        "webstore": {**shop, **webstore},
        "business_central": {**where, **login, **company},
    }
    return parse_setup(document, origin="setup", environ={})


def verify(store: Store, setup: Setup) -> None:
    with WooCommerceClient(setup.webstore) as webstore, BusinessCentralClient(setup.business_central) as company:
        verify_sides(store, setup, webstore, company)


def test_another_way_to_the_same_systems_is_no_move(
    systems: Running, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    verify(store, setup_of(systems, {}, {}))
    root = systems.base_url.split("/v2.0/")[0].replace("http://", "HTTP://")
    site.change_settings(systems.webstore, {"rest_prefix": "api", "url": f"{systems.webstore_url.upper()}/"})
    verify(
        store,
        setup_of(
            systems,
            {
                "rest_prefix": "api",
                "proxy": "environment",
                "headers": {"X-A": "word"},
                "url": f"{systems.webstore_url}/",
            },
            {"base_url": f"{root}/BC/api/v2.0/?tenant=default", "proxy": "environment"},
        ),
    )
    site.change_settings(systems.webstore, {"url": f"{systems.webstore_url}/other"})
    with pytest.raises(SetupError, match="is not the one"):
        verify(store, setup_of(systems, {"rest_prefix": "api"}, {}))
    site.change_settings(systems.webstore, {"rest_prefix": "wp-json", "url": systems.webstore_url})


def test_marks_that_earlier_versions_have_kept_are_the_same_in_another_spelling(systems: Running, store: Store) -> None:
    host = systems.webstore_url.partition("//")[2]
    place = systems.base_url.partition("//")[2].partition("/")[0]
    with BusinessCentralClient(setup_of(systems, {}, {}).business_central) as company:
        marks = {"id": company.company_id, "environment": place.upper()}
    with store.work("shop") as work:
        work.sides.put("webstore", {"address": f"{host.upper()}", "name": "The Sandbox Shop"})
        work.sides.put("business_central", marks)
    verify(store, setup_of(systems, {}, {}))
    with store.work("shop") as work:
        work.sides.put("webstore", {"address": host, "name": "the sandbox shop"})
    with pytest.raises(SetupError, match="its name was"):
        verify(store, setup_of(systems, {}, {}))


def test_another_tenant_of_a_server_is_another_company_though_a_copy_has_the_same_id() -> None:
    known = {"id": "1", "environment": "bc.example:7048", "tenant": "test"}
    assert _differences(known, {**known, "tenant": "prod"}) == ["its tenant was 'test', now it is 'prod'"]
    assert _differences(known, {name: known[name] for name in ("id", "environment")}) == []
