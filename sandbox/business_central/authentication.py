"""Who is calling: the token address, bearer tokens, and Basic on the on-premises style address."""

import base64
import hmac
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.business_central.errors import ApiError, rejected_credentials
from sandbox.business_central.exchange import Reply
from sandbox.business_central.references import named_guid
from sandbox.business_central.settings import Settings
from sandbox.business_central.store import Store

SCOPE = "https://api.businesscentral.dynamics.com/.default"
_JSON = "application/json; charset=utf-8"


_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _part_of_jwt(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _TokenRefused(Exception):
    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number
        self.text = text


class Authentication:
    """Gives out tokens and recognises callers."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def token(self, tenant: str, body: bytes) -> Reply:
        """The answer of the token address to a form."""
        try:
            self._check_form(tenant, {name: values[-1] for name, values in parse_qs(body.decode("latin-1")).items()})
        except _TokenRefused as refused:
            return Reply(refused.status, orjson.dumps(self._refusal(refused)), _JSON)
        token, seconds = self._new_token(), self._settings.token_seconds
        expires = self._store.clock.now() + seconds
        self._store.database.change("INSERT INTO token VALUES (?, ?, ?)", (token, self._settings.client_id, expires))
        content = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}
        return Reply(200, orjson.dumps(content), _JSON)

    def _check_form(self, tenant: str, form: Mapping[str, str]) -> None:
        settings = self._settings
        if tenant.lower() != settings.tenant.lower():
            raise _TokenRefused(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        signs = settings.client_certificate and "client_assertion" in form
        for name in ("grant_type", "client_id", "client_assertion" if signs else "client_secret", "scope"):
            if name == "client_secret" and name not in form and settings.missing_secret_status == 401:
                text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
                raise _TokenRefused(401, "invalid_client", 7000218, text)
            if name not in form:
                text = f"The request body must contain the following parameter: '{name}'."
                raise _TokenRefused(400, "invalid_request", 900144, text)
        if form["grant_type"] != "client_credentials":
            raise _TokenRefused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form["client_id"].lower() != settings.client_id.lower():
            text = f"Application with identifier '{form['client_id']}' was not found in the directory."
            raise _TokenRefused(400, "unauthorized_client", 700016, text)
        if signs:
            self._check_signature(tenant, form)
        elif not hmac.compare_digest(form["client_secret"].encode(), settings.client_secret.encode()):
            raise _TokenRefused(401, "invalid_client", 7000215, "Invalid client secret provided.")
        if form["scope"] != SCOPE:
            text = "The provided value for the input parameter 'scope' is not valid."
            raise _TokenRefused(400, "invalid_scope", 70011, text)

    def _check_signature(self, tenant: str, form: Mapping[str, str]) -> None:
        """What Entra looks at: signed by the certificate's key, for this address, by this app, now."""
        certificate = x509.load_pem_x509_certificate(self._settings.client_certificate.encode())
        head, claims, signature = (_part_of_jwt(part) for part in form["client_assertion"].split("."))
        signed = form["client_assertion"].rpartition(".")[0].encode()
        how = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - the sandbox's own setting
        try:
            key.verify(signature, signed, how, hashes.SHA256())
            thumb = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")
            is_ours = orjson.loads(head)["x5t#S256"] == thumb
        except (InvalidSignature, KeyError):
            is_ours = False
        told, now = orjson.loads(claims), self._store.clock.now()
        is_meant = (
            told["aud"].endswith(f"/{tenant}/oauth2/v2.0/token") and told["iss"] == told["sub"] == form["client_id"]
        )
        if form.get("client_assertion_type") != _ASSERTION or not is_ours or not is_meant:
            text = "Client assertion contains an invalid signature. [Reason - The key was not found.]"
            raise _TokenRefused(401, "invalid_client", 700027, text)
        if not told["nbf"] <= now < told["exp"]:
            raise _TokenRefused(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")

    def _refusal(self, refused: _TokenRefused) -> dict[str, Any]:
        moment = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(self._store.clock.now()))
        trace, correlation = (named_guid(self._store.seed, kind, moment) for kind in ("trace", "correlation"))
        return {
            "error": refused.error,
            "error_description": f"AADSTS{refused.number}: {refused.text} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {moment}",
            "error_codes": [refused.number],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
        }

    def _new_token(self) -> str:
        """A text in the form of a JWT: three parts of base64."""
        number = self._store.database.next_number("token")
        claims = {"appid": self._settings.client_id, "tid": self._settings.tenant, "serial": number}
        parts = (
            orjson.dumps({"typ": "JWT", "alg": "none"}),
            orjson.dumps(claims),
            named_guid(self._store.seed, "token", number).encode(),
        )
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    def user_of(self, authorization: str, *, is_on_premises: bool) -> str:
        """Who is calling. Raises ApiError (401); Basic is accepted on premises only."""
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "bearer":
            row = self._store.database.row("SELECT user, expires FROM token WHERE token = ?", (credentials.strip(),))
            if row is not None and row[1] > self._store.clock.now():
                return str(row[0])
        if scheme.lower() == "basic" and is_on_premises and self._is_password(credentials):
            return self._settings.username
        raise rejected_credentials()

    def _is_password(self, credentials: str) -> bool:
        try:
            text = base64.b64decode(credentials.strip(), validate=True).decode()
        except ValueError as error:
            raise rejected_credentials() from error
        username, _, password = text.partition(":")
        is_user = username.lower() == self._settings.username.lower()
        return is_user and hmac.compare_digest(password.encode(), self._settings.password.encode())


def check_api_is_on(settings: Settings, *, is_on_premises: bool) -> None:
    """Raise ApiError (405) on premises when nobody has switched the API on."""
    if is_on_premises and not settings.is_api_enabled:
        raise ApiError(405, "BadRequest_MethodNotAllowed", "API services are not enabled on the server instance.")
