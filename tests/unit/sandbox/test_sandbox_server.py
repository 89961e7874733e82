"""Starting and stopping: ports, populations, state that outlives a process, latency."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from sandbox.people import SandboxInputError
from sandbox.server import Running, start


def _totals(running: Running) -> tuple[int, int]:
    return len(running.webstore.customer_ids()), len(running.business_central.customer_ids())


def _customers_total(running: Running, role: str = "customer") -> int:
    answer = requests.get(
        f"{running.webstore_url}/wp-json/wc/v3/customers",
        params={"role": role, "per_page": "1"},
        auth=(running.consumer_key, running.consumer_secret),
        timeout=30,
    )
    return int(answer.headers["X-WP-Total"])


def test_by_default_the_recorded_webstore_and_an_overlapping_company_are_there():
    with start() as running:
        assert _customers_total(running) == 2057
        assert _customers_total(running, role="all") == 2123
        assert len(running.business_central.customer_ids()) > 1000
        before = _totals(running)
        running.webstore.people_delete(running.webstore.customer_ids()[-1])
        requests.post(f"{running.webstore_control}/reset", json={}, timeout=30).raise_for_status()
        assert _totals(running) == before


def test_a_number_gives_exactly_so_many_customers():
    with start(webstore_customers=70, business_central_customers=40, seed=3) as running:
        assert _customers_total(running) == 70
        assert len(running.business_central.customer_ids()) == 40


def test_nothing_is_left_open_after_a_stop_and_a_second_stop_does_nothing():
    running = start(empty=True)
    port = int(running.webstore_url.rpartition(":")[2])
    with requests.Session() as session:
        session.get(f"{running.webstore_control}/requests")
        running.stop()
    running.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_in_use_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SandboxInputError, match=f"port {port} .* is in use"):
            start(business_central_port=port, empty=True)


def test_latency_of_one_request_does_not_hold_up_another():
    with start(empty=True, latency_ms=600) as running:
        began = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: _customers_total(running), range(8)))
        elapsed = time.monotonic() - began
        assert all(entry.milliseconds >= 600 for entry in running.webstore_log.entries)
    assert 0.6 <= elapsed < 8 * 0.6


def test_the_same_seed_gives_the_same_credentials_and_another_seed_others():
    with start(empty=True, seed=5) as first, start(empty=True, seed=5) as second, start(empty=True, seed=6) as third:
        assert (first.consumer_key, first.client_secret) == (second.consumer_key, second.client_secret)
        assert first.consumer_key != third.consumer_key
        assert "sandbox" in first.consumer_key


def test_state_in_a_directory_outlives_the_process(tmp_path):
    with start(empty=True, directory=tmp_path) as running:
        made = running.business_central.people_create({"displayName": "Kari Lie"})
        other = running.webstore.people_create({"email": "kari@state.example"})
    with start(directory=tmp_path) as running:
        assert running.business_central.customer_ids() == [made]
        assert other in running.webstore.customer_ids()
    with pytest.raises(SandboxInputError, match="already"):
        start(webstore_customers=5, directory=tmp_path)


def test_customers_come_from_files(tmp_path):
    webstore_file, company_file = tmp_path / "webstore.jsonl", tmp_path / "company.jsonl"
    webstore_file.write_text(json.dumps({"id": 41, "email": "kari@file.example"}) + "\n", encoding="utf-8")
    company_file.write_text(json.dumps({"displayName": "Åse Lie"}) + "\n", encoding="utf-8")
    with start(webstore_customers=webstore_file, business_central_customers=company_file) as running:
        assert _customers_total(running) == 1
        assert len(running.business_central.customer_ids()) == 1


def test_a_second_start_with_the_same_choice_goes_on_at_the_same_addresses(tmp_path: Path) -> None:
    places = []
    for _ in range(2):
        with start(webstore_customers=5, business_central_customers=3, seed=2, directory=tmp_path) as running:
            running.webstore.people_create({"email": f"new{len(places)}@mail.example"})
            places.append((running.webstore_url, running.base_url, running.consumer_key))
            assert _totals(running) == (5 + len(places), 3)
    assert places[0] == places[1]
    for other in ({"webstore_customers": 6}, {"empty": True}, {"webstore_customers": 5}):
        with pytest.raises(SandboxInputError, match="webstore 5, business_central 3"):
            start(**other, directory=tmp_path)
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", int(places[0][0].rpartition(":")[2])))
        busy.listen()
        with start(directory=tmp_path) as running:
            assert _totals(running) == (7, 3)
