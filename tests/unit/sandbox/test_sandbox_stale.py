"""The fault `stale`: reads show an earlier moment while writes get through, as behind caches and lagging databases."""

import email.utils
import gc
import time

import pytest
import requests

from sandbox.faults import FaultError

BY_ID = {"orderby": "id", "per_page": 10}


@pytest.fixture
def kari(running):
    return running.webstore.people_create({"email": "kari@stale.example", "billing": {"phone": "1"}})


@pytest.fixture
def card(running):
    return running.business_central.people_create({"displayName": "Kari", "city": "Oslo"})


def _phones(answer):
    return [row["billing"]["phone"] for row in answer.json()]


def test_a_cache_answers_an_address_as_it_did_at_first(running, webstore, kari):
    running.webstore_faults.add("stale")
    first = webstore.session.get(webstore.customers, params=BY_ID)
    webstore.session.put(f"{webstore.customers}/{kari}", json={"billing": {"phone": "2"}})
    second = webstore.session.get(webstore.customers, params=BY_ID)
    assert (_phones(first), _phones(second)) == (["1"], ["1"])
    assert "X-Cache" not in first.headers
    assert (second.headers["X-Cache"], second.headers["Date"]) == ("HIT", first.headers["Date"])
    assert second.headers["Age"].isdigit()
    past_it = webstore.session.get(webstore.customers, params={**BY_ID, "_": "1"})
    assert _phones(past_it) == ["2"]
    assert running.webstore.people_get(kari)["billing"]["phone"] == "2"
    assert [entry.fault for entry in running.webstore_log] == [None, None, "stale", None]
    assert [entry.handled for entry in running.webstore_log] == [True, True, False, True]


def test_a_cache_by_path_drops_the_parameters_that_it_does_not_know(running, webstore, kari):
    running.webstore_faults.add("stale", by="cache-path")
    webstore.session.get(webstore.customers, params={**BY_ID, "_": "1"})
    webstore.session.put(f"{webstore.customers}/{kari}", json={"billing": {"phone": "2"}})
    assert _phones(webstore.session.get(webstore.customers, params={**BY_ID, "_": "2"})) == ["1"]
    assert _phones(webstore.session.get(webstore.customers, params={"include": str(kari)})) == ["2"]
    # what is not GET is no cache's business
    for past_it in ({"params": {**BY_ID, "_method": "GET"}}, {"headers": {"X-HTTP-Method-Override": "GET"}}):
        assert _phones(webstore.session.post(webstore.customers, **past_it)) == ["2"]


def test_nothing_gets_past_a_replica(running, webstore, kari):
    running.webstore_faults.add("stale", by="replica")
    webstore.session.put(f"{webstore.customers}/{kari}", json={"billing": {"phone": "2"}})
    created = webstore.session.post(webstore.customers, json={"email": "new@stale.example"}).json()
    reads = [
        webstore.session.get(webstore.customers, params=BY_ID),
        webstore.session.get(webstore.customers, params={**BY_ID, "_": "1"}),
        webstore.session.post(webstore.customers, params={**BY_ID, "_method": "GET"}),
        webstore.session.post(webstore.customers, params=BY_ID, headers={"X-HTTP-Method-Override": "GET"}),
    ]
    assert [_phones(answer) for answer in reads] == [["1"]] * 4
    assert webstore.session.get(f"{webstore.customers}/{created['id']}").status_code == 404
    assert {entry.fault for entry in running.webstore_log.reads()} == {"stale"}
    assert {entry.fault for entry in running.webstore_log.writes()} == {None}
    running.webstore_faults.clear("stale")
    assert _phones(webstore.session.get(webstore.customers, params=BY_ID)) == ["2", ""]


