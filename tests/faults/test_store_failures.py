"""The store cannot be used: exit code 3, words that say what to do, nothing written in either system, nothing half-written."""

from __future__ import annotations

import sqlite3
import time

import pytest

from tests.faults.conftest import Office
from tests.servers.commands import Command

COMMANDS = (("sync", "--json"), ("mapping", "list", "--json"))


def writes(office: Office) -> list[str]:
    logs = (office.running.webstore_log, office.running.business_central_log)
    return [o.verb for log in logs for e in log.writes() for o in e.operations if o.verb != "read"]


def refused(office: Office, ended: Command, *words: str) -> None:
    """The command said what was wrong, and nothing was written anywhere."""
    assert ended.code == 3, ended.err
    assert "Traceback" not in ended.err + ended.out
    assert any(word in ended.err for word in words), ended.err
    assert ended.result["error"] == "StoreError"
    assert ended.result["exit_code"] == 3
    assert str(office.store) in ended.result["message"]
    assert ended.result["hint"]
    assert writes(office) == []


def somebody(office: Office) -> None:
    """Somebody whom a run would create."""
    record = {"email": "kari@nord.example", "first_name": "Kari", "last_name": "Nordmann"}
    office.running.webstore.people_create(record)


@pytest.mark.live
@pytest.mark.parametrize("command", COMMANDS)
def test_a_read_only_store(office: Office, command: tuple[str, ...]) -> None:
    somebody(office)
    content = office.store.read_bytes()
    office.store.chmod(0o444)
    office.store.parent.chmod(0o555)
    refused(office, office.run(*command, nobody=True), "it is read-only", "it cannot be opened")
    assert office.store.read_bytes() == content


def test_a_folder_in_which_no_store_can_be_made(office: Office) -> None:
    somebody(office)
    office.store.unlink()
    office.store.parent.chmod(0o555)
    refused(office, office.run("sync", "--json", nobody=True), "permission denied", "it cannot be opened")
    assert not office.store.exists()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("where", [0, 4096])
def test_a_damaged_store(office: Office, command: tuple[str, ...], where: int) -> None:
    somebody(office)
    content = bytearray(office.store.read_bytes())
    content[where : where + 4096] = b"\xa5" * 4096
    if where:
        content[4096:] = b"\xa5" * (len(content) - 4096)
    office.store.write_bytes(content)
    refused(office, office.run(*command), "damaged", "not a database")
    assert office.store.read_bytes() == bytes(content), "the damaged file is evidence"


def test_a_locked_store_is_waited_for_and_then_left(office: Office) -> None:
    somebody(office)
    other = sqlite3.connect(office.store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    refused(office, office.run("sync", "--json"), "it is locked")
    assert time.monotonic() - began >= 1
    listed = office.run("mapping", "list", "--json")
    assert (listed.code, listed.out) == (0, ""), "reading waits for no writer"
    other.execute("ROLLBACK")
    other.close()
    assert office.run("sync", "--json").result["pull"]["created"] == 1


def test_a_disk_that_is_full(office: Office) -> None:
    somebody(office)
    refused(office, office.run("sync", "--json", file_size=30_000), "the disk")
    after = office.run("sync", "--json")
    assert (after.code, after.result["pull"]["created"]) == (0, 1)
    assert office.run("store", "check", "--json").code == 0


def test_a_setting_of_the_timeout_that_is_no_number(office: Office) -> None:
    office.setup.write_text(
        office.setup.read_text(encoding="utf-8").replace("timeout=1", "timeout=long"), encoding="utf-8"
    )
    ended = office.run("mapping", "list", "--json")
    assert (ended.code, "timeout=long" in ended.err) == (3, True)
