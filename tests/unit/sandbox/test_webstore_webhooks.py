"""Webhooks of the emulated webstore: signed, merged, given up after too many failures, never sent to other machines."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from sandbox.woocommerce.people import PeopledStore


@dataclass
class Subscriber:
    """A server that keeps what it is sent and answers with `status`."""

    url: str = ""
    status: int = 200
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def topics(self) -> list[str]:
        return [headers["x-wc-webhook-topic"] for headers, _ in self.received]


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    subscriber = Subscriber()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            subscriber.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(subscriber.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests are silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    subscriber.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield subscriber
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def deliver(running):
    # Whoever delivers by hand once decides about all later deliveries.
    running.webstore.deliveries.deliver()

    def by_control() -> int:
        answer = requests.post(f"{running.webstore_control}/deliver", timeout=30)
        return int(answer.json()["delivered"])

    return by_control


def _subscribe(webstore, url: str, *topics: str) -> list[int]:
    return [
        webstore.session.post(
            f"{webstore.root}/webhooks",
            json={"name": topic, "topic": topic, "delivery_url": url, "secret": "s3cret", "status": "disabled"},
        ).json()["id"]
        for topic in topics
    ]


def _create(webstore, email: str = "ann@hook.example") -> dict:
    return webstore.session.post(webstore.customers, json={"email": email, "first_name": "Åse"}).json()


def test_a_new_webhook_is_active_and_pings(webstore, subscriber, deliver):
    (hook,) = _subscribe(webstore, subscriber.url, "customer.updated")
    assert deliver() == 1
    headers, body = subscriber.received[0]
    assert (headers["content-type"], body) == ("application/x-www-form-urlencoded", f"webhook_id={hook}".encode())
    shown = webstore.session.get(f"{webstore.root}/webhooks/{hook}").json()
    assert (shown["status"], "secret" in shown) == ("active", False)


def test_a_delivery_is_the_signed_record_as_the_api_shows_it(running, webstore, subscriber, deliver):
    _subscribe(webstore, subscriber.url, "customer.updated")
    deliver()
    record = _create(webstore)
    deliver()
    headers, body = subscriber.received[-1]
    assert json.loads(body) == webstore.session.get(f"{webstore.customers}/{record['id']}").json()
    signature = base64.b64encode(hmac.new(b"s3cret", body, hashlib.sha256).digest()).decode()
    assert headers["x-wc-webhook-signature"] == signature
    assert headers["x-wc-webhook-resource"] == "customer"
    assert headers["x-wc-webhook-event"] == "updated"
    assert headers["x-wc-webhook-source"] == f"{running.webstore_url}/"
    assert headers["user-agent"].startswith("WooCommerce/10.5.0 Hookshot")
    assert len(headers["x-wc-webhook-delivery-id"]) == 32


def test_a_creation_is_also_an_update(webstore, subscriber, deliver):
    _subscribe(webstore, subscriber.url, "customer.created", "customer.updated", "customer.deleted")
    deliver()
    subscriber.received.clear()
    _create(webstore)
    deliver()
    assert sorted(subscriber.topics()) == ["customer.created", "customer.updated"]


def test_several_changes_in_one_window_are_one_delivery_with_the_last_state(webstore, subscriber, deliver):
    record = _create(webstore)
    _subscribe(webstore, subscriber.url, "customer.updated")
    deliver()
    for name in ("A", "B", "C"):
        webstore.session.put(f"{webstore.customers}/{record['id']}", json={"first_name": name})
    assert deliver() == 1
    assert json.loads(subscriber.received[-1][1])["first_name"] == "C"
    items = [{"email": f"p{number}@hook.example"} for number in range(5)]
    webstore.session.post(f"{webstore.customers}/batch", json={"create": items})
    assert deliver() == 5


def test_of_a_deleted_customer_the_id_is_left(running, webstore, subscriber, deliver):
    running.webstore.load([{"id": 90, "email": "editor@hook.example", "role": "editor"}])
    record = _create(webstore)
    _subscribe(webstore, subscriber.url, "customer.deleted")
    deliver()
    webstore.session.delete(f"{webstore.customers}/{record['id']}", params={"force": "true"})
    running.webstore.people_delete(90)
    assert deliver() == 1
    assert subscriber.received[-1][1] == json.dumps({"id": record["id"]}, separators=(",", ":")).encode()


def test_people_are_noticed_and_failed_requests_are_not(running, webstore, subscriber, deliver):
    record = _create(webstore)
    _subscribe(webstore, subscriber.url, "customer.created", "customer.updated")
    deliver()
    subscriber.received.clear()
    webstore.session.put(f"{webstore.customers}/{record['id']}", json={"first_name": 5})
    running.webstore.people_update(record["id"], {"last_name": "Lee"})
    running.webstore.people_create({"email": "sub@hook.example", "role": "subscriber"})
    deliver()
    assert subscriber.topics() == ["customer.updated", "customer.created"]


def test_a_paused_webhook_is_silent(webstore, subscriber, deliver):
    (hook,) = _subscribe(webstore, subscriber.url, "customer.created")
    deliver()
    webstore.session.put(f"{webstore.root}/webhooks/{hook}", json={"status": "paused"})
    _create(webstore)
    assert deliver() == 0


def test_more_than_five_failures_in_a_row_disable_a_webhook(webstore, subscriber, deliver):
    (hook,) = _subscribe(webstore, subscriber.url, "customer.created")
    deliver()

    def fail(times: int) -> str:
        for number in range(times):
            subscriber.status = 500
            _create(webstore, f"{time.monotonic_ns()}.{number}@hook.example")
            assert deliver() == 1
        return webstore.session.get(f"{webstore.root}/webhooks/{hook}").json()["status"]

    assert fail(6) == "active"
    subscriber.status = 200
    _create(webstore, "success@hook.example")
    deliver()
    assert fail(6) == "active"
    assert fail(1) == "disabled"
    _create(webstore, "late@hook.example")
    assert deliver() == 0


def test_a_failed_delivery_is_not_repeated(webstore, subscriber, deliver):
    _subscribe(webstore, subscriber.url, "customer.created")
    deliver()
    subscriber.status = 503
    _create(webstore)
    assert [deliver(), deliver()] == [1, 0]


@pytest.mark.parametrize("url", ["http://hook.example/x", "https://10.0.0.1/x", "http://[::2]/x"])
def test_nothing_is_sent_to_another_machine(webstore, deliver, url):
    _subscribe(webstore, url, "customer.created")
    _create(webstore)
    assert deliver() == 0


def test_without_a_hand_deliveries_come_by_themselves(subscriber):
    store = PeopledStore(":memory:", seed=0)
    hook = {"id": 1, "topic": "customer.created", "status": "active", "delivery_url": subscriber.url, "secret": "s"}
    store.put_webhook({**hook, "failures": 0, "is_pending": True, "base_url": "http://127.0.0.1/wp-json"})
    store.deliveries.changed(ping=1)
    identifier = store.people_create({"email": "ann@hook.example"})
    deadline = time.monotonic() + 20
    while len(subscriber.received) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    store.close()
    assert json.loads(subscriber.received[1][1])["id"] == identifier


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"topic": "nosuch"}, "woocommerce_rest_shop_webhook_invalid_topic"),
        ({"topic": "customer.nosuch"}, "woocommerce_rest_shop_webhook_invalid_topic"),
        ({"topic": None}, "rest_missing_callback_param"),
        ({"delivery_url": "ftp://127.0.0.1/x"}, "woocommerce_rest_shop_webhook_invalid_delivery_url"),
        ({"delivery_url": 5}, "rest_invalid_param"),
        ({"status": "nosuch"}, "rest_invalid_param"),
        ({"id": 5}, "woocommerce_rest_shop_webhook_exists"),
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(webstore, changes, code):
    content = {"topic": "customer.updated", "delivery_url": "http://127.0.0.1:9/x", **changes}
    answer = webstore.session.post(f"{webstore.root}/webhooks", json=content)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_webhooks_are_listed_newest_first_and_changed_in_batches(webstore):
    first, second = _subscribe(webstore, "http://127.0.0.1:9/x", "customer.created", "order.updated")
    url = f"{webstore.root}/webhooks"
    assert [hook["id"] for hook in webstore.session.get(url).json()] == [second, first]
    content = {"update": [{"id": first, "name": "x"}, {"id": 99}], "delete": [second, 99]}
    answer = webstore.session.post(f"{url}/batch", json=content).json()
    assert [item.get("name") for item in answer["update"]] == ["x", None]
    assert [item.get("error", {}).get("data", {}).get("status") for item in answer["update"]] == [None, 400]
    assert [item.get("error", {}).get("data", {}).get("status") for item in answer["delete"]] == [None, 404]
    # With one row a page the shop counts a single page.
    assert webstore.session.get(url, params={"per_page": 1}).headers["X-WP-TotalPages"] == "1"