@pytest.mark.parametrize("by", ["cache", "replica"])
def test_business_central_is_stale_too(running, company, card, by):
    address = f"{company.customers}({card})"
    running.business_central_faults.add("stale", by=by, path="/customers|batch")
    tag = company.session.get(address).json()["@odata.etag"]
    company.session.patch(address, json={"city": "Bergen"}, headers={"If-Match": tag}).raise_for_status()
    assert company.session.get(address).json()["city"] == "Oslo"
    relative = company.customers.removeprefix(f"{company.root}/")
    batch = {"requests": [{"id": "1", "method": "GET", "url": f"{relative}({card})"}]}
    (read,) = company.session.post(f"{company.root}/$batch", json=batch).json()["responses"]
    assert read["body"]["city"] == ("Bergen" if by == "cache" else "Oslo")
    # the tag is old as well, so a write that relies on it is refused
    refused = company.session.patch(address, json={"city": "Hamar"}, headers={"If-Match": tag})
    assert refused.status_code == 409


def test_tokens_that_were_given_since_reach_a_replica(running, company, card):
    running.business_central_faults.add("stale", by="replica")
    running.business_central.expire_tokens()
    assert company.session.get(company.customers).status_code == 401


def test_it_stays_until_it_is_forgotten_and_lets_others_strike(running, webstore, kari):
    running.webstore_faults.add("stale")
    for _ in range(3):
        webstore.session.get(webstore.customers, params=BY_ID)
    running.webstore_faults.add("503")
    assert webstore.session.get(webstore.customers, params=BY_ID).status_code == 503
    (rule,) = running.webstore_faults.pending
    assert (rule.kind, rule.seen, rule.struck) == ("stale", 3, 2)
    assert [fired.kind for fired in running.webstore_faults.fired] == ["stale", "stale", "503"]


def test_it_may_be_limited_to_a_path_and_a_number(running, webstore, kari):
    running.webstore_faults.add("stale", path="/customers$", count=1)
    for _ in range(2):
        webstore.session.get(f"{webstore.customers}/{kari}")
        webstore.session.get(webstore.customers, params=BY_ID)
    running.webstore.people_update(kari, {"billing": {"phone": "2"}})
    assert webstore.session.get(f"{webstore.customers}/{kari}").json()["billing"]["phone"] == "2"
    assert _phones(webstore.session.get(webstore.customers, params=BY_ID)) == ["2"]


@pytest.mark.parametrize(
    "headers", [{"X-LiteSpeed-Cache": "hit"}, {"CF-Cache-Status": "HIT", "Age": "(age)"}, {"Age": "604800"}, {}]
)
def test_a_cache_says_so_in_its_own_way_or_not_at_all(running, webstore, kari, headers):
    control = f"{running.webstore_control}/faults"
    order = {"kind": "stale", "by": "cache", "headers": headers}
    assert requests.post(control, json=order, timeout=10).json()["count"] is None
    plain = webstore.session.get(webstore.customers, params=BY_ID).headers
    hit = webstore.session.get(webstore.customers, params=BY_ID).headers
    assert {name: value for name, value in hit.items() if name not in plain} == {
        name.lower(): value.replace("(age)", "0") for name, value in headers.items()
    }
    requests.delete(control, params={"kind": "stale"}, timeout=10)
    assert running.webstore_faults.pending == []


@pytest.mark.parametrize("options", [{"by": "magic"}, {"headers": ["Age"]}, {"headers": {"Age": 5}}])
def test_a_stale_fault_that_makes_no_sense_is_refused(running, options):
    with pytest.raises(FaultError):
        running.webstore_faults.add("stale", **options)
    order = {"kind": "stale", **options}
    assert requests.post(f"{running.webstore_control}/faults", json=order, timeout=10).status_code == 400


def test_the_date_of_an_answer_follows_the_clock_of_the_system(running, webstore, company):
    for session, address in ((webstore.session, webstore.customers), (company.session, company.customers)):
        running.webstore.advance_clock(7200)
        running.business_central.clock.advance(7200)
        (date,) = session.get(address).raw.headers.getlist("Date")
        running.webstore.advance_clock(-7200)
        running.business_central.clock.advance(-7200)
        told = email.utils.parsedate_to_datetime(date).timestamp()
        assert told == pytest.approx(time.time() + 7200, abs=5)


def test_a_replica_that_was_forgotten_is_closed(running):
    running.webstore_faults.add("stale", by="replica")
    (rule,) = running.webstore_faults.pending
    closing = rule.memory.closing
    running.webstore_faults.clear()
    assert closing.alive
    del rule
    gc.collect()
    assert not closing.alive
