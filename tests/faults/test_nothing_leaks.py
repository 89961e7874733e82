"""What runs with every fault leave behind, searched: no secret anywhere, no customer's data in a log."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from connector.errors import CustomerSyncError
from connector.quality.engine import great_expectations
from flows.synchronize_customers import synchronize_customers
from sandbox.command import announcement, setup_text
from sandbox.server import Running, start
from tests.flows.conftest import emptied
from tests.flows.shop import small_rules
from tests.servers.prefect import prefect_here

pytestmark = pytest.mark.live

KINDS = (
    "429", "503", "500", "504-after-write", "drop-before", "drop-after-write", "torn-json", "html", "xml", "stale-tag",
    "read-only-key", "expired-token",
)  # fmt: skip
PERSONAL = ("Quarmby", "quarmby", "Zebedee", "Leakstreet", "40112233", "40 11 22 33")


@pytest.fixture(scope="module")
def database() -> Iterator[Path]:
    great_expectations()
    with prefect_here() as file:
        yield file


def everybody(running: Running, number: int) -> None:
    """Two customers to be created and two to be changed, with data that stand nowhere else."""
    address = {
        "address_1": f"Leakstreet {number}",
        "city": "Bergen",
        "country": "NO",
        "phone": f"+47 40112{number:03d}",
    }
    person = {"first_name": "Zebedee", "last_name": f"Quarmby{number}", "email": f"quarmby{number}@leak.example"}
    key = running.webstore.people_create({**person, "billing": address})
    running.business_central.people_create(
        {
            "displayName": f"Zebedee Quarmby{number}",
            "email": f"office-quarmby{number}@leak.example",
            "addressLine1": "Leakstreet",
        }
    )
    running.webstore.people_update(key, {"billing": {"address_2": f"Leakstreet flat {number}"}})
    for customer in running.business_central.customer_ids():
        running.business_central.people_update(customer, {"addressLine2": f"Leakstreet floor {number}"})


def texts(file: Path, tables: tuple[str, ...] = ()) -> str:
    """A database as text, with what has been deleted left out: all of it, or some tables."""
    with closing(sqlite3.connect(file)) as store:
        names = tables or [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return "\n".join(str(row) for name in names for row in store.execute(f'SELECT * FROM "{name}"'))  # noqa: S608


def test_no_secret_stays_anywhere_and_nobody_s_data_in_a_log(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    with start(empty=True, seed=3) as running:
        emptied(running)
        setup = tmp_path / "setup.toml"
        text = setup_text(running, webstore_code="leak", directory=tmp_path / "data")
        text = text.replace(
            "[synchronization]", f'[synchronization]\nsettle_seconds = 0\nmappings = "{small_rules(tmp_path)}"'
        )
        setup.write_text(f'{text}\n[reports]\nfolder = "{tmp_path / "reports"}"\nhtml = "changes"\n', encoding="utf-8")
        for name, value in announcement(running, setup)["env"].items():
            monkeypatch.setenv(name, value)
        struck, ended = 0, set()
        for number, kind in enumerate(KINDS):
            everybody(running, number)
            for system in ("webstore", "business_central"):
                faults = getattr(running, f"{system}_faults")
                if kind != "expired-token" or system == "business_central":
                    more = {"retry_after": 0} if kind in {"429", "503"} else {}
                    faults.add(kind, writes_only=number % 2 == 0, count=1 + number % 3, **more)
            try:
                synchronize_customers(setup=str(setup))
                ended.add("done")
            except CustomerSyncError as error:
                ended.add(type(error).__name__)
            for system in ("webstore", "business_central"):
                struck += len(getattr(running, f"{system}_faults").fired)
                getattr(running, f"{system}_faults").clear()
        secrets = {running.consumer_key, running.consumer_secret, running.client_secret, running.password}
        with suppress(sqlite3.OperationalError):
            secrets |= {str(row[0]) for row in running.business_central.database.rows("SELECT token FROM token")}
    assert struck >= len(KINDS)
    assert "done" in ended
    assert len(ended) > 1, "no run ended with an error, so no error was searched"

    printed = capfd.readouterr()
    logs = "\n".join((caplog.text, printed.out, printed.err, texts(database, ("log",))))
    assert "pulled: 2 created" in logs
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.suffix == ".html" for file in files)
    left = {str(file): file.read_bytes() for file in [*files, database]}
    left |= {"logs": logs.encode(), "tables of Prefect": texts(database).encode()}
    for place, content in left.items():
        found = [secret[:6] for secret in secrets if secret.encode() in content]
        assert not found, f"{place} holds secrets that begin with {found}"
    for data in PERSONAL:
        line = next((line for line in logs.splitlines() if data in line), "")
        assert not line, f"{data} stands in a log: {line[:300]}"
