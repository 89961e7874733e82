"""Every kind of fault, as a client meets it over a socket, and what became of the request behind it."""

import time

import pytest
import requests

from sandbox.faults import FaultError
from sandbox.server import Running

PERSON = {"email": "kari@fault.example", "first_name": "Kari", "last_name": "Lie"}


def test_a_429_tells_when_to_come_back_and_nothing_is_written(running, webstore):
    running.webstore_faults.add("429", retry_after=7)
    answer = webstore.session.post(webstore.customers, json=PERSON)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert webstore.session.get(webstore.customers).json() == []


def test_a_503_without_the_option_has_no_retry_after(running, webstore):
    running.webstore_faults.add("503")
    answer = webstore.session.get(webstore.customers)
    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_500_is_in_the_systems_own_json(running, webstore, company):
    running.webstore_faults.add("500")
    running.business_central_faults.add("500")
    assert webstore.session.get(webstore.customers).json()["code"] == "internal_server_error"
    assert company.session.get(company.customers).json()["error"]["code"] == "Internal_ServerError"


@pytest.mark.parametrize(("handled", "written"), [(False, 0), (True, 1)])
def test_a_500_may_come_before_or_after_the_work(running, webstore, handled, written):
    running.webstore_faults.add("500", handled=handled)
    assert webstore.session.post(webstore.customers, json=PERSON).status_code == 500
    assert len(webstore.session.get(webstore.customers).json()) == written


def test_a_504_after_write_hides_a_write_that_happened(running, webstore):
    running.webstore_faults.add("504-after-write", method="post")
    answer = webstore.session.post(webstore.customers, json=PERSON)
    assert answer.status_code == 504
    assert [row["email"] for row in webstore.session.get(webstore.customers).json()] == [PERSON["email"]]


@pytest.mark.parametrize(("kind", "written"), [("drop-before", 0), ("drop-after-write", 1)])
def test_a_dropped_connection_gives_no_answer_at_all(running, webstore, kind, written):
    running.webstore_faults.add(kind)
    with pytest.raises(requests.ConnectionError):
        webstore.session.post(webstore.customers, json=PERSON)
    assert len(webstore.session.get(webstore.customers).json()) == written
    assert running.webstore_log.entries[0].status is None


@pytest.mark.parametrize(("kind", "written"), [("drop-before", 0), ("drop-after-write", 1)])
def test_business_central_drops_connections_too(running, company, kind, written):
    running.business_central_faults.add(kind)
    with pytest.raises(requests.ConnectionError):
        company.session.post(company.customers, json={"displayName": "Kari Lie"})
    assert len(company.session.get(company.customers).json()["value"]) == written


def test_torn_json_is_a_complete_answer_with_half_a_text(running, webstore):
    running.webstore_faults.add("torn-json")
    answer = webstore.session.post(webstore.customers, json=PERSON)
    assert answer.status_code == 201
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert len(webstore.session.get(webstore.customers).json()) == 1


def test_a_page_comes_where_json_is_expected(running, webstore, company):
    running.webstore_faults.add("html", status=200)
    running.business_central_faults.add("xml")
    page = webstore.session.get(webstore.customers)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "log in" in page.text
    error = company.session.get(company.customers)
    assert (error.status_code, error.headers["Content-Type"]) == (503, "application/xml")


def test_a_slow_request_is_done_although_its_client_has_gone(running, webstore):
    running.webstore_faults.add("slow", seconds=0.3)
    with pytest.raises(requests.ReadTimeout):
        webstore.session.post(webstore.customers, json=PERSON, timeout=0.05)
    deadline = time.monotonic() + 10
    while not running.webstore_log.entries and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(webstore.session.get(webstore.customers).json()) == 1


