"""Webhooks: handshake, life, merged notifications, repeated and given up, and the collection for very many changes."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from running_company import Company, refusal, running_company


@dataclass
class Subscriber:
    """A server that notes what it is told; `status` is what it answers, `speaks` whether it passes the handshake."""

    url: str = ""
    status: int = 200
    speaks: bool = True
    handshakes: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def changes(self) -> list[tuple[str, str]]:
        """What changed of which resource (its last part), over all notifications."""
        return [
            (item["changeType"], item["resource"].rpartition("customers")[2].strip("()"))
            for told in self.told
            for item in told["value"]
        ]


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    seen = Subscriber()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = parse_qs(urlsplit(self.path).query).get("validationToken")
            if token:
                seen.handshakes += 1
                self._answer(200, token[0] if seen.speaks else "something else")
            else:
                seen.told.append(json.loads(body))
                seen.headers.append(dict(self.headers))
                self._answer(seen.status, "")

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_port}/notify"
    yield seen
    server.shutdown()
    server.server_close()
    thread.join()


def _subscribe(company: Company, url: str, **more: str) -> requests.Response:
    resource = f"/api/v2.0/companies({company.store.company_id})/customers"
    content = {"notificationUrl": url, "resource": resource, "clientState": "shared", **more}
    return company.session.post(f"{company.base}/subscriptions", json=content)


def test_a_subscription_begins_with_a_handshake_and_lives_three_days(cronus, subscriber):
    answer = _subscribe(cronus, subscriber.url)
    made = answer.json()
    assert (answer.status_code, subscriber.handshakes) == (201, 1)
    assert len(made["subscriptionId"]) == 32
    assert made["@odata.context"] == f"{cronus.base}/$metadata#subscriptions/$entity"
    listed = cronus.session.get(f"{cronus.base}/subscriptions").json()["value"]
    assert [row["subscriptionId"] for row in listed] == [made["subscriptionId"]]
    cronus.store.clock.advance(3 * 86_400 + 1)
    cronus.log_in()
    cronus.create()
    assert cronus.session.get(f"{cronus.base}/subscriptions").json()["value"] == []
    assert cronus.courier.deliver() == 0


@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("http://shop.example/notify", None),
        ("ftp://127.0.0.1/notify", None),
        ("http://127.0.0.1:9/nobody-listens", None),
        (None, "/api/v2.0/companies(11111111-1111-4111-8111-111111111111)/customers"),
        (None, "customers"),
        (None, ""),
    ],
)
def test_what_cannot_be_notified_is_refused(cronus, subscriber, url, resource):
    more = {} if resource is None else {"resource": resource}
    assert refusal(_subscribe(cronus, url or subscriber.url, **more))[0] == 400
    assert cronus.session.get(f"{cronus.base}/subscriptions").json()["value"] == []


def test_a_wrong_answer_to_the_handshake_is_no_subscription(cronus, subscriber):
    subscriber.speaks = False
    assert refusal(_subscribe(cronus, subscriber.url))[0] == 400


def test_renewing_repeats_the_handshake_and_prolongs_the_life(cronus, subscriber):
    made = _subscribe(cronus, subscriber.url).json()
    url = f"{cronus.base}/subscriptions('{made['subscriptionId']}')"
    assert refusal(cronus.session.patch(url, json={}))[1] == "BadRequest_InvalidToken"
    cronus.store.clock.advance(86_400)
    cronus.log_in()
    renewed = cronus.session.patch(url, json={"clientState": "new"}, headers={"If-Match": made["@odata.etag"]}).json()
    assert (subscriber.handshakes, renewed["clientState"]) == (2, "new")
    assert renewed["expirationDateTime"] > made["expirationDateTime"]
    assert cronus.session.get(url).json() == renewed
    stale = cronus.session.patch(url, json={}, headers={"If-Match": made["@odata.etag"]})
    assert refusal(stale)[:2] == (409, "Request_EntityChanged")


def test_after_unsubscribing_nobody_is_told(cronus, subscriber):
    made = _subscribe(cronus, subscriber.url).json()
    cronus.create()
    url = f"{cronus.base}/subscriptions('{made['subscriptionId']}')"
    assert cronus.session.delete(url, headers={"If-Match": "*"}).status_code == 204
    assert refusal(cronus.session.get(url))[0] == 404
    assert (cronus.courier.deliver(), subscriber.told) == (0, [])


def test_changes_are_merged_per_customer_and_told_without_any_data(cronus, subscriber):
    old = cronus.create()
    made = _subscribe(cronus, subscriber.url).json()
    new = cronus.create(email="kari@mail.example")
    for city in ("Oslo", "Bergen"):
        new = cronus.patch(new, city=city).json()
    old = cronus.patch(old, city="Oslo").json()
    cronus.session.delete(f"{cronus.customers}({old['id']})")
    assert cronus.courier.deliver() == 1
    assert sorted(subscriber.changes()) == sorted([("created", new["id"]), ("deleted", old["id"])])
    item = next(item for item in subscriber.told[0]["value"] if item["changeType"] == "created")
    assert item == {
        "subscriptionId": made["subscriptionId"],
        "clientState": "shared",
        "expirationDateTime": made["expirationDateTime"],
        "resource": f"api/v2.0/companies({cronus.store.company_id})/customers({new['id']})",
        "changeType": "created",
        "lastModifiedDateTime": new["lastModifiedDateTime"],
    }
    headers = subscriber.headers[0]
    assert headers["Content-Type"] == "application/json"
    assert headers["clientRequestId"] == headers["x-ms-correlation-id"]
    assert cronus.courier.deliver() == 0


def test_what_people_do_on_the_screen_is_told_and_posting_is_not(cronus, subscriber):
    made = cronus.store.people_create({"displayName": "Kari"})
    _subscribe(cronus, subscriber.url)
    cronus.store.people_update(made, {"balanceDue": 12.5, "openEntries": True})
    assert cronus.courier.deliver() == 0
    cronus.store.people_update(made, {"number": "X1"})
    assert cronus.courier.deliver() == 1
    assert subscriber.changes() == [("updated", made)]


def test_two_subscriptions_of_one_address_are_told_in_one_request(cronus, subscriber):
    ids = {_subscribe(cronus, subscriber.url).json()["subscriptionId"] for _ in range(2)}
    _subscribe(cronus, subscriber.url, resource=f"/api/v2.0/companies({cronus.store.company_id})/currencies")
    cronus.create()
    assert cronus.courier.deliver() == 1
    assert {item["subscriptionId"] for item in subscriber.told[0]["value"]} == ids


def test_very_many_changes_are_told_as_a_collection_with_a_filter_that_works(subscriber):
    with running_company(maximum_notifications=3) as company:
        _subscribe(company, subscriber.url)
        numbers = [company.create()["number"] for _ in range(4)]
        company.courier.deliver()
        (item,) = subscriber.told[0]["value"]
        assert item["changeType"] == "collection"
        address = company.base.removesuffix("api/v2.0") + item["resource"]
        found = company.session.get(address).json()["value"]
        assert [row["number"] for row in found] == numbers


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_subscriber_in_trouble_is_told_again_later_and_given_up_after_more_than_five_failures(
    cronus, subscriber, status
):
    _subscribe(cronus, subscriber.url)
    subscriber.status = status
    customer = cronus.create()
    for attempts, seconds in enumerate((31, 61, 61, 601, 6_001), start=1):
        cronus.store.clock.advance(seconds - 2)
        cronus.courier.deliver(only_due=True)
        assert len(subscriber.told) == attempts - 1
        cronus.store.clock.advance(2)
        cronus.courier.deliver(only_due=True)
        assert len(subscriber.told) == attempts
    assert subscriber.changes() == [("created", customer["id"])] * 5
    cronus.log_in()
    assert len(cronus.session.get(f"{cronus.base}/subscriptions").json()["value"]) == 1
    cronus.courier.deliver()
    assert cronus.session.get(f"{cronus.base}/subscriptions").json()["value"] == []


def test_what_happens_while_a_subscriber_is_in_trouble_is_told_with_the_rest(cronus, subscriber):
    _subscribe(cronus, subscriber.url)
    subscriber.status = 503
    first = cronus.create()
    cronus.courier.deliver()
    second = cronus.create()
    subscriber.status = 204
    cronus.courier.deliver()
    assert [item[1] for item in subscriber.changes()] == [first["id"], first["id"], second["id"]]


def test_any_other_answer_ends_the_subscription(cronus, subscriber):
    _subscribe(cronus, subscriber.url)
    subscriber.status = 404
    cronus.create()
    cronus.courier.deliver()
    assert cronus.session.get(f"{cronus.base}/subscriptions").json()["value"] == []
    cronus.create()
    assert (cronus.courier.deliver(), len(subscriber.told)) == (0, 1)


def test_notifications_leave_by_themselves_after_the_delay(subscriber):
    with running_company(notification_delay_seconds=0.05) as company:
        _subscribe(company, subscriber.url)
        customer = company.create()
        assert _eventually(lambda: subscriber.changes() == [("created", customer["id"])])


def test_no_more_subscriptions_than_the_limit(subscriber):
    with running_company(maximum_subscriptions=1) as company:
        assert _subscribe(company, subscriber.url).status_code == 201
        assert refusal(_subscribe(company, subscriber.url))[:2] == (400, "Application_DialogException")


def test_what_a_snapshot_undid_is_not_told(cronus, subscriber):
    _subscribe(cronus, subscriber.url)
    create = {"method": "POST", "url": cronus.relative, "body": {"displayName": "A"}}
    cronus.batch(create, {**create, "body": {}}, Isolation="snapshot")
    assert cronus.courier.deliver() == 0


def test_undelivered_notifications_outlive_the_process(tmp_path, subscriber):
    file = str(tmp_path / "company.sqlite")
    with running_company(file) as company:
        _subscribe(company, subscriber.url)
        customer = company.create()
    with running_company(file, notification_delay_seconds=0.05) as company:
        company.store.clock.advance(31)
        assert _eventually(lambda: subscriber.changes() == [("created", customer["id"])])


def test_the_resources_that_can_be_subscribed_to_are_listed(cronus):
    runtime = cronus.base.removesuffix("v2.0") + "microsoft/runtime/beta"
    url = f"{runtime}/companies({cronus.store.company_id})/webhookSupportedResources"
    resources = [row["resource"] for row in cronus.session.get(url).json()["value"]]
    assert "v2.0/customers" in resources
    assert "v2.0/contacts" not in resources


def _eventually(condition) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()
