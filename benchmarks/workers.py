"""Four webstores of one company on two Prefect workers, against the same four on one worker.

    python -m benchmarks.workers [--customers 400] [--quick]

A Prefect server, the deployments of prefect.yaml, and workers that carry out one run at a time (`--limit 1`). The four webstores
have a setup each and share one company and one store, which is in PostgreSQL where its programs are installed. Every run is a
first synchronisation: half of a webstore's customers are in the company already and are linked, the rest is created there, and
one of twenty is a customer of all four webstores. The emulators are processes of their own that answer after 100 ms, and start
anew for every measurement, with an empty store. Counted are the seconds from the order of the first run to the end of the last.

After every measurement all four runs must have been completed, one worker's one after the other and two workers' two at a time;
each webstore's mapping table must hold accounts of that webstore only, in one version that its own run made, each beside the
customer with its e-mail; and the company must have every e-mail exactly once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import tomli_w

from benchmarks.measuring import Part
from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.setup import Setup, load_setup
from connector.store import open_store
from tests.flows.server_world import Served, prefect_environment, worker
from tests.flows.shop import small_rules
from tests.servers.postgresql import installed, postgresql_server
from tests.servers.prefect import prefect_server

FASTER = 0.9
LATENCY_MS = 100
CODES = ("oslo", "bergen", "voss", "tromso")
_FLOW = "synchronize-customers"
_IN_ALL = 20  # one of so many is a customer of every webstore
_IDS = 100_000  # an account's id tells its webstore

Emulated = dict[str, Any]


@dataclass(frozen=True)
class Shops:
    """Everything that runs but the workers.

    Attributes:
        systems: what the sandboxes told: webstore after webstore; the first one's company is everybody's.
        new_store: gives the address of an empty store.
        rules: a folder with rule files; None = those that ship.
    """

    folder: Path
    size: int
    codes: Sequence[str]
    served: Served
    systems: Sequence[Emulated]
    new_store: Callable[[], str]
    rules: Path | None

    def setup_file(self, code: str) -> Path:
        """The setup of a webstore."""
        return self.folder / f"{code}.toml"

    def begin_anew(self) -> None:
        """The customers as at the beginning, and setups with an empty store."""
        url = self.new_store()
        open_store(url).close()
        for number, (code, told) in enumerate(zip(self.codes, self.systems, strict=True)):
            for control in told["control"].values():
                self.served.http.post(f"{control}/reset", json={}, timeout=60).raise_for_status()
            document = tomllib.loads(Path(told["setup_file"]).read_text(encoding="utf-8"))
            document |= {"webstore_code": code, "store": {"url": url}, "reports": {"folder": f"{self.folder}/reports"}}
            for name in ("consumer_key", "consumer_secret"):
                document["webstore"][name] = f"env:{name.upper()}_{number}"
            document["business_central"] = company_of(self.systems)
            if self.rules is not None:
                document["synchronization"]["mappings"] = str(self.rules)
            self.setup_file(code).write_text(tomli_w.dumps(document), encoding="utf-8")


def company_of(systems: Sequence[Emulated]) -> dict[str, Any]:
    """The connection to the company that all webstores share."""
    document = tomllib.loads(Path(systems[0]["setup_file"]).read_text(encoding="utf-8"))
    company: dict[str, Any] = document["business_central"]
    return company


def secrets_of(systems: Sequence[Emulated]) -> dict[str, str]:
    """What the setups refer to."""
    found = dict(systems[0]["env"])
    for number, told in enumerate(systems):
        for name in ("consumer_key", "consumer_secret"):
            found[f"{name.upper()}_{number}"] = told["webstore"][name]
    return found


def people(size: int, codes: Sequence[str]) -> tuple[list[list[dict[str, Any]]], list[dict[str, Any]]]:
    """The accounts of each webstore, and the company's customers: every other customer who is in one webstore only."""
    accounts: list[list[dict[str, Any]]] = []
    company: list[dict[str, Any]] = []
    for shop, code in enumerate(codes):
        mine = []
        for number in range(size):
            everywhere = number % _IN_ALL == 0
            person = number + 1 if everywhere else (shop + 1) * _IDS + number
            email = f"person{person}@{'everywhere' if everywhere else code}.example"
            name = (f"Kari{person}", f"Nord{person}")
            billing = {"first_name": name[0], "last_name": name[1], "address_1": f"Kai {number}", "city": "Bergen",
                       "postcode": "5003", "country": "NO"}  # fmt: skip
            mine.append({"id": (shop + 1) * _IDS + number, "email": email, "first_name": name[0], "last_name": name[1],
                         "billing": billing})  # fmt: skip
            if number % 2:
                company.append({"displayName": " ".join(name), "type": "Person", "email": email, "country": "NO",
                                "addressLine1": billing["address_1"], "city": "Bergen", "postalCode": "5003"})  # fmt: skip
        accounts.append(mine)
    return accounts, company


