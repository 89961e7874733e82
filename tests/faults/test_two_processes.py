"""Two processes on one webstore at the same moment: one writes, the other waits or leaves cleanly, nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from contextlib import closing

from tests.faults.conftest import Office

PEOPLE = 30


def crowd(office: Office) -> None:
    """Many who will be created, and a store that waits as long as it usually does."""
    office.write_setup(timeout=15)
    for number in range(PEOPLE):
        record = {"email": f"p{number}@nord.example", "first_name": f"Person{number}", "last_name": f"Family{number}"}
        office.running.webstore.people_create(record)


def emails(office: Office) -> list[str]:
    company = office.running.business_central
    return sorted(company.people_get(key)["email"] for key in company.customer_ids())


def nobody_twice(office: Office) -> None:
    assert emails(office) == sorted(f"p{number}@nord.example" for number in range(PEOPLE))
    creates = office.running.business_central_log.operations("create")
    assert len(creates) == PEOPLE


def holder(office: Office) -> int:
    """The process that holds the lease, once its run has begun."""
    deadline = time.monotonic() + 60
    begun = "SELECT pid FROM lease JOIN run USING (webstore_code) WHERE webstore_code = 'shop'"
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(office.store)) as store:
            row = store.execute(begun).fetchone()
        if row is not None:
            return int(row[0])
        time.sleep(0.01)
    raise AssertionError("nobody took the lease")


def test_of_two_runs_one_writes_and_the_other_says_who_is_at_work(office: Office) -> None:
    crowd(office)
    # whoever comes first is still reading when the other one comes
    office.running.webstore_faults.add("slow", seconds=6)
    ended = [office.line.wait(pid) for pid in [office.start("sync", "--json") for _ in range(2)]]
    assert sorted(one.code for one in ended) == [0, 3]
    (busy,) = [one for one in ended if one.code == 3]
    (wrote,) = [one for one in ended if one.code == 0]
    assert wrote.result["pull"]["created"] == PEOPLE
    assert busy.result["error"] == "LeaseHeld"
    assert f"run {wrote.result['run_id']} (process " in busy.result["message"]
    assert "Traceback" not in busy.err
    nobody_twice(office)


def test_a_run_that_may_wait_finds_nothing_left_to_do(office: Office) -> None:
    crowd(office)
    office.write_setup(timeout=15, lease_wait_seconds="120")
    ended = [office.line.wait(pid) for pid in [office.start("sync", "--json") for _ in range(2)]]
    assert [one.code for one in ended] == [0, 0]
    assert sorted(one.result["pull"]["created"] for one in ended) == [0, PEOPLE]
    nobody_twice(office)


def test_the_webstore_of_a_killed_run_is_free_at_once(office: Office) -> None:
    crowd(office)
    first = office.start("sync", "--json")
    assert holder(office) == first
    os.kill(first, signal.SIGKILL)
    assert office.line.wait(first).code == -signal.SIGKILL
    # nobody waits here, so that a lease which had to run out would end this run at once
    assert office.run("sync", "--json").code == 0
    nobody_twice(office)
    assert [run["status"] for run in map(_json, office.run("runs", "list", "--json").out.splitlines())] == [
        "completed",
        "interrupted",
    ]


def _json(line: str) -> dict[str, str]:
    row: dict[str, str] = json.loads(line)
    return row
