"""Answers that do not end, as a client meets them over a socket, and texts that a terminal would obey."""

import gzip
import itertools
import socket
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.canned_answers import ESCAPES
from sandbox.faults import FaultError

PERSON = {"email": "kari@fault.example", "first_name": "Kari", "last_name": "Lie"}


def pages(session: requests.Session, address: str, most: int) -> list[list[str]]:
    """The ids on up to so many pages, by the server's own links."""
    found = []
    for _ in range(most):
        page = session.get(address).json()
        found.append([row["id"] for row in page["value"]])
        address = page.get("@odata.nextLink", "")
        if not address:
            break
        address = requests.compat.urljoin(session.last, address)
    return found


@pytest.fixture
def linked(company):
    """The company's session, which remembers where relative links begin."""
    company.session.last = company.customers
    return company


@pytest.mark.parametrize("what", ["newcomers", "the-same", "nobody"])
def test_a_list_of_business_central_has_always_another_page_with_a_new_token(running, linked, what):
    key = running.business_central.people_create({"displayName": "Kari Lie"})
    running.business_central_faults.add("endless-pages", pages=what)
    read = pages(linked.session, linked.customers, 6)
    assert len(read) == 6
    if what == "newcomers":
        assert len({*itertools.chain(*read)}) == sum(map(len, read)) == 120
    else:
        assert read == [[key] if what == "the-same" else []] * 6
    # one list was to be struck, and the next one is whole
    assert pages(linked.session, linked.customers, 6) == [[key]]


def test_a_list_of_the_webstore_has_customers_at_every_position(running, webstore):
    running.webstore.people_create(PERSON)
    running.webstore_faults.add("endless-pages")
    first = webstore.session.get(webstore.customers, params={"per_page": 100})
    later = webstore.session.get(webstore.customers, params={"per_page": 100, "offset": 99})
    far = webstore.session.get(webstore.customers, params={"per_page": 100, "page": 2_000})
    totals = [int(answer.headers["X-WP-Total"]) for answer in (first, later, far)]
    assert totals == [200, 299, 200_100]
    assert first.json()[-1] == later.json()[0]
    assert far.json()[0]["id"] == 10_000_000 + 199_900
    assert len(webstore.session.get(webstore.customers, params={"per_page": 100}).json()) == 1
    assert webstore.session.get(webstore.customers, params={"offset": 99}).json() == []


def test_a_plugin_that_ignores_positions_sends_the_first_page_always(running, webstore):
    key = running.webstore.people_create(PERSON)
    running.webstore_faults.add("endless-pages", pages="the-same")
    read = [webstore.session.get(webstore.customers, params={"offset": n}).json() for n in (0, 1, 200)]
    assert [[row["id"] for row in page] for page in read] == [[key]] * 3


@pytest.mark.parametrize("where", ["headers", "body", "chunks"])
def test_an_answer_drips_until_the_client_goes_and_the_work_is_done(running, webstore, where):
    running.webstore_faults.add("slow-drip", where=where, seconds=0.05)
    request = requests.Request("POST", webstore.customers, json=PERSON, auth=webstore.session.auth).prepare()
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    received = []
    server = urlsplit(webstore.customers)
    with socket.create_connection((server.hostname, server.port)) as connection:
        connection.settimeout(5)
        connection.sendall(f"POST {server.path} HTTP/1.1\r\nHost: shop\r\n{head}\r\n".encode() + request.body)
        while len(received) < 8:
            received.append(connection.recv(65_536))
    dripped = b"".join(received[1:])
    assert received[0].startswith(b"HTTP/1.1 201 ")
    assert (b"\r\n\r\n" in received[0]) is (where != "headers")
    assert dripped.count(b" ") >= 7
    assert len(dripped) == dripped.count(b" ") * (6 if where == "chunks" else 1)
    assert len(webstore.session.get(webstore.customers).json()) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_a_right_answer_stands_behind_megabytes_of_blanks(running, company, packed):
    running.business_central.people_create({"displayName": "Kari Lie"})
    running.business_central_faults.add("oversized", megabytes=3, packed=packed)
    with company.session.get(company.customers, stream=True) as answer:
        raw = answer.raw.read(decode_content=False)
    text = gzip.decompress(raw) if packed else raw
    assert len(text) > 3 * 2**20
    assert (len(raw) < 2**16) is packed
    assert text.strip().startswith(b"{")


@pytest.mark.parametrize("status", [400, 500])
def test_an_error_holds_what_a_terminal_would_obey(running, webstore, company, status):
    running.webstore_faults.add("escapes-in-message", status=status)
    running.business_central_faults.add("escapes-in-message", status=status)
    of_the_webstore = webstore.session.post(webstore.customers, json=PERSON)
    of_the_company = company.session.post(company.customers, json={"displayName": "Kari Lie"})
    assert (of_the_webstore.status_code, of_the_company.status_code) == (status, status)
    assert of_the_webstore.json()["message"] == of_the_company.json()["error"]["message"] == ESCAPES
    assert "\x1b" in of_the_company.json()["error"]["code"]
    assert running.webstore.customer_ids() == running.business_central.customer_ids() == []


@pytest.mark.parametrize(("kind", "option"), [("slow-drip", "where"), ("endless-pages", "pages")])
def test_a_word_that_is_no_choice_is_refused(running, kind, option):
    with pytest.raises(FaultError, match=f"{option} must be one of"):
        running.webstore_faults.add(kind, **{option: "elsewhere"})
