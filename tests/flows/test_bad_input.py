"""What people get wrong in setup and command: a message that names it and its remedy, exit code 2, and nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from sandbox.command import announcement, setup_text
from sandbox.server import Running
from tests.contract.client_systems import Asked, Reply, scripted
from tests.contract.test_tls_client import DAY, Authority
from tests.servers.prefect import no_prefect

NOWHERE = "no-such-host.invalid"
PAGE = Reply(b"<!DOCTYPE html><html><title>Log in</title></html>", 200, {"Content-Type": "text/html; charset=utf-8"})


@pytest.fixture(scope="module", autouse=True)
def in_this_process() -> Iterator[None]:
    with no_prefect():
        yield


@dataclass
class Desk:
    """Somebody with a setup file and a command line, and one customer on each side who could be written."""

    running: Running
    folder: Path

    @property
    def text(self) -> str:
        """The setup as it should be."""
        return setup_text(self.running, webstore_code="shop", directory=self.folder)

    def refused(self, text: str, *arguments: str, **environment: str) -> dict[str, Any]:
        """Synchronise with this setup; what is said. Nothing must be written."""
        setup = self.folder / "setup.toml"
        setup.write_text(text, encoding="utf-8")
        known: Mapping[str, str] = announcement(self.running, setup)["env"]
        line = ["sync", *arguments, "--json", "--setup", str(setup)]
        told = CliRunner().invoke(app, line, env={**known, **environment})
        answer: dict[str, Any] = json.loads(told.stdout)
        assert (told.exit_code, answer["exit_code"]) == (2, 2), told.output
        assert self.running.webstore_log.writes() == self.running.business_central_log.writes() == []
        return answer


@pytest.fixture
def desk(running: Running, tmp_path: Path) -> Desk:
    running.webstore.people_create({"email": "kari@desk.example", "first_name": "Kari", "last_name": "Nordmann"})
    running.business_central.people_create({"displayName": "Ola Nordmann", "email": "ola@desk.example"})
    return Desk(running, tmp_path)


def test_a_secret_that_is_not_there(desk: Desk) -> None:
    (problem,) = desk.refused(desk.text, SANDBOX_CONSUMER_KEY="")["problems"]
    assert problem.startswith("webstore.consumer_key: the environment variable SANDBOX_CONSUMER_KEY is not set; export")


def test_a_file_that_is_no_toml(desk: Desk) -> None:
    assert "is not valid TOML: Expected ']'" in desk.refused(f"{desk.text}\n[broken")["message"]


def test_a_flag_with_a_value_that_there_is_not(desk: Desk) -> None:
    (problem,) = desk.refused(desk.text.replace('"Mapped Only"', '"Sometimes"'))["problems"]
    assert problem == "synchronization.push_webstore_customers: Input should be 'Mapped Only' or 'None'"


def test_selected_customers_whom_nobody_knows_are_named_together(desk: Desk) -> None:
    wanted = ["C99999", "woo:99999", "nobody@desk.example"]
    told = desk.refused(desk.text, *(part for who in ["kari@desk.example", *wanted] for part in ("--customer", who)))
    assert sorted(told["problems"]) == sorted(f"{who}: in neither system" for who in wanted)
    assert "Business Central numbers or ids, woo:ID, or e-mails" in told["hint"]


ADDRESSES: list[tuple[str, Callable[[Running], str], str]] = [
    ("The webstore", lambda running: running.webstore_url, ""),
    ("Business Central", lambda running: running.base_url, "/v2.0/tenant/production/api/v2.0"),
    ("Business Central", lambda running: running.token_url, "/token"),
]


@pytest.mark.parametrize(("system", "address", "path"), ADDRESSES, ids=["webstore", "company", "token"])
def test_a_host_that_cannot_be_reached(desk: Desk, system: str, address: Callable[[Running], str], path: str) -> None:
    told = desk.refused(desk.text.replace(address(desk.running), f"https://{NOWHERE}{path}"))
    assert told["message"] == f"{system} cannot be reached at {NOWHERE}."
    assert told["hint"].startswith("Check the address in the setup")


@pytest.mark.parametrize(("system", "address", "path"), ADDRESSES, ids=["webstore", "company", "token"])
def test_a_web_page_where_the_api_should_be(
    desk: Desk, system: str, address: Callable[[Running], str], path: str
) -> None:
    with scripted(lambda _asked: PAGE) as server:
        told = desk.refused(desk.text.replace(address(desk.running), f"{server.url}{path}"))
    assert told["message"].startswith(f"{system} answered ")
    assert told["message"].endswith(" with a web page (200), not with its API. It is called “Log in”.")
    assert told["hint"].startswith("Check the address; a login, maintenance or firewall page")


def test_a_certificate_that_has_expired(desk: Desk, tmp_path: Path) -> None:
    def never(asked: Asked) -> Reply:
        raise AssertionError(f"{asked} came through")

    authority = Authority(tmp_path)
    with scripted(never, authority.server(begins=-2 * DAY, ends=-DAY)) as server:
        text = desk.text.replace(desk.running.webstore_url, server.url)
        told = desk.refused(text.replace("verify_tls = true", f'verify_tls = "{authority.file}"'))
    assert "certificate of the webstore" in told["message"]
    assert "expired" in told["message"]
    assert told["hint"].startswith("Renew the certificate there")
