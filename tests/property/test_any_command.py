"""Whatever stands behind any option and argument of any command is understood, or refused in words with an exit code."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from prefect.context import refresh_global_settings_context
from typer.testing import CliRunner

import sandbox.command
from connector.clients.transport import Transport
from connector.printable import printable
from connector.quality.engine import great_expectations
from connector.run.setup_source import named_setups
from connector.store import MappingRow, open_store
from flows.cli import app
from flows.running import known_setup, prepare_prefect
from tests import hypothesis_profiles
from tests.property.hostile import texts
from tests.property.test_any_setup import ENVIRON, TEXT
from tests.unit.flows.test_command_line import COMMANDS

GUID = "00000001-0000-0000-0000-00000000000a"
# a value for each argument that a command needs besides the one that is tried
NEEDED = {
    "side": "webstore", "customer": "C00010", "pairs": "C00010=1", "numbers": "C00010", "file": "mapping.csv",
    "customers": "C00010", "older": "0", "number": "1", "field": "phone", "run_id": "0000", "target": "backup.sqlite",
    "name": "block", "setups": "setup.toml",
}  # fmt: skip
SECRETS = {name: value for name, value in ENVIRON.items() if "=" not in name}
pytestmark = pytest.mark.live

# done, done in part, refused, stopped
CODES = {0, 1, 2, 3}
# demo has no option; push and pull start a Prefect server where none is configured
# one asks a terminal, and has no option with a value
LEFT_OUT = {"demo", "setup push", "setup pull", "console-password"}
# whatever else is no file is the name of a block, for which Prefect is imported and its server asked
NAMES_OF_SETUPS, LONGEST = {"setup", "setups"}, 4_096
MOST_PEOPLE = 60


@dataclass(frozen=True)
class Place:
    """Where commands are tried: a folder with a setup and a store, a file, a folder, and nothing else."""

    folder: Path
    pattern: Path

    def begin(self) -> None:
        """Make the folder as it was at first."""
        os.chdir(self.pattern)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.pattern, self.folder)
        os.chdir(self.folder)

    @property
    def values(self) -> st.SearchStrategy[str]:
        """Hostile texts, but none that leads out of the folder; and names of what there is and is not."""
        there = ("setup.toml", "store.sqlite", "mapping.csv", "folder", "folder/", "gone.csv", "gone/x.csv", "./folder")
        names = st.sampled_from((*there, *(str(self.folder / name) for name in there)))
        return st.one_of(texts.filter(_stays_inside), names)


def _stays_inside(value: str) -> bool:
    return not value.startswith("/") and ".." not in value


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The folder; no name leads anywhere, nobody waits, no server of Prefect is there, and nothing serves for ever."""
    root = tmp_path_factory.mktemp("any-command")
    folder = root / "pattern"
    folder.mkdir()
    (folder / "folder").mkdir()
    (folder / "setup.toml").write_text(TEXT + '[webhooks]\nsecret = "env:HOOKS"\n', encoding="utf-8")
    (folder / "mapping.csv").write_text(f"bc_id,webstore_id\n{GUID},1\n", encoding="utf-8")
    store = open_store(f"sqlite:///{folder / 'store.sqlite'}")
    with store.work("main") as work:
        work.describe(actor="ann", reason="test")
        work.mapping.put([MappingRow(GUID, "C00010", 1, True, "Ann"), MappingRow(GUID[:-1] + "b", "C00020", 2, True)])
    store.close()

    def refuse(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    @contextlib.contextmanager
    def over_at_once() -> Iterator[threading.Event]:
        ended = threading.Event()
        ended.set()
        yield ended

    great_expectations()  # a thread would go on importing it after the test
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # nothing listens there, so that nothing of Prefect starts
        for name, value in {**SECRETS, "HOOKS": "x" * 32, "PREFECT_API_URL": "http://127.0.0.1:1/api"}.items():
            patch.setenv(name, value)
        patch.setenv("PREFECT_CLIENT_MAX_RETRIES", "0")
        prepare_prefect()
        refresh_global_settings_context()  # another test of this process may have imported Prefect before
        importlib.import_module("flows.setups")  # it registers types, which an interrupted import would do twice
        patch.setattr(Transport, "_wait", lambda *_: None)
        serve = uvicorn.Server.run

        def run(server: uvicorn.Server, **how: Any) -> None:
            if threading.current_thread() is threading.main_thread():
                server.should_exit = True  # the receiver would serve until Ctrl-C; the sandbox has threads of its own
            else:
                serve(server, **how)

        patch.setattr(uvicorn.Server, "run", run)
        patch.setattr(sandbox.command, "_asked_to_end", over_at_once)
        patch.setattr(socket, "getaddrinfo", refuse)
        token = named_setups.set(known_setup)
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        yield Place(root / "here", folder)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        named_setups.reset(token)
    refresh_global_settings_context()


def tried(place: Place, name: str, data: st.DataObject) -> list[str]:
    """The command's line, with hostile values for one or two of its options and arguments."""
    parameters = [p for p in COMMANDS[name].params if p.name not in {"as_json", "overwrite"} and not p.is_eager]
    given_values = [p for p in parameters if not getattr(p, "is_flag", False)]
    chosen = {p.name for p in data.draw(st.lists(st.sampled_from(given_values), min_size=1, max_size=2))}
    options: list[str] = []
    arguments: list[str] = []
    for parameter in parameters:
        is_option = parameter.param_type_name == "option"
        if parameter.name == "prefect":  # a server would be started for every example
            options.append("--here")
        elif getattr(parameter, "is_flag", False):
            # nobody is asked, and half of the time the flag is there
            options += [parameter.opts[0]] if parameter.name == "yes" or data.draw(st.booleans()) else []
        elif parameter.name in chosen:
            count = data.draw(st.integers(1, 2)) if parameter.multiple or parameter.nargs == -1 else 1
            values = [data.draw(place.values) for _ in range(count)]
            if parameter.name in NAMES_OF_SETUPS:
                # what is unseen around a name is cut, and what is left may be a block's
                inner = [value.strip()[1:-1] for value in values]
                values = [
                    v for v, part in zip(values, inner, strict=True) if not part.isprintable() or len(v) > LONGEST
                ] or [""]
            if parameter.name.endswith("_customers"):
                values = [value if not value.isdecimal() else str(MOST_PEOPLE) for value in values]
            options += [f"{parameter.opts[0]}={value}" for value in values] if is_option else []
            arguments += values if not is_option else []
        elif not is_option and (parameter.required or parameter.name in NAMES_OF_SETUPS):
            arguments.append(NEEDED[parameter.name])
    if data.draw(st.booleans()) and any(p.name == "as_json" for p in COMMANDS[name].params):
        options.append("--json")
    return [*name.split(), *options, "--", *arguments]


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - LEFT_OUT))
@given(data=st.data())
@hypothesis_profiles.share(0.15, smallest=False)
def test_any_value_of_any_option(place: Place, name: str, data: st.DataObject) -> None:
    line = tried(place, name, data)
    place.begin()
    told = CliRunner().invoke(app, line)
    if told.exception is not None and not isinstance(told.exception, SystemExit):
        raise told.exception
    assert told.exit_code in CODES, (line, told.output)
    assert told.exit_code == 0 or told.output.strip(), line
    assert "Traceback" not in told.output
    assert printable(told.output) == told.output or told.exit_code == 0, repr(told.output)
