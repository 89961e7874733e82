"""Runs that webhooks start: in the process of the receiver, or by a deployment; and the commands, as a person gives them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from prefect.client.orchestration import get_client
from typer.testing import CliRunner

from connector.desk.activity import list_runs
from connector.errors import InputError, SetupError
from connector.quality.engine import great_expectations
from flows.cli import app
from flows.synchronize_customers import synchronize_selected_customers
from flows.webhook_runs import by_deployment, in_this_process
from sandbox.command import announcement, setup_text
from sandbox.server import Running
from tests.by_hand import seen
from tests.flows.shop import Shop
from tests.servers.prefect import prefect_here
from tests.servers.receiver import SECRET

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prefect() -> Iterator[None]:
    great_expectations()  # a flow's thread would go on importing it after the test, with the next one's warnings
    with prefect_here():
        yield


@pytest.fixture
def environment(running: Running, tmp_path: Path) -> Mapping[str, str]:
    return {**announcement(running, tmp_path)["env"], "HOOK_SECRET": SECRET}


@pytest.fixture
def file(shop: Shop, tmp_path: Path, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop's setup as a file, its secrets in the environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "setup.toml"
    mappings = shop.setup.synchronization.mappings
    text = setup_text(shop.running, webstore_code="shop", directory=tmp_path)
    path.write_text(text.replace("[synchronization]", f'[synchronization]\nmappings = "{mappings}"'))
    return path


def test_a_run_that_a_hook_starts_counts_as_scheduled_and_is_told_from_others(
    prefect: None, shop: Shop, file: Path
) -> None:
    account = shop.register("kari@hook.example")
    shop.register("ola@hook.example")
    in_this_process(str(file))([f"woo:{account}"])
    assert list(shop.customers()) == ["kari@hook.example"]
    in_this_process(str(file))(None)
    assert len(shop.customers()) == 2
    runs = seen(list_runs, file, 10)
    assert [(run["trigger"], run["actor"]) for run in runs] == [("scheduled", "webhooks")] * 2
    assert runs[1]["mode"] == "selected"


def test_a_run_that_fails_says_so_to_the_worker(prefect: None, shop: Shop, file: Path) -> None:
    with pytest.raises(InputError, match="unknown"):
        in_this_process(str(file))(["woo:4711"])
    with pytest.raises(SetupError):
        in_this_process(str(file.with_name("other.toml")))(["woo:4711"])


def test_a_run_of_a_deployment_is_handed_to_the_server_with_its_customers(prefect: None, file: Path) -> None:
    deployment: Any = synchronize_selected_customers.to_deployment(name="hooked")
    deployment.apply()
    name = "synchronize-selected-customers/hooked"
    by_deployment(str(file), name, "x/y")(["woo:17", "woo:18"])
    with get_client(sync_client=True) as client:
        mine = [run for run in client.read_flow_runs() if "webhooks" in run.tags]
    assert [run.parameters["customers"] for run in mine] == [["woo:17", "woo:18"]]
    assert mine[0].parameters["setup"] == str(file)
    assert "scheduled" in mine[0].tags
    with pytest.raises(InputError, match="no deployment x/y"):
        by_deployment(str(file), name, "x/y")(None)


class Commands:
    """`customer-sync webhooks …`, the receiver in a process of its own."""

    def __init__(self, environment: Mapping[str, str], setup: Path) -> None:
        self._known = {**environment, "CUSTOMER_SYNC_SETUP": str(setup)}
        self._environment = {**os.environ, **self._known}
        self._setup = setup

    def __call__(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        done = CliRunner().invoke(app, ["webhooks", *arguments, "--json"], env=self._known)
        assert done.exit_code == code, done.output
        return [json.loads(text) for text in done.stdout.splitlines()]

    def serve(self, log: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        line = [sys.executable, "-m", "flows.cli", "webhooks", "serve", "--port", "0", "--json"]
        with log.open("w") as errors:
            process = subprocess.Popen(
                line, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())


def test_the_commands_from_first_subscription_to_the_last(
    shop: Shop, file: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    commands = Commands(environment, file)
    assert commands("subscribe", code=2)[0]["hint"].startswith("Set webhooks.secret")
    bare = file.read_text()
    file.write_text(
        f'{bare}\n[webhooks]\nsecret = "env:HOOK_SECRET"\ndebounce_seconds = 3000\nlongest_wait_seconds = 3000\n'
    )
    process, told = commands.serve(tmp_path / "serve.log")
    try:
        with file.open("a") as more:
            more.write(f'public_url = "{told["listening"]}"\n')
        assert [row["action"] for row in commands("subscribe")] == ["made"] * 4
        shop.register("kari@hook.example")
        assert requests.post(f"{shop.running.webstore_control}/deliver", timeout=60).ok
        deadline = time.monotonic() + 60
        while (seen := commands("list")[0])["waiting"] == 0:
            assert time.monotonic() < deadline
        assert len([row for row in seen["subscriptions"] if row["mine"]]) == 4
        assert seen["received"]["ping"] == 3
        assert {row["action"] for row in commands("renew")} == {"kept", "renewed"}
        assert [row["action"] for row in commands("unsubscribe")] == ["removed"] * 4
        assert commands("list")[0]["subscriptions"] == []
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert process.stdout is not None
    process.stdout.close()
    log = (tmp_path / "serve.log").read_text()
    assert "Traceback" not in log
    assert SECRET not in log
