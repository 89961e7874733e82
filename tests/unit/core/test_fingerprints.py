"""Whom nobody touched is not read again, and whoever was touched is."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pytest

from connector.core import webstore_customer
from connector.core.base_comparison import SETTLED
from connector.core.comparison import compare
from connector.core.customer import Side
from connector.core.extracts import Extract, Known, extract_of
from connector.core.fingerprints import READING, raw_fingerprints, reading_key
from connector.core.plan import Plan
from tests.property.texts import PIECES
from tests.unit.core.customers import RULES, account, business_central, customer, mapping, terms, values, webstore

ROWS = mapping(("c1", 1, True), ("c2", 2, True))
KEY = "0" * 16


def fingerprints(*rows: dict[str, Any]) -> list[int]:
    table = pa.table({name: pa.array([row[name] for row in rows], pa.large_string()) for name in rows[0]})
    return raw_fingerprints(table, KEY).tolist()


REMEMBERED = ("webstore_seen", "business_central_seen", "webstore_stamp", "business_central_stamp", "account_mark")


class World:
    """Two pairs whose bases are what stands there; counts how many customers of each side are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.terms = terms()
        self.accounts = [account(1, "Ann Lee", "ann@x.example"), account(2, "Bo Berg", "bo@x.example")]
        self.customers = [customer("c1", "Ann Lee", "ann@x.example"), customer("c2", "Bo Berg", "bo@x.example")]
        w, c = webstore(self.accounts, self.terms), business_central(self.customers, self.terms)
        self.bases = pd.DataFrame(
            {
                "bc_id": ["c1", "c2"], "webstore_id": [1, 2], "webstore_hash": w.hashes, "business_central_hash": c.hashes,
                **{name: pd.array([None, None], "Int64") for name in REMEMBERED},
                "webstore": [orjson.dumps(values(w, row)).decode() for row in (0, 1)],
                "business_central": [orjson.dumps(values(c, row)).decode() for row in (0, 1)],
            }
        )  # fmt: skip
        self.read = 0
        original = Extract._canonical

        def counting(extract: Extract, raw: pa.Table) -> pa.Table:
            self.read += raw.num_rows
            return original(extract, raw)

        monkeypatch.setattr(Extract, "_canonical", counting)

    def run(self) -> tuple[Plan, int]:
        """One comparison; what it settled is remembered as the store does. Gives the plan and how many were read."""
        self.read = 0
        known = Known(ROWS, self.bases, lambda ids: self.bases[self.bases["bc_id"].isin(list(ids))])
        plan = compare(
            webstore(self.accounts, self.terms), business_central(self.customers, self.terms), known, self.terms
        )
        assert plan.settled is not None
        for row in plan.settled.to_pylist():
            at = self.bases["bc_id"] == row["bc_id"]
            for name in REMEMBERED:
                self.bases.loc[at, name] = (
                    row[name] if name != "account_mark" or row[name] else self.bases.loc[at, name]
                )
        return plan, self.read


def test_a_customer_is_read_once_and_then_only_when_a_record_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    first, read = world.run()
    assert (first.writes, read, first.settled.num_rows) == ((), 4, 2)  # type: ignore[union-attr]
    again, read = world.run()
    assert (again.writes, again.pairs, read, again.settled) == ((), 2, 0, SETTLED.empty_table())
    world.accounts[1]["billing"] = {"city": "Oslo"}
    plan, read = world.run()
    assert ([(w.bc_id, c.field, c.after) for w in plan.writes for c in w.changes], read) == (
        [("c2", "city", "Oslo")],
        2,
    )


def test_a_record_that_reads_the_same_in_other_words_is_read_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.run()
    world.customers[0]["email"] = "ANN@x.example"
    plan, read = world.run()
    assert (plan.writes, read, plan.settled["bc_id"].to_pylist()) == ((), 2, ["c1"])  # type: ignore[index]
    assert world.run()[1] == 0


def test_other_rules_and_other_countries_read_everybody_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.run()
    world.terms = replace(world.terms, geography=RULES.geography.with_company(["NO", "FR"]))
    assert world.run()[1] == 4
    world.terms = replace(world.terms, rules=replace(world.terms.rules, digest="other files"))
    assert world.run()[1] == 4
    assert world.run()[1] == 0


def test_only_a_pair_that_holds_its_base_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.accounts[0]["billing"] = world.accounts[1]["billing"] = {"city": "Oslo"}
    plan, _ = world.run()
    assert (len(plan.writes), plan.settled) == (2, SETTLED.empty_table())
    assert len(world.run()[0].writes) == 2


