"""Reading a webstore: against its own latency, against fetching the same pages and throwing them away, and against others.

    python -m benchmarks.extraction [--customers 10000] [--latencies 0 50 200]

The webstore is emulated in a process of its own. *Ideal* is what its pages take with as many requests at one time as the setup
allows, each as long as one page takes alone; *raw* fetches the same pages with the same number of threads and reads no JSON.
Ours makes columns of them, checks their order, and asks for each page's last row twice, so that nobody is lost. The others
read the same customers into their own objects: the WooCommerce client of PyPI and dlt's REST source, one page after the other.
The Singer tap for WooCommerce on PyPI (0.1.2) reads orders only, so that there is nothing to compare it with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import requests
from dlt.sources.rest_api import rest_api_source
from woocommerce import API

from benchmarks.emulated import emulated, setup_of
from benchmarks.measuring import Part, timed
from connector.clients import WooCommerceClient
from connector.core import webstore_customer
from connector.core.customer import FieldRules
from connector.rules import load_rules

NEARLY, LATENCIES = 0.9, (0, 50, 200)
FIELDS: FieldRules = load_rules().fields
PAGE = 100


class Webstore:
    """One emulated webstore, read in several ways. Every way gives how many customers it read."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.setup = setup_of(told)
        self.url = told["webstore"]["url"]
        self.key = (told["webstore"]["consumer_key"], told["webstore"]["consumer_secret"])
        self.threads = self.setup.webstore.max_concurrent_requests
        fields = ",".join(dict.fromkeys(["id", *webstore_customer.api_fields(FIELDS)]))
        self.query = {"per_page": PAGE, "orderby": "id", "order": "asc", "role": "customer", "_fields": fields}
        self.pages = 0
        self._local = threading.local()

    def ours(self) -> int:
        """All customers as columns."""
        rows = []
        with WooCommerceClient(self.setup.webstore) as client:
            census = client.read_customers(
                lambda records: rows.append(webstore_customer.columns(records, FIELDS).num_rows),
                fields=webstore_customer.api_fields(FIELDS),
            )
        self.pages = census.requests
        return sum(rows)

    def one_page(self, page: int = 1) -> int:
        """One page, raw; its bytes."""
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.auth, session.trust_env = self.key, False
        answer = session.get(
            f"{self.url}/wp-json/wc/v3/customers", params={**self.query, "offset": (page - 1) * 99}, timeout=60
        )
        answer.raise_for_status()
        return len(answer.content)

    def raw(self) -> int:
        """The same pages, fetched side by side and thrown away."""
        with ThreadPoolExecutor(self.threads) as pool:
            return sum(pool.map(self.one_page, range(1, self.pages + 1)))

    def pypi_client(self) -> int:
        """The `woocommerce` package."""
        api = API(url=self.url, consumer_key=self.key[0], consumer_secret=self.key[1], version="wc/v3", timeout=60,
                  query_string_auth=False, verify_ssl=False)  # fmt: skip
        api.is_ssl = True  # or it signs every request, as it does without TLS
        found, page = 0, 1
        while True:
            records = api.get("customers", params={**self.query, "page": page}).json()
            found += len(records)
            if len(records) < PAGE:
                return found
            page += 1

    def dlt(self) -> int:
        """dlt's REST source."""
        config: Any = {
            "client": {
                "base_url": f"{self.url}/wp-json/wc/v3/",
                "auth": {"type": "http_basic", "username": self.key[0], "password": self.key[1]},
                "paginator": {"type": "page_number", "base_page": 1, "total_path": None, "stop_after_empty_page": True},
            },
            "resources": [{"name": "customers", "endpoint": {"path": "customers", "params": self.query}}],
        }
        return sum(1 for _ in rest_api_source(config).resources["customers"])


def measure(customers: int = 10_000, latencies: Sequence[float] = LATENCIES, rounds: int = 2) -> list[Part]:
    """Every latency."""
    parts = []
    for latency in latencies:
        with tempfile.TemporaryDirectory() as name, emulated(Path(name), customers, latency_ms=latency) as told:
            parts += _at(Webstore(told), customers, latency, rounds)
    return parts


def _at(shop: Webstore, customers: int, latency: float, rounds: int) -> list[Part]:
    both = []
    for _ in range(rounds if latency else rounds * 8):  # in turns; what takes a fifth of a second needs more of them
        (ours, found), (raw, size) = timed(shop.ours), timed(shop.raw)
        if found != customers:
            raise AssertionError(f"{found:,} of {customers:,} customers were read")
        both.append((ours, raw))
    ours, raw = (min(seconds) for seconds in zip(*both, strict=True))
    alone = min(timed(shop.one_page)[0] for _ in range(10))
    ideal = ceil(shop.pages / shop.threads) * alone
    at = f"{customers:,} customers at {latency:g} ms, {shop.threads} requests at one time"
    limits = (
        f"a page takes {alone * 1000:.0f} ms alone, {raw / shop.pages * 1000:.0f} ms among others; {size / 1e6:.1f} MB"
    )
    parts = [
        Part(
            f"{at}: ideal against ours",
            ours,
            ideal,
            ideal / ours,
            NEARLY,
            at_least=True,
            note=limits,
            gates=latency > 0,
        ),
        Part(f"{at}: raw against ours", ours, raw, raw / ours, NEARLY, at_least=True, note=limits),
    ]
    parts = [replace(part, limit=1, bound="what the host itself takes") for part in parts]
    others: dict[str, Callable[[], int]] = {"the woocommerce package": shop.pypi_client, "dlt": shop.dlt}
    for name, act in others.items():
        seconds, read = timed(act)
        if read != customers:
            raise AssertionError(f"{name} read {read:,} of {customers:,} customers")
        parts.append(Part(f"{at}: ours against {name}", ours, seconds, ours / seconds, 1, gates=False))
    return parts


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--latencies", type=float, nargs="+", default=list(LATENCIES))
    arguments = parser.parse_args()
    began = time.perf_counter()
    parts = measure(arguments.customers, arguments.latencies)
    sys.stdout.write("".join(f"{part.line}  {part.note}\n" for part in parts))
    sys.stdout.write(f"measured in {time.perf_counter() - began:.0f} s\n")
    return 0 if all(part.holds for part in parts if part.gates) else 1


if __name__ == "__main__":
    sys.exit(main())
