"""Writing many customers in both directions: how many requests, and how fast against one request per customer.

    python -m benchmarks.load [--customers 10000] [--latency-ms 50]

Everything is written as a run writes it: looked up, re-checked, journalled, settled, linked. The reference sends one request per
customer to the same emulated systems, looks at nothing and remembers nothing; it is measured on a hundred customers. Requests
are counted by the emulators. The minimum is

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

from benchmarks.measuring import Part, timed
from connector.clients import WooCommerceClient
from connector.load.editing import tick
from sandbox.server import Running, start
from tests.flows.shop import Shop

FASTER = 20.0
ALONE = 100


def requests_of(running: Running) -> dict[str, tuple[int, int]]:
    """Requests of each system since the last look: (reads of lists and records, requests that write)."""
    counted = {}
    for name in ("webstore", "business_central"):
        log = getattr(running, f"{name}_log")
        entries = [entry for entry in log.entries if not entry.is_token_request]
        counted[name] = (sum(not e.is_write for e in entries), sum(e.is_write for e in entries))
        log.clear()
    return counted


def one_by_one(shop: Shop, accounts: list[int]) -> float:
    """Seconds for each account when every one is a request of its own."""
    with WooCommerceClient(shop.setup.webstore) as client:
        seconds, _ = timed(lambda: [client.update(key, {"billing": {"city": "Alone"}}) for key in accounts])
    return seconds / len(accounts)


def measure(size: int = 10_000, latency_ms: float = 50) -> list[Part]:
    """Four kinds of work: requests against the least there can be, and time against one request per customer."""
    rows: list[tuple[str, float, int, int, int]] = []
    with tempfile.TemporaryDirectory() as name, start(empty=True, latency_ms=latency_ms) as running:
        off = {"updates_percent": 100}
        shop = Shop(running, Path(name), push_webstore_customers="Mapped Only")
        shop.setup = shop.setup.model_copy(update={"breakers": shop.setup.breakers.model_copy(update=off)})
        for number in range(size):
            shop.register(f"w{number}@load.example", f"Ann{number} Lee{number}", city="Oslo")

        def work(what: str, system: str, least: int, counted: Callable[[Any], int]) -> None:
            requests_of(running)
            seconds, done = timed(shop.sync)
            reading, writing = requests_of(running)[system]
            if counted(done.summary) != size:
                raise AssertionError(f"{what}: {counted(done.summary):,} written, not {size:,}")
            rows.append((what, seconds, reading, writing, least))

        work("create in Business Central", "business_central", ceil(size / 100), lambda s: s["pull"]["created"])
        for key in running.webstore.customer_ids():
            shop.type_in_webstore(key, city="Bergen")
        work("update in Business Central", "business_central", ceil(size / 100), lambda s: s["pull"]["updated"])
        for customer in running.business_central.customer_ids():
            shop.type_in_company(customer, city="Voss")
        work("update in the webstore", "webstore", ceil(size / 100), lambda s: s["push"]["updated"])
        alone = one_by_one(shop, sorted(running.webstore.customer_ids())[:ALONE])
        shop.sync()
        new = [shop.employ(f"c{n}@load.example", f"Bo{n} Berg{n}", city="Oslo") for n in range(size)]
        tick(shop.setup, [shop.number(key) for key in new], actor="benchmark")
        work("create in the webstore", "webstore", ceil(size / 50), lambda s: s["push"]["created"])
    parts = []
    for what, seconds, reading, writing, least in rows:
        note = f"{reading:,} reads, {writing:,} writes; one request per customer takes {alone * 1000:.0f} ms"
        parts += [
            Part(f"{what}, {size:,} at {latency_ms:g} ms: one by one against batches", seconds, alone * size,
                 alone * size / seconds, FASTER, at_least=True, note=note),
            Part(f"{what}, {size:,}: requests that write", writing, least, writing / least, 1, "requests", note=note),
        ]  # fmt: skip
    return parts


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
