"""Tokens without a secret: an application that signs with its certificate, and commands of one's own."""

from __future__ import annotations

import base64
import json
import shlex
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from connector.clients import BusinessCentralClient
from connector.clients.business_central import token_command
from connector.errors import CredentialsRefused, RemoteTrouble
from sandbox.server import Running, start
from tests.contract.client_systems import company_client, company_connection

PEM, PRIVATE = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
WORD = b"word of the file"
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "customer-sync")])


def certificate_of(key: Any, days: int = 365) -> x509.Certificate:
    begins = datetime.now(UTC) - timedelta(days=400)
    return (
        x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(begins)
        .not_valid_after(datetime.now(UTC) + timedelta(days=days, hours=1)).sign(key, hashes.SHA256())
    )  # fmt: skip


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def uploaded(key: rsa.RSAPrivateKey) -> x509.Certificate:
    return certificate_of(key)


@pytest.fixture(scope="module")
def tenant(uploaded: x509.Certificate) -> Iterator[Running]:
    settings = {"client_certificate": uploaded.public_bytes(PEM).decode()}
    with start(empty=True, business_central_settings=settings) as running:
        yield running


def private(key: Any, word: bytes = b"") -> bytes:
    how = serialization.BestAvailableEncryption(word) if word else serialization.NoEncryption()
    return bytes(key.private_bytes(PEM, PRIVATE, how))


def signing(tenant: Running, file: Path, **changes: Any) -> BusinessCentralClient:
    settings = {"auth": "client-certificate", "client_secret": None, "client_certificate": file, **changes}
    return company_client(company_connection(tenant, **settings))


class TestCertificates:
    def test_a_certificate_takes_the_place_of_the_secret_in_every_usual_file(
        self, tenant: Running, tmp_path: Path, key: rsa.RSAPrivateKey, uploaded: x509.Certificate
    ) -> None:
        both = uploaded.public_bytes(PEM)
        packed = pkcs12.serialize_key_and_certificates(
            b"x", key, uploaded, None, serialization.BestAvailableEncryption(WORD)
        )
        files = {
            "one.pem": (private(key) + both, None),
            "other.pem": (
                certificate_of(ec.generate_private_key(ec.SECP256R1())).public_bytes(PEM) + both + private(key),
                None,
            ),
            "locked.pem": (both + private(key, WORD), WORD.decode()),
            "packed.pfx": (packed, WORD.decode()),
        }
        for name, (content, password) in files.items():
            file = tmp_path / name
            file.write_bytes(content)
            with signing(tenant, file, client_certificate_password=password) as client:
                assert client.companies()
                (told,) = client._api.login.findings()
            assert f"certificate: {name} is good until" in told.what
            assert not told.warning

    def test_what_is_wrong_with_the_file_is_said_with_its_remedy(
        self, tenant: Running, tmp_path: Path, key: rsa.RSAPrivateKey, uploaded: x509.Certificate
    ) -> None:
        both, stranger = uploaded.public_bytes(PEM), rsa.generate_private_key(public_exponent=65537, key_size=2048)
        curve = ec.generate_private_key(ec.SECP256R1())
        for content, said in (
            (None, "cannot be read"),
            (b"", "password opens"),
            (b"no certificate", "password opens"),
            (both, "lacks its private RSA key"),
            (private(key), "lacks its certificate"),
            (both + private(stranger), "not the certificate's"),
            (both + private(key, WORD), "client_certificate_password"),
            (certificate_of(curve).public_bytes(PEM) + private(curve), "Entra takes RSA keys only"),
            (certificate_of(key, days=-2).public_bytes(PEM) + private(key), "good no longer"),
            (certificate_of(stranger).public_bytes(PEM) + private(stranger), "AADSTS700027"),
        ):
            file = tmp_path / "some.pem"
            file.unlink(missing_ok=True)
            if content is not None:
                file.write_bytes(content)
            with signing(tenant, file) as client, pytest.raises(CredentialsRefused) as caught:
                client.companies()
            assert said in str(caught.value)
            assert caught.value.hint

    def test_a_certificate_that_ends_soon_is_a_warning(self, tmp_path: Path, key: rsa.RSAPrivateKey) -> None:
        ending = certificate_of(key, days=9)
        file = tmp_path / "ending.pem"
        file.write_bytes(private(key) + ending.public_bytes(PEM))
        with (
            start(
                empty=True, business_central_settings={"client_certificate": ending.public_bytes(PEM).decode()}
            ) as running,
            signing(running, file) as client,
        ):
            (warned,) = [one for one in client.check() if one.warning]
        assert "is good until" in warned.what
        assert "upload" in warned.remedy


