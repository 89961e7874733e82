"""What it costs to decide a run: both extracts as raw columns, mapping and fingerprints in; the plan out.

    python -m benchmarks.compute [--customers 1000000] [--rounds 3]

Every customer is mapped, one of a hundred has changed on each side, both extracts are in random order. The reference is a
program written by hand in pyarrow for this one question and nothing else: align by key, compare every raw column with its base,
gather what changed. It has no normalisers, no names, no policies and no plan; the ratio is what these cost. Best of the rounds,
both in one process.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core import business_central_customer, webstore_customer
from connector.core.comparison import compare
from connector.core.customer import Side
from connector.core.extracts import Extract, Known, extract_of
from connector.core.merge import FieldPolicy
from connector.core.terms import Flags, Terms
from connector.rules import load_rules

RATIO = 1.3
CHANGED = 100  # one of so many
RULES = load_rules()
TERMS = Terms(
    RULES.fields.without_metadata(),
    Flags("Mapped Only", "All", FieldPolicy("ask", "ask", "keep", "withhold")),
    RULES.geography.with_company(["NO"]),
)
W_FIELDS = ("email", "first_name", "last_name", "billing.address_1", "billing.address_2", "billing.city",
            "billing.postcode", "billing.country", "billing.state", "billing.phone", "billing.company")  # fmt: skip
C_FIELDS = (
    "email",
    "displayName",
    "addressLine1",
    "addressLine2",
    "city",
    "postalCode",
    "country",
    "state",
    "phoneNumber",
)


def _texts(pattern: str, numbers: np.ndarray) -> pa.Array:
    head, _, tail = pattern.partition("#")
    return pc.binary_join_element_wise(head, pa.array(numbers).cast(pa.string()), tail, "").cast(pa.large_string())


def _table(schema: pa.Schema, size: int, columns: dict[str, pa.Array]) -> pa.Table:
    blank = {name: pa.array([""] * size, pa.large_string()) for name in schema.names if name not in columns}
    if "meta_known" in schema.names:
        blank["meta_known"] = pa.array([True] * size)
    everything = {**blank, **columns}
    return pa.table({name: everything[name].cast(schema.field(name).type) for name in schema.names})


def sides(size: int) -> tuple[pa.Table, pa.Table]:
    """Both extracts, in order of key and without any change."""
    n = np.arange(size)
    person = {"email": _texts("person#@shop.example", n), "phone": _texts("+47 4#", n + 1_000_000)}
    street, city, code = _texts("Street #", n), _texts("City #", n % 5_000), _texts("1#", n % 900 + 100)
    country, email = pa.array(["NO"] * size, pa.large_string()), person["email"]
    webstore = {
        "webstore_id": pa.array(n + 1), "email": email, "first_name": _texts("Ann#", n), "last_name": _texts("Lee#", n),
        "role": pa.array(["customer"] * size, pa.large_string()), "username": _texts("user#", n), "billing.address_1": street,
        "billing.city": city, "billing.postcode": code, "billing.country": country, "billing.phone": person["phone"],
    }  # fmt: skip
    company = {
        "bc_id": _texts("0000-#", n), "number": _texts("C#", n), "email": email, "addressLine1": street, "city": city,
        "displayName": pc.binary_join_element_wise(_texts("Ann#", n), _texts("Lee#", n), pa.scalar(" ", pa.large_string())),
        "postalCode": code, "country": country, "phoneNumber": person["phone"],
        "type": pa.array(["Person"] * size, pa.large_string()), "etag": _texts('W/"#"', n),
    }  # fmt: skip
    rules = TERMS.rules
    return (
        _table(webstore_customer.schema(rules), size, webstore),
        _table(business_central_customer.schema(rules), size, company),
    )


def changed(table: pa.Table, column: str, first: int, dice: np.random.Generator) -> pa.Table:
    """One of a hundred customers with another value, all in random order."""
    values = table[column].to_pylist()
    values[first::CHANGED] = [f"{value} B" for value in values[first::CHANGED]]
    edited = table.set_column(table.column_names.index(column), column, pa.array(values, pa.large_string()))
    return edited.take(pa.array(dice.permutation(table.num_rows))).combine_chunks()


def known_of(webstore: Extract, company: Extract) -> Known:
    """Everybody is mapped; both sides have agreed on what they hold."""
    bc_ids, webstore_ids = company.raw["bc_id"].to_pandas(), webstore.raw["webstore_id"].to_pandas()
    bases = pd.DataFrame(
        {"bc_id": bc_ids, "webstore_id": webstore_ids, "webstore_hash": webstore.hashes,
         "business_central_hash": company.hashes, "webstore_seen": webstore.fingerprints,
         "business_central_seen": company.fingerprints}
    )  # fmt: skip
    w, c = webstore.canonical.drop_columns("webstore_id"), company.canonical.drop_columns("bc_id")
    rows = {bc_id: row for row, bc_id in enumerate(bc_ids)}

    def read(wanted: Any) -> pd.DataFrame:
        chosen = [rows[bc_id] for bc_id in wanted]
        texts = [[orjson.dumps(row).decode() for row in side.take(pa.array(chosen)).to_pylist()] for side in (w, c)]
        return bases.iloc[chosen].assign(webstore=texts[0], business_central=texts[1])

    mapping = pd.DataFrame(
        {"bc_id": bc_ids, "bc_number": company.raw["number"].to_pandas(), "webstore_id": webstore_ids.astype("Int64"),
         "webstore_customer": True, "name": "", "username": ""}
    )  # fmt: skip
    return Known(mapping, bases, read)


def ours(webstore: pa.Table, company: pa.Table, known: Known) -> int:
    """The plan; how many writes it has."""
    return len(
        compare(
            extract_of(Side.WEBSTORE, webstore, TERMS), extract_of(Side.BUSINESS_CENTRAL, company, TERMS), known, TERMS
        ).writes
    )


def reference(webstore: pa.Table, company: pa.Table, base_w: pa.Table, base_c: pa.Table) -> int:
    """By hand: which rows differ from their base in any column, with what they were and are."""
    found = 0
    for now, base, key, fields in ((webstore, base_w, "webstore_id", W_FIELDS), (company, base_c, "bc_id", C_FIELDS)):
        rows = pc.index_in(base[key], value_set=now[key].combine_chunks())
        differs = pa.array(np.zeros(base.num_rows, dtype=bool))
        for name in fields:
            differs = pc.or_(differs, pc.not_equal(now[name].take(rows), base[name]).combine_chunks())
        chosen = pc.indices_nonzero(differs)
        base.take(chosen)
        now.take(rows.take(chosen))
        found += len(chosen)
    return found


def best(rounds: int, act: Callable[[], int]) -> tuple[float, int]:
    """Seconds of the fastest round, and what it gave."""
    seconds, result = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        result = act()
        seconds.append(time.perf_counter() - began)
    return min(seconds), result


def main() -> int:
    """Print both, and the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    dice = np.random.default_rng(1)
    base_w, base_c = sides(arguments.customers)
    known = known_of(extract_of(Side.WEBSTORE, base_w, TERMS), extract_of(Side.BUSINESS_CENTRAL, base_c, TERMS))
    webstore = changed(base_w, "billing.city", 3, dice)
    company = changed(base_c, "addressLine1", 7, dice)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    theirs, rows = best(arguments.rounds, lambda: reference(webstore, company, base_w, base_c))
    middle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    mine, writes = best(arguments.rounds, lambda: ours(webstore, company, known))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    expected = 2 * len(range(3, arguments.customers, CHANGED))
    ok = rows == writes == expected
    sys.stdout.write(
        f"{arguments.customers:,} mapped customers on each side, {len(TERMS.rules.rules)} fields, {writes:,} writes planned"
        f"{'' if ok else f' instead of {expected:,}'}\n"
        f"pyarrow by hand  {theirs:.2f} s, process {middle:,} MB at most (inputs {before:,} MB)\n"
        f"ours             {mine:.2f} s, {mine / arguments.customers / 2 * 1e6:.1f} us a customer and side, {peak:,} MB\n"
        f"ratio            {mine / theirs:.2f} (goal {RATIO})\n"
    )
    return 0 if ok and mine <= RATIO * theirs else 1


if __name__ == "__main__":
    sys.exit(main())
