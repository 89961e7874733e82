"""The receiver over sockets: what it takes, what it refuses with which status, and that refused deliveries leave a count only."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from connector.setup import MetricsSettings, Setup
from connector.webhooks import serving
from connector.webhooks.genuine import client_state, signature
from tests.servers.receiver import SECRET, Served, served

STATE = client_state(SECRET, "shop")
GUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup.model_validate(
        {
            "webstore_code": "shop",
            "webstore": {"url": "http://127.0.0.1:1", "consumer_key": "ck", "consumer_secret": "cs"},
            "business_central": {
                "base_url": "http://127.0.0.1:1/api/v2.0", "company": "C", "auth": "basic", "username": "u", "password": "p",
            },
            "store": {"url": f"sqlite:///{tmp_path / 'store.sqlite'}"},
        }
    )  # fmt: skip


@pytest.fixture
def receiver(setup: Setup) -> Iterator[Served]:
    # nothing becomes due while a test looks
    with served(setup, debounce_seconds=3000, longest_wait_seconds=3000, max_body_kilobytes=16) as running:
        yield running


def bundle(*changes: dict[str, Any]) -> bytes:
    head = {
        "subscriptionId": "s1",
        "clientState": STATE,
        "changeType": "updated",
        "lastModifiedDateTime": "2026-11-25T00:00:00Z",
    }
    return json.dumps(
        {"value": [{**head, "resource": f"api/v2.0/companies(x)/customers({GUID})", **c} for c in changes]}
    ).encode()


def tell(receiver: Served, body: bytes, **headers: str) -> requests.Response:
    """Deliver as Business Central does."""
    told = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.post(receiver.company_address, data=body, headers=told, timeout=30)


def trace(receiver: Served) -> tuple[list[str], int]:
    """What the store remembers of deliveries, besides counters."""
    path = receiver.setup.store.url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        seen = connection.execute("SELECT count(*) FROM webhook_seen").fetchone()[0]
    connection.close()
    return receiver.waiting(), seen


def test_a_genuine_delivery_is_answered_when_it_is_safely_kept(receiver: Served) -> None:
    assert receiver.deliver(b'{"id":17}').status_code == 200
    assert receiver.waiting() == ["woo:17"]
    assert tell(receiver, bundle({})).status_code == 200
    assert set(receiver.waiting()) == {"woo:17", f"bc:{GUID}"}
    assert receiver.counted() == {"accepted": 2}


FORGED = {"X_WC_Webhook_Signature": signature(b'{"id":17}', "another secret of somebody")}


@pytest.mark.parametrize(
    ("body", "headers", "status", "counter"),
    [
        (b'{"id":17}', FORGED, 401, "forged"),
        (b'{"id":17}', {"X_WC_Webhook_Signature": ""}, 401, "forged"),
        (b'{"id":18}', {"X_WC_Webhook_Signature": signature(b'{"id":17}', SECRET)}, 401, "forged"),
        (b'{"id":', {}, 400, "malformed"),
        (b'{"id":"17"}', {}, 400, "malformed"),
        (b'{"id":17}', {"X_WC_Webhook_Topic": ""}, 400, "malformed"),
        (b'{"id":17}', {"Content_Type": "text/html"}, 415, "malformed"),
        (b'{"id":17}', {"Content_Encoding": "gzip"}, 415, "malformed"),
        (b'{"id":17,"x":"' + b"x" * 17_000 + b'"}', {}, 413, "oversized"),
    ],
)
def test_a_delivery_that_is_refused_leaves_no_trace_but_a_counter(
    receiver: Served, body: bytes, headers: dict[str, str], status: int, counter: str
) -> None:
    answer = receiver.deliver(body, **headers)
    assert (answer.status_code, answer.text) == (status, "refused")
    assert trace(receiver) == ([], 0)
    assert receiver.counted() == {counter: 1}


@pytest.mark.parametrize(
    ("body", "status", "counter"),
    [
        (bundle({"clientState": "guessed"}), 401, "forged"),
        (bundle({"clientState": None}), 401, "forged"),
        (bundle({"resource": 17}), 400, "malformed"),
        (b"not json", 400, "malformed"),
        (b'{"value":[' + b" " * 17_000 + b"]}", 413, "oversized"),
    ],
)
def test_a_notification_that_is_refused_leaves_no_trace_but_a_counter(
    receiver: Served, body: bytes, status: int, counter: str
) -> None:
    assert tell(receiver, body).status_code == status
    assert trace(receiver) == ([], 0)
    assert receiver.counted() == {counter: 1}


def test_a_replayed_delivery_is_refused_also_after_a_restart(setup: Setup) -> None:
    quiet = {"debounce_seconds": 3000, "longest_wait_seconds": 3000}
    with served(setup, **quiet) as receiver:
        assert receiver.deliver(b'{"id":17}').status_code == 200
        assert receiver.deliver(b'{"id":17}').status_code == 409
    with served(setup, **quiet) as receiver:
        before = trace(receiver)
        assert receiver.deliver(b'{"id":17}').status_code == 409
        assert trace(receiver) == before == (["woo:17"], 2)
        assert receiver.counted() == {"accepted": 1, "replayed": 2}


def test_a_replay_under_a_new_delivery_id_is_answered_and_changes_nothing(receiver: Served) -> None:
    receiver.deliver(b'{"id":17}')
    with receiver.store.work("shop") as work:
        work.webhooks.done(work.webhooks.changes())
    # the id is not signed, and the shop does tell the same state twice: refusing would switch its webhook off
    assert receiver.deliver(b'{"id":17}', X_WC_Webhook_Delivery_ID="invented").status_code == 200
    assert receiver.waiting() == []
    assert receiver.counted() == {"accepted": 1, "repeated": 1}


def test_what_business_central_repeats_is_answered_and_changes_nothing(receiver: Served) -> None:
    # any other answer would make it delete the subscription
    assert [tell(receiver, bundle({})).status_code for _ in range(3)] == [200, 200, 200]
    assert receiver.counted() == {"accepted": 1, "repeated": 2}


def test_a_change_after_the_first_one_is_a_new_one(receiver: Served) -> None:
    receiver.deliver(b'{"id":17,"date_modified_gmt":"2026-11-25T00:00:00"}')
    assert receiver.deliver(b'{"id":17,"date_modified_gmt":"2026-11-25T00:00:01"}').status_code == 200
    assert receiver.counted() == {"accepted": 2}


def test_two_accounts_of_one_second_are_both_taken(receiver: Served) -> None:
    # WooCommerce makes the delivery id of webhook and second
    for number in (17, 18):
        assert receiver.deliver(b'{"id":%d}' % number).status_code == 200
    assert receiver.waiting() == ["woo:17", "woo:18"]


def test_the_ping_of_a_new_webhook_is_answered(receiver: Served) -> None:
    answer = requests.post(receiver.shop_address, data={"webhook_id": "3"}, timeout=30)
    assert answer.status_code == 200
    assert receiver.counted() == {"ping": 1}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_handshake_is_answered_with_the_token_as_plain_text(receiver: Served, method: str) -> None:
    answer = requests.request(method, receiver.company_address, params={"validationToken": "a+b<c>&d"}, timeout=5)
    assert (answer.status_code, answer.text) == (200, "a+b<c>&d")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("query", ["validationToken=", "validationToken=a&validationToken=b", "validationToken=a%0d%0ab",
                                   "validationToken=" + "x" * 3000])  # fmt: skip
def test_an_odd_handshake_is_refused(receiver: Served, query: str) -> None:
    assert requests.post(f"{receiver.company_address}?{query}", timeout=5).status_code == 400


def test_other_addresses_and_methods_are_not_there(receiver: Served) -> None:
    assert requests.post(f"{receiver.url}/webhooks/other/woocommerce", data=b"{}", timeout=5).status_code == 404
    assert requests.get(receiver.shop_address, timeout=5).status_code == 405
    assert requests.get(receiver.company_address, timeout=5).status_code == 405
    assert requests.get(f"{receiver.url}/health", timeout=5).text == "ok"


def test_a_body_that_comes_in_pieces_is_counted_while_it_comes(receiver: Served) -> None:
    pieces = (b"x" * 4096 for _ in range(1000))
    # the answer may be there before all pieces are: then the connection ends
    try:
        answer = requests.post(
            receiver.shop_address, data=pieces, headers={"Content-Type": "application/json"}, timeout=30
        )
        assert answer.status_code == 413
    except requests.ConnectionError:
        pass
    assert receiver.counted() == {"oversized": 1}


def test_a_body_that_does_not_come_is_not_waited_for(setup: Setup) -> None:
    with served(setup, body_seconds=0.2) as receiver, connected(receiver) as line:
        line.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\n" % urlsplit(receiver.shop_address).path.encode())
        line.sendall(b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
        assert line.recv(100).startswith(b"HTTP/1.1 408 ")
        assert receiver.counted() == {"slow": 1}


def test_whoever_connects_and_says_nothing_or_says_it_slowly_is_hung_up_on(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.3)
    with served(setup) as receiver, connected(receiver) as silent, connected(receiver) as slow:
        begun = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - begun < 10:
                slow.sendall(b"X")
                time.sleep(0.02)
        assert silent.recv(1) == b""


def test_a_connection_that_was_used_once_must_not_dawdle_either(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.3)
    with served(setup) as receiver, connected(receiver) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while not answer.endswith(b"ok"):
            answer += line.recv(1000)
        line.sendall(b"GET /health HTTP/1.1\r\n")
        assert line.recv(1) == b""


def test_a_head_that_is_too_long_is_refused(receiver: Served) -> None:
    with connected(receiver) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nX: " + b"x" * 70_000)
        assert line.recv(100).startswith(b"HTTP/1.1 400")


def test_an_address_that_keeps_forging_is_not_listened_to_for_a_while(receiver: Served) -> None:
    statuses = [receiver.deliver(b'{"id":17}', **FORGED).status_code for _ in range(40)]
    assert statuses[:30] == [401] * 30
    assert set(statuses[30:]) == {429}
    assert receiver.counted() == {"forged": 30, "limited": 10}
    assert trace(receiver) == ([], 0)


def test_more_deliveries_than_the_setup_allows_are_taken_later(setup: Setup) -> None:
    with served(setup, deliveries_per_minute=10, debounce_seconds=200) as receiver:
        answers = [receiver.deliver(b'{"id":%d}' % number) for number in range(1, 13)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert receiver.counted() == {"accepted": 10, "limited": 2}


def test_a_store_that_cannot_be_written_is_no_answer_of_success(setup: Setup) -> None:
    with served(setup, debounce_seconds=200) as receiver:
        with receiver.store.work("shop") as work:
            work._connection.exec_driver_sql("ALTER TABLE webhook_change RENAME TO elsewhere")
        answer = receiver.deliver(b'{"id":17}')
        with receiver.store.work("shop") as work:
            work._connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO webhook_change")
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        # nothing is remembered of it, so that the repetition is taken
        assert receiver.deliver(b'{"id":17}').status_code == 200
        assert receiver.counted() == {"accepted": 1, "unavailable": 1}


def test_a_thousand_deliveries_in_a_burst_are_all_kept(setup: Setup) -> None:
    with served(setup, debounce_seconds=3000, longest_wait_seconds=3000) as receiver:

        def deliver(number: int) -> int:
            with requests.Session() as session:
                session.trust_env = False
                return receiver.deliver(b'{"id":%d}' % number, session).status_code

        with ThreadPoolExecutor(32) as threads:
            assert list(threads.map(deliver, range(1, 1001))) == [200] * 1000
        assert set(receiver.waiting()) == {f"woo:{number}" for number in range(1, 1001)}


def test_a_restart_between_delivery_and_run_loses_nobody(setup: Setup) -> None:
    with served(setup, debounce_seconds=3000, longest_wait_seconds=3000) as receiver:
        for number in range(1, 21):
            receiver.deliver(b'{"id":%d}' % number)
        assert receiver.runs == []
    with served(setup, debounce_seconds=3000, longest_wait_seconds=3000) as receiver:
        assert len(receiver.waiting()) == 20


def connected(receiver: Served) -> socket.socket:
    parts = urlsplit(receiver.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


def test_prometheus_reads_what_became_of_deliveries_and_of_a_store_that_is_gone_only_that(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_TOKEN", SECRET[::-1])
    told = setup.model_copy(update={"metrics": MetricsSettings(token="env:METRICS_TOKEN")})
    with served(told, debounce_seconds=3000, longest_wait_seconds=3000) as receiver:

        def metrics(token: str) -> requests.Response:
            return requests.get(f"{receiver.url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=10)

        receiver.deliver(b'{"id":17}')
        receiver.deliver(b'{"id":18}', X_WC_Webhook_Signature="forged")
        receiver.counted()
        lines = metrics(SECRET[::-1]).text.splitlines()
        assert 'customer_sync_webhooks_total{result="accepted",webstore="shop"} 1.0' in lines
        assert 'customer_sync_waiting{webstore="shop",what="webhook changes"} 1.0' in lines
        assert any(line.startswith("customer_sync_webhook_oldest_change_timestamp_seconds{") for line in lines)
        assert metrics(SECRET).status_code == 401  # deliveries have a secret of their own
        (tmp_path / "store.sqlite").rename(tmp_path / "elsewhere.sqlite")
        gone = metrics(SECRET[::-1])
        assert gone.status_code == 200
        assert 'customer_sync_store_readable{webstore="shop"} 0.0' in gone.text
        assert "customer_sync_waiting{" not in gone.text
        assert requests.get(f"{receiver.url}/healthz", timeout=10).text == "ok"
        (tmp_path / "elsewhere.sqlite").rename(tmp_path / "store.sqlite")
