"""What people who do this job have reported elsewhere, as they would try it: records typed on two screens, then commands.

The records stand in tests/flows/reported/, a line for each thing that somebody types. The rules are the ones that ship.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from flows.cli import app
from sandbox.command import announcement, setup_text
from sandbox.server import Running
from tests.servers.prefect import no_prefect

REPORTED = Path(__file__).parent / "reported"


@pytest.fixture(scope="module", autouse=True)
def in_this_process() -> Iterator[None]:
    with no_prefect():
        yield


@dataclass
class Office:
    """Somebody with both screens, a setup as the sandbox writes it, and a command line."""

    running: Running
    setup: Path
    environment: dict[str, str]

    def type_in(self, name: str) -> None:
        """Type what a file of records says."""
        addresses = {
            "webstore": self.running.webstore_control,
            "business_central": self.running.business_central_control,
        }
        for line in (REPORTED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            step: dict[str, Any] = json.loads(line)
            with requests.Session() as session:
                session.trust_env = False
                session.post(f"{addresses[step.pop('system')]}/people", json=step).raise_for_status()

    def command(self, *words: str, code: int = 0) -> list[dict[str, Any]]:
        """What a command says to programs, one object a line."""
        told = CliRunner().invoke(app, [*words, "--json", "--setup", str(self.setup)], env=self.environment)
        assert told.exit_code == code, told.output
        return [json.loads(line) for line in told.stdout.splitlines()]

    def planned(self) -> list[dict[str, Any]]:
        """The rows of `plan`."""
        (plan,) = self.command("plan")
        rows: list[dict[str, Any]] = plan["plan"]
        return rows

    def accounts(self) -> dict[str, dict[str, Any]]:
        """Accounts by e-mail."""
        store = self.running.webstore
        return {record["email"]: record for record in map(store.people_get, store.customer_ids())}

    def customers(self) -> dict[str, dict[str, Any]]:
        """Business Central customers by e-mail."""
        store = self.running.business_central
        return {record["email"]: record for record in map(store.people_get, store.customer_ids())}

    def number(self, email: str) -> str:
        """A Business Central customer's number."""
        return str(self.customers()[email]["number"])


@pytest.fixture
def office(running: Running, tmp_path: Path) -> Office:
    setup = tmp_path / "setup.toml"
    setup.write_text(setup_text(running, webstore_code="shop", directory=tmp_path), encoding="utf-8")
    return Office(running, setup, announcement(running, setup)["env"])


def vat_of(account: dict[str, Any]) -> list[str]:
    return [item["value"] for item in account["meta_data"] if item["key"] == "vat_number"]


def test_an_address_with_a_character_that_nobody_sees_makes_no_second_customer(office: Office) -> None:
    office.type_in("zero-width-email")
    (done,) = office.command("sync")
    assert done["linked"] == 1
    assert len(office.customers()) == len(office.accounts()) == 1
    (row,) = office.command("mapping", "list")
    assert row["webstore_id"] == office.accounts()["zw@x.example"]["id"]


def test_a_name_with_a_comma_is_family_name_and_given_name(office: Office) -> None:
    office.type_in("last-comma-first")
    office.command("mapping", "tick", office.number("r@x.example"))
    office.command("sync")
    names = {email: (record["first_name"], record["last_name"]) for email, record in office.accounts().items()}
    assert names == {"h@x.example": ("Hans", "Müller"), "r@x.example": ("Ritin", "Sahni")}
    assert {record["displayName"] for record in office.customers().values()} == {"Müller, Hans", "Sahni, Ritin"}


def test_a_state_in_any_spelling_takes_no_code_away(office: Office) -> None:
    office.type_in("state-spellings")
    codes = {email: record["billing"]["state"] for email, record in office.accounts().items()}
    assert sorted(codes.values()) == ["BI", "CN1", "D", "QC", "RE"]
    office.command("readiness")
    assert not [row for row in office.planned() if row["field"] == "state"]
    (done,) = office.command("sync")
    assert done["linked"] == 5
    assert {email: record["billing"]["state"] for email, record in office.accounts().items()} == codes
    spelled = {"Vizcaya", "Co. Dublin", "Yunnan", "Québec", "Reggio nell’Emilia"}
    assert {record["state"] for record in office.customers().values()} == spelled


def test_two_forms_of_one_vat_number_are_equal(office: Office) -> None:
    office.type_in("vat-forms")
    assert not [row for row in office.planned() if "vat" in str(row["field"])]
    (done,) = office.command("sync")
    assert (done["linked"], done["conflicts"]) == (2, 0)
    assert {email: vat_of(record) for email, record in office.accounts().items()} == {
        "xi@x.example": ["XI123456789"],
        "che@x.example": ["CHE-123.456.789 MWST"],
    }
    numbers = {email: record["taxRegistrationNumber"] for email, record in office.customers().items()}
    assert numbers == {"xi@x.example": "GB123456789", "che@x.example": "CHE-123.456.789"}


def test_a_phone_extension_keeps_nothing_else_out(office: Office) -> None:
    office.type_in("phone-extension")
    office.command("sync")
    assert office.customers()["ned@x.example"]["city"] == "New York"
    (waiting,) = office.command("quarantine", "list")
    assert (waiting["field"], waiting["reason"]) == ("phone", "the phone number holds letters")
    office.type_in("phone-extension-edits")
    office.command("sync")
    ann = office.customers()["a@x.example"]
    assert (ann["city"], ann["phoneNumber"]) == ("Hamburg", "+49 30 1234567")


def test_one_account_s_metadata_as_an_object_takes_nobody_s_vat_number(office: Office) -> None:
    office.type_in("meta-data-object")
    spoiled = str(office.accounts()["p2@x.example"]["id"])
    holed = {"1": {"id": 7, "key": "newsletter", "value": "1"}}
    office.running.webstore_faults.add(
        "altered-records", path="customers$", count=1_000, records={spoiled: {"meta_data": holed}}
    )
    (done,) = office.command("sync", "--pull", "All")
    assert done["pull"]["created"] == 2
    assert office.customers()["p4@x.example"]["taxRegistrationNumber"] == "DE111111111"
    assert office.customers()["p2@x.example"]["taxRegistrationNumber"] == ""
