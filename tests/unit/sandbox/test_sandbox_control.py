"""The control addresses below /_sandbox on both ports."""

import pytest
import requests


def _post(url: str, content: object) -> requests.Response:
    return requests.post(url, json=content, timeout=10)


def test_control_requests_are_not_in_the_log_and_meet_no_faults(running, webstore):
    running.webstore_faults.add("503")
    for _ in range(2):
        assert requests.get(f"{running.webstore_control}/requests", timeout=10).json()["requests"] == []
    assert webstore.session.get(webstore.customers).status_code == 503


def test_the_log_is_read_and_cleared(running, webstore):
    webstore.session.get(webstore.customers)
    webstore.session.post(webstore.customers, json={"email": "kari@control.example"})
    url = f"{running.webstore_control}/requests"
    content = requests.get(url, timeout=10).json()
    assert (content["reads"], content["writes"]) == (1, 1)
    assert content["requests"][1]["operations"] == [["create", "customers"]]
    requests.delete(url, timeout=10)
    assert len(running.webstore_log) == 0


def test_a_fault_is_ordered_seen_and_taken_back(running, company):
    url = f"{running.business_central_control}/faults"
    ordered = _post(url, {"kind": "429", "retry_after": 3, "count": 2, "path": "customers"})
    assert (ordered.status_code, ordered.json()["kind"]) == (201, "429")
    assert company.session.get(company.customers).headers["Retry-After"] == "3"
    content = requests.get(url, timeout=10).json()
    assert [rule["struck"] for rule in content["pending"]] == [1]
    assert [fired["kind"] for fired in content["fired"]] == ["429"]
    requests.delete(url, timeout=10)
    assert company.session.get(company.customers).status_code == 200


@pytest.mark.parametrize(
    "content",
    [{}, {"kind": "nonsense"}, {"kind": "503", "count": "two"}, {"kind": "503", "colour": "red"}, ["503"]],
)
def test_a_fault_that_makes_no_sense_is_a_400(running, content):
    answer = _post(f"{running.webstore_control}/faults", content)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert running.webstore_faults.pending == []


def test_people_create_edit_and_delete_a_webstore_customer(running, webstore):
    url = f"{running.webstore_control}/people"
    record = {"email": "kari@control.example", "first_name": "Kari", "last_name": "Lie"}
    created = _post(url, {"action": "create", "record": record})
    assert created.status_code == 201
    customer = f"{webstore.customers}/{created.json()['id']}"
    assert _post(url, {"action": "update", "id": created.json()["id"], "changes": {"last_name": "Nord"}}).ok
    assert webstore.session.get(customer).json()["last_name"] == "Nord"
    assert _post(url, {"action": "delete", "id": created.json()["id"]}).ok
    assert webstore.session.get(customer).status_code == 404


def test_people_create_edit_and_delete_a_business_central_customer(running, company):
    url = f"{running.business_central_control}/people"
    created = _post(url, {"action": "create", "record": {"displayName": "Kari Lie"}}).json()["id"]
    assert _post(url, {"action": "update", "id": created, "changes": {"city": "Bergen"}}).ok
    customer = f"{company.customers}({created})"
    assert company.session.get(customer).json()["city"] == "Bergen"
    assert _post(url, {"action": "delete", "id": created}).ok
    assert company.session.get(customer).status_code == 404


@pytest.mark.parametrize(
    "content",
    [{"action": "marry"}, {"action": "update", "id": 999_999, "changes": {}}, {"action": "create", "record": "Kari"}],
)
def test_people_cannot_do_what_makes_no_sense(running, content):
    assert _post(f"{running.webstore_control}/people", content).status_code == 400


def test_reset_restores_the_beginning(running, webstore):
    webstore.session.post(webstore.customers, json={"email": "kari@control.example"})
    running.webstore_faults.add("503")
    assert _post(f"{running.webstore_control}/reset", {"empty": True}).json() == {"customers": 0}
    assert (len(running.webstore_log), running.webstore_faults.pending) == (0, [])
    assert webstore.session.get(webstore.customers).json() == []