@contextmanager
def emulated(folder: Path, size: int, codes: Sequence[str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Sandboxes in processes of their own, which tell where they are as soon as they are ready."""
    accounts, company = people(size, codes)
    started: list[subprocess.Popen[str]] = []
    try:
        for number, code in enumerate(codes):
            files = [folder / f"{code}-accounts.jsonl", folder / f"{code}-company.jsonl"]
            for file, records in zip(files, (accounts[number], [] if number else company), strict=True):
                file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
            command = [
                sys.executable, "-m", "sandbox.command", "--webstore-customers", str(files[0]),
                "--business-central-customers", str(files[1]), "--seed", str(number), "--latency-ms", str(LATENCY_MS),
                "--directory", str(folder / f"{code}-systems"),
            ]  # fmt: skip
            started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))  # noqa: S603
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=30)


def told_by(sandbox: subprocess.Popen[str]) -> Emulated:
    """Waits until a sandbox is ready."""
    assert sandbox.stdout is not None
    told: Emulated = json.loads(sandbox.stdout.readline())
    return told


@contextmanager
def stores(folder: Path) -> Iterator[Callable[[], str]]:
    """Gives the addresses of empty stores."""
    if installed():
        with postgresql_server(folder) as server:
            yield lambda: server.url(server.create_database())
    else:
        yield lambda: f"sqlite:///{tempfile.mkdtemp(dir=folder)}/store.sqlite"


@contextmanager
def shops(size: int, codes: Sequence[str], *, expectations: bool) -> Iterator[Shops]:
    """Start the server, the systems and the store, and deploy."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandboxes = stack.enter_context(emulated(folder, size, codes))
        # nobody else's runs: without its services the server makes none of schedules
        api = stack.enter_context(prefect_server(folder / "prefect", services=False))
        systems = [told_by(sandbox) for sandbox in sandboxes]
        new_store = stack.enter_context(stores(folder))
        http = stack.enter_context(requests.Session())
        http.trust_env = False
        served = Served(api, prefect_environment(api, folder / "prefect", secrets_of(systems)), http)
        rules = None if expectations else small_rules(folder)
        made = Shops(folder, size, codes, served, systems, new_store, rules)
        made.begin_anew()  # there must be setups
        served.command("deploy", *(part for code in codes for part in ("--setup", str(made.setup_file(code)))))
        yield made


@contextmanager
def ready_worker(made: Shops, name: str) -> Iterator[None]:
    """A worker that carries out one run at a time, ready for work."""
    served = made.served

    def ready() -> bool:
        return name in {one["name"] for one in served.post("/work_pools/customer-sync/workers/filter", {})}

    with worker(served.environment, made.folder / f"{name}.log", "--limit", "1", "--name", name):
        served.until(ready, f"the {name} worker")
        yield


def synchronised(made: Shops, count: int) -> float:
    """Seconds that four runs take so many workers, from an empty store on; everything is looked at afterwards."""
    made.begin_anew()
    served = made.served
    began = time.perf_counter()
    ids = {code: served.start(_FLOW, setup=str(made.setup_file(code))) for code in made.codes}
    wanted = {"flow_runs": {"id": {"any_": list(ids.values())}}}

    def ended() -> list[dict[str, Any]] | None:
        runs: list[dict[str, Any]] = served.post("/flow_runs/filter", wanted)
        return runs if all(run["end_time"] for run in runs) else None

    runs = served.until(ended, "all runs")
    seconds = time.perf_counter() - began
    states = {run["name"]: (run["state"]["type"], run["state"]["message"]) for run in runs}
    assert all(kind == "COMPLETED" for kind, _ in states.values()), states
    assert at_once(runs) == count, f"{at_once(runs)} runs at a time on {count} workers"
    check(made, ids)
    return seconds


def at_once(runs: Sequence[dict[str, Any]]) -> int:
    """How many of the runs were at work at the same time, at most."""
    times = [(str(run["start_time"]), str(run["end_time"])) for run in runs]
    return max(sum(began <= moment < ended for began, ended in times) for moment, _ in times)


def check(made: Shops, ids: dict[str, str]) -> None:
    """No webstore has anything of another one, and nobody is in the company twice."""
    setups = {code: load_setup(made.setup_file(code), made.served.environment) for code in made.codes}
    customers: list[dict[str, Any]] = []
    with BusinessCentralClient(setups[made.codes[0]].business_central) as client:
        client.read_customers(customers.extend)
    there = Counter(str(customer["email"]) for customer in customers)
    cards = {str(customer["id"]).lower(): str(customer["email"]) for customer in customers}
    for code, setup in setups.items():
        check_webstore(made, setup, ids[code], there, cards)
    shared = len(range(0, made.size, _IN_ALL))
    expected = len(made.codes) * (made.size - shared) + shared
    assert len(customers) == expected, f"{len(customers)} customers in the company, not {expected}"


def check_webstore(made: Shops, setup: Setup, run_id: str, there: Counter[str], cards: dict[str, str]) -> None:
    """Its mapping table holds its own accounts only, in the one version that its own run made."""
    code, accounts = setup.webstore_code, dict[int, str]()
    with WooCommerceClient(setup.webstore) as client:
        client.read_customers(lambda page: accounts.update((row["id"], row["email"]) for row in page))
    assert len(accounts) == made.size, f"{code} has {len(accounts)} accounts"
    twice = [email for email in accounts.values() if there[email] != 1]
    assert not twice, f"{code}: {len(twice)} customers are not exactly once in the company, such as {twice[0]}"
    store = open_store(setup.store.url)
    try:
        with store.view(code) as view:
            rows, versions = view.mapping.current(), view.mapping.versions()
            run, unsettled = view.runs.show(run_id) or {}, len(view.journal.open())
    finally:
        store.close()
    assert run["status"] == "completed", f"{code}: {run}"
    assert not unsettled, f"{code}: {unsettled} writes without an outcome"
    assert [(one.run_id, one.added) for one in versions] == [(run_id, len(rows))], f"{code}: versions {versions}"
    linked = {int(key): cards[bc_id] for key, bc_id in zip(rows["webstore_id"], rows["bc_id"], strict=True)}
    wrong = {key: email for key, email in linked.items() if accounts.get(key) != email}
    assert not wrong, f"{code} is linked to others: {wrong}"
    # whom another webstore created at the same moment was not created again, and is linked by the next run
    waiting = [email for key, email in accounts.items() if key not in linked]
    summary = run["summary"]
    assert len(rows) == summary["linked"] + summary["pull"]["created"], f"{code}: {len(rows)} rows of {summary}"
    assert all(email.endswith("@everywhere.example") for email in waiting), f"{code}: not linked: {waiting}"


def measure(quick: bool = False, size: int = 400) -> list[Part]:
    """Two workers against one, on equal work."""
    size = 100 if quick else size
    times, codes = (1, CODES[:2]) if quick else (2, CODES)
    one, two = list[float](), list[float]()
    with shops(size, codes, expectations=not quick) as made, ready_worker(made, "first"):
        with ready_worker(made, "second"):
            two.append(synchronised(made, 2))
        one += [synchronised(made, 1) for _ in range(times)]
        if not quick:  # as much afterwards as before, in case that the machine gets slower or quicker
            with ready_worker(made, "third"):
                two.append(synchronised(made, 2))
    ours, reference = statistics.fmean(two), statistics.fmean(one)
    note = f"{size:,} customers each, store in {'PostgreSQL' if installed() else 'SQLite'}, mean of {times}"
    return [
        Part(f"{len(codes)} webstores: two workers against one", ours, reference, ours / reference, FASTER, note=note,
             limit=0.5, bound="half of the webstores each")
    ]  # fmt: skip


def main() -> int:
    """Measure, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="few customers, two webstores, once")
    arguments = parser.parse_args()
    parts = measure(arguments.quick, arguments.customers)
    sys.stdout.write("".join(f"{part.line}  {part.note}\n" for part in parts))
    return 0 if all(part.holds for part in parts if part.gates) else 1


if __name__ == "__main__":
    sys.exit(main())
