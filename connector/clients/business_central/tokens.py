"""Logging in to Business Central: access tokens of a Microsoft Entra application or of a command, or user and key on premises."""

from __future__ import annotations

import base64
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

from connector.clients.answers import described, plain, said_by
from connector.clients.business_central.client_certificate import ClientCertificate
from connector.clients.business_central.token_command import Token, printed_token
from connector.clients.pacing import Pacing
from connector.clients.redaction import protect, protect_login
from connector.clients.results import CheckResult
from connector.clients.transport import Transport
from connector.clients.way import way_to
from connector.errors import AnswerNotUnderstood, CredentialsRefused, InternalError
from connector.setup import BusinessCentralConnection

__all__ = ["BasicLogin", "CommandLogin", "Login", "TokenLogin", "login_for"]

SYSTEM = "business_central"
# a request may wait in the server's queue for minutes before its token is looked at
RENEW_SECONDS_BEFORE = 300
_AADSTS = re.compile(r"AADSTS(\d+)")
_REMEDIES = {
    "7000215": "The client secret is wrong. Take the secret's value, not its id, from Certificates & secrets.",
    "7000222": "The client secret has expired. Make a new one under Certificates & secrets.",
    "700016": "The tenant does not know the application. Check client_id, and the tenant in token_url.",
    "90002": "There is no such tenant. Check the tenant in token_url.",
    "900023": "There is no such tenant. Check the tenant in token_url.",
    "70011": "The scope is wrong. Leave it out of the setup, or end it with /.default.",
    "1002012": "The scope is wrong. Leave it out of the setup, or end it with /.default.",
    "700027": "The certificate is not one of the application's. Upload it under Certificates & secrets, and name its file here.",
    "7000216": "The application has no such certificate or secret. Look under Certificates & secrets.",
    "700024": "The certificate's signature is too old or too new. Set this machine's clock right.",
    "53003": "A conditional access policy of the tenant blocks the application.",
}


class Login(Protocol):
    """What makes the Authorization header."""

    def header(self) -> str:
        """The header's value, good for a request now."""

    def renew(self, refused: str) -> bool:
        """Get another one after `refused` was answered with 401; False if there is no other."""

    def close(self) -> None:
        """Close connections of its own."""

    def findings(self) -> list[CheckResult]:
        """What `check` tells besides that the login works."""


class _Quiet:
    """What most logins have nothing of."""

    def close(self) -> None:
        """Nothing to close."""

    def findings(self) -> list[CheckResult]:
        """Nothing besides that it works."""
        return []


class _SharedLogin(_Quiet, ABC):
    """Threads share one token; it is renewed before it ends, and when it is refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._header = ""
        self._renew_at = 0.0

    def header(self) -> str:
        """`Bearer …`.

        Raises:
            CredentialsRefused: there is no token for what the setup says.
        """
        with self._lock:
            if not self._header or time.monotonic() >= self._renew_at:
                self._renew()
            return self._header

    def renew(self, refused: str) -> bool:
        """Get a new token, unless another thread has got one meanwhile."""
        with self._lock:
            if self._header == refused:
                self._renew()
            return True

    def _renew(self) -> None:
        asked = time.monotonic()
        token = self._fetch()
        protect(token.text)
        self._header = f"Bearer {token.text}"
        self._renew_at = asked + token.seconds - min(RENEW_SECONDS_BEFORE, token.seconds / 2)

    @abstractmethod
    def _fetch(self) -> Token: ...


class TokenLogin(_SharedLogin):
    """Tokens of an Entra application, which shows a secret, or signs with its certificate."""

    def __init__(self, connection: BusinessCentralConnection, *, retries: int, backoff: float) -> None:
        if connection.client_id is None or connection.token_url is None:
            raise InternalError("A setup without client id or token address was accepted.")
        super().__init__()
        self._address = connection.token_url
        self._form = {
            "grant_type": "client_credentials",
            "client_id": connection.client_id.get_secret_value(),
            "scope": connection.scope,
        }
        self._certificate: ClientCertificate | None = None
        if connection.client_certificate is not None and connection.auth == "client-certificate":
            password = connection.client_certificate_password
            self._certificate = ClientCertificate(
                connection.client_certificate, password.get_secret_value() if password else ""
            )
        elif connection.client_secret is not None:
            self._form["client_secret"] = connection.client_secret.get_secret_value()
            protect(self._form["client_secret"])
        self.transport = Transport(
            way_to(connection, "token_url", connection.token_url),
            timeout_seconds=min(60, connection.timeout_seconds),
            pacing=Pacing(1),
            retries=retries,
            backoff=backoff,
        )

    def close(self) -> None:
        """Close the connection to the token's address."""
        self.transport.close()

    def findings(self) -> list[CheckResult]:
        """How long the certificate is good."""
        return self._certificate.findings() if self._certificate else []

    def _fetch(self) -> Token:
        signed = self._certificate.assertion(self._form["client_id"], self._address) if self._certificate else {}
        answer = self.transport.send("POST", self._address, form={**self._form, **signed})
        body = answer.body if isinstance(answer.body, Mapping) else {}
        if answer.status >= 400 or "error" in body:
            raise _refused(answer.status, body)
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            what = f"The token's address answered with {described(answer.body)}, and without a token."
            raise AnswerNotUnderstood(what, hint="Check token_url.", system=SYSTEM)
        return Token(token, _seconds(body.get("expires_in")))


class CommandLogin(_SharedLogin):
    """Tokens that a command prints."""

    def __init__(self, command: str) -> None:
        super().__init__()
        self._command = command

    def _fetch(self) -> Token:
        return printed_token(self._command)


class BasicLogin(_Quiet):
    """User and web service access key, on premises."""

    def __init__(self, user: str, password: str) -> None:
        protect_login(user, password)
        self._header = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def header(self) -> str:
        """`Basic …`."""
        return self._header

    def renew(self, refused: str) -> bool:
        """There is no other password."""
        return False


def login_for(connection: BusinessCentralConnection, *, retries: int, backoff: float) -> Login:
    """The login that the setup asks for."""
    if connection.auth == "token-command" and connection.token_command:
        return CommandLogin(connection.token_command)
    if connection.auth in {"client-credentials", "client-certificate"}:
        return TokenLogin(connection, retries=retries, backoff=backoff)
    if connection.username is None or connection.password is None:
        raise InternalError("A setup without user or password was accepted.")
    return BasicLogin(connection.username, connection.password.get_secret_value())


def _refused(status: int, body: Mapping[str, Any]) -> CredentialsRefused:
    found = _AADSTS.search(str(body.get("error_description") or ""))
    error = plain(body.get("error")) if isinstance(body.get("error"), str) else said_by(body).message
    error = error or f"status {status}"
    default = "Check tenant, client_id, client_secret and scope."
    return CredentialsRefused(
        f"No access token for Business Central: {error}{f' (AADSTS{found.group(1)})' if found else ''}.",
        hint=_REMEDIES.get(found.group(1), default) if found else default,
        system=SYSTEM,
    )


def _seconds(expires_in: Any) -> float:
    try:
        return max(0.0, float(expires_in))
    except (TypeError, ValueError):
        return 600.0
