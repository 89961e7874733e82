"""Logging in to Business Central: access tokens of a Microsoft Entra application, or user and key on premises."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

from connector.clients.pacing import Pacing
from connector.clients.redaction import protect, protect_login
from connector.clients.transport import Transport
from connector.errors import AnswerNotUnderstood, CredentialsRefused, InternalError
from connector.setup import BusinessCentralConnection

__all__ = ["BasicLogin", "Login", "TokenLogin", "login_for"]

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


class TokenLogin:
    """Tokens by client credentials. Threads share one token; it is renewed before it ends, and when it is refused."""

    def __init__(self, connection: BusinessCentralConnection, *, retries: int, backoff: float) -> None:
        if connection.client_id is None or connection.client_secret is None or connection.token_url is None:
            raise InternalError("A setup without client id, secret or token address was accepted.")
        self._address = connection.token_url
        self._form = {
            "grant_type": "client_credentials",
            "client_id": connection.client_id.get_secret_value(),
            "client_secret": connection.client_secret.get_secret_value(),
            "scope": connection.scope,
        }
        protect(self._form["client_secret"])
        self.transport = Transport(
            SYSTEM,
            verify=connection.verify_tls,
            timeout_seconds=min(60, connection.timeout_seconds),
            pacing=Pacing(1),
            retries=retries,
            backoff=backoff,
        )
        self._lock = threading.Lock()
        self._header = ""
        self._renew_at = 0.0

    def header(self) -> str:
        """`Bearer …`.

        Raises:
            CredentialsRefused: Entra does not accept tenant, application, secret or scope.
        """
        with self._lock:
            if not self._header or time.monotonic() >= self._renew_at:
                self._fetch()
            return self._header

    def renew(self, refused: str) -> bool:
        """Get a new token, unless another thread has got one meanwhile."""
        with self._lock:
            if self._header == refused:
                self._fetch()
            return True

    def close(self) -> None:
        """Close the connection to the token's address."""
        self.transport.close()

    def _fetch(self) -> None:
        asked = time.monotonic()
        answer = self.transport.send("POST", self._address, form=self._form)
        body = answer.body if isinstance(answer.body, Mapping) else {}
        if answer.status >= 400:
            raise _refused(answer.status, body)
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            raise AnswerNotUnderstood("The token's address answered without a token.", system=SYSTEM)
        protect(token)
        lifetime = _seconds(body.get("expires_in"))
        self._header = f"Bearer {token}"
        self._renew_at = asked + lifetime - min(RENEW_SECONDS_BEFORE, lifetime / 2)


class BasicLogin:
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

    def close(self) -> None:
        """Nothing to close."""


def login_for(connection: BusinessCentralConnection, *, retries: int, backoff: float) -> Login:
    """The login that the setup asks for."""
    if connection.auth == "client-credentials":
        return TokenLogin(connection, retries=retries, backoff=backoff)
    if connection.username is None or connection.password is None:
        raise InternalError("A setup without user or password was accepted.")
    return BasicLogin(connection.username, connection.password.get_secret_value())


def _refused(status: int, body: Mapping[str, Any]) -> CredentialsRefused:
    found = _AADSTS.search(str(body.get("error_description") or ""))
    error = str(body.get("error") or f"status {status}")
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
