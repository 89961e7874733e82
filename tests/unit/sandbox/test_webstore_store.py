"""The emulated webstore's state: loading, people, threads, files."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.people import generated_webstore_customers
from sandbox.woocommerce.people import PeopledStore


def test_generated_customers_come_back_as_they_were_loaded():
    store = PeopledStore(":memory:", seed=0)
    records = generated_webstore_customers(200, 5)
    assert store.load(json.loads(json.dumps(records))) == len(records)
    for record in records:
        shown = store.people_get(record["id"])
        assert {**shown, "avatar_url": record["avatar_url"]} == record
    assert store.customer_ids() == [record["id"] for record in records]
    assert store.count("customer") == 200
    store.close()


def test_an_id_that_exists_is_refused_and_nothing_is_loaded():
    store = PeopledStore(":memory:", seed=0)
    store.load([{"id": 7, "email": "a@store.example"}])
    for records in (
        [{"id": 8, "email": "b@store.example"}, {"id": 7, "email": "c@store.example"}],
        [{"id": 9, "email": ""}] * 2,
    ):
        with pytest.raises(ValueError, match="exist already"):
            store.load(records)
    assert store.customer_ids() == [7]
    assert store.people_create({}) == 8
    store.close()


def test_people_create_edit_and_delete_without_any_rule():
    store = PeopledStore(":memory:", seed=0)
    made = store.people_create(
        {"email": "ann@store.example", "first_name": "Tom & Jerry", "billing": {"city": "Oslo", "nosuch": "x"}}
    )
    store.advance_clock(5)
    before = store.people_get(made)
    store.people_update(
        made, {"email": "new@store.example", "billing": {"phone": "1"}, "meta_data": [{"key": "k", "value": 1}]}
    )
    after = store.people_get(made)
    assert (before["first_name"], before["billing"]["city"]) == ("Tom &amp; Jerry", "Oslo")
    assert (after["email"], after["billing"]["city"], after["billing"]["phone"]) == ("new@store.example", "Oslo", "1")
    assert after["meta_data"][0]["value"] == "1"
    assert after["date_modified_gmt"] > before["date_modified_gmt"]
    assert after["avatar_url"] != before["avatar_url"]
    store.people_delete(made)
    for act in (store.people_get, store.people_delete, lambda key: store.people_update(key, {})):
        with pytest.raises(KeyError):
            act(made)
    store.close()


def test_an_account_that_woocommerce_never_saved_has_no_date_of_modification():
    store = PeopledStore(":memory:", seed=0)
    made = store.people_create({"email": "ann@store.example", "date_modified_gmt": None})
    assert store.people_get(made)["date_modified"] is None
    store.people_update(made, {})
    assert store.people_get(made)["date_modified"] is not None
    store.close()


def test_a_file_keeps_everything(tmp_path):
    path = str(tmp_path / "webstore.sqlite")
    store = PeopledStore(path, seed=0)
    made = store.people_create({"email": "ann@store.example"})
    gone = store.people_create({"email": "bob@store.example"})
    store.people_delete(gone)
    store.put_webhook({"id": store.next_number("webhook"), "topic": "customer.created", "status": "paused"})
    store.close()
    store.close()
    again = PeopledStore(path, seed=0)
    assert (again.customer_ids(), again.customer_ids("customer")) == ([made], [made])
    assert again.people_create({"email": "carl@store.example"}) == gone + 1
    assert [hook["topic"] for hook in again.webhooks()] == ["customer.created"]
    again.close()


def test_a_person_and_the_api_do_not_overwrite_each_other(running, webstore):
    made = webstore.session.post(webstore.customers, json={"email": "ann@store.example"}).json()["id"]
    url = f"{webstore.customers}/{made}"

    def by_api(number: int) -> None:
        requests.put(url, json={"billing": {"city": f"{number}"}}, auth=webstore.session.auth, timeout=30)

    def by_person(number: int) -> None:
        running.webstore.people_update(made, {"shipping": {"city": f"{number}"}})

    with ThreadPoolExecutor(4) as pool:
        for act in (by_api, by_person):
            list(pool.map(act, range(20)))
        futures = [pool.submit(act, 100) for act in (by_api, by_person)]
        for future in futures:
            future.result()
    record = running.webstore.people_get(made)
    assert (record["billing"]["city"], record["shipping"]["city"]) == ("100", "100")


def test_late_pages_cost_what_early_ones_cost(running, webstore):
    running.webstore.load(generated_webstore_customers(12_000, 1))

    def fastest(page: int) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            answer = webstore.session.get(webstore.customers, params={"per_page": 100, "page": page, "orderby": "id"})
            times.append(time.perf_counter() - began)
            assert len(answer.json()) == 100
        return min(times)

    assert fastest(115) < 5 * fastest(2)


def test_the_clock_of_the_shop_can_be_set_ahead_from_outside(running, webstore):
    made = webstore.session.post(webstore.customers, json={"email": "ann@store.example"}).json()
    answer = requests.post(f"{running.webstore_control}/clock", json={"advance": 3600}, timeout=10)
    assert answer.json() == {"advance": 3600}
    changed = webstore.session.put(f"{webstore.customers}/{made['id']}", json={}).json()
    assert changed["date_modified_gmt"] > made["date_modified_gmt"]
    for nonsense in ({}, {"advance": "x"}):
        assert requests.post(f"{running.webstore_control}/clock", json=nonsense, timeout=10).status_code == 400
