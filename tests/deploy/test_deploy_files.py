"""What deploy/ names is there: commands, options, ports, secrets, metrics. Its validators run in `make deploy-test`."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.metrics.families import _COUNTERS, _GAUGES, METRICS
from connector.setup import UnresolvedSecrets, parse_setup
from tests.docs.pages import ROOT
from tests.docs.parsing import COMMAND_LINE, parsed

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "postgres" not in service["image"]}
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MOUNTED = "/run/secrets/"


def command_of(service: dict[str, Any]) -> list[str]:
    return [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", part) for part in service["command"]]


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if service["command"][0] == "customer-sync"])
def test_a_service_is_a_command_that_exists(name: str) -> None:
    parsed(COMMAND_LINE, command_of(SERVICES[name])[1:])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_exists(unit: Path) -> None:
    started = re.findall(r"^Exec\w+=-?(\S+) (.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    assert started
    for program, arguments in started:
        assert program.startswith("/opt/customer-sync/bin/")
        if program.endswith("/customer-sync"):
            parsed(COMMAND_LINE, arguments.replace("%i", "shop").split())


def test_a_worker_serves_the_pool_of_the_deployments() -> None:
    [pool] = {d["work_pool"]["name"] for d in yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]}
    shown = [
        " ".join(command_of(SERVICES["worker"])),
        (DEPLOY / "systemd/customer-sync-worker.service").read_text("utf-8"),
    ]
    assert all(f"prefect worker start --pool {pool} --type process" in text for text in shown)
    deployments = {d["name"] for d in yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]}
    assert SERVICES["webhooks"]["command"][-1] in {f"{name}/{name}" for name in deployments}


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_may_do_as_little_as_it_can(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].endswith(":0") and not service["user"].startswith("0")
    assert not any(port for port in service.get("ports", []) if not port.startswith("127.0.0.1:"))


def test_everything_that_the_compose_file_names_is_used_and_there() -> None:
    for kind in ("secrets", "networks", "volumes"):
        used = {str(one).partition(":")[0] for service in SERVICES.values() for one in service.get(kind, [])}
        assert {one for one in used if not one.startswith((".", "/"))} == set(COMPOSE[kind]), kind
    files = [one for service in SERVICES.values() for one in service.get("volumes", []) if one.startswith("./")]
    assert all((DEPLOY / one.split(":")[0]).exists() for one in files)
    for name, service in SERVICES.items():
        named = set(re.findall(rf"{MOUNTED}(\w+)", json.dumps(service.get("environment", {}))))
        assert named <= set(service["secrets"]), name
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        if name != "deploy":
            assert "healthcheck" in service or "HEALTH_URL" in service["environment"]


def test_each_process_has_the_secrets_of_the_setup_and_the_health_address_of_its_port() -> None:
    [shown] = (DEPLOY / "setups").glob("*.toml")
    text = shown.read_text(encoding="utf-8")
    setup = parse_setup(tomllib.loads(text), origin=shown.name, environ=UnresolvedSecrets())
    needed = set(re.findall(rf"{MOUNTED}(\w+)", text))
    assert needed <= set(COMPOSE["secrets"])
    for name in ("worker", "console"):
        assert needed - {"webhook_secret"} <= set(SERVICES[name]["secrets"])
    assert needed <= set(SERVICES["webhooks"]["secrets"])
    assert setup.store.url.startswith("postgresql") and str(setup.reports.folder).startswith("/data/")
    for name, port in {"console": 8766, "webhooks": 8765, "worker": 8080, "prefect": 4200}.items():
        assert SERVICES[name]["environment"]["HEALTH_URL"].startswith(f"http://127.0.0.1:{port}/")
        assert str(port) in (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def test_the_image_holds_the_packages_and_nothing_that_is_not_named() -> None:
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in allowed
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    assert {name.split(".")[0] for name in packages} <= {line.removeprefix("!") for line in allowed}
    named = [line.removeprefix("!") for line in allowed if line.startswith("!")]
    assert all((ROOT / name).exists() for name in named)
    assert not {"deploy", "tests", ".git", "deploy/secrets", "deploy/setups"} & set(named)


@pytest.mark.parametrize("file", ["dashboard.json", "alerts.yml", "alerts-test.yml"])
def test_monitoring_asks_for_metrics_and_labels_that_exist(file: str) -> None:
    text = (DEPLOY / "monitoring" / file).read_text(encoding="utf-8")
    asked = re.findall(r"\b(customer_sync_\w+)(?:\{([^}]*)\})?", text.replace('\\"', '"'))
    assert asked
    labels = {
        **{f"customer_sync_{name}_total": labels for name, (_, labels) in _COUNTERS.items()},
        **{f"customer_sync_{name}": labels for name, (_, labels) in _GAUGES.items()},
    }
    for name, conditions in asked:
        assert name in METRICS, name
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", conditions)) <= set(labels[name]), (name, conditions)
    grouped = set(re.findall(r"\bby \(([^)]*)\)", text))
    known = {label for names in labels.values() for label in names}
    assert {label.strip() for group in grouped for label in group.split(",")} <= known


@pytest.mark.skipif(os.name != "posix", reason="a shell script")
def test_prefects_secrets_come_from_files_or_the_container_says_which_it_cannot_read(tmp_path: Path) -> None:
    secret = tmp_path / "login"
    secret.write_text("admin:it's $HOME `id`\n", encoding="utf-8")
    shown = ["sh", str(DEPLOY / "with_secrets.sh"), "sh", "-c", "echo $PREFECT_API_AUTH_STRING; exit 3"]
    environment = {"PATH": os.environ["PATH"], "PREFECT_API_AUTH_STRING_FILE": str(secret)}
    done = subprocess.run(shown, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "admin:it's $HOME `id`\n")
    secret.unlink()
    failed = subprocess.run(shown, env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert f"PREFECT_API_AUTH_STRING_FILE: {secret} cannot be read by uid" in failed.stderr


def test_the_hardening_of_the_units_is_theirs_by_its_folder() -> None:
    [folder] = (DEPLOY / "systemd").glob("*.service.d")
    assert all(unit.name.startswith(folder.name.removesuffix(".service.d")) for unit in UNITS)
    hardened = configparser.ConfigParser(strict=False, interpolation=None)
    hardened.optionxform = str  # type: ignore[assignment]
    hardened.read(folder / "hardened.conf", encoding="utf-8")
    assert hardened["Service"]["ProtectSystem"] == "strict"
