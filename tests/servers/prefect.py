"""A real Prefect server for tests: on a free port of this machine, with a home of its own, without telemetry."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import requests

__all__ = ["new_home", "no_prefect", "prefect_here", "prefect_server"]

STARTS_WITHIN_SECONDS = 180
_SENT_WITHIN_SECONDS = 20
# what makes runs of schedules and looks after runs that were left alone; they work every few seconds, needed or not
_SERVICES = (
    "CANCELLATION_CLEANUP", "DB_VACUUM", "FOREMAN", "LATE_RUNS", "SCHEDULER", "PAUSE_EXPIRATIONS", "REPOSSESSOR",
    "CLEANUP_RECONCILER", "TRIGGERS",
)  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def no_prefect() -> Iterator[None]:
    """No server is configured, whatever the machine has: runs of commands take place in this process."""
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
            patch.delenv(name, raising=False)
        patch.setenv("PREFECT_HOME", home)
        yield


def _for_a_while(sending: Coroutine[Any, Any, None]) -> None:
    """Let something be sent, for as long as a working server takes for it."""
    from prefect.utilities.asyncutils import run_coro_as_sync  # noqa: PLC0415

    async def bounded() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(sending, _SENT_WITHIN_SECONDS)

    run_coro_as_sync(bounded())


@contextmanager
def prefect_here() -> Iterator[Path]:
    """Prefect's own test server, for flows in this process; nobody reads task runs from it, so it does not record them.

    Gives its database."""
    # it brings Prefect's whole server along, which takes five seconds in every process that only looks for tests
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings  # noqa: PLC0415
    from prefect.testing import utilities  # noqa: PLC0415

    from flows import other_store  # noqa: PLC0415

    folder, summaries_of = tempfile.mkdtemp(), other_store._summaries_of
    shutil.copy(_empty_database(), Path(folder) / "prefect-test.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED", "false")
        # each test has a store of its own for the webstore "shop", which is what this server would warn of
        patch.setattr(other_store, "_summaries_of", lambda code: [] if code == "shop" else summaries_of(code))
        # the harness begins with an empty folder, and eight seconds of migrations
        patch.setattr(utilities, "mkdtemp", lambda: folder)
        # it ends by sending logs and events that nobody reads; where their sender has ended already, that never came to an end
        patch.setattr(utilities, "run_coro_as_sync", _for_a_while)
        with (
            utilities.prefect_test_harness(server_startup_timeout=STARTS_WITHIN_SECONDS),
            temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        ):
            yield Path(folder) / "prefect-test.db"


@contextmanager
def prefect_server(home: Path, *, ui: bool = False, services: bool = True) -> Iterator[str]:
    """Start a server; gives the address of its API, and ends the server afterwards.

    Args:
        home: a new folder for its database.
        ui: serve the user interface, too.
        services: schedule and look after runs; without, it only answers.
    """
    new_home(home)
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {**_environment(home), "PREFECT_API_URL": url}
    if not services:
        environment |= {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _SERVICES}
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        *([] if ui else ["--no-ui"]),
    ]
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_until_healthy(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise RuntimeError(f"the Prefect server ended with {process.returncode}")
            try:
                if session.get(f"{url}/health", timeout=2).status_code == 200:
                    return
            except requests.ConnectionError:
                time.sleep(0.2)
    raise RuntimeError(f"the Prefect server did not start within {STARTS_WITHIN_SECONDS} s")


def new_home(home: Path) -> None:
    """Make a home of Prefect whose database is there already; one that has a database stays as it is."""
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "prefect.db").exists():
        shutil.copy(_empty_database(), home / "prefect.db")


def _environment(home: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    }


def _empty_database() -> Path:
    """A server's database without anything in it, made once per environment: the migrations take most of a start."""
    kept = Path(sys.prefix) / f"prefect-{version('prefect')}-empty.db"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=sys.prefix) as name:
            home, part = Path(name), Path(name) / "part.db"
            command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
            subprocess.run(command, env=_environment(home), check=True, capture_output=True)
            # what stands in its write-ahead log comes along
            with closing(sqlite3.connect(home / "prefect.db")) as made, closing(sqlite3.connect(part)) as copy:
                made.backup(copy)
            part.replace(kept)
    return kept
