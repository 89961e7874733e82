"""No secret and no personal data in messages and logs."""

from __future__ import annotations

import logging

import pytest

from connector.clients.redaction import RedactingFilter, protect, protect_login, redact, silence_addresses


@pytest.mark.parametrize(
    "text",
    [
        "GET /wp-json/wc/v3/customers?consumer_key=ck_abc123secret&consumer_secret=cs_abc123secret",
        "https://shop.example/?page=1&consumer_secret=abc123secret",
        "Authorization: Basic Y2tfYWJjMTIzc2VjcmV0OmFiYzEyM3NlY3JldA==",
        "{'Authorization': 'Bearer abc123secret.x-y_z', 'Accept': 'x'}",
        '{"client_secret": "abc123secret with blanks", "scope": "x"}',
        "{'client_id': 'abc123secret'}",
        "grant_type=client_credentials&client_secret=abc123secret%7E",
        "oauth_signature=abc123secret",
        "Cookie: wordpress_logged_in=abc123secret",
        "the key ck_abc123secret is unknown",
        "password = abc123secret",
        '"access_token":"abc123secret"',
    ],
)
def test_keys_secrets_and_tokens_do_not_leave(text: str) -> None:
    shown = redact(text)
    assert "abc123secret" not in shown
    assert "Y2tfYWJj" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "An account is already registered with kari.nordmann@mail.example. Please log in.",
        "The email address 'kari.nordmann+shop@mail.example' is not valid.",
        "email=kari.nordmann%40mail.example&role=all",
        "<kari.nordmann@mail.example>;<o'kari.nordmann@mail.example>",
    ],
)
def test_e_mails_do_not_leave(text: str) -> None:
    assert "nordmann" not in redact(text)


def test_what_is_no_secret_stays_readable() -> None:
    text = "Basic information: C00010 was changed by somebody; page 3 of 20 (status 409)."
    assert redact(text).endswith(text[18:])
    formats = "The following formats are acceptable: FR###########, FR@@#########, @#######@."
    assert redact(formats) == formats


def test_a_secret_that_this_process_knows_is_removed_wherever_it_stands() -> None:
    protect("Quiet~Harbour/17", "short")
    protect_login("sandbox-user", "Loud Harbour 18")
    for text in (
        "x Quiet~Harbour/17 y",
        "x=Quiet~Harbour%2F17",
        "Loud Harbour 18",
        "c2FuZGJveC11c2VyOkxvdWQgSGFyYm91ciAxOA==",
    ):
        assert "arbour" not in redact(text)
        assert "c2Fu" not in redact(text)
    assert redact("a short text") == "a short text"


def test_log_records_are_redacted_with_their_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test.redaction")
    logger.addFilter(RedactingFilter())
    with caplog.at_level(logging.DEBUG, logger.name):
        logger.info("asked for %s with %s", "kari@mail.example", "consumer_key=ck_1")
        logger.info("%d of 100", "not a number")
        try:
            raise ValueError("refused client_secret=abcdefgh")
        except ValueError:
            logger.exception("failed")
    shown = "\n".join([record.getMessage() + (record.exc_text or "") for record in caplog.records])
    assert "kari" not in shown
    assert "ck_1" not in shown
    assert "abcdefgh" not in shown
    assert "ValueError" in shown


def test_the_http_library_logs_no_queries(caplog: pytest.LogCaptureFixture) -> None:
    silence_addresses()
    silence_addresses()
    logger = logging.getLogger("urllib3.connectionpool")
    with caplog.at_level(logging.DEBUG, logger.name):
        logger.debug('%s "GET %s HTTP/1.1" %s', "http://x", "/customers?$filter=displayName%20eq%20%27Kari%27", 200)
    assert caplog.records[0].getMessage() == 'http://x "GET /customers?… HTTP/1.1" 200'
