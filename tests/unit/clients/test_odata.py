"""Filters that Business Central understands, and what its refusals mean."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import pytest

from connector.clients.business_central.odata import any_of, checked_filter, error_code, literal, query, refusal
from connector.clients.business_central.pages import changed_since_filter
from connector.errors import (
    ConnectionRefused,
    CredentialsRefused,
    CustomerChanged,
    CustomerNotFound,
    InputError,
    InternalError,
    RemoteRefused,
    SetupError,
)


def test_quotes_are_doubled_and_everything_odd_is_percent_encoded() -> None:
    assert literal("O'Brien") == "'O''Brien'"
    encoded = query({"$filter": "displayName eq 'A&B #1 + ü'"})
    assert encoded.startswith("?$filter=")
    assert not set("&#+ü ") & set(encoded.removeprefix("?$filter="))
    assert unquote(encoded).endswith("'A&B #1 + ü'")


def test_chains_are_of_one_field_and_short_enough() -> None:
    values = [literal(f"{number:03d}-{'x' * 70}@mail.example") for number in range(100)]
    chains = list(any_of("tolower(email)", values))
    assert sum(chain.count(" eq ") for chain in chains) == 100
    for chain in chains:
        assert chain.count(" eq ") <= 20
        assert len(quote(chain, safe="")) <= 1300
    assert [chain.count(" eq ") for chain in any_of("number", [literal(str(n)) for n in range(45)])] == [20, 20, 5]
    assert list(any_of("number", [])) == []


@pytest.mark.parametrize("text", ["", "  ", "number in ('a','b')", "id IN(1)"])
def test_filters_that_would_find_everybody_are_refused(text: str) -> None:
    with pytest.raises(InternalError):
        checked_filter(text)


def test_a_customer_called_in_may_be_looked_for() -> None:
    assert checked_filter("displayName eq 'Made in (Oslo)'")


def test_changed_since_reaches_back_by_the_overlap_in_utc() -> None:
    assert changed_since_filter("2026-01-02T00:00:02.5Z", 5) == "lastModifiedDateTime ge 2026-01-01T23:59:57.500Z"
    assert changed_since_filter("2026-01-02T01:00:00+01:00", 0) == "lastModifiedDateTime ge 2026-01-02T00:00:00.000Z"
    assert changed_since_filter("2026-01-02T00:00:00", 0) == "lastModifiedDateTime ge 2026-01-02T00:00:00.000Z"
    with pytest.raises(InputError):
        changed_since_filter("yesterday", 5)


def body(code: str, message: str = "No.  CorrelationId:  5f2b6a3e-0c1d-4b52-9a77-0d9f0d9a1c11.") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "Request_EntityChanged", CustomerChanged),
        (400, "Request_EntityChanged", CustomerChanged),
        (412, "", CustomerChanged),
        (409, "Internal_EntityWithSameKeyExists", RemoteRefused),
        (400, "Internal_EntityWithSameKeyExists", RemoteRefused),
        (404, "Internal_RecordNotFound", CustomerNotFound),
        (400, "BadRequest_NotFound", CustomerNotFound),
        (404, "BadRequest_ResourceNotFound", ConnectionRefused),
        (404, "NoEnvironment", ConnectionRefused),
        (405, "BadRequest_MethodNotAllowed", ConnectionRefused),
        (404, "Internal_CompanyNotFound", SetupError),
        (401, "Authentication_InvalidCredentials", CredentialsRefused),
        (403, "Authorization_RequestDenied", CredentialsRefused),
        (403, "", CredentialsRefused),
        (400, "Application_DialogException", RemoteRefused),
        (400, "BadRequest_InvalidToken", RemoteRefused),
    ],
)
def test_the_code_decides_and_not_the_status(status: int, code: str, kind: type[Exception]) -> None:
    error = refusal(status, body(code))
    assert type(error) is kind


def test_xml_errors_are_read_too() -> None:
    text = (
        '<error xmlns="http://docs.oasis-open.org/odata/ns/metadata"><code>NoEnvironment</code>'
        "<message>Environment does not exist.</message></error>"
    )
    assert error_code(None, text) == "NoEnvironment"
    error = refusal(404, None, text)
    assert isinstance(error, ConnectionRefused)
    assert "environment" in str(error)


def test_messages_hold_neither_correlation_ids_nor_the_customers_values() -> None:
    said = (
        "The length of the string is 57, but it must be less than or equal to 50 characters. "
        "Value: Kari Nordmann, Storgata.  CorrelationId:  1-2."
    )
    text = str(refusal(400, body("Application_StringExceededLength", said)))
    assert "less than or equal to 50" in text
    assert "Nordmann" not in text
    assert "CorrelationId" not in text
    assert "kari" not in str(refusal(400, body("x", 'The email address "kari@mail.example" is not valid.')))
