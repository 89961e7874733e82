"""A plan under other rules beside today's, on kept extracts: against ten seconds, and against the bare decisions.

    python -m benchmarks.what_if [--customers 100000]

Generated customers, everybody linked; one of a hundred was edited on each side, one on both, and one has a cleared phone number.
They are kept as a run keeps them, under the rules that ship, and were validated by it. Tried are a policy, under which hardly
anybody is read anew, and another field map, under which everybody is. The reference makes the same two plans of tables that are
in memory already, and knows neither store nor expectations, nor what differs. Each trial is a process of its own, in which the
import of Great Expectations counts.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

import mappings
from benchmarks.customers import both_sides, changed, guids
from benchmarks.measuring import Part, alone, answer, peak_mb, timed
from connector.clients import Census
from connector.core import business_central_customer, webstore_customer
from connector.core.comparison import compare
from connector.core.customer import Side
from connector.core.extracts import Known, extract_of
from connector.core.terms import Terms
from connector.extract.extraction import Extraction, divide_mapping
from connector.extract.job import in_threads, job_of
from connector.extract.keeping import keep_extracts
from connector.extract.memory_partition import MemoryPartition
from connector.extract.missing import Missing
from connector.extract.validation import validate_customers
from connector.planning.what_if import WhatIf, what_if
from connector.rules import Rules, load_rules
from connector.run.nobody_asked import clients_that_ask_nobody
from connector.run.run import Run, flags_of
from connector.run.summary import RunSummary
from connector.setup import Setup, parse_setup
from connector.setup.other_settings import with_settings
from connector.store import open_store

SECONDS, TIMES = 10.0, 3.0
_SHOP, _COMPANY, _RUN = "shop", "00000000-0000-0000-0000-000000000001", "benchmark"
_ONE_OF = 100
_FIELDS = ("city,billing.city,city,both,,,,30,text", "city,billing.city,city,both,webstore,,,30,code")
_COLUMNS = {
    "mapping_row": "webstore_code, bc_id, bc_number, webstore_id, webstore_customer, name, username, v_from",
    "base": "id, webstore_code, bc_id, webstore_id, webstore_hash, business_central_hash, updated_at, webstore_seen,"
    " business_central_seen",
    "base_values": "base_id, webstore, business_central",
}


def the_setup(folder: Path) -> Setup:
    """A setup whose systems nobody asks."""
    document = {
        "webstore_code": _SHOP,
        "webstore": {"url": "http://127.0.0.1:9", "consumer_key": "ck", "consumer_secret": "cs"},
        "business_central": {
            "base_url": "http://127.0.0.1:9/api/v2.0", "company": "x", "auth": "basic", "username": "u", "password": "p",
        },
        "synchronization": {"push_webstore_customers": "Mapped Only", "pull_webstore_customers": "All"},
    }  # fmt: skip
    return parse_setup(document, origin="benchmark", folder=folder)


def agreed(rules: Rules, numbers: np.ndarray) -> tuple[pa.Table, pa.Table]:
    """Both sides in agreement, as the rules that ship read them."""
    webstore, company = both_sides(numbers)
    webstore = webstore.append_column(f"meta:{rules.fields.vat_keys[0]}", company["taxRegistrationNumber"])
    return (
        _as_read(webstore, webstore_customer.schema(rules.fields)),
        _as_read(company, business_central_customer.schema(rules.fields)),
    )


def _as_read(table: pa.Table, schema: pa.Schema) -> pa.Table:
    blank = pa.repeat(pa.scalar("", pa.large_string()), table.num_rows)
    columns = {name: table[name] if name in table.column_names else None for name in schema.names}
    absent = {
        name: pa.nulls(table.num_rows, schema.field(name).type) if ":" in name else blank for name in schema.names
    }
    return pa.table({name: absent[name] if made is None else made for name, made in columns.items()}, schema=schema)


def edited(webstore: pa.Table, company: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The same customers after a day."""
    size = webstore.num_rows
    webstore = changed(webstore, "billing.city", [*range(3, size, _ONE_OF), *range(11, size, _ONE_OF)])
    company = changed(company, "addressLine1", range(7, size, _ONE_OF))
    for _ in range(2):  # to another value than in the webstore
        company = changed(company, "city", range(11, size, _ONE_OF))
    phones = company["phoneNumber"].to_pylist()
    phones[17::_ONE_OF] = [""] * len(phones[17::_ONE_OF])
    at = company.column_names.index("phoneNumber")
    return webstore, company.set_column(at, "phoneNumber", pa.array(phones, pa.large_string()))


def fill(folder: Path, size: int) -> None:
    """A store in which everybody is linked, and what a run over all customers keeps."""
    setup, rules = the_setup(folder), load_rules()
    rules_of_the_run = _checked(rules)
    numbers = np.arange(size)
    sides = agreed(rules, numbers)
    with closing(open_store(setup.store.url)) as store:
        _insert(folder / "customer-sync-data" / "store.sqlite", rules_of_the_run, setup, sides)
        lists: dict[str, list[dict[str, Any]]] = {"countriesRegions": [{"code": "NO"}]}
        clients = clients_that_ask_nobody(_COMPANY, lists)
        run = Run(setup, store, rules, run_id=_RUN, dry_run=True, clients=clients)
        partition = MemoryPartition()
        for side, table in zip(Side, edited(*sides), strict=True):
            partition.put(str(side), table)
        read = [Extraction(Census(size, size, 1, 1, 0, None), size) for _ in Side]
        missing = Missing(*(side.slice(0, 0) for side in sides))
        job = job_of(run, partition)
        with store.work(_SHOP) as work:
            work.runs.start(_RUN, "all", "manual", "benchmark")
        divide_mapping(run, partition)
        validate_customers(run, job, in_threads())
        keep_extracts(run, job, missing, read[0], read[1])
        with store.work(_SHOP) as work:
            summary = RunSummary(run_id=_RUN, webstore_code=_SHOP, validated=run.validated)
            work.runs.finish(_RUN, "completed", summary.as_json(), "", "")
        if run.warnings:
            raise AssertionError(run.warnings)


