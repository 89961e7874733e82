"""The sandbox as a program: what it prints, what it writes, how it ends."""

import json
import os
import signal
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[3]


def _program(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "sandbox.command", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDEVMODE": "1"},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_announces_itself_serves_and_ends_cleanly(tmp_path, number):
    with _program("--empty", "--directory", str(tmp_path / "new")) as program:
        try:
            assert program.stdout is not None
            announced = json.loads(program.stdout.readline())
            webstore = announced["webstore"]
            answer = requests.get(
                f"{webstore['url']}/wp-json/wc/v3/customers",
                auth=(webstore["consumer_key"], webstore["consumer_secret"]),
                timeout=30,
            )
            assert answer.json() == []
            assert requests.get(f"{announced['control']['business_central']}/requests", timeout=30).ok
        finally:
            program.send_signal(number)
        rest, complaints = program.communicate(timeout=60)
    assert (program.returncode, rest, complaints) == (0, "", "")


def test_the_setup_file_names_both_systems_and_no_secret(tmp_path):
    with _program("--webstore-customers", "5", "--directory", str(tmp_path), "--seed", "9") as program:
        assert program.stdout is not None
        announced = json.loads(program.stdout.readline())
        program.terminate()
        program.communicate(timeout=60)
    path = Path(announced["setup_file"])
    text = path.read_text(encoding="utf-8")
    setup = tomllib.loads(text)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert setup["webstore"]["url"] == announced["webstore"]["url"]
    assert setup["business_central"]["base_url"] == announced["business_central"]["base_url"]
    assert setup["business_central"]["token_url"] == announced["business_central"]["token_url"]
    assert setup["store"]["url"] == f"sqlite:///{tmp_path.resolve()}/store.sqlite"
    assert setup["synchronization"]["push_webstore_customers"] == "Mapped Only"
    for name, value in announced["env"].items():
        assert f'"env:{name}"' in text
        assert value not in text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--webstore-customers", "absent.jsonl"], "absent.jsonl"),
        (["--webstore-customers", "-3"], "below zero"),
        (["--empty", "--webstore-customers", "3"], "--empty"),
        (["--webstore-port", "70000"], "70000"),
    ],
)
def test_what_makes_no_sense_is_said_and_the_program_ends(arguments, complaint):
    with _program(*arguments) as program:
        printed, complaints = program.communicate(timeout=60)
    assert (program.returncode, printed) == (2, "")
    assert complaint in complaints
    assert "Traceback" not in complaints
