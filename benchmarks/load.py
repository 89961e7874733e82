"""Writing many customers in both directions: how many requests, and how fast against one request per customer.

    python -m benchmarks.load [--customers 10000] [--latency-ms 50]

Everything is written as a run writes it: looked up, re-checked, journalled, settled, linked. The reference sends one request per
customer to the same emulated systems, looks at nothing and remembers nothing; it is measured on a hundred customers. The systems
are emulated in a process of their own and count the requests. The minimum is

    create in the webstore          look-ups (one per e-mail, or the whole list when that is fewer) + creates / 50
    update in the webstore          updates / 100 re-checks + updates / 100
    create in Business Central      look-ups by e-mail in batches + creates / 100
    update in Business Central      updates / 100 (its tags are the re-check)

Ends with 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

import requests

from benchmarks.emulated import emulated, setup_of
from benchmarks.measuring import Part, timed
from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.desk.editing import tick
from connector.setup import Setup
from connector.store import open_store
from tests.by_hand import by_hand
from tests.flows import runs
from tests.flows.shop import small_rules

FASTER, CREATES_FASTER = 20.0, 30.0
ALONE = 100


class System:
    """One of the emulated systems, as its control address lets people use and watch it."""

    def __init__(self, control: str) -> None:
        self._control = control
        self._session = requests.Session()
        self._session.trust_env = False

    def create(self, record: dict[str, Any]) -> Any:
        """Somebody makes a customer; gives the id."""
        return self._said("people", {"action": "create", "record": record})["id"]

    def update(self, key: Any, changes: dict[str, Any]) -> None:
        """Somebody edits a customer."""
        self._said("people", {"action": "update", "id": key, "changes": changes})

    def forget_requests(self) -> None:
        """Begin to count."""
        self._session.delete(f"{self._control}/requests", timeout=60).raise_for_status()

    def requests(self) -> tuple[int, int]:
        """Requests since then: reads of lists and records, and those that write."""
        answer = self._session.get(f"{self._control}/requests", timeout=60)
        answer.raise_for_status()
        entries = [entry for entry in answer.json()["requests"] if not entry["is_token_request"]]
        return sum(not e["is_write"] for e in entries), sum(e["is_write"] for e in entries)

    def _said(self, what: str, content: dict[str, Any]) -> Any:
        answer = self._session.post(f"{self._control}/{what}", json=content, timeout=60)
        answer.raise_for_status()
        return answer.json()


def one_by_one(setup: Setup, accounts: list[int]) -> float:
    """Seconds for each account when every one is a request of its own."""
    with WooCommerceClient(setup.webstore) as client:
        seconds, _ = timed(lambda: [client.update(key, {"billing": {"city": "Alone"}}) for key in accounts])
    return seconds / len(accounts)


def measure(size: int = 10_000, latency_ms: float = 50) -> list[Part]:
    """Four kinds of work: requests against the least there can be, and time against one request per customer."""
    rows: list[tuple[str, float, int, int, int]] = []
    with tempfile.TemporaryDirectory() as name, emulated(Path(name), 0, latency_ms=latency_ms) as told:
        setup = setup_of(
            told,
            synchronization={"mappings": small_rules(Path(name)), "settle_seconds": 0},
            breakers={"updates_percent": None},
        )
        webstore, company = System(told["control"]["webstore"]), System(told["control"]["business_central"])
        accounts = [webstore.create(_person(f"Ann{n} Lee{n}", f"w{n}@load.example")) for n in range(size)]

        def work(what: str, system: System, least: int, counted: Callable[[Any], int]) -> None:
            system.forget_requests()
            seconds, done = timed(lambda: runs.synchronize(setup, side_by_side=True))
            reading, writing = system.requests()
            if counted(done.summary) != size:
                raise AssertionError(f"{what}: {counted(done.summary):,} written, not {size:,}")
            rows.append((what, seconds, reading, writing, least))

        work("create in Business Central", company, ceil(size / 100), lambda s: s.pull.created)
        for key in accounts:
            webstore.update(key, {"billing": {"city": "Bergen"}})
        work("update in Business Central", company, ceil(size / 100), lambda s: s.pull.updated)
        for customer in mapping_of(setup)["bc_id"]:
            company.update(customer, {"city": "Voss"})
        work("update in the webstore", webstore, ceil(size / 100), lambda s: s.push.updated)
        alone = one_by_one(setup, accounts[:ALONE])
        runs.synchronize(setup)
        new = [company.create(_customer(f"Bo{n} Berg{n}", f"c{n}@load.example")) for n in range(size)]
        with BusinessCentralClient(setup.business_central) as client:
            numbers = [record["number"] for record in client.customers_by_id(new).values()]
        by_hand(tick, setup, numbers, actor="benchmark")
        work("create in the webstore", webstore, ceil(size / 50), lambda s: s.push.created)
    parts = []
    for what, seconds, reading, writing, least in rows:
        at_once = 2 if what.endswith("webstore") else 1
        goal = CREATES_FASTER if what == "create in the webstore" else FASTER
        note = f"{reading:,} reads, {writing:,} writes; one request per customer takes {alone * 1000:.0f} ms"
        parts += [
            Part(f"{what}, {size:,} at {latency_ms:g} ms: one by one against batches", seconds, alone * size,
                 alone * size / seconds, goal, at_least=True, note=note,
                 limit=size * at_once / (reading + writing), bound=f"its requests, {at_once} at a time"),
            Part(f"{what}, {size:,}: requests that write", writing, least, writing / least, 1, "requests", note=note),
        ]  # fmt: skip
    return parts


def mapping_of(setup: Setup) -> Any:
    """The mapping table."""
    store = open_store(setup.store.url)
    try:
        with store.view(setup.webstore_code) as view:
            return view.mapping.current()
    finally:
        store.close()


def _person(name: str, email: str) -> dict[str, Any]:
    first, _, last = name.partition(" ")
    return {"email": email, "first_name": first, "last_name": last, "billing": {"country": "NO", "city": "Oslo"}}


def _customer(name: str, email: str) -> dict[str, Any]:
    return {"displayName": name, "type": "Person", "email": email, "country": "NO", "city": "Oslo"}


def main() -> int:
    """Print a line for each kind of work."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=float, default=50)
    arguments = parser.parse_args()
    parts = measure(arguments.customers, arguments.latency_ms)
    sys.stdout.write("".join(f"{part.line}  {part.note}\n" for part in parts))
    return 0 if all(part.holds for part in parts) else 1


if __name__ == "__main__":
    sys.exit(main())