def command(tmp_path: Path, program: str) -> str:
    file = tmp_path / "broker.py"
    file.write_text(program, encoding="utf-8")
    return shlex.join([sys.executable, str(file)])


def fetching(running: Running, tmp_path: Path, program: str) -> BusinessCentralClient:
    settings = {"token_url": None, "client_id": None, "client_secret": None}
    return company_client(company_connection(running, token_command=command(tmp_path, program), **settings))


def token_of(systems: Running) -> str:
    with company_client(company_connection(systems)) as client:
        return client._api.login.header().removeprefix("Bearer ")


class TestCommands:
    @pytest.mark.parametrize(
        "printed",
        ["{0}\n", "Bearer {0}", '"{0}"', '{{"access_token": "{0}", "expires_in": 3599}}', '{{"accessToken": "{0}"}}'],
    )
    def test_a_command_prints_the_token(self, systems: Running, tmp_path: Path, printed: str) -> None:
        program = f"import sys; sys.stdout.write({printed.format(token_of(systems))!r})"
        with fetching(systems, tmp_path, program) as client:
            assert client.companies()

    def test_it_is_asked_once_and_again_when_the_token_is_refused(self, systems: Running, tmp_path: Path) -> None:
        tokens = tmp_path / "tokens"
        tokens.write_text(f"an-old-token\n{token_of(systems)}\n", encoding="utf-8")
        program = (
            f"from pathlib import Path; p = Path({str(tokens)!r}); first, _, rest = p.read_text().partition(chr(10)); "
        )
        with fetching(systems, tmp_path, program + "p.write_text(rest); print(first)") as client:
            client.companies()
            client.companies()
        assert tokens.read_text() == ""

    @pytest.mark.parametrize(
        ("program", "said"),
        [
            (
                "import sys; sys.exit('Please run az login as kari@mail.example')",
                "failed with exit code 1: Please run az login",
            ),
            ("raise SystemExit(3)", "exit code 3: it does not say why"),
            ("print()", "printed no token"),
            ("print('two words')", "printed no token"),
            ('print(\'{"error": "no"}\')', "printed no token"),
        ],
    )
    def test_what_is_wrong_is_told(self, systems: Running, tmp_path: Path, program: str, said: str) -> None:
        with fetching(systems, tmp_path, program) as client, pytest.raises(CredentialsRefused) as caught:
            client.companies()
        assert said in str(caught.value)
        assert "kari@" not in str(caught.value)
        assert "try it by hand" in caught.value.hint

    @pytest.mark.parametrize("words", ["no-such-program-anywhere token", "'half a quote", "''", "/"])
    def test_what_is_no_command_is_told(self, words: str) -> None:
        with pytest.raises(CredentialsRefused, match="cannot be started"):
            token_command.printed_token(words)

    def test_one_that_asks_or_never_ends_is_trouble(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(token_command, "_SECONDS", 0.3)
        with pytest.raises(RemoteTrouble, match="printed no token within"):
            token_command.printed_token(command(tmp_path, "import time; time.sleep(5)"))

    @pytest.mark.parametrize(
        ("told", "low", "high"),
        [
            ({"access_token": "t", "expires_in": "90"}, 90, 90),
            ({"accessToken": "t", "expiresOn": "2031-01-01 10:00:00", "expires_on": time.time() + 9_000}, 7_000, 9_000),
            ({"access_token": "t", "expires_in": -1}, 600, 600),
            ("a.{}.c", 70, 80),
            ("an opaque one".replace(" ", "-"), 600, 600),
        ],
    )
    def test_how_long_a_token_is_good_is_read_where_it_stands(
        self, tmp_path: Path, told: Any, low: int, high: int
    ) -> None:
        if told == "a.{}.c":
            claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + 80}).encode()).decode().rstrip("=")
            told = told.format(claims)
        text = told if isinstance(told, str) else json.dumps(told)
        assert low <= token_command.printed_token(command(tmp_path, f"print({text!r})")).seconds <= high
