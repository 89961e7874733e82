"""The command line as programs and people use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from connector.errors import RemoteTrouble
from connector.run.setup_source import named_setups
from flows.cli import app
from flows.running import known_setup, server_needed

# it prints JSON anyhow
WITHOUT_JSON = {"sandbox"}


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from leaves(inner, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(leaves(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself_with_an_example_and_speaks_json(name: str) -> None:
    command = COMMANDS[name]
    assert "Example" in (command.help or "")
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options or name in WITHOUT_JSON
    unexplained = [p.name for p in command.params if p.param_type_name == "option" and not getattr(p, "help", "")]
    assert not unexplained


def test_a_mistyped_command_is_answered_with_the_right_one() -> None:
    told = CliRunner().invoke(app, ["synk"])
    assert told.exit_code == 2
    assert "Did you mean 'sync'?" in told.output


def test_completion_is_offered_for_shells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")  # nobody knows which shell runs the tests
    told = CliRunner().invoke(app, ["--show-completion", "bash"])
    assert "_completion()" in told.output


def test_a_missing_setup_is_one_json_object_and_exit_code_2(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["sync", "--json", "--setup", str(tmp_path / "gone.toml")])
    answer = json.loads(told.stdout)
    assert (told.exit_code, answer["exit_code"], answer["error"]) == (2, 2, "SetupError")
    assert "gone.toml" in answer["message"]


def test_a_server_that_does_not_answer_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with pytest.raises(RemoteTrouble, match=r"does not answer.*prefect server start"), server_needed():
        raise RuntimeError("Failed to reach API at http://127.0.0.1:1/api/")


def test_a_name_with_an_ending_or_a_folder_is_a_file(tmp_path: Path) -> None:
    token = named_setups.set(known_setup)
    try:
        for name in ("gone.toml", str(tmp_path / "shop")):
            with pytest.raises(Exception, match="no setup file"):
                named_setups.get()(name, True)
    finally:
        named_setups.reset(token)
