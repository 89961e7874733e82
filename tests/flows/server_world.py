"""A Prefect server, a process worker, a sandbox and a setup block: what a small installation has, for tests from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import requests

from connector.run.setup_source import opened_store
from sandbox.command import announcement, setup_text
from sandbox.server import Running, start
from tests.flows.shop import small_rules
from tests.servers.prefect import prefect_server

__all__ = ["ROOT", "Served", "World", "prefect_environment", "worker", "world"]

ROOT = Path(__file__).parents[2]
PATIENCE = 150.0
FINAL = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


@dataclass
class Served:
    """A Prefect server; `environment` is that of commands and workers which use it."""

    api: str
    environment: Mapping[str, str]
    http: requests.Session

    def get(self, path: str) -> Any:
        """Read from the API."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        """Ask or tell the API."""
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: Any) -> Any:
        """Its database is a file that one request at a time may write: a 503 says try again, as Prefect's own client does."""
        for _ in range(60):
            answer = self.http.request(method, f"{self.api}{path}", json=body, timeout=60)
            if answer.status_code != 503:
                break
            time.sleep(0.5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def command(self, *arguments: str, program: str = "flows.cli") -> str:
        """Run a command in the project's folder; gives its standard output."""
        line = [sys.executable, "-m", program, *arguments]
        done = subprocess.run(line, cwd=ROOT, env=dict(self.environment), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout

    def deployment(self, name: str) -> dict[str, Any]:
        """A deployment; it is called like its flow."""
        found: dict[str, Any] = self.get(f"/deployments/name/{name}/{name}")
        return found

    def start(self, name: str, **parameters: Any) -> str:
        """Start a run of a deployment, as `prefect deployment run` or the form does; gives its id."""
        body = {"parameters": {"setup": "shop", **parameters}, "state": {"type": "SCHEDULED"}}
        return str(self.post(f"/deployments/{self.deployment(name)['id']}/create_flow_run", body)["id"])

    def run(self, run_id: str) -> dict[str, Any]:
        """A flow run."""
        found: dict[str, Any] = self.get(f"/flow_runs/{run_id}")
        return found

    def wait(self, run_id: str, *types: str) -> dict[str, Any]:
        """Wait until a run is in a state of one of these types (none given: until it has ended)."""
        wanted = frozenset(types) or FINAL

        def reached() -> dict[str, Any] | None:
            run = self.run(run_id)
            assert run["state"]["type"] not in FINAL - wanted, run["state"]
            return run if run["state"]["type"] in wanted else None

        return self.until(reached, f"run {run_id} in {sorted(wanted)}")

    def until(self, look: Callable[[], Any], what: str) -> Any:
        """Wait until something is there; gives it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := look():
                return found
            time.sleep(0.3)
        raise AssertionError(f"waited in vain for {what}")


@dataclass
class World(Served):
    """Everything that runs. `setup` is the setup file; the block made of it is called shop."""

    running: Running
    setup: Path
    workers: ExitStack

    def restart_worker(self) -> None:
        """End the worker as SIGTERM ends it, and start another one."""
        self.workers.close()
        self.workers.enter_context(worker(self.environment, self.setup.parent / "worker.log"))

    def approval(self, **settings: str) -> None:
        """Change the section of the setup, in the file and in the block."""
        text = self.setup.read_text(encoding="utf-8").partition("\n[approval]\n")[0]
        lines = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
        self.setup.write_text(f"{text}\n[approval]\n{lines}", encoding="utf-8")
        self.command("setup", "push", "shop", "--setup", str(self.setup))

    @property
    def ui(self) -> str:
        """Address of the user interface."""
        return self.api.removesuffix("/api")

    def resume(self, run_id: str, **answers: Any) -> None:
        """Fill in the form of a run that waits."""
        self.post(f"/flow_runs/{run_id}/resume", {"run_input": answers})

    def set_state(self, run_id: str, **state: Any) -> None:
        """What the buttons of the UI do."""
        self.post(f"/flow_runs/{run_id}/set_state", {"state": state})

    def artifact(self, key: str) -> dict[str, Any]:
        """The newest artifact of a key; `data` as rows or text."""
        found: dict[str, Any] = self.get(f"/artifacts/{key}/latest")
        data = found["data"]
        rows = orjson.loads(data) if found["type"] == "table" else data
        return {**found, "data": rows}

    def events(self, name: str) -> list[dict[str, Any]]:
        """The project's events of one name, the newest first."""
        body = {"filter": {"event": {"name": [name]}, "order": "DESC"}, "limit": 50}
        found: list[dict[str, Any]] = self.post("/events/filter", body)["events"]
        return found

    def stored_run(self, run_id: str) -> dict[str, Any]:
        """The run's row in our own store."""
        with opened_store(self.setup) as (setup, store), store.view(setup.webstore_code) as view:
            return view.runs.show(run_id) or {}

    def open_writes(self) -> int:
        """Writes of which nobody knows yet what became of them."""
        with opened_store(self.setup) as (setup, store), store.view(setup.webstore_code) as view:
            return len(view.journal.open())


@contextmanager
def world(folder: Path, **systems: Any) -> Iterator[World]:
    """Start everything, deploy with one command, and end everything.

    Args:
        systems: what the sandbox begins with; nothing = some customers.
    """
    with ExitStack() as stack:
        running = stack.enter_context(
            start(**(systems or {"webstore_customers": 40, "business_central_customers": 30}))
        )
        api = stack.enter_context(prefect_server(folder / "prefect", ui=True))
        setup = folder / "setup.toml"
        text = setup_text(running, webstore_code="shop", directory=folder)
        # without expectations: their library takes longer to import than all the rest of a run
        rules = small_rules(folder)
        text = text.replace("[synchronization]", f'[synchronization]\nmappings = "{rules}"')
        setup.write_text(f'{text}\n[reports]\nfolder = "{folder / "reports"}"\n', encoding="utf-8")
        environment = prefect_environment(api, folder / "prefect", announcement(running, setup)["env"])
        http = stack.enter_context(requests.Session())
        http.trust_env = False
        made = World(api, environment, http, running, setup, stack.enter_context(ExitStack()))
        made.command("setup", "push", "shop", "--setup", str(setup))
        made.command("deploy", "--setup", "shop")
        made.restart_worker()
        yield made


def prefect_environment(api: str, home: Path, secrets: Mapping[str, str]) -> dict[str, str]:
    """What commands and workers need to use a server; new runs are picked up within a second."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "CUSTOMER_SYNC"))},
        **secrets,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": api,
        "PREFECT_UI_URL": api.removesuffix("/api"),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        "DO_NOT_TRACK": "1",
        # where this is set, every run would compile the project again
        "PYTHONDONTWRITEBYTECODE": "",
    }


@contextmanager
def worker(environment: Mapping[str, str], log: Path, *options: str) -> Iterator[None]:
    """A process worker, ended afterwards; `options` go to its command."""
    command = [
        sys.executable,
        "-m",
        "prefect",
        "worker",
        "start",
        "--pool",
        "customer-sync",
        "--type",
        "process",
        *options,
    ]
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), stdout=file, stderr=file)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:  # it waits for a run that nobody needs any more
                process.kill()
                process.wait(timeout=20)
