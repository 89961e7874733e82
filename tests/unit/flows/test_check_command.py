"""`customer-sync check` as programs and people use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from sandbox.command import announcement, setup_text
from sandbox.server import start


def test_a_warning_is_seen_and_lets_the_check_pass_and_a_failure_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    with start(empty=True) as running:
        setup = tmp_path / "setup.toml"
        setup.write_text(setup_text(running, webstore_code="shop", directory=tmp_path), encoding="utf-8")
        for name, value in announcement(running, setup)["env"].items():
            monkeypatch.setenv(name, value)
        running.webstore_faults.add("stale", by="cache")
        told = CliRunner().invoke(app, ["check", "--setup", str(setup)])
        assert told.exit_code == 0
        assert "warning" in told.output
        assert "/wp-json/" in told.output
        running.webstore_faults.clear()
        running.webstore_faults.add("stale", by="cache-path")
        told = CliRunner().invoke(app, ["check", "--json", "--setup", str(setup)])
        answer = json.loads(told.stdout)
        assert (told.exit_code, answer["ok"]) == (2, False)
        (wrong,) = [finding for finding in answer["findings"] if not finding["ok"]]
        assert (wrong["system"], wrong["warning"]) == ("webstore", False)
