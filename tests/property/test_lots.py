"""Whoever the customers are, and however they are divided, a run over partitions plans what one over everybody at once plans."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, product
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import business_central_customer, many, webstore_customer
from connector.core.across_partitions import gathered
from connector.core.approval import Approved, approved_of, restricted
from connector.core.comparison import compare
from connector.core.customer import Direction, Side
from connector.core.linked_pairs import Part
from connector.core.matching import Ladder
from connector.core.partitioning import Placement, part_of_ids
from connector.core.plan import Plan
from connector.core.quarantining import Objection, without
from connector.core.terms import Terms
from connector.extract.extraction import BASES, BASES_SCHEMA, MAPPING, MAPPING_SCHEMA, places
from connector.extract.file_partitions import FilePartitions
from connector.extract.job import Job, bases_in, extracts_in, in_threads
from connector.planning import leftovers, lots
from connector.planning.comparison import decide_in
from connector.planning.knowledge import Gone, known_in
from connector.store import open_store
from tests.hypothesis_profiles import crowds
from tests.unit.core.customers import account, customer, terms

_FOLDERS = count()
LADDERS = (
    Ladder(),
    Ladder(("email",), ("name",)),
    Ladder(("email", "phone_name", "name_postcode", "vat"), ()),
    Ladder((), ("email", "name")),
)
# what one family gives its members; `#` is its number
NAMES = ("", *("Ann# Lee",) * 5, "Ann# Lie", "Bo# Dahl", "Dahl# AS")
EMAILS = ("", *("ann#@x.example",) * 4, "Ann#@x.example", "bo#@x.example", "info@x#.example", "none@x.example")
SEVERAL = "bo#@y.example; ann#@x.example"
PHONES = ("", "22334###", "+47 22 33 4# ##", "0047 4#334456")
VATS = ("", "", "9111#1112", "NO9#22223", "NO 9111#1112 MVA")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('lots')}/store.sqlite"
    open_store(url).close()
    yield url


@pytest.fixture(autouse=True)
def _however_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lots, "ONE_LOT", 0)
    monkeypatch.setattr(many, "FIRST", 2)


def records(dice: random.Random, size: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Families who share some of it, and now and then something with another one."""
    accounts, customers = [], []

    def told(texts: Sequence[str], family: int) -> str:
        number = family if dice.random() < 0.95 else dice.randrange(size)
        return dice.choice(texts).replace("#", f"{number:03d}")

    for key in range(1, size + 1):
        if dice.random() < 0.15:  # nothing but a name, as a customer of the counter has
            name = told(NAMES[1:], dice.randrange(1 + size // 6))
            accounts.append(account(key, name))
            customers.append(
                customer(f"{key:08x}-0000-4000-8000-000000000000", told(NAMES[1:], dice.randrange(1 + size // 6)))
            )
            continue
        family = dice.randrange(1 + size // 2)
        country, postcode, phone = (
            dice.choice(("NO", "NO", "DE", "")),
            told(("", "0150", "5#"), family),
            told(PHONES, family),
        )
        place = {"postcode": postcode, "country": country, "phone": phone, "address_1": dice.choice(("", "Kai 5"))}
        one = account(key, told(NAMES, family), told(EMAILS, family), **place, city=dice.choice(("", "Oslo")))
        vat = told(VATS, family)
        one["meta_data"] = [{"key": "_vat_number", "value": vat}] if vat else []
        accounts.append(one)
        family = dice.randrange(1 + size // 2)
        customers.append(
            customer(f"{key:08x}-0000-4000-8000-000000000000", told(NAMES, family), told((*EMAILS, SEVERAL), family),
                     country=country, postalCode=told(("", "0150", "5#"), family), phoneNumber=told(PHONES, family),
                     addressLine1=dice.choice(("", "Kai 5")), taxRegistrationNumber=told(VATS, family))
        )  # fmt: skip
    return accounts[: dice.randint(size // 2, size)], customers[: dice.randint(size // 2, size)]


def mapping_rows(dice: random.Random, size: int) -> list[tuple[str, int | None, bool]]:
    """Some are linked, some ticked, some have lost their other half, or both."""
    ids = [f"{key:08x}-0000-4000-8000-000000000000" for key in range(1, size + 3)]
    keys = dice.sample(range(1, size + 4), len(ids))
    share = dice.choice((0, 0.02, 0.4, 0.4))  # in a first run nobody is, and soon after in some partitions only
    chosen = [(bc_id, key) for bc_id, key in zip(ids, keys, strict=True) if dice.random() < share]
    return [(bc_id, key if dice.random() < 0.7 else None, dice.random() < 0.8) for bc_id, key in chosen]


def landed(job: Job, seed: int, size: int) -> Gone:
    """The same customers for every number of partitions; who is gone."""
    dice = random.Random(seed)
    accounts, customers = records(dice, size)
    rows = mapping_rows(dice, size)
    table = pa.table([[row[0] for row in rows], [f"N-{row[0]}" for row in rows], [row[1] for row in rows],
                      [row[2] for row in rows], ["" for _ in rows], ["" for _ in rows]], schema=MAPPING_SCHEMA)  # fmt: skip
    parts, count_ = job.partitions, job.partitions.count

    def by_id(one: pa.Table) -> Any:
        return part_of_ids(one["bc_id"], count_)

    linked = table.filter(table["webstore_id"].is_valid())
    placement = Placement(count_, linked["webstore_id"].to_numpy(), by_id(linked))
    rules = job.terms.rules
    for name, schema, parts_of, what in (
        (MAPPING, MAPPING_SCHEMA, by_id, table),
        (BASES, BASES_SCHEMA, by_id, BASES_SCHEMA.empty_table()),
        ("webstore", webstore_customer.schema(rules), places(Side.WEBSTORE, placement),
         webstore_customer.columns(accounts, rules)),
        ("business_central", business_central_customer.schema(rules), places(Side.BUSINESS_CENTRAL, placement),
         business_central_customer.columns(customers, rules)),
    ):  # fmt: skip
        with parts.landing(name, schema, parts_of) as landing:
            landing.add(what)
    there = {record["id"] for record in accounts}
    cards = {record["id"] for record in customers}
    return Gone(frozenset(row[1] for row in rows if row[1]) - there, frozenset(row[0] for row in rows) - cards,
                dice.choice(("report", "unlink", "recreate")))  # fmt: skip


def planned(store: str, chosen: Terms, seed: int, size: int, partitions: int) -> Plan:
    dice = random.Random(-seed)
    ids = [f"{key:08x}-0000-4000-8000-000000000000" for key in range(1, size + 1)]
    rejected = frozenset((bc_id, dice.randint(1, size)) for bc_id in ids for _ in range(2) if dice.random() < 0.5)
    folder = FilePartitions(f"memory://lots{next(_FOLDERS)}", partitions)
    job = Job(
        folder,
        store,
        "shop",
        chosen,
        {},
        rejected=rejected,
        tombstones=frozenset({dice.randint(1, size), dice.choice(ids)}),
    )
    gone = landed(job, seed, size)
    if job.alone:
        webstore, business_central, mapping = extracts_in(job, 0)
        known = known_in(job, mapping, bases_in(job, 0), gone)
        return replace(compare(webstore, business_central, known, chosen), settled=None, sighted=None)
    decided = [decide_in(job, number) for number in range(partitions)]
    done = Part()
    for one in decided:
        done.decisions.extend(one.part.decisions)
        done = Part(done.decisions, done.pairs + one.part.pairs, (*done.spent, *one.part.spent))
    rest = gathered(one.leftover for one in decided)
    return leftovers.plan_of_leftovers(job, done, rest, gone, in_threads(1), lambda *_: None)


@crowds(90)
@given(
    st.integers(0, 2**32),
    st.integers(60, 120),
    st.integers(2, 5),
    st.sampled_from(LADDERS),
    st.sampled_from(("All", "Mapped Only")),
)
def test_lots_of_any_number_give_the_same_plan(
    store: str, seed: int, size: int, partitions: int, ladder: Ladder, pull: str
) -> None:
    chosen = terms(pull=pull, ladder=ladder)
    whole, divided = (planned(store, chosen, seed, size, parts) for parts in (1, partitions))
    assert divided == whole
    assert divided.hash == whole.hash
    assert dict(divided.numbers) == dict(whole.numbers)
    linked = [sorted(str(row) for table in plan.linked for row in table.to_pylist()) for plan in (divided, whole)]
    assert linked[0] == linked[1]
    assert_used_alike(divided, whole, random.Random(seed))


def assert_used_alike(divided: Plan, whole: Plan, dice: random.Random) -> None:
    """What is done with a plan gives the same of one on disk: cutting, counting, showing, approving, taking out."""
    for direction, operation in product(Direction, (None, "create", "update")):
        assert divided.of(direction, operation) == whole.of(direction, operation)
    assert divided.conflicts == whole.conflicts
    assert pd.concat([*divided.tables(50), whole.table().head(0)]).to_csv(index=False) == whole.table().to_csv(
        index=False
    )
    against = [
        Objection(write.key, write.direction, change.field, "because")
        for write in whole.writes
        for change in write.changes
        if dice.random() < 0.1
    ]
    less, also = without(divided, against), without(whole, against)
    assert (less, less.hash) == (also, also.hash)
    approvals = [
        Approved.from_document(orjson.loads(orjson.dumps(approved_of(plan).as_document()))) for plan in (less, also)
    ]
    assert approvals[0].counts == approvals[1].counts
    parts = [restricted(divided, approval)[0] for approval in approvals]
    assert (parts[0], parts[0].hash) == (parts[1], parts[1].hash)
    assert parts[0].hash == also.hash