@pytest.mark.parametrize("separator", ["\x1f", "\x00", " ", ""])
def test_a_text_that_moves_to_the_next_field_is_another_record(separator: str) -> None:
    rows = [
        {"a": f"x{separator}y", "b": "", "c": "z"},
        {"a": "x", "b": f"y{separator}", "c": "z"},
        {"a": "x", "b": f"{separator}y", "c": "z"},
        {"a": "", "b": f"x{separator}y", "c": "z"},
        {"a": f"x{separator}y{separator}z", "b": "", "c": ""},
    ]
    distinct = {tuple(row.values()) for row in rows}
    assert len(set(fingerprints(*rows))) == len(distinct)


def test_no_such_key_is_told_from_a_blank_one_and_from_a_nul() -> None:
    assert len(set(fingerprints({"meta:vat": None}, {"meta:vat": ""}, {"meta:vat": "\x00"}))) == 3


def test_the_fingerprint_of_a_text_is_the_same_in_every_process_and_in_every_place() -> None:
    texts = ["", "Ann", "Ånn", "\U0001f600", "x" * 5_000]
    here = fingerprints(*({"a": text} for text in texts))
    program = (
        "import sys, pyarrow as pa; from connector.core.fingerprints import raw_fingerprints;"
        f"print(*raw_fingerprints(pa.table({{'a': pa.array({texts!r}, pa.large_string())}}), {KEY!r}).tolist())"
    )
    elsewhere = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, text=True)
    assert list(map(int, elsewhere.stdout.split())) == here
    assert len(set(here)) == len(texts)
    assert fingerprints(*[{"a": text} for text in texts] * 40_000) == here * 40_000


def test_another_version_of_the_engine_reads_everybody_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reading_key(RULES.fields, RULES.geography)
    monkeypatch.setattr("connector.core.fingerprints.ENGINE", "another")
    assert reading_key(RULES.fields, RULES.geography) != before


def test_who_saved_it_when_and_under_which_role_is_no_part_of_what_is_said() -> None:
    one = webstore([account(1, "Ann Lee", "ann@x.example")], terms())
    record = account(1, "Ann Lee", "ann@x.example") | {"date_modified_gmt": "2026-02-02T00:00:00", "role": "subscriber"}
    other = webstore([record], terms())
    assert one.fingerprints.tolist() == other.fingerprints.tolist()


@pytest.mark.parametrize("other", [{"username": "bo"}, {"date_created_gmt": "2026-02-02T00:00:00"}])
def test_an_account_that_became_somebody_elses_is_never_known(other: dict[str, str]) -> None:
    one, stranger = account(1, "Ann Lee", "ann@x.example"), account(1, "Ann Lee", "ann@x.example") | other
    sides = [webstore([record], terms()) for record in (one, stranger)]
    assert sides[0].fingerprints.tolist() != sides[1].fingerprints.tolist()


def test_what_texts_mean_is_what_the_version_of_the_reading_says() -> None:
    """If this fails, the same texts mean something else than before: raise READING, and take the new digest."""
    rules = terms()
    accounts = [account(n, f"{t} {u}", t, city=u, postcode=t, state=u, country="US", phone=t) for n, (t, u) in _texts()]
    accounts += [account(900 + n, f"{u} {t}", u, address_1=t, company=u, country=u, state=t) for n, (t, u) in _texts()]
    customers = [
        customer(f"c{n}", t, u, city=t, postalCode=u, state=t, country="US", phoneNumber=u, addressLine1=t)
        for n, (t, u) in _texts()
    ]
    sides = (webstore(accounts, rules), business_central(customers, rules))
    said = [[side.canonical.to_pylist(), side.hashes] for side in sides]
    digest = hashlib.sha256(orjson.dumps(said)).hexdigest()[:16]
    assert (READING, digest) == (3, "1448f04272743f27")


def _texts() -> list[tuple[int, tuple[str, str]]]:
    plain = (
        "Ann",
        "ANN@x.example; b@x.example",
        "+47 (0)22 33",
        "0047223344",
        "n-7010 ",
        "GR 1.4-7",
        "Oslo",
        "california",
    )
    texts = [*plain, *PIECES, *(f"x {piece} y" for piece in PIECES)]
    return list(enumerate(zip(texts, reversed(texts), strict=True)))


def test_malformed_records_are_in_no_fingerprint() -> None:
    records = [account(1, "Ann Lee"), account(2, "Bo Berg") | {"email": ["no text"]}]
    extract = extract_of(Side.WEBSTORE, webstore_customer.columns(records, RULES.fields), terms())
    assert (len(extract.fingerprints), extract.malformed.num_rows) == (1, 1)
    assert reading_key(RULES.fields, RULES.geography) != reading_key(RULES.fields.without_metadata(), RULES.geography)
