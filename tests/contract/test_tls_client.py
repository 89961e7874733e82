"""Certificates: which are trusted, and what is said of those that are not."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.clients import WooCommerceClient
from connector.errors import ConnectionRefused, StoreError
from connector.setup import WebstoreConnection
from tests.contract.client_systems import Asked, Reply, scripted, webstore_client

DAY = timedelta(days=1)


class Authority:
    """An authority of our own that signs servers' certificates."""

    def __init__(self, folder: Path, *, above: Authority | None = None) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        called = "Our own authority" if above is None else "Our intermediate authority"
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name((above or self)._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - DAY)
            .not_valid_after(datetime.now(UTC) + DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
                    key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign((above or self)._key, hashes.SHA256())
        )  # fmt: skip
        self.file = folder / f"{'authority' if above is None else 'intermediate'}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(
        self, *, host: str = "127.0.0.1", begins: timedelta = -DAY, ends: timedelta = DAY, sends: bytes = b""
    ) -> ssl.SSLContext:
        """A server's side of TLS, with a certificate for the host, and what it sends besides it."""
        key = ec.generate_private_key(ec.SECP256R1())
        is_address = host.replace(".", "").isdecimal()
        name = x509.IPAddress(ip_address(host)) if is_address else x509.DNSName(host)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) + begins)
            .not_valid_after(datetime.now(UTC) + ends)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self._folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
            + sends
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def shop(url: str, verify_tls: bool | Path = True, **changes: object) -> WooCommerceClient:
    connection = WebstoreConnection.model_validate(
        {
            "url": url,
            "consumer_key": "ck_scripted_key_0123456789",
            "consumer_secret": "cs_scripted_secret_0123456789",
            "verify_tls": verify_tls,
            "timeout_seconds": 5,
            **changes,
        }
    )
    return webstore_client(connection, retries=1)


def empty(_: Asked) -> Reply:
    return Reply([], headers={"X-WP-Total": "0"})


def test_a_certificate_of_an_authority_of_ones_own_is_trusted_when_its_file_is_named(authority: Authority) -> None:
    with scripted(empty, authority.server()) as server:
        with shop(server.url, authority.file) as client:
            assert client.read_customers(lambda _page: None).announced == 0
        with shop(server.url) as client, pytest.raises(ConnectionRefused, match="cannot be trusted") as caught:
            client.read_customers(lambda _page: None)
        assert "verify_tls" in str(caught.value)
        assert len(server.asked) == 1


def test_what_must_not_leave_does_not_leave_over_tls_either(authority: Authority) -> None:
    def refuse() -> None:
        raise StoreError("The lease was lost.")

    with scripted(empty, authority.server()) as server, shop(server.url, authority.file) as client:
        client.guard = refuse
        with pytest.raises(StoreError, match="was lost"):
            client.update(7, {"first_name": "Kari"})
        assert server.asked == []


@pytest.mark.parametrize(
    ("host", "begins", "ends", "text", "remedy"),
    [
        ("127.0.0.1", -2 * DAY, -DAY, "expired", "Renew"),
        ("127.0.0.1", DAY, 2 * DAY, "not yet valid", "clock"),
        ("other.example", -DAY, DAY, "mismatch", "host name"),
    ],
)
def test_a_certificate_that_cannot_be_trusted_is_refused_with_its_remedy(
    authority: Authority, host: str, begins: timedelta, ends: timedelta, text: str, remedy: str
) -> None:
    with scripted(empty, authority.server(host=host, begins=begins, ends=ends)) as server:
        with shop(server.url, authority.file) as client:
            (finding,) = client.check()
            with pytest.raises(ConnectionRefused):
                client.create({"email": "kari@mail.example"})
        assert server.asked == []
    assert text in finding.what
    assert remedy in finding.remedy


def test_a_chain_without_its_intermediate_certificate_is_told_as_that(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    between = Authority(tmp_path, above=authority)
    with scripted(empty, between.server()) as server:
        for verify in (True, authority.file):  # by public authorities, and by the right one of one's own
            with shop(server.url, verify) as client:
                (finding,) = client.check()
            assert "does not send the intermediate certificate" in finding.what
            assert "Ask the host to install the full chain" in finding.remedy
    with scripted(empty, between.server(sends=between.file.read_bytes())) as server:
        with shop(server.url) as client:  # the whole chain, of an authority that nobody knows
            (finding,) = client.check()
        assert "intermediate" not in finding.what
        assert "name the file of the authority's certificate under verify_tls" in finding.remedy
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
        with shop(server.url) as client:
            assert f'not used: verify_tls = "{authority.file}"' in client.check()[0].remedy
        with shop(server.url, authority.file) as client:
            assert client.read_customers(lambda _page: None).announced == 0


def test_plain_http_to_a_port_that_speaks_https_is_told_as_that(authority: Authority) -> None:
    with scripted(empty, authority.server()) as server, shop(server.url.replace("https:", "http:")) as client:
        (finding,) = client.check()
    assert "speaks https" in finding.what
    assert "Write https:// in url under [webstore]" in finding.remedy


def test_a_server_without_tls_is_said_to_be_one(authority: Authority) -> None:
    with scripted(empty) as server, shop(server.url.replace("http:", "https:"), authority.file) as client:
        (finding,) = client.check()
    assert "handshake failed" in finding.what
    assert "https" in finding.remedy


def test_a_file_of_an_authority_that_is_missing_or_holds_none_is_a_mistake_of_the_setup(
    authority: Authority, tmp_path: Path
) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate", encoding="utf-8")
    with scripted(empty, authority.server()) as server:
        for file in (tmp_path / "missing.pem", nonsense):
            with shop(server.url, file) as client:
                (finding,) = client.check()
            assert not finding.ok
            assert "verify_tls" in finding.remedy
