"""Answers without end: lists, slow ones, large ones; and answers that a terminal would obey."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from connector.clients import BusinessCentralClient, Update, WooCommerceClient, answers
from connector.errors import (
    AnswerNotUnderstood,
    CustomerSyncError,
    OutcomeUnknown,
    RemoteRefused,
    RemoteTrouble,
)
from sandbox.server import Running
from tests.contract.client_systems import (
    Asked,
    Reply,
    company_client,
    company_connection,
    scripted,
    webstore_client,
    webstore_connection,
)
from tests.contract.test_odd_companies_client import company as company_of

SHOWN = 'No such "thing" here'
Client = WooCommerceClient | BusinessCentralClient


def fill(systems: Running, customers: int = 30, accounts: int = 130) -> None:
    for number in range(customers):
        systems.business_central.people_create({"displayName": f"Person {number}"})
    for number in range(accounts):
        systems.webstore.people_create({"email": f"person{number}@mail.example"})


def hasty(systems: Running, system: str, seconds: float) -> Client:
    if system == "webstore":
        return webstore_client(webstore_connection(systems, timeout_seconds=seconds), retries=2)
    return company_client(company_connection(systems, timeout_seconds=seconds), retries=2)


def person_of(systems: Running, system: str) -> Any:
    """Somebody who is there; gives the id."""
    if system == "webstore":
        return systems.webstore.people_create({"email": "kari@mail.example"})
    return systems.business_central.people_create({"displayName": "Kari Lie"})


def written(client: Client, key: Any) -> CustomerSyncError:
    """What becomes of a write; it must fail."""
    if isinstance(client, BusinessCentralClient):
        try:
            (outcome,) = client.batch([Update(key, 'W/"1"', {"city": "Bergen"})])
        except CustomerSyncError as error:
            return error
        assert outcome.error is not None
        return outcome.error
    with pytest.raises(CustomerSyncError) as ended:
        client.update(key, {"first_name": "Kari"})
    return ended.value


@pytest.mark.parametrize("pages", ["nobody", "the-same", "newcomers"])
def test_a_list_of_business_central_that_does_not_end_is_given_up(
    systems: Running, company: BusinessCentralClient, pages: str
) -> None:
    fill(systems, accounts=0)
    systems.business_central_faults.add("endless-pages", pages=pages)
    with pytest.raises(AnswerNotUnderstood, match="does not end"):
        company.read_customers(lambda _page: None)
    assert len(systems.business_central_log.entries) < 90


@pytest.mark.parametrize("pages", ["the-same", "newcomers"])
def test_a_list_of_the_webstore_that_does_not_end_is_given_up(
    systems: Running, webstore: WooCommerceClient, pages: str
) -> None:
    fill(systems, customers=0)
    systems.webstore_faults.add("endless-pages", pages=pages)
    with pytest.raises(AnswerNotUnderstood, match="does not end"):
        webstore.read_customers(lambda _page: None)
    assert len(systems.webstore_log.entries) < 40


def test_a_short_list_without_end_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.clients.business_central.api.MOST_PAGES", 5)
    tokens = itertools.count()

    def answer(asked: Asked) -> Reply:
        return Reply({"value": [], "@odata.nextLink": f"{asked.path}?$skiptoken={next(tokens)}"})

    with scripted(answer) as server, company_of(server) as client, pytest.raises(AnswerNotUnderstood, match="5 pages"):
        client.read_customers(lambda _page: None)


@pytest.mark.parametrize("system", ["webstore", "business_central"])
@pytest.mark.parametrize("where", ["headers", "body", "chunks"])
def test_a_server_that_sends_a_byte_now_and_then_is_waited_for_as_long_as_the_setup_says(
    systems: Running, system: str, where: str
) -> None:
    key = person_of(systems, system)
    with hasty(systems, system, 0.5) as client:
        client.get(key)
        getattr(systems, f"{system}_faults").add("slow-drip", count=9, where=where, seconds=0.1)
        begun = time.monotonic()
        with pytest.raises(RemoteTrouble, match="no answer"):
            client.get(key)
        assert time.monotonic() - begun < 20, "its last byte would come after minutes"
        assert isinstance(written(client, key), OutcomeUnknown)


@pytest.mark.parametrize("system", ["webstore", "business_central"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    systems: Running, system: str, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "LARGEST_ANSWER", 2**20)
    key = person_of(systems, system)
    with hasty(systems, system, 20) as client:
        client.get(key)
        getattr(systems, f"{system}_faults").add("oversized", count=9, megabytes=3, packed=packed)
        with pytest.raises(AnswerNotUnderstood, match="more than 1 MB"):
            client.get(key)
        assert "more than 1 MB" in str(told := written(client, key))
        assert isinstance(told, OutcomeUnknown)


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("system", ["webstore", "business_central"])
def test_what_a_server_says_is_shown_as_plain_text(systems: Running, system: str, status: int) -> None:
    key = person_of(systems, system)
    with hasty(systems, system, 20) as client:
        client.get(key)
        getattr(systems, f"{system}_faults").add("escapes-in-message", count=9, status=status)
        with pytest.raises((RemoteRefused, RemoteTrouble)) as refused:
            client.get(key)
        for told in (refused.value, written(client, key)):
            assert SHOWN in str(told)
            assert all(part not in str(told) for part in ("\x1b", "\x07", "\x9b", "\u202e", "<b>", "script", "alert"))
            assert "\x1b" not in getattr(told, "code", "")
