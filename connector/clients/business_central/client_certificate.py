"""An Entra application that signs with its certificate instead of showing a secret.

The form of the signed statement is Microsoft's: learn.microsoft.com/entra/identity-platform/certificate-credentials.
"""

from __future__ import annotations

import base64
import re
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from connector.clients.redaction import protect
from connector.clients.results import CheckResult
from connector.errors import CredentialsRefused

__all__ = ["ClientCertificate"]

SYSTEM = "business_central"
_KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SECONDS = 600
_WARN_DAYS = 30
_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


class ClientCertificate:
    """A certificate with its private key, read from its file each time: it is renewed there, while a service goes on.

    Args:
        file: PEM with both in any order, or PKCS #12 (.pfx, .p12); password: of the key or the .pfx, "" = none.
    """

    def __init__(self, file: Path, password: str) -> None:
        self._file = file
        self._password = password.encode() or None
        protect(password)

    def assertion(self, client_id: str, token_url: str) -> Mapping[str, str]:
        """What stands in the form instead of a secret.

        Raises:
            CredentialsRefused: the file cannot be read, lacks the key or the certificate, or its time is over.
        """
        key, certificate = self._read()
        if certificate.not_valid_after_utc <= datetime.now(UTC):
            raise self._refused(
                f"is good no longer since {certificate.not_valid_after_utc:%Y-%m-%d}", "Make a new one, and upload it."
            )
        now = int(time.time())
        claims = {
            "aud": token_url, "iss": client_id, "sub": client_id, "jti": str(uuid.uuid4()),
            "nbf": now - 60, "iat": now, "exp": now + _SECONDS,
        }  # fmt: skip
        head = {"alg": "PS256", "typ": "JWT", "x5t#S256": _text(certificate.fingerprint(hashes.SHA256()))}
        signed = f"{_text(orjson.dumps(head))}.{_text(orjson.dumps(claims))}"
        how = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        signature = _text(key.sign(signed.encode(), how, hashes.SHA256()))
        return {"client_assertion_type": _KIND, "client_assertion": f"{signed}.{signature}"}

    def findings(self) -> list[CheckResult]:
        """Until when it is good; a warning when that is soon."""
        _, certificate = self._read()
        ends = certificate.not_valid_after_utc
        days = (ends - datetime.now(UTC)).days
        soon = days < _WARN_DAYS
        what = f"certificate: {self._file.name} is good until {ends:%Y-%m-%d}"
        return [CheckResult(SYSTEM, True, what, "Make a new one, and upload it before." if soon else "", warning=soon)]

    def _read(self) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        try:
            content = self._file.read_bytes()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "no file has a name like this"
            raise self._refused(f"cannot be read: {why}", "Mend its path under client_certificate.") from None
        try:
            key, certificate = self._of_pem(content) if b"-----BEGIN" in content else self._of_pfx(content)
        except (ValueError, TypeError):  # the library names neither file nor remedy
            hint = "Check client_certificate_password, and that the file is PEM (certificate and private key) or .pfx."
            raise self._refused("is no certificate with a key that its password opens", hint) from None
        if certificate is None or not isinstance(key, rsa.RSAPrivateKey):
            hint = "Put both into it: cat certificate.pem key.pem > both.pem. Entra takes RSA keys only."
            raise self._refused(f"lacks its {'certificate' if certificate is None else 'private RSA key'}", hint)
        if certificate.public_key() != key.public_key():
            raise self._refused(
                "holds a key that is not the certificate's", "Put the two that belong together into it."
            )
        return key, certificate

    def _of_pem(self, content: bytes) -> tuple[Any, x509.Certificate | None]:
        certificates = x509.load_pem_x509_certificates(content) if b"BEGIN CERTIFICATE" in content else []
        found = _KEY.search(content)
        if found is None:
            return None, next(iter(certificates), None)
        key: Any = serialization.load_pem_private_key(found[0], self._password if b"ENCRYPTED" in found[0] else None)
        own = [one for one in certificates if one.public_key() == key.public_key()]
        return key, next(iter(own or certificates), None)

    def _of_pfx(self, content: bytes) -> tuple[Any, x509.Certificate | None]:
        key, certificate, _ = pkcs12.load_key_and_certificates(content, self._password)
        return key, certificate

    def _refused(self, what: str, hint: str) -> CredentialsRefused:
        return CredentialsRefused(f"The certificate {self._file} {what}.", hint=hint, system=SYSTEM)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
