"""Writing many customers in both directions: how many requests, and how fast against one request per customer.

    python -m benchmarks.load [--customers 2000] [--latency-ms 50]

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
import time
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

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


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what it gave."""
    began = time.perf_counter()
    result = act()
    return time.perf_counter() - began, result


def one_by_one(shop: Shop, accounts: list[int]) -> float:
    """Seconds for each account when every one is a request of its own."""
    with WooCommerceClient(shop.setup.webstore) as client:
        seconds, _ = timed(lambda: [client.update(key, {"billing": {"city": "Alone"}}) for key in accounts])
    return seconds / len(accounts)


def main() -> int:
    """Print a line for each kind of work."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--latency-ms", type=float, default=50)
    arguments = parser.parse_args()
    size, missed = arguments.customers, []
    with tempfile.TemporaryDirectory() as name, start(empty=True, latency_ms=arguments.latency_ms) as running:
        off = {"updates_percent": 100}
        shop = Shop(running, Path(name), push_webstore_customers="Mapped Only")
        shop.setup = shop.setup.model_copy(update={"breakers": shop.setup.breakers.model_copy(update=off)})
        for number in range(size):
            shop.register(f"w{number}@load.example", f"Ann{number} Lee{number}", city="Oslo")
        rows = []

        def measure(what: str, system: str, least: int, counted: Callable[[Any], int]) -> None:
            requests_of(running)
            seconds, done = timed(shop.sync)
            reading, writing = requests_of(running)[system]
            rows.append((what, counted(done.summary), seconds, reading, writing))
            if counted(done.summary) != size or writing != least:
                missed.append(
                    f"{what}: {counted(done.summary):,} written in {writing} requests, not {size:,} in {least}"
                )

        measure("create in Business Central", "business_central", ceil(size / 100), lambda s: s["pull"]["created"])
        for key in running.webstore.customer_ids():
            shop.type_in_webstore(key, city="Bergen")
        measure("update in Business Central", "business_central", ceil(size / 100), lambda s: s["pull"]["updated"])
        for customer in running.business_central.customer_ids():
            shop.type_in_company(customer, city="Voss")
        measure("update in the webstore", "webstore", ceil(size / 100), lambda s: s["push"]["updated"])
        alone = one_by_one(shop, sorted(running.webstore.customer_ids())[:ALONE])
        shop.sync()
        new = [shop.employ(f"c{n}@load.example", f"Bo{n} Berg{n}", city="Oslo") for n in range(size)]
        tick(shop.setup, [shop.number(key) for key in new], actor="benchmark")
        measure("create in the webstore", "webstore", ceil(size / 50), lambda s: s["push"]["created"])
    sys.stdout.write(
        f"{size:,} customers of each kind, {arguments.latency_ms:g} ms; one request per customer: {alone * 1000:.0f} ms\n"
    )
    for what, count, seconds, reading, writing in rows:
        faster = alone * count / seconds
        sys.stdout.write(
            f"{what:<28}{seconds:7.1f} s{reading:6} reads{writing:6} writes{faster:7.1f} x faster (goal {FASTER:g})\n"
        )
        if faster < FASTER:
            missed.append(f"{what}: {faster:.1f} x faster than one by one")
    sys.stdout.write("".join(f"MISSED {line}\n" for line in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
