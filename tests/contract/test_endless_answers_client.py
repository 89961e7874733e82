"""Answers without end: lists, slow ones, large ones; and answers that a terminal would obey."""

from __future__ import annotations

import gzip
import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from connector.clients import BusinessCentralClient, WooCommerceClient, answers
from connector.errors import AnswerNotUnderstood, OutcomeUnknown, RemoteRefused, RemoteTrouble
from tests.contract.client_systems import Asked, Reply, scripted
from tests.contract.test_odd_servers_client import COMPANY, company, shop

ESCAPES = "\x1b]0;owned\x07\x1b[31mNo\x9b2J <b>such</b> &quot;thing&quot;\r\nhere\u202e<script>alert(1)</script>"
SHOWN = 'No such "thing" here'


def guid(number: int) -> str:
    return f"a1b2c3d4-5001-ef11-8a6b-{number:012x}"


def company_of(rows: Iterator[list[dict[str, Any]]], total: int) -> Any:
    tokens = itertools.count()

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/companies"):
            return Reply({"value": [{"id": COMPANY, "name": "Hafen Handel"}]})
        link = f"{asked.path}?$skiptoken={next(tokens)}"
        return Reply({"value": next(rows), "@odata.count": total, "@odata.nextLink": link})

    return answer


def read_company(rows: Iterator[list[dict[str, Any]]], total: int = 3) -> tuple[int, Exception]:
    """How many requests it took, and how it ended."""
    with scripted(company_of(rows, total)) as server, company(server) as client:
        with pytest.raises(AnswerNotUnderstood) as ended:
            client.read_customers(lambda _page: None)
        return len(server.asked), ended.value


@pytest.mark.parametrize("page", [[], [{"id": guid(1), "number": "C1"}]], ids=["empty", "the same"])
def test_a_list_whose_pages_bring_nobody_new_ends_with_an_error(page: list[dict[str, Any]]) -> None:
    requests, error = read_company(itertools.repeat(page))
    assert requests < 15
    assert "does not end" in str(error)


def test_a_list_that_invents_customers_ends_with_an_error() -> None:
    pages = ([{"id": guid(n), "number": f"C{n}"} for n in range(k, k + 100)] for k in itertools.count(0, 100))
    requests, error = read_company(pages)
    assert requests < 20
    assert "where 3 were announced" in str(error)


def test_a_short_list_without_end_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.clients.business_central_api.MOST_PAGES", 5)
    tokens = itertools.count()

    def answer(asked: Asked) -> Reply:
        return Reply({"value": [], "@odata.nextLink": f"{asked.path}?$skiptoken={next(tokens)}"})

    with scripted(answer) as server, company(server) as client, pytest.raises(AnswerNotUnderstood, match="5 pages"):
        client.read_customers(lambda _page: None)


@pytest.mark.parametrize("offset_is_known", [True, False])
def test_a_webstore_whose_list_does_not_end_ends_with_an_error(offset_is_known: bool) -> None:
    def answer(asked: Asked) -> Reply:
        start = int(asked.query.get("offset", 0)) if offset_is_known else 0
        rows = [{"id": number + 1} for number in range(start, start + 100)]
        return Reply(rows, headers={"X-WP-Total": "200" if not asked.query.get("offset") else "1000000"})

    with scripted(answer) as server, shop(server) as client:
        with pytest.raises(AnswerNotUnderstood, match="does not end"):
            client.read_customers(lambda _page: None)
        assert len(server.asked) < 40


def drip(seconds: float) -> Iterator[bytes]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.1)
        yield b" "


@pytest.mark.parametrize("where", ["headers", "body", "chunks"])
def test_a_server_that_sends_a_byte_now_and_then_is_waited_for_as_long_as_the_setup_says(where: str) -> None:
    reply = Reply(b"", drip=lambda: drip(10), drip_headers=where == "headers", chunked=where == "chunks")
    with scripted(lambda _: reply) as server, shop(server, timeout_seconds=1) as client:
        begun = time.monotonic()
        with pytest.raises(RemoteTrouble, match="no answer"):
            client.get(7)
        assert time.monotonic() - begun < 8
        with pytest.raises(OutcomeUnknown):
            client.update(7, {"first_name": "Kari"})


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LARGEST_ANSWER", 2**20)
    body = b'{"id": 7, "email": "' + b"x" * 3 * 2**20 + b'"}'
    reply = Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else Reply(body)
    with scripted(lambda _: reply) as server, shop(server) as client:
        with pytest.raises(AnswerNotUnderstood, match="more than 1 MB"):
            client.get(7)
        with pytest.raises(OutcomeUnknown, match="more than 1 MB"):
            client.update(7, {"first_name": "Kari"})


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("system", ["webstore", "company"])
def test_what_a_server_says_is_shown_as_plain_text(system: str, status: int) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/companies"):
            return Reply({"value": [{"id": COMPANY, "name": "Hafen Handel"}]})
        said = {"code": "so\x1b[2Jso", "message": ESCAPES}
        return Reply(said if system == "webstore" else {"error": said}, status=status)

    make = shop if system == "webstore" else company
    with scripted(answer) as server, make(server) as client, pytest.raises((RemoteRefused, RemoteTrouble)) as told:
        one: WooCommerceClient | BusinessCentralClient = client
        one.get(7 if isinstance(one, WooCommerceClient) else guid(7))  # type: ignore[arg-type]
    assert SHOWN in str(told.value)
    assert all(part not in str(told.value) for part in ("\x1b", "\x07", "\x9b", "\u202e", "<b>", "script", "alert"))
    assert "\x1b" not in getattr(told.value, "code", "")
