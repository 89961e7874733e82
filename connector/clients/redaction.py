"""Nothing secret leaves this package: neither in a URL that is logged, nor in a message, nor in a log record."""

from __future__ import annotations

import base64
import logging
import re
from urllib.parse import quote, quote_plus

__all__ = ["RedactingFilter", "protect", "redact", "silence_addresses"]

_NAMES_OF_VALUES_TO_HIDE = (
    "consumer_key|consumer_secret|client_secret|client_id|password|access_token|oauth_[a-z_]+|authorization|cookie"
)
_VALUE = r"\"[^\"]*\"|'[^']*'|[^&\s\"',}]+"
# an address has a letter or a digit behind its @; the formats of VAT numbers in messages have none (FR@@#########)
_PART = r"[^\s\"<>(),;:=&?\[\]]"
_ADDRESS = rf"{_PART}+(?:@|%40)(?={_PART}*\w){_PART}+"
_PATTERNS = (
    (re.compile(r"\b(Basic|Bearer)\s+[A-Za-z0-9._~+/=-]+", re.IGNORECASE), r"\1 …"),
    (
        re.compile(
            rf"((?:{_NAMES_OF_VALUES_TO_HIDE})[\"']?\s*[=:]\s*(?:(?:Basic|Bearer)\s+)?)(?:{_VALUE})", re.IGNORECASE
        ),
        r"\1…",
    ),
    (re.compile(r"\b(?:ck|cs)_[A-Za-z0-9]+"), "…"),
    # personal data: servers repeat the e-mail that they refuse
    (re.compile(_ADDRESS), "(e-mail)"),
)
# texts shorter than this are no secrets worth the name, and would blacken ordinary words
_SHORTEST_SECRET = 8
_known: set[str] = set()


def protect(*secrets: str) -> None:
    """Remember secrets of this process: `redact` removes them wherever they stand, also percent-encoded."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            _known.update({secret, quote(secret, safe=""), quote_plus(secret)})


def protect_login(user: str, password: str) -> None:
    """Remember a password and the text that HTTP's Basic scheme makes of it."""
    protect(password, base64.b64encode(f"{user}:{password}".encode()).decode())


def redact(text: str) -> str:
    """The text without keys, secrets, tokens and e-mail addresses."""
    for secret in sorted(_known.copy(), key=len, reverse=True):
        text = text.replace(secret, "…")
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFilter(logging.Filter):
    """A logging filter that redacts whole records, tracebacks included, whoever wrote them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact message and traceback; every record passes."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        record.msg, record.args = redact(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


class _WithoutQuery(logging.Filter):
    """urllib3 writes whole addresses into its debug log; filters and searches hold personal data, and keys may."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(re.sub(r"\?[^\s\"]+", "?…", record.getMessage())), None
        return True


_without_query = _WithoutQuery()


def silence_addresses() -> None:
    """Cut the query out of every address that the HTTP library logs. Doing it twice changes nothing."""
    for name in ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.connection", "urllib3.response"):
        logging.getLogger(name).addFilter(_without_query)
