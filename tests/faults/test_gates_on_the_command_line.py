"""Gates as scripts and people at the command line meet them: what is empty, unknown or not approved does nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.faults.conftest import Office
from tests.servers.commands import Command

pytestmark = [pytest.mark.live, pytest.mark.parametrize("office", ["line_on_prefect"], indirect=True)]


def register(office: Office, number: int, **billing: str) -> int:
    record = {"email": f"p{number}@nord.example", "first_name": f"Person{number}", "last_name": f"Family{number}"}
    return office.running.webstore.people_create({**record, "billing": {"country": "NO", "city": "Bergen", **billing}})


def employ(office: Office, number: int) -> str:
    record = {"displayName": f"Person{number} Family{number}", "type": "Person", "email": f"p{number}@nord.example"}
    company = office.running.business_central
    card = str(company.people_get(company.people_create(record))["number"])
    assert office.run("mapping", "tick", card).code == 0
    return card


def cards(office: Office) -> list[str]:
    company = office.running.business_central
    return sorted(company.people_get(key)["email"] for key in company.customer_ids())


def accounts(office: Office) -> int:
    return len(office.running.webstore.customer_ids())


def versions(office: Office) -> int:
    with closing(sqlite3.connect(office.store)) as store:
        return int(store.execute("SELECT count(*) FROM mapping_version").fetchone()[0])


def refused(done: Command, *words: str) -> None:
    assert done.code == 2, (done.out, done.err)
    assert "Traceback" not in done.err
    assert [word for word in words if word not in done.err] == [], done.err


def approve_always(office: Office) -> None:
    office.setup.write_text(office.setup.read_text() + '\n[approval]\nrequired = "always"\n', encoding="utf-8")


@pytest.mark.parametrize("plan", ["", " ", "12345", "none"])
def test_an_empty_or_malformed_hash_writes_nothing(office: Office, plan: str) -> None:
    register(office, 1)
    refused(office.run("sync", "--plan", plan), "Nothing was written")
    refused(office.run("sync", "--plan", plan, "--customer", "woo:1"), "Nothing was written")
    assert cards(office) == []


def test_an_empty_name_of_anything_is_refused(office: Office) -> None:
    register(office, 1)
    refused(office.run("sync", "--customer", ""))
    refused(office.run("sync", "--customer", "woo:1", "--customer", ""))
    refused(office.run("plan", "--customer", " "))
    assert cards(office) == []
    assert office.run("sync").code == 0
    before = versions(office)
    for command in (
        ("runs", "undo", "", "--yes"), ("runs", "show", ""), ("runs", "report", ""), ("mapping", "unlink", ""),
        ("mapping", "untick", ""), ("mapping", "tick", ""), ("mapping", "link", "", "1"), ("mapping", "link", ""),
        ("mapping", "history", ""), ("mapping", "accept", ""), ("mapping", "reject", ""), ("holds", "release", ""),
        ("forget", "", "--yes"), ("sync-all", ""), ("conflicts", "decide", "", "city", "--take", "webstore"),
    ):  # fmt: skip
        refused(office.run(*command))
    assert versions(office) == before


def test_an_empty_setup_is_refused(office: Office) -> None:
    register(office, 1)
    for command in (("sync",), ("plan",), ("runs", "list"), ("mapping", "list"), ("check",)):
        refused(office.line.run(*command, "--setup", ""), "Which setup?")
    assert cards(office) == []


def test_names_to_leave_out_are_refused_without_a_plan_and_when_the_plan_has_them_not(office: Office) -> None:
    first = register(office, 1)
    register(office, 2)
    refused(office.run("sync", "--leave-out", f"woo:{first}"), "Nothing was written", "--plan")
    plan = office.run("plan", "--json").result["plan_hash"]
    refused(office.run("sync", "--plan", plan, "--leave-out", "C4711"), "Nothing was written")
    refused(office.run("sync", "--plan", plan, "--leave-out", ""), "Nothing was written")
    told = office.run("sync", "--plan", plan, "--leave-out", "C4711", "--json").result
    assert told["problems"] == ["C4711: not in this plan"]
    assert cards(office) == []
    done = office.run("sync", "--plan", plan[:12], "--leave-out", f"WOO:{first}")
    assert (done.code, cards(office)) == (0, ["p2@nord.example"])
    assert f"dropped: woo:{first} (pull create): left out by" in done.err


def test_who_an_approval_lost_is_named_at_the_terminal_and_by_runs_show(office: Office) -> None:
    keys = [register(office, number) for number in (1, 2, 3)]
    assert office.run("sync").code == 0
    company = office.running.business_central
    numbers = {card["email"]: card["number"] for card in map(company.people_get, company.customer_ids())}
    for key in keys:
        office.running.webstore.people_update(key, {"billing": {"city": "Oslo"}})
    plan = office.run("plan", "--json").result["plan_hash"]
    for key in keys[:2]:
        office.running.webstore.people_update(key, {"billing": {"city": "Voss"}})
    done = office.run("sync", "--plan", plan)
    assert done.code == 0
    lines = [
        f"dropped: {numbers[f'p{n}@nord.example']} (pull update: city): changed since the plan was made" for n in (1, 2)
    ]
    assert [line for line in lines if line not in done.err] == []
    assert "2 dropped" in done.err
    run = office.run("runs", "list", "--json", "--limit", "1").result["run_id"]
    assert [line for line in lines if line not in office.run("runs", "show", run).err] == []


def test_yes_answers_the_question_and_replaces_no_approval(office: Office) -> None:
    for number in (1, 2):
        employ(office, number)
    run = office.run("sync", "--json").result["run_id"]
    approve_always(office)
    undo = ("runs", "undo", run, "--delete-accounts")
    refused(office.run(*undo, "--yes"), "needs an approval", "--delete-accounts --plan")
    refused(office.run("runs", "undo", run, "--yes"), "needs an approval")
    assert accounts(office) == 2
    without = office.run("runs", "undo", run, "--dry-run", "--json").result["plan_hash"]
    refused(office.run(*undo, "--yes", "--plan", without), "deletes nobody", "Nothing was written")
    for empty in ("", " ", "12345"):
        refused(office.run(*undo, "--yes", "--plan", empty), "Nothing was written")
    assert accounts(office) == 2
    shown = office.run(*undo, "--dry-run", "--json").result
    assert [row["action"] for row in shown["plan"] if row["field"] == "email"] == ["delete", "delete"]
    first = shown["created"][0]
    refused(office.run(*undo, "--plan", shown["plan_hash"], "--leave-out", "C4711"), "Nothing was written")
    done = office.run(*undo, "--plan", shown["plan_hash"], "--leave-out", first["bc_number"], "--json")
    assert (done.code, accounts(office)) == (0, 1)
    assert (done.result["deleted"], done.result["unlinked"]) == (1, 1)
    now = {row["bc_number"]: row["now"] for row in done.result["created"]}
    assert now[first["bc_number"]].startswith("kept: left out by")


def test_several_links_are_one_version_or_none(office: Office) -> None:
    company = office.running.business_central
    numbers = [
        company.people_get(company.people_create({"displayName": f"Office {n}", "email": f"o{n}@nord.example"}))[
            "number"
        ]
        for n in (1, 2, 3)
    ]
    keys = [register(office, number) for number in (1, 2, 3)]
    refused(office.run("mapping", "link", f"{numbers[0]}={keys[0]}", f"{numbers[1]}=99999"), "99999")
    assert versions(office) == 0
    assert office.run("mapping", "link", numbers[0], str(keys[0])).code == 0
    done = office.run("mapping", "link", f"{numbers[1]}={keys[1]}", f"{numbers[2]}=woo:{keys[2]}")
    assert (done.code, versions(office)) == (0, 2)
    refused(office.run("mapping", "unlink", numbers[0], "C4711"), "C4711")
    assert versions(office) == 2
    assert office.run("mapping", "unlink", numbers[0], f"woo:{keys[1]}").code == 0
    assert versions(office) == 3
