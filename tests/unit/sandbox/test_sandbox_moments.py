"""Going back to an earlier moment, as with a restored backup: what is gone, what is given again, what goes on."""

import pytest
import requests

from sandbox.business_central.store import Store as Company
from sandbox.woocommerce.people import PeopledStore as Webstore


def _post(url: str, content: object) -> requests.Response:
    return requests.post(url, json=content, timeout=10)


def test_a_restored_webstore_has_yesterdays_accounts_and_values(running, webstore):
    kari = running.webstore.people_create({"email": "kari@moment.example", "billing": {"phone": "1"}})
    gone = running.webstore.people_create({"email": "gone@moment.example"})
    before = running.webstore.people_get(kari)
    moment = running.webstore.snapshot()
    running.webstore.advance_clock(60)
    webstore.session.put(f"{webstore.customers}/{kari}", json={"billing": {"phone": "2"}})
    running.webstore.people_delete(gone)
    later = running.webstore.people_create({"email": "later@moment.example"})
    running.webstore.restore(moment)
    running.webstore.advance_clock(-60)
    assert running.webstore.people_get(kari) == before
    assert running.webstore.customer_ids() == [kari, gone]
    assert webstore.session.get(f"{webstore.customers}/{later}").status_code == 404
    listed = webstore.session.get(webstore.customers, params={"orderby": "id", "role": "all"})
    assert ([row["id"] for row in listed.json()], listed.headers["X-WP-Total"]) == ([kari, gone], "2")


def test_an_id_that_was_given_since_is_given_again_to_somebody_else(running, webstore):
    moment = running.webstore.snapshot()
    lost = webstore.session.post(webstore.customers, json={"email": "lost@moment.example"}).json()
    running.webstore.restore(moment)
    next_one = webstore.session.post(webstore.customers, json={"email": "stranger@moment.example"}).json()
    assert next_one["id"] == lost["id"]
    assert next_one["username"] != lost["username"]


def test_webhooks_that_were_made_since_are_gone_and_nobody_is_told_of_a_restore(running, webstore):
    moment = running.webstore.snapshot()
    hook = {"topic": "customer.created", "delivery_url": "http://127.0.0.1:9/", "status": "active"}
    webstore.session.post(f"{webstore.root}/webhooks", json=hook)
    running.webstore.people_create({"email": "kari@moment.example"})
    running.webstore.restore(moment)
    assert webstore.session.get(f"{webstore.root}/webhooks").json() == []
    assert running.webstore.deliveries.deliver() == 0


def test_a_restored_company_has_yesterdays_customers_values_and_etags(running, company):
    store = running.business_central
    kari = store.people_create({"displayName": "Kari", "city": "Oslo"})
    before = store.people_get(kari)
    moment = store.snapshot()
    store.clock.advance(1)
    store.people_update(kari, {"city": "Bergen"})
    lost = store.people_get(store.people_create({"displayName": "Lost"}))
    store.restore(moment)
    assert company.session.get(f"{company.customers}({kari})").json().items() >= before.items()
    assert company.session.get(f"{company.customers}({lost['id']})").status_code == 404
    again = company.session.post(company.customers, json={"displayName": "Stranger"}).json()
    assert again["number"] == lost["number"]
    assert again["id"] != lost["id"]


def test_the_tables_of_a_company_go_back_too(running):
    store = running.business_central
    moment = store.snapshot()
    store.references.put("currencies", {"code": "ZZZ", "displayName": "Invented"})
    store.rename_company("Another Ltd.")
    store.restore(moment)
    assert store.references.id_of("currencies", "ZZZ") is None
    assert store.database.row("SELECT displayName FROM companies")[0] == running.company


def test_a_moment_can_be_gone_back_to_more_than_once_also_in_a_file(tmp_path):
    shop, company = Webstore(str(tmp_path / "w.sqlite")), Company(str(tmp_path / "c.sqlite"), seed=0, company="CRONUS")
    try:
        for store, record in ((shop, {"email": "kari@moment.example"}), (company, {"displayName": "Kari"})):
            moment = store.snapshot()
            for _ in range(2):
                store.people_create(record)
                store.restore(moment)
                assert store.customer_ids() == []
    finally:
        shop.close()
        company.close()


@pytest.mark.parametrize("side", ["webstore", "business_central"])
def test_moments_are_kept_and_gone_back_to_from_outside(running, side):
    store, control = getattr(running, side), getattr(running, f"{side}_control")
    record = {"email": "kari@moment.example", **({"displayName": "Kari"} if side == "business_central" else {})}
    kari = store.people_create(record)
    getattr(running, f"{side}_faults").add("503")
    kept = _post(f"{control}/moments", {"name": "yesterday"})
    assert (kept.status_code, kept.json()) == (201, {"name": "yesterday", "customers": 1})
    store.people_create({**record, "email": "later@moment.example"})
    store.people_delete(kari)
    restored = _post(f"{control}/moments/yesterday/restore", {})
    assert (restored.status_code, restored.json()) == (200, {"name": "yesterday", "customers": 1})
    assert store.customer_ids() == [kari]
    assert [rule.kind for rule in getattr(running, f"{side}_faults").pending] == ["503"]
    assert "yesterday" in requests.get(f"{control}/moments", timeout=10).json()["moments"]
    unknown = _post(f"{control}/moments/never/restore", {})
    assert unknown.status_code == 400
    assert "yesterday" in unknown.json()["error"]
    assert _post(f"{control}/moments", {"name": ""}).status_code == 400


@pytest.mark.parametrize("side", ["webstore", "business_central"])
def test_a_clock_can_jump_in_both_directions(running, side):
    store, control = getattr(running, side), getattr(running, f"{side}_control")
    stamp = "date_modified_gmt" if side == "webstore" else "lastModifiedDateTime"
    stamps = []
    for seconds in (0, 7200, -10800):
        assert _post(f"{control}/clock", {"advance": seconds}).json() == {"advance": seconds}
        record = {"email": f"kari{len(stamps)}@moment.example", "displayName": "Kari"}
        stamps.append(store.people_get(store.people_create(record))[stamp])
    _post(f"{control}/clock", {"advance": 3600})
    assert stamps[2] < stamps[0] < stamps[1]
    for nonsense in ({}, {"advance": "x"}, {"advance": True}):
        assert _post(f"{control}/clock", nonsense).status_code == 400
