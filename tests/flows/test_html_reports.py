"""Runs leave an HTML report where the setup says so, however they end, and an artifact leads to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from typer.testing import CliRunner

from connector.quality.engine import great_expectations
from flows.cli import app
from flows.synchronize_customers import synchronize_customers
from sandbox.command import announcement, setup_text
from tests.flows.shop import Shop
from tests.servers.prefect import prefect_here

pytestmark = pytest.mark.live


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    great_expectations()  # a flow's thread would go on importing it after the test, with the next one's warnings
    with prefect_here():
        yield


@pytest.fixture
def file(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    environment: Mapping[str, str] = announcement(shop.running, tmp_path)["env"]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "setup.toml"
    text = setup_text(shop.running, webstore_code="shop", directory=tmp_path)
    text = text.replace("[synchronization]", f'[synchronization]\nmappings = "{shop.setup.synchronization.mappings}"')
    path.write_text(f'{text}\n[reports]\nhtml = "changes"\nfolder = "reports"\n[breakers]\ncreates = 3\n')
    return path


def reports(file: Path) -> list[Path]:
    return sorted((file.parent / "reports" / "shop").glob("report-*.html"))


def test_a_run_leaves_its_report_and_an_artifact_says_where(shop: Shop, file: Path) -> None:
    shop.register("kari@report.example", "Kari <b>Nordmann</b>")
    synchronize_customers(setup=str(file))
    (report,) = reports(file)
    text = report.read_text()
    assert "kari@report.example" in text
    assert "<b>Nordmann" not in text
    assert report.stat().st_mode & 0o777 == 0o600
    with get_client(sync_client=True) as client:
        told = [artifact for artifact in client.read_artifacts() if artifact.key == "report-shop"]
    assert f"\n{report.resolve()}\n" in str(told[0].data)
    assert "file:" not in str(told[0].data)


def test_a_run_whose_writes_were_not_all_taken_ends_in_a_state_that_says_so(shop: Shop, file: Path) -> None:
    shop.register("kari@report.example", country="DK")
    assert synchronize_customers(setup=str(file), return_state=True).name == "Completed"
    (account,) = shop.accounts().values()
    # no VAT number of Denmark
    shop.running.webstore.people_update(account, {"meta_data": [{"key": "vat_number", "value": "12"}]})
    state = synchronize_customers(setup=str(file), return_state=True)
    assert (state.is_completed(), state.name) == (True, "Not All Written")
    assert "1 not written" in state.message


def test_a_run_without_news_leaves_no_report(shop: Shop, file: Path) -> None:
    shop.register("kari@report.example")
    for _ in range(3):
        synchronize_customers(setup=str(file))
    count = len(reports(file))
    synchronize_customers(setup=str(file))
    assert len(reports(file)) == count


def test_a_run_that_a_breaker_stopped_leaves_the_report_that_one_wants_to_see_then(shop: Shop, file: Path) -> None:
    for number in range(5):
        shop.register(f"p{number}@report.example")
    state = synchronize_customers(setup=str(file), return_state=True)
    assert state.is_failed()
    (report,) = reports(file)
    assert "Stopped:" in report.read_text()
    assert "p4@report.example" in report.read_text()


def test_the_command_writes_the_report_of_any_run(shop: Shop, file: Path, tmp_path: Path) -> None:
    shop.register("kari@report.example")
    synchronize_customers(setup=str(file))
    target = tmp_path / "mine.html"
    command = ["runs", "report", "--html", str(target), "--setup", str(file)]
    assert CliRunner().invoke(app, [*command, "--masked"]).exit_code == 0
    assert "kari@report.example" not in target.read_text()
    assert CliRunner().invoke(app, command).exit_code == 2
    assert CliRunner().invoke(app, [*command, "--overwrite"]).exit_code == 0
    assert "kari@report.example" in target.read_text()
