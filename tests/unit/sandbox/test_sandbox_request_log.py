"""What the request log counts: single requests, batches, tokens, and what it must not show."""

import pytest
import requests

from sandbox.operations import System, read_request


def _read(system: System, method: str, path: str, query: str = "", body: bytes = b"", **headers: str):
    return read_request(system, method, path, query, headers, body)


def test_single_requests_count_once_each(running, webstore):
    made = webstore.session.post(webstore.customers, json={"email": "kari@log.example"}).json()["id"]
    webstore.session.put(f"{webstore.customers}/{made}", json={"first_name": "Kari"})
    webstore.session.get(f"{webstore.customers}/{made}")
    webstore.session.delete(f"{webstore.customers}/{made}", params={"force": "true"})
    log = running.webstore_log
    target = f"customers/{made}"
    assert log.operations() == [("create", "customers"), ("update", target), ("read", target), ("delete", target)]
    assert [entry.method for entry in log.writes()] == ["POST", "PUT", "DELETE"]
    assert [entry.method for entry in log.reads()] == ["GET"]
    assert [entry.status for entry in log.entries] == [201, 200, 200, 200]


def test_a_webstore_batch_counts_its_operations_in_the_order_of_execution(running, webstore):
    made = [
        webstore.session.post(webstore.customers, json={"email": f"person{number}@log.example"}).json()["id"]
        for number in range(2)
    ]
    running.webstore_log.clear()
    webstore.session.post(
        f"{webstore.customers}/batch",
        json={"delete": [made[1]], "update": [{"id": made[0]}], "create": [{"email": "new@log.example"}]},
    )
    (entry,) = running.webstore_log.entries
    assert entry.operations == (
        ("create", "customers"),
        ("update", f"customers/{made[0]}"),
        ("delete", f"customers/{made[1]}"),
    )
    assert running.webstore_log.operations("create") == [("create", "customers")]


def test_a_batch_of_gets_is_a_read(running, company):
    path = company.customers.removeprefix(company.root + "/")
    read = {"id": "1", "method": "GET", "url": path}
    create = {
        "id": "2",
        "method": "POST",
        "url": path,
        "headers": {"Content-Type": "application/json"},
        "body": {"displayName": "Kari Lie"},
    }
    company.session.post(f"{company.root}/$batch", json={"requests": [read]})
    assert running.business_central_log.writes() == []
    company.session.post(f"{company.root}/$batch", json={"requests": [read, create]})
    assert len(running.business_central_log.writes()) == 1
    assert running.business_central_log.operations("create") == [("create", "customers")]


def test_token_requests_are_neither_reads_nor_writes(running, company):
    company.session.post(running.token_url)
    log = running.business_central_log
    assert (len(log), log.reads(), log.writes()) == (1, [], [])


def test_secrets_in_the_query_are_replaced(running, webstore):
    requests.get(
        webstore.customers,
        params={"consumer_key": running.consumer_key, "consumer_secret": running.consumer_secret, "per_page": "5"},
        timeout=10,
    )
    (entry,) = running.webstore_log.entries
    assert entry.query == "consumer_key=redacted&consumer_secret=redacted&per_page=5"


def test_an_entry_is_there_when_its_answer_arrives(running, webstore):
    for number in range(1, 20):
        webstore.session.get(webstore.customers)
        assert len(running.webstore_log) == number


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/v2.0/t/sandbox/api/v2.0/companies", ("read", "companies")),
        ("PATCH", "/BC/api/v2.0/companies(11)/customers(AB-1)", ("update", "customers/ab-1")),
        ("DELETE", "/v2.0/sandbox/api/v2.0/companies(11)/customers(2)", ("delete", "customers/2")),
        ("POST", "/v2.0/sandbox/api/v2.0/subscriptions", ("create", "subscriptions")),
    ],
)
def test_business_central_paths_are_read(method, path, operation):
    request = _read(System.BUSINESS_CENTRAL, method, path)
    assert request.operations == (operation,)
    assert request.is_write == (method != "GET")


def test_a_webstore_post_may_stand_for_another_method():
    by_query = _read(System.WEBSTORE, "POST", "/wp-json/wc/v3/customers/7", "_method=DELETE&force=true")
    by_header = _read(System.WEBSTORE, "POST", "/wp-json/wc/v3/customers", **{"x-http-method-override": "GET"})
    assert by_query.operations == (("delete", "customers/7"),)
    assert not by_header.is_write


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"update": 3}', b'{"requests": [1]}'])
def test_a_broken_batch_has_no_operations(body):
    assert _read(System.WEBSTORE, "POST", "/wp-json/wc/v3/customers/batch", body=body).operations == ()
    assert _read(System.BUSINESS_CENTRAL, "POST", "/BC/api/v2.0/$batch", body=body).operations == ()


@pytest.mark.parametrize(
    ("query", "is_later"),
    [("", False), ("page=1", False), ("page=2", True), ("offset=100", True), ("aid=FIN&$skiptoken=x", True)],
)
def test_later_pages_are_recognised(query, is_later):
    assert _read(System.WEBSTORE, "GET", "/wp-json/wc/v3/customers", query).is_later_page == is_later
