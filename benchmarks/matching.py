"""Who is found, and how surely, among labelled customers made to mislead; and what a million of them cost.

    python -m benchmarks.matching [--customers 20000] [--seeds 3] [--linked 1000000]

Precision: which share of the links or suggestions is right. Recall: which share of the customers who are on both sides is
found. The labelled customers are those of tests/synthetic_customers.py. Ends with 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from connector.core.evidence import evidence_of
from connector.core.matching import candidates, match
from connector.desk.linkage import suggest_by_linkage
from tests.synthetic_customers import LabelledCustomers, labelled_customers

PRECISION_OF_LINKS = 1.0
RECALL_OF_SUGGESTIONS = 0.95
SECONDS_FOR_A_MILLION = 30.0
UNMAPPED_OF_A_MILLION = 1_000


@dataclass(frozen=True)
class Figures:
    """Of one way to match one set of labelled customers."""

    what: str
    pairs: int
    precision: float
    recall: float
    seconds: float

    def __str__(self) -> str:
        """One line of the report."""
        return (
            f"  {self.what:<34} {self.pairs:>7,} pairs   precision {self.precision:8.3%}   recall {self.recall:8.3%}"
            f"   {self.seconds:6.1f} s"
        )


def main() -> int:
    """Measure and report; 1 = a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000, help="customers on each side")
    parser.add_argument("--seeds", type=int, default=3, help="how many sets of customers")
    parser.add_argument(
        "--linked", type=int, default=1_000_000, help="customers on each side of the run with few unmapped"
    )
    options = parser.parse_args()
    missed = []
    for seed in range(1, options.seeds + 1):
        links, suggestions = measured(labelled_customers(options.customers, seed), seed)
        missed += [f"seed {seed}: a wrong link"] if links.precision < PRECISION_OF_LINKS else []
        missed += [f"seed {seed}: recall of suggestions"] if suggestions.recall < RECALL_OF_SUGGESTIONS else []
    seconds = of_a_million(options.linked)
    missed += ["seconds for a million"] if seconds > SECONDS_FOR_A_MILLION else []
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {peak:,} MB")
    print("all limits kept" if not missed else f"MISSED: {', '.join(missed)}")
    return 1 if missed else 0


def measured(customers: LabelledCustomers, seed: int) -> tuple[Figures, Figures]:
    """The ladder's links and the suggestions for one set, reported line by line beside what an e-mail alone would do."""
    sizes = f"{customers.webstore.num_rows:,} + {customers.business_central.num_rows:,}"
    print(f"seed {seed}: {sizes} customers, {len(customers.same):,} pairs are the same")
    print(figures("e-mail alone, unique on both sides", by_email(customers), customers, time.perf_counter()))
    start = time.perf_counter()
    sides = (customers.webstore, customers.business_central)
    found = match(
        *(candidates(evidence_of(side), free=range(side.num_rows), wanted=range(side.num_rows)) for side in sides)
    )
    links = figures("ladder, linked by itself", ((m.webstore_id, m.bc_id) for m in found.matches), customers, start)
    print(links)
    waiting = [(a.webstore_ids[0], a.bc_ids[0]) for a in found.ambiguities if a.unique]
    print(figures("ladder, waiting as one clear pair", waiting, customers, start))
    start = time.perf_counter()
    frame = suggest_by_linkage(*sides)
    chosen = frame[frame["standing"] == "suggested"]
    suggestions = figures("record linkage, suggested", pairs_of(chosen), customers, start)
    print(suggestions)
    print(
        figures(
            "record linkage, probability >= 0.99", pairs_of(chosen[chosen["probability"] >= 0.99]), customers, start
        )
    )
    print(figures("record linkage, with runners-up", pairs_of(frame), customers, start))
    return links, suggestions


def pairs_of(frame: object) -> list[tuple[int, str]]:
    """Pairs of a frame of suggestions."""
    return list(zip(frame["webstore_id"], frame["bc_id"], strict=True))  # type: ignore[index]


def figures(what: str, pairs: Iterable[tuple[int, str]], customers: LabelledCustomers, start: float) -> Figures:
    """How many of the pairs are right, and how many of the right ones they are."""
    found = set(pairs)
    right = found & customers.same
    there = {key for key, _ in customers.same}
    recall = len({key for key, _ in right}) / len(there)
    return Figures(what, len(found), len(right) / max(len(found), 1), recall, time.perf_counter() - start)


def by_email(customers: LabelledCustomers) -> list[tuple[int, str]]:
    """What a synchronisation does that takes the e-mail for the identity."""
    left = [(row["email"].lower(), row["webstore_id"]) for row in customers.webstore.to_pylist() if row["email"]]
    right = [(row["email"].lower(), row["bc_id"]) for row in customers.business_central.to_pylist() if row["email"]]
    counts = [Counter(email for email, _ in side) for side in (left, right)]
    only = {email: bc_id for email, bc_id in right if counts[1][email] == 1}
    return [(key, only[email]) for email, key in left if counts[0][email] == 1 and email in only]


def of_a_million(customers: int) -> float:
    """Seconds of the ladder when nearly all customers are linked already."""
    sides = (_linked("webstore_id", customers), _linked("bc_id", customers))
    free = range(customers - min(UNMAPPED_OF_A_MILLION, customers), customers)
    start = time.perf_counter()
    found = match(
        candidates(evidence_of(sides[0]), free=free, wanted=free),
        candidates(evidence_of(sides[1]), free=free, wanted=()),
    )
    seconds = time.perf_counter() - start
    print(
        f"{customers:,} + {customers:,} customers, {len(free):,} unmapped: {len(found.matches):,} links, {seconds:.1f} s"
    )
    return seconds


def _linked(key: str, customers: int) -> pa.Table:
    rows = np.arange(customers)
    return pa.table(
        {
            key: pa.array(rows) if key == "webstore_id" else _texts(f"c{row}" for row in rows),
            "name": _texts(f"First{row % 5000} Last{row % 9973}" for row in rows),
            "email": _texts(f"user{row}@mail{row % 50}.example" for row in rows),
            "phone": _texts(f"+47 {40_000_000 + row}" for row in rows),
            "address_1": _texts(f"Street {row % 300}" for row in rows),
            "country": _texts("NO" for _ in rows),
            "postcode": _texts(f"{row % 9999:04d}" for row in rows),
            "vat": _texts(f"{900_000_000 + row}" if row % 10 == 0 else "" for row in rows),
        }
    )


def _texts(values: Iterable[str]) -> pa.Array:
    return pa.array(list(values), type=pa.large_string())


if __name__ == "__main__":
    sys.exit(main())
