"""What is wrong with the certificate of a server, and with whom it can be mended."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Any

from connector.clients.answers import causes, plain
from connector.clients.way import Way
from connector.errors import ConnectionRefused

__all__ = ["certificate_refusal", "speaks_tls"]

_SECONDS = 5.0
# where pip, curl, git and OpenSSL look for authorities
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO", "SSL_CERT_FILE")
# of X509_V_ERR_…: the issuer is not known here; the first certificate cannot be verified
_ISSUER_UNKNOWN = frozenset({2, 20, 21})


def certificate_refusal(
    error: BaseException, way: Way, host: str, port: int, *, reached: bool
) -> ConnectionRefused | None:
    """The error that a failure of TLS is; None when the failure has nothing to do with TLS, or is trouble of the moment.

    Args:
        reached: the server has answered before, so that it does speak TLS.
    """
    found = next((one for one in causes(error) if isinstance(one, ssl.SSLCertVerificationError)), None)
    if found is not None:
        return _untrusted(found, way, host, port)
    if reached or not any(isinstance(one, ssl.SSLError) for one in causes(error)):
        return None
    return ConnectionRefused(
        f"No secure connection to {way.name} ({host}): the TLS handshake failed.",
        hint="Check that the address and port speak https, and that the file under verify_tls holds a certificate.",
        system=way.system,
    )


def _untrusted(error: ssl.SSLCertVerificationError, way: Way, host: str, port: int) -> ConnectionRefused:
    problem = str(error.verify_message).split(",")[0].rstrip(".")
    if "not yet valid" in problem:
        hint = "Set this machine's clock right, or renew the certificate there."
    elif "expired" in problem:
        hint = "Renew the certificate there (or set this machine's clock right)."
    elif "mismatch" in problem.lower():
        hint = "Use the host name that the certificate was made for as address in the setup."
    elif error.verify_code in _ISSUER_UNKNOWN and _sends_one(way, host, port):
        problem = "the server does not send the intermediate certificate, only its own"
        hint = (
            "Ask the host to install the full chain (fullchain.pem, or certificate and CA bundle); browsers fetch what is "
            "missing themselves, so pages open all the same. If an authority of your own signed it directly, name the file of "
            "the authority's certificate under verify_tls."
        )
    else:
        hint = "If your own authority signed it, name the file of the authority's certificate under verify_tls."
        hint += _file_not_used(way)
    return ConnectionRefused(
        f"The certificate of {way.name} ({host}) cannot be trusted: {problem}.", hint=hint, system=way.system
    )


def _file_not_used(way: Way) -> str:
    """That the environment names a file with authorities, as companies do whose proxy looks into https; or ""."""
    found = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), "")
    is_new = found and found != way.verify
    return f' The environment names one that is not used: verify_tls = "{plain(found)}".' if is_new else ""


def _sends_one(way: Way, host: str, port: int) -> bool:
    """Whether the server sends a single certificate, which another one has signed. Behind a proxy nobody looks."""
    if way.proxy_for(f"https://{host}:{port}/"):
        return False
    chain = _chain(host, port)
    return chain is not None and len(chain) == 1 and not _is_own_issuer(chain[0])


def speaks_tls(host: str, port: int) -> bool:
    """Whether a server at a port answers a TLS handshake; nothing is sent to it."""
    return _chain(host, port) is not None


def _chain(host: str, port: int) -> list[Any] | None:
    """The certificates that a server sends, whatever they are worth; None when there is no handshake."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            # public under this name since Python 3.13, where it gives bytes
            return list(secure._sslobj.get_unverified_chain() or ())  # type: ignore[attr-defined]
    except (OSError, ValueError):
        return None


def _is_own_issuer(certificate: Any) -> bool:
    told = certificate.get_info()
    return bool(told.get("subject") == told.get("issuer"))
