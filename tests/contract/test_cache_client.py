"""`check` tells a cache in front of the API: by its headers, and by asking twice."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from connector.clients import BusinessCentralClient, CheckResult, WooCommerceClient
from connector.clients.cache_check import sign_of_a_cache
from connector.clients.clocks import clock_finding
from sandbox.server import Running
from tests.contract.client_systems import webstore_client, webstore_connection


def cached(findings: list[CheckResult]) -> list[CheckResult]:
    return [finding for finding in findings if "cache" in finding.what]


class TestWebstore:
    def test_without_a_cache_nothing_is_said_of_one(self, webstore: WooCommerceClient) -> None:
        findings = webstore.check()
        assert {finding.mark for finding in findings} == {"ok"}
        assert cached(findings) == []

    @pytest.mark.parametrize(
        ("headers", "sign"),
        [
            ({"X-LiteSpeed-Cache": "hit,private"}, "x-litespeed-cache: hit"),
            ({"CF-Cache-Status": "HIT", "Age": "(age)"}, "cf-cache-status: hit"),
            ({"X-Varnish": "32770 3"}, "x-varnish: two requests"),
            ({"Age": "604800"}, "Age: 604800 s"),
            ({}, "the same answer with the same Date twice"),
        ],
    )
    def test_one_that_runs_get_past_is_a_warning(
        self, systems: Running, webstore: WooCommerceClient, headers: dict[str, str], sign: str
    ) -> None:
        systems.webstore.people_create({"email": "kari@cache.example"})
        systems.webstore_faults.add("stale", by="cache", headers=headers)
        (finding,) = cached(webstore.check())
        assert (finding.ok, finding.warning, finding.mark) == (True, True, "warning")
        assert f"({sign})" in finding.what
        assert "Exclude /wp-json/" in finding.remedy
        assert webstore.writes_made == 0

    @pytest.mark.parametrize("headers", [{"X-Cache": "HIT"}, {}])
    def test_one_that_answers_every_question_is_a_failure(
        self, systems: Running, webstore: WooCommerceClient, headers: dict[str, str]
    ) -> None:
        systems.webstore_faults.add("stale", by="cache-path", headers=headers)
        (finding,) = cached(webstore.check())
        assert finding.mark == "FAILED"
        assert all(name in finding.remedy for name in ("LiteSpeed", "Varnish", "Cloudflare", "panel of the host"))

    @pytest.mark.parametrize(("by", "mark"), [("cache", "warning"), ("cache-path", "FAILED")])
    def test_one_that_hides_itself_answers_without_a_key(
        self, systems: Running, webstore: WooCommerceClient, by: str, mark: str
    ) -> None:
        """It says nothing of itself and dates what it remembers anew."""
        systems.webstore.people_create({"email": "kari@cache.example"})
        systems.webstore_faults.add("stale", by=by, headers={"Date": "(age)"})
        (finding,) = cached(webstore.check())
        assert finding.mark == mark
        assert "without a key" in finding.what

    def test_a_key_in_the_address_is_left_out_there_too(self, systems: Running) -> None:
        with webstore_client(webstore_connection(systems, api_key_as_query_param=True)) as client:
            assert cached(client.check()) == []

    def test_the_cache_is_asked_and_nothing_is_written(self, systems: Running, webstore: WooCommerceClient) -> None:
        identifier = systems.webstore.people_create({"email": "kari@cache.example"})
        before = systems.webstore.people_get(identifier)
        systems.webstore_faults.add("stale")
        webstore.check()
        assert systems.webstore.people_get(identifier) == before
        assert {operation.verb for operation in systems.webstore_log.operations()} == {"read"}


class TestCompany:
    def test_without_a_cache_nothing_is_said_of_one(self, company: BusinessCentralClient) -> None:
        findings = company.check()
        assert {finding.mark for finding in findings} == {"ok"}
        assert cached(findings) == []

    @pytest.mark.parametrize("headers", [{"X-Cache": "HIT"}, {}])
    def test_a_proxy_that_remembers_is_told(
        self, systems: Running, company: BusinessCentralClient, headers: dict[str, str]
    ) -> None:
        systems.business_central.people_create({"displayName": "Kari"})
        systems.business_central_faults.add("stale", headers=headers)
        (finding,) = cached(company.check())
        assert finding.mark == "FAILED"
        assert "base_url" in finding.remedy


@pytest.mark.parametrize(
    ("headers", "sign"),
    [
        ({"X-Cache": "MISS", "Age": "0"}, ""),
        ({"Cache-Control": "no-cache, max-age=0, stale-while-revalidate=5"}, ""),
        ({"X-LiteSpeed-Cache": "miss"}, ""),
        ({"CF-Cache-Status": "DYNAMIC"}, ""),
        ({"X-Varnish": "32770"}, ""),
        ({"X-Cache-Hits": "0, 0"}, ""),
        ({"X-Cacheable": "SHORT"}, ""),
        ({"Age": "yesterday"}, ""),
        ({"X-Cache": "Hit from cloudfront"}, "X-Cache: hit"),
        ({"X-Cache": "MISS, HIT"}, "X-Cache: hit"),
        ({"X-Cache-Hits": "0, 3"}, "X-Cache-Hits above 0"),
        ({"X-Proxy-Cache": "STALE"}, "X-Proxy-Cache: stale"),
        ({"X-FastCGI-Cache": "UPDATING"}, "X-FastCGI-Cache: updating"),
        ({"x-kinsta-cache": "HIT"}, "x-kinsta-cache: hit"),
        ({"Cache-Status": "ExampleCache; hit; ttl=376"}, "Cache-Status: hit"),
    ],
)
def test_headers_of_caches_are_known(headers: dict[str, str], sign: str) -> None:
    assert sign_of_a_cache(headers) == sign


def test_an_old_answer_is_no_clock_that_is_wrong() -> None:
    headers: dict[str, Any] = {"Date": formatdate(time.time() - 86_400, usegmt=True)}
    assert clock_finding("webstore", "the webstore", headers)
    assert clock_finding("webstore", "the webstore", {**headers, "Age": "86400"}) == []
