"""Payloads that the webstore would mangle, and what its refusals mean."""

from __future__ import annotations

from typing import Any

import pytest

from connector.clients.woocommerce.refusals import email_mangled, is_account_email, refusal, safe_account
from connector.errors import (
    ConnectionRefused,
    CredentialsRefused,
    CustomerNotFound,
    DataError,
    EmailTaken,
    RemoteRefused,
    SetupError,
)


@pytest.mark.parametrize(
    "email", ["kari@mail.example", "x..y@mail.example", "o'brien+a=/!#@sub.mail.example", "A@B.co"]
)
def test_addresses_that_wordpress_keeps_are_sent(email: str) -> None:
    assert is_account_email(email)
    assert safe_account({"email": email}, creating=True) == {"email": email}


@pytest.mark.parametrize(
    "email",
    [
        None, "", " ", "not an email", "a b@c.de", "jürgen@müller.example", "a&b@mail.example", " kari@mail.example",
        "kari@mail.example\n", "kari@localhost", "kari@-mail.example", "kari@mail..example", "kari@mail.-x", 17, ["a@b.co"],
        "x" * 90 + "@mail.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("creating", [True, False])
def test_addresses_that_wordpress_loses_or_mangles_are_never_sent(email: Any, creating: bool) -> None:
    with pytest.raises(DataError) as caught:
        safe_account({"email": email}, creating=creating)
    assert caught.value.field == "email"
    assert "@" not in str(caught.value)


def test_an_account_cannot_be_created_without_an_e_mail_but_changed_without_one() -> None:
    with pytest.raises(DataError):
        safe_account({"first_name": "Kari"}, creating=True)
    assert safe_account({"first_name": "Kari"}, creating=False) == {"first_name": "Kari"}


def test_an_id_in_the_payload_is_left_out_because_it_would_beat_the_address() -> None:
    assert safe_account({"id": 7, "last_name": "Lie"}, creating=False) == {"last_name": "Lie"}


@pytest.mark.parametrize(
    "payload",
    [
        {"first_name": None}, {"last_name": 5}, {"first_name": ["a"]}, {"billing": None}, {"billing": []},
        {"billing": {"city": None}}, {"billing": {"company": ["a"]}}, {"shipping": {"phone": 47}}, {"shipping": "Oslo"},
        {"billing": {"email": "not an email"}}, {"billing": {"email": "a&b@mail.example"}},
        {"meta_data": [{"key": "_bc_id", "value": "1"}]}, {"meta_data": [{"key": "wp_x", "value": "1"}]},
        {"meta_data": [{"value": "1"}]}, {"meta_data": ["x"]},
    ],
)  # fmt: skip
def test_values_that_the_batch_endpoint_would_store_as_nonsense_are_never_sent(payload: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        safe_account({"email": "kari@mail.example", **payload}, creating=True)
    with pytest.raises(DataError):
        safe_account(payload, creating=False)


def test_a_blank_billing_e_mail_is_left_out_of_a_new_account_and_clears_that_of_an_old_one() -> None:
    billing = {"email": "", "city": "Oslo"}
    created = safe_account({"email": "kari@mail.example", "billing": billing}, creating=True)
    assert created["billing"] == {"city": "Oslo"}
    assert safe_account({"billing": billing}, creating=False) == {"billing": billing}


def test_an_answer_with_another_e_mail_than_was_sent_is_noticed_letter_case_aside() -> None:
    assert email_mangled({"email": "Kari@Mail.example"}, {"id": 1, "email": "kari@mail.example"}) is None
    assert email_mangled({"first_name": "Kari"}, {"id": 1, "email": ""}) is None
    for kept in ("", "ari@mail.example"):
        error = email_mangled({"email": "kari@mail.example"}, {"id": 1, "email": kept})
        assert isinstance(error, RemoteRefused)
        assert error.code == "email-mangled"
        assert error.customer == "woo:1"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "registration-error-email-exists", EmailTaken),
        (400, "existing_user_email", EmailTaken),
        (400, "woocommerce_rest_customer_invalid_email", EmailTaken),
        (404, "wc_user_invalid_id", CustomerNotFound),
        (404, "rest_no_route", ConnectionRefused),
        (401, "woocommerce_rest_cannot_view", CredentialsRefused),
        (401, "woocommerce_rest_authentication_error", CredentialsRefused),
        (403, "woocommerce_rest_cannot_batch", CredentialsRefused),
        (400, "rest_invalid_param", RemoteRefused),
        (413, "woocommerce_rest_request_entity_too_large", RemoteRefused),
        (404, "something_else", RemoteRefused),
    ],
)
def test_refusals_are_told_apart_by_their_code(status: int, code: str, kind: type[Exception]) -> None:
    error = refusal(status, {"code": code, "message": "No.", "data": {"status": status}})
    assert type(error) is kind


def test_a_404_without_the_right_code_does_not_say_that_a_customer_is_gone() -> None:
    assert not isinstance(refusal(404, None), CustomerNotFound)
    assert not isinstance(refusal(404, {"code": "rest_no_route"}), CustomerNotFound)


def test_a_permission_that_is_missing_for_one_customer_does_not_condemn_the_key() -> None:
    body = {"code": "woocommerce_rest_cannot_edit", "message": "Sorry.", "data": {"status": 403}}
    assert type(refusal(403, body, of_item=True)) is RemoteRefused


def test_hints_say_how_to_mend_a_key() -> None:
    def hint(message: str, status: int = 401) -> str:
        return str(refusal(status, {"code": "woocommerce_rest_authentication_error", "message": message}))

    assert "may only read" in hint("The API key provided does not have write permissions.")
    assert "may only write" in hint("The API key provided does not have read permissions.")
    assert "secret is wrong" in hint("Consumer secret is invalid.")
    assert "clocks" in hint("Invalid nonce - nonce has already been used.")
    assert "api_key_as_query_param" in hint("Sorry, you cannot list resources.")


def test_an_unknown_role_is_a_mistake_of_the_setup() -> None:
    body = {"code": "rest_invalid_param", "message": "Invalid parameter(s): role", "data": {"params": {"role": "x"}}}
    error = refusal(400, body)
    assert isinstance(error, SetupError)
    assert "customer_role_filter" in str(error)


def test_messages_hold_neither_html_nor_personal_data() -> None:
    message = "<p>An account is already registered with kari@mail.example. &amp; <a href='x'>log in</a></p>"
    text = str(refusal(400, {"code": "x", "message": message}))
    assert "kari" not in text
    assert "<" not in text
    assert "& log in" in text
