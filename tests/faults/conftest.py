"""The command line, once for all tests that run commands, without a Prefect server and with one; both systems, empty, for every
test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.command import announcement, setup_text
from sandbox.server import Running, start
from tests.flows.conftest import emptied, empty_store
from tests.flows.shop import small_rules
from tests.servers.commands import Command, Commands, commands
from tests.servers.prefect import prefect_server

__all__ = ["Office", "empty_store"]


@dataclass
class Office:
    """Where somebody sits at the command line: a setup file and a store in a folder that every user can reach."""

    running: Running
    folder: Path
    line: Commands

    @property
    def setup(self) -> Path:
        """The setup file."""
        return self.folder / "setup.toml"

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / "store" / "store.sqlite"

    def write_setup(self, code: str = "shop", timeout: float = 1, **synchronization: str) -> None:
        """Write the setup file."""
        text = setup_text(self.running, webstore_code=code, directory=self.store.parent)
        more = {"mappings": f'"{small_rules(self.folder)}"', "settle_seconds": "0", **synchronization}
        lines = "".join(f"{name} = {value}\n" for name, value in more.items())
        text = text.replace("max_attempts = 3\n", f"max_attempts = 3\n{lines}")
        text = text.replace("store.sqlite", f"store.sqlite?timeout={timeout:g}")
        reports = f'\n[reports]\nfolder = "{self.folder / "reports"}"\n'
        self.setup.write_text(text + reports, encoding="utf-8")
        self.setup.chmod(0o644)

    def run(self, *arguments: str, nobody: bool = False, file_size: int | None = None) -> Command:
        """A command with this setup."""
        return self.line.run(*arguments, "--setup", str(self.setup), nobody=nobody, file_size=file_size)

    def start(self, *arguments: str) -> int:
        """The same, not waited for."""
        return self.line.start(*arguments, "--setup", str(self.setup))


@pytest.fixture(scope="package")
def reachable_folder() -> Iterator[Path]:
    """A folder that a user without rights can reach, whoever runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="customer-sync-faults-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="package")
def systems() -> Iterator[Running]:
    """Both emulators, slow enough for two runs to meet."""
    with start(empty=True, seed=1, latency_ms=20) as running:
        yield running


@pytest.fixture(scope="package")
def line(reachable_folder: Path, systems: Running) -> Iterator[Commands]:
    """The command line; runs take place in its own process."""
    with _line(reachable_folder / "here", systems, PREFECT_API_URL="", PREFECT_PROFILES_PATH="") as started:
        yield started


@pytest.fixture(scope="package")
def line_on_prefect(reachable_folder: Path, systems: Running) -> Iterator[Commands]:
    """The command line with a Prefect server, of which runs are flow runs."""
    with (
        prefect_server(reachable_folder / "prefect", services=False) as api_url,
        _line(reachable_folder / "on-prefect", systems, PREFECT_API_URL=api_url) as started,
    ):
        yield started


@contextmanager
def _line(folder: Path, systems: Running, **environment: str) -> Iterator[Commands]:
    home = folder / "home"
    home.mkdir(parents=True)
    home.chmod(0o777)
    environment |= {**announcement(systems, folder)["env"], "PREFECT_HOME": str(home), "HOME": str(home)}
    with commands(folder, environment) as started:
        yield started


@pytest.fixture(params=["line", pytest.param("line_on_prefect", marks=pytest.mark.live)])
def office(
    request: pytest.FixtureRequest, systems: Running, reachable_folder: Path, empty_store: Path
) -> Iterator[Office]:
    """Both systems without customers, and a setup with an empty store."""
    line: Commands = request.getfixturevalue(request.param)
    emptied(systems)
    folder = Path(tempfile.mkdtemp(dir=reachable_folder))
    folder.chmod(0o777)
    made = Office(systems, folder, line)
    made.store.parent.mkdir()
    made.store.parent.chmod(0o777)
    shutil.copy(empty_store, made.store)
    made.store.chmod(0o666)
    made.write_setup()
    yield made
    made.store.parent.chmod(0o777)