def test_a_stale_tag_means_that_a_person_was_faster(running, company):
    customer = company.session.post(company.customers, json={"displayName": "Kari Lie"}).json()
    url = f"{company.customers}({customer['id']})"
    running.business_central_faults.add("stale-tag", changes={"city": "Bergen"})
    headers = {"If-Match": customer["@odata.etag"]}
    answer = company.session.patch(url, json={"displayName": "Kari Nord"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "Request_EntityChanged")
    now = company.session.get(url).json()
    assert (now["displayName"], now["city"]) == ("Kari Lie", "Bergen")
    assert running.business_central_faults.fired[0].touched == (customer["id"],)


def test_a_stale_tag_finds_its_record_inside_a_batch(running, company):
    customer = company.session.post(company.customers, json={"displayName": "Kari Lie"}).json()
    running.business_central_faults.add("stale-tag")
    item = {
        "id": "1",
        "method": "PATCH",
        "url": f"{company.customers.removeprefix(company.root + '/')}({customer['id']})",
        "headers": {"If-Match": customer["@odata.etag"], "Content-Type": "application/json"},
        "body": {"displayName": "Kari Nord"},
    }
    answer = company.session.post(f"{company.root}/$batch", json={"requests": [item]})
    assert [response["status"] for response in answer.json()["responses"]] == [409]


def test_a_person_edits_the_webstore_customer_just_before_the_write(running, webstore):
    customer = webstore.session.post(webstore.customers, json=PERSON).json()
    running.webstore_faults.add("stale-tag", changes={"last_name": "Nord"})
    webstore.session.get(f"{webstore.customers}/{customer['id']}")
    assert running.webstore_faults.fired == []
    answer = webstore.session.put(f"{webstore.customers}/{customer['id']}", json={"first_name": "Ola"}).json()
    assert (answer["first_name"], answer["last_name"]) == ("Ola", "Nord")


def test_an_expired_token_is_refused_until_a_new_one_is_fetched(running, company):
    running.business_central_faults.add("expired-token")
    refused = company.session.get(company.customers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "Authentication_InvalidCredentials")
    token = company.session.post(
        running.token_url,
        data={
            "grant_type": "client_credentials",
            "client_id": running.client_id,
            "client_secret": running.client_secret,
            "scope": "https://api.businesscentral.dynamics.com/.default",
        },
    ).json()["access_token"]
    answer = company.session.get(company.customers, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def _pages(webstore, *, pages: int) -> list[list[int]]:
    return [
        [
            row["id"]
            for row in webstore.session.get(
                webstore.customers, params={"orderby": "id", "order": "asc", "per_page": 2, "page": page}
            ).json()
        ]
        for page in range(1, pages + 1)
    ]


def _six_people(webstore) -> list[int]:
    return [
        webstore.session.post(webstore.customers, json={"email": f"person{number}@paging.example"}).json()["id"]
        for number in range(6)
    ]


def test_a_row_deleted_on_a_read_page_makes_the_list_skip_another(running, webstore):
    ids = _six_people(webstore)
    running.webstore_faults.add("row-deleted-while-paging")
    pages = _pages(webstore, pages=3)
    assert pages == [ids[0:2], ids[3:5], ids[5:]]
    assert running.webstore_faults.fired[0].touched == (str(ids[0]),)


def test_the_deleted_rows_can_be_chosen(running, webstore):
    ids = _six_people(webstore)
    running.webstore_faults.add("row-deleted-while-paging", ids=[ids[3], ids[4]])
    assert _pages(webstore, pages=2) == [ids[0:2], [ids[2], ids[5]]]


def test_a_row_inserted_while_paging_appears_at_the_end(running, webstore):
    ids = _six_people(webstore)
    running.webstore_faults.add("row-inserted-while-paging")
    pages = _pages(webstore, pages=4)
    assert pages[:3] == [ids[0:2], ids[2:4], ids[4:6]]
    assert [str(number) for number in pages[3]] == list(running.webstore_faults.fired[0].touched)


def test_business_central_loses_a_row_between_two_pages(running, company):
    for number in range(5):
        company.session.post(company.customers, json={"displayName": f"Person {number}"})
    running.business_central_faults.add("row-deleted-while-paging")
    first = company.session.get(company.customers, headers={"Prefer": "odata.maxpagesize=2"}).json()
    company.session.get(first["@odata.nextLink"], headers={"Prefer": "odata.maxpagesize=2"})
    assert running.business_central_faults.fired[0].touched == (first["value"][0]["id"],)
    assert len(running.business_central.customer_ids()) == 4


def test_a_rule_waits_and_then_strikes_as_often_as_it_was_told(running, webstore):
    running.webstore_faults.add("503", method="GET", after=1, count=2)
    statuses = [webstore.session.get(webstore.customers).status_code for _ in range(5)]
    assert statuses == [200, 503, 503, 200, 200]
    assert [entry.fault for entry in running.webstore_log.entries] == [None, "503", "503", None, None]
    assert len(running.webstore_faults.fired) == 2


def test_a_pattern_chooses_the_path(running, webstore):
    running.webstore_faults.add("503", path=r"/customers/batch$")
    assert webstore.session.get(webstore.customers).status_code == 200
    assert webstore.session.post(f"{webstore.customers}/batch", json={}).status_code == 503


def test_of_two_due_rules_the_older_strikes_first(running, webstore):
    running.webstore_faults.add("503")
    running.webstore_faults.add("429")
    assert [webstore.session.get(webstore.customers).status_code for _ in range(3)] == [503, 429, 200]


def test_token_requests_are_struck_only_when_the_pattern_names_them(running, company):
    running.business_central_faults.add("503")
    assert company.session.post(running.token_url).status_code != 503
    running.business_central_faults.clear()
    running.business_central_faults.add("503", path="oauth2")
    assert company.session.post(running.token_url).status_code == 503


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "418"},
        {"kind": "503", "seconds": 3},
        {"kind": "503", "count": 0},
        {"kind": "503", "path": "("},
        {"kind": "expired-token"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(running: Running, rule):
    with pytest.raises(FaultError):
        running.webstore_faults.add(rule.pop("kind"), **rule)


def test_a_key_turned_read_only_reads_and_does_not_write(running, webstore, company):
    running.webstore_faults.add("read-only-key")
    running.business_central_faults.add("read-only-key")
    assert webstore.session.get(webstore.customers).status_code == 200
    refused = webstore.session.post(webstore.customers, json=PERSON)
    assert (refused.status_code, refused.json()["code"]) == (401, "woocommerce_rest_authentication_error")
    assert company.session.get(company.customers).status_code == 200
    refused = company.session.post(company.customers, json={"displayName": "Kari Lie"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Authorization_PermissionDenied")
    assert (
        webstore.session.get(webstore.customers).json() == company.session.get(company.customers).json()["value"] == []
    )


def test_a_renamed_company_keeps_its_id_and_is_not_found_by_its_old_name(running, company):
    before = company.session.get(f"{company.root}/companies").json()["value"]
    running.business_central_faults.add("company-renamed", name="Other")
    after = company.session.get(f"{company.root}/companies").json()["value"]
    assert [(c["id"], c["name"]) for c in after] == [(c["id"], "Other") for c in before]
    running.business_central.rename_company(before[0]["displayName"])
    assert company.session.get(f"{company.root}/companies").json()["value"] == before
    with pytest.raises(FaultError, match="no companies"):
        running.webstore_faults.add("company-renamed")


def test_an_exhausted_number_series_refuses_whoever_comes_until_it_is_mended(running, company):
    running.business_central_faults.add("series-exhausted", writes_only=True)
    for _ in range(2):
        refused = company.session.post(company.customers, json={"displayName": "Kari Lie"})
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (400, "Application_DialogException")
        assert error["message"].startswith("You cannot assign numbers greater than C")
    running.business_central.numbers.mend()
    assert company.session.post(company.customers, json={"displayName": "Kari Lie"}).status_code == 201


def test_a_fault_may_strike_at_writes_only(running, webstore):
    running.webstore_faults.add("503", writes_only=True)
    assert webstore.session.get(webstore.customers).status_code == 200
    assert webstore.session.post(webstore.customers, json=PERSON).status_code == 503
