"""Machines as they are: users without names, homes that are not there, outputs that cannot show or keep everything."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.actor import actor_here
from connector.errors import SetupError
from flows import terminal
from flows.home import check_prefect_home, know_a_home

SAYS = """
import sys
from flows import terminal
from flows.output import keep_going
keep_going()
name = "Ji\u0159\u00ed"
terminal.print_json({"name": name}) if "json" in sys.argv else terminal.print_table(["\u2192"], [[name]] * 2000)
sys.exit(3)
"""


def said(
    *arguments: str, output: int = subprocess.PIPE, encoding: str = "cp1252"
) -> subprocess.CompletedProcess[bytes]:
    """What a process says that ends with exit code 3, into an output of some code page."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(
        [sys.executable, "-c", SAYS, *arguments], env=environment, stdout=output, stderr=subprocess.PIPE, check=False
    )


def test_what_an_output_cannot_show_is_replaced_and_the_exit_code_stays() -> None:
    done = said()
    assert (done.returncode, done.stderr) == (3, b"")
    assert "Ji?í" in done.stdout.decode("cp1252")


def test_json_loses_nothing_in_any_code_page() -> None:
    done = said("json", encoding="latin-1")
    assert (done.returncode, json.loads(done.stdout.decode("ascii"))) == (3, {"name": "Jiří"})


def test_a_reader_who_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = said(output=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (3, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is full")
def test_a_full_disk_is_told_and_the_exit_code_stays() -> None:
    with Path("/dev/full").open("wb") as full:
        done = said(output=full.fileno())
    assert done.returncode == 3
    assert done.stderr.count(b"the output could not be written") == 1


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found: 12345"), OSError("No username set")])
def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert actor_here() == f"uid {os.getuid()}"


def test_a_process_without_a_home_is_given_one_and_prefect_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("HOME", raising=False)
    with monkeypatch.context() as nobody:
        nobody.setattr(Path, "home", homeless)
        know_a_home()
    assert os.environ["HOME"]
    monkeypatch.setenv("PREFECT_HOME", "/proc/nowhere")
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith("/proc"))
    with pytest.raises(SetupError, match="Set PREFECT_HOME to a folder"):
        check_prefect_home()
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    check_prefect_home()
    assert Path(os.environ["PREFECT_HOME"]).is_dir()
    Path(os.environ["PREFECT_HOME"]).rmdir()


def test_moments_are_shown_in_the_readers_zone_and_stay_utc_in_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"at": datetime(2026, 7, 1, 22, 30, 5, 123, tzinfo=UTC)}
    monkeypatch.setenv("TZ", "Europe/Oslo")
    time.tzset()
    try:
        terminal.show_rows([row], ["at"], as_json=False)
        terminal.show_rows([row], ["at"], as_json=True)
    finally:
        monkeypatch.undo()
        time.tzset()
    said = capsys.readouterr().out
    assert "2026-07-02 00:30:05+02:00" in said
    assert json.loads(said.splitlines()[-1]) == {"at": "2026-07-01T22:30:05.000123+00:00"}
