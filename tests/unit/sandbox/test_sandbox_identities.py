"""Ids that change owners, shops and companies that become others, and who a request pretends to be."""

import pytest
import requests

from sandbox.business_central.copying import copy_company
from sandbox.operations import Operation


def account_without_links(account: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in account.items() if name != "_links"}


def _post(url: str, content: object) -> requests.Response:
    return requests.post(url, json=content, timeout=10)


@pytest.mark.parametrize("keep_old", [False, True])
def test_an_accounts_id_becomes_another_persons(running, webstore, keep_old):
    record = {"email": "kari@id.example", "first_name": "Kari", "billing": {"phone": "1"}}
    kari = running.webstore.people_create({**record, "date_created_gmt": "2024-05-06T07:08:09"})
    before = running.webstore.people_get(kari)
    order = {"action": "replace", "id": kari, "record": {"email": "ola@id.example", "first_name": "Ola"}}
    done = _post(f"{running.webstore_control}/people", {**order, "keep_old": keep_old}).json()
    assert done["id"] == kari
    after = webstore.session.get(f"{webstore.customers}/{kari}").json()
    assert (after["email"], after["first_name"], after["billing"]["phone"]) == ("ola@id.example", "Ola", "")
    assert after["username"] != before["username"]
    assert after["date_created_gmt"] > before["date_created_gmt"] == "2024-05-06T07:08:09"
    assert before["date_created"] == "2024-05-06T08:08:09"
    if keep_old:
        assert running.webstore.people_get(done["old_id"]) == {**before, "id": done["old_id"]}
    else:
        assert done["old_id"] is None
    listed = webstore.session.get(webstore.customers, params={"orderby": "id"}).json()
    assert [row["id"] for row in listed] == running.webstore.customer_ids() == [kari, *([kari + 1] if keep_old else [])]


@pytest.mark.parametrize("keep_old", [False, True])
def test_a_customers_number_becomes_another_customers(running, company, keep_old):
    kari = running.business_central.people_create({"displayName": "Kari"})
    number = running.business_central.people_get(kari)["number"]
    order = {"action": "replace", "id": kari, "record": {"displayName": "Ola"}, "keep_old": keep_old}
    done = _post(f"{running.business_central_control}/people", order).json()
    (found,) = company.session.get(company.customers, params={"$filter": f"number eq '{number}'"}).json()["value"]
    assert (found["displayName"], found["id"]) == ("Ola", done["id"])
    assert done["id"] != kari
    old = company.session.get(f"{company.customers}({kari})")
    assert (old.status_code, done["old_id"]) == ((200, kari) if keep_old else (404, None))


def test_who_is_not_there_cannot_be_replaced(running):
    order = {"action": "replace", "id": 99, "record": {}}
    assert _post(f"{running.webstore_control}/people", order).status_code == 400


def test_an_account_gets_another_role(running, webstore):
    kari = running.webstore.people_create({"email": "kari@id.example"})
    order = {"action": "update", "id": kari, "changes": {"role": "shop_manager", "billing": {"phone": "2"}}}
    assert _post(f"{running.webstore_control}/people", order).ok

    def with_role(role):
        return [row["id"] for row in webstore.session.get(webstore.customers, params={"role": role}).json()]

    assert (with_role("customer"), with_role("shop_manager"), with_role("all")) == ([], [kari], [kari])
    account = webstore.session.get(f"{webstore.customers}/{kari}").json()
    assert (account["role"], account["billing"]["phone"]) == ("shop_manager", "2")
    running.webstore.advance_clock(60)
    running.webstore.people_update(kari, {"role": "subscriber"})
    assert running.webstore.people_get(kari) == {**account_without_links(account), "role": "subscriber"}


def test_a_shop_says_who_it_is_to_everybody(running):
    url = f"{running.webstore_url}/wp-json/"
    told = requests.get(url, headers={"Host": "elsewhere.example"}, timeout=10).json()
    assert (told["url"], told["home"]) == (running.webstore_url, running.webstore_url)
    assert (told["gmt_offset"], told["timezone_string"]) == ("1", "")
    assert "wc/v3" in told["namespaces"]
    changed = _post(f"{running.webstore_control}/settings", {"name": "Tom's & Jerry's", "description": "All for cats"})
    typed = {"name": "Tom's & Jerry's", "description": "All for cats", "url": running.webstore_url}
    assert changed.json().items() >= typed.items()
    told = requests.get(url, params={"_fields": "name,url"}, timeout=10).json()
    told.pop("_links")
    assert told == {"name": "Tom&#039;s &amp; Jerry&#039;s", "url": running.webstore_url}
    _post(f"{running.webstore_control}/settings", {"url": "https://moved.example"})
    assert requests.get(url.rstrip("/"), timeout=10).json()["home"] == "https://moved.example"
    for nonsense in ({"colour": "red"}, {"name": 5}):
        assert _post(f"{running.webstore_control}/settings", nonsense).status_code == 400


def test_a_copied_company_has_another_id_and_so_have_its_customers(running, company):
    store = running.business_central
    kari = store.people_create({"displayName": "Kari"})
    before = store.people_get(kari)
    old = store.company_id
    told = _post(f"{running.business_central_control}/settings", {"copied": True}).json()
    assert told["name"] == running.company
    assert told["id"] != old
    (listed,) = company.session.get(f"{company.root}/companies").json()["value"]
    assert (listed["id"], listed["displayName"]) == (told["id"], running.company)
    assert company.session.get(company.customers).status_code == 404
    (customer,) = company.session.get(f"{company.root}/companies({told['id']})/customers").json()["value"]
    assert customer["number"] == before["number"]
    assert customer["id"] != kari
    assert customer["lastModifiedDateTime"] == before["lastModifiedDateTime"]
    copy_company(store, keep_customer_ids=True)
    assert store.customer_ids() == [customer["id"]]
    assert store.company_id not in (old, told["id"])


def test_a_company_is_renamed_from_outside(running):
    control = f"{running.business_central_control}/settings"
    try:
        assert _post(control, {"name": "Another Ltd."}).json()["name"] == "Another Ltd."
        assert requests.get(control, timeout=10).json()["name"] == "Another Ltd."
        for nonsense in ({"name": " "}, {"colour": "red"}):
            assert _post(control, nonsense).status_code == 400
    finally:
        running.business_central.rename_company(running.company)


@pytest.mark.parametrize(
    "pretended", [{"params": {"_method": "get", "orderby": "id"}}, {"headers": {"X-HTTP-Method-Override": "GET"}}]
)
def test_a_post_that_stands_for_a_get_is_that_get(running, webstore, pretended):
    kari = running.webstore.people_create({"email": "kari@id.example"})
    answer = webstore.session.post(webstore.customers, json={"email": "not@created.example"}, **pretended)
    assert answer.status_code == 200
    assert answer.headers["X-WP-Total"] in ("0", "1")
    assert running.webstore.customer_ids() == [kari]
    (entry,) = running.webstore_log
    assert (entry.method, entry.is_write, entry.operations) == ("GET", False, (Operation("read", "customers"),))


def test_a_get_that_stands_for_a_write_is_logged_as_that_write(running, webstore):
    kari = running.webstore.people_create({"email": "kari@id.example"})
    answer = webstore.session.get(f"{webstore.customers}/{kari}", params={"_method": "DELETE", "force": "true"})
    assert answer.status_code == 200
    assert running.webstore.customer_ids() == []
    (entry,) = running.webstore_log.writes()
    assert entry.operations == (Operation("delete", f"customers/{kari}"),)