def _checked(rules: Rules) -> Terms:
    setup = the_setup(Path())
    return Terms(rules.fields, flags_of(setup), rules.geography.with_company(["NO"]))


def _insert(file: Path, terms: Terms, setup: Setup, sides: tuple[pa.Table, pa.Table]) -> None:
    w, c = (extract_of(side, table, terms) for side, table in zip(Side, sides, strict=True))
    texts = [
        [orjson.dumps(row).decode() for row in extract.canonical.drop_columns(key).to_pylist()]
        for extract, key in ((w, "webstore_id"), (c, "bc_id"))
    ]
    ids = guids(np.arange(w.raw.num_rows)).to_pylist()
    now = datetime.now(UTC).isoformat()
    links = [(_SHOP, i, f"C{n}", n + 1, True, "", "", 1) for n, i in enumerate(ids)]
    seen = (w.hashes, c.hashes, w.fingerprints.tolist(), c.fingerprints.tolist())
    bases = [
        (n + 1, _SHOP, i, n + 1, a, b, now, x, y) for n, (i, a, b, x, y) in enumerate(zip(ids, *seen, strict=True))
    ]
    values = [(n + 1, *both) for n, both in enumerate(zip(*texts, strict=True))]
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, rows in (("mapping_row", links), ("base", bases), ("base_values", values)):
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} ({_COLUMNS[table]}) VALUES ({marks})", rows)  # noqa: S608


def other(folder: Path, what: str) -> Setup:
    """The setup that is tried."""
    setup = the_setup(folder)
    if what == "policy":
        return with_settings(setup, ["policies.blank=clear"])
    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    text = (Path(mappings.__file__).parent / "fields.csv").read_text(encoding="utf-8")
    (rules / "fields.csv").write_text(text.replace(*_FIELDS), encoding="utf-8")
    flags = setup.synchronization.model_copy(update={"mappings": rules})
    return setup.model_copy(update={"synchronization": flags})


def measured(folder: Path, what: str) -> int:
    """One trial, and the bare decisions, in this process."""
    setup, tried = the_setup(folder), other(folder, what)
    seconds, found = timed(lambda: what_if(setup, tried))
    size = found.kept.rows[Side.WEBSTORE]
    expected = len(range(17 if what == "policy" else 11, size, _ONE_OF))
    if len(found.differences) != expected:
        raise AssertionError(f"{len(found.differences)} differences, not {expected}")
    bare = min(timed(_bare(setup, tried, found))[0] for _ in range(2))
    return answer(seconds=seconds, bare=bare, peak_mb=peak_mb(), differences=len(found.differences))


def _bare(setup: Setup, tried: Setup, found: WhatIf) -> Callable[[], None]:
    tables = edited(*agreed(load_rules(), np.arange(found.kept.rows[Side.WEBSTORE])))
    terms = [
        Terms(rules.fields, flags_of(one), rules.geography.with_company(["NO"]))
        for one, rules in ((one, load_rules(one.synchronization.mappings, _SHOP)) for one in (setup, tried))
    ]
    with closing(open_store(setup.store.url)) as store, store.view(_SHOP) as view:
        mapping, hashes, bases = view.mapping.current(), view.bases.hashes(), view.bases.read()
    index = pd.Index(bases["bc_id"])

    def bases_of(bc_ids: Any) -> pd.DataFrame:
        return bases.iloc[index.get_indexer(bc_ids)]

    def decide() -> None:
        for one in terms:
            sides = [extract_of(side, table, one) for side, table in zip(Side, tables, strict=True)]
            compare(sides[0], sides[1], Known(mapping, hashes, bases_of), one)

    return decide


def measure(customers: int = 100_000) -> list[Part]:
    """A policy, and another field map."""
    parts = []
    with tempfile.TemporaryDirectory() as name:
        alone("benchmarks.what_if", "--fill", str(customers), "--folder", name)
        for what, words in (("policy", "a policy"), ("rules", "another field map")):
            told: Mapping[str, Any] = alone("benchmarks.what_if", "--measure", what, "--folder", name)
            text = f"{customers:,} customers: both plans under {words}, and {told['differences']:,} differences"
            parts += [
                Part(f"{text} (the reference is the limit)", told["seconds"], SECONDS, told["seconds"] / SECONDS, 1,
                     peak_mb=told["peak_mb"]),
                Part(f"{text}, against the bare decisions", told["seconds"], told["bare"],
                     told["seconds"] / told["bare"], TIMES, gates=False, limit=1, bound="both plans, and nothing to read"),
            ]  # fmt: skip
    return parts


def main() -> int:
    """Measure and print, or act for another process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--fill", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fill:
        began = time.perf_counter()
        fill(arguments.folder, arguments.fill)
        return answer(seconds=time.perf_counter() - began)
    if arguments.measure:
        return measured(arguments.folder, arguments.measure)
    parts = measure(arguments.customers)
    sys.stdout.write("".join(f"{part.line}\n" for part in parts))
    return 0 if all(part.holds for part in parts if part.gates) else 1


if __name__ == "__main__":
    sys.exit(main())
