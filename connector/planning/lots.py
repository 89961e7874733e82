"""Everybody divided into lots of those who have to do with each other: by their evidence first, and then their raw rows.

Everybody's evidence is landed twice: as hashes, divided by what they say, so that a partition of them shows who shares what; and
as it is, for the ladder. What is held of all customers at a time are a few numbers each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from connector.core.across_partitions import CIRCLE, LOT, MAPPED, WHO, Leftover, mapped_of, waiting_in
from connector.core.circles import KEYS, NO_LOT, Lots, Mask, circles_of, edges_among, lots_of
from connector.core.circles import Numbers as Customers
from connector.core.customer import FieldRules, Side
from connector.core.evidence import COMPARED, FIELDS, evidence_of
from connector.core.evidence_keys import keys_of
from connector.core.extracts import shaped
from connector.core.mapping_join import pair
from connector.core.partitioning import Numbers
from connector.extract.extraction import columns_of
from connector.extract.job import Columns, Job, Mapper, extracts_in, tables_in

__all__ = ["Division", "divide", "evidence_of_lot", "gather_rows", "nobody", "rows_of_lot"]

# names of what is landed: evidence by what it says, and by whose it is; who is compared in a lot; the lots of each partition's
# customers, and the customers of a lot
_KEYS, _LOTS = "keys", "lots"
_EVIDENCE, _COMPARED, _OF_LOT = (
    {side: f"{side}-{what}" for side in Side} for what in ("evidence", "compared", "in-lots")
)
# what is looked at of raw rows for evidence, whatever the rules read
_LOOKED_AT = {Side.WEBSTORE: (), Side.BUSINESS_CENTRAL: ("email", "displayName")}
_LOTS_SCHEMA = pa.schema([("partition", pa.int32()), (LOT, pa.int16())])
# below so many customers in circles more lots cost more than they save
ONE_LOT = 50_000
# the number of a customer among all of them
_CUSTOMER = "customer"
_TEXT = pa.large_string()
_IDS = {
    Side.WEBSTORE: [("webstore_id", pa.int64())],
    Side.BUSINESS_CENTRAL: [("bc_id", _TEXT), ("number", _TEXT)],
}
_COMPARED_SCHEMA = {
    side: pa.schema([*ids, *((name, _TEXT) for name in FIELDS), (MAPPED, pa.int64())]) for side, ids in _IDS.items()
}

Rows = tuple[int, int]


@dataclass(frozen=True)
class Division:
    """Who is in which lot.

    Attributes:
        count: how many lots there are.
        lots: of each customer.
        begins: the number of each partition's first customer, by side: those of a partition follow each other.
    """

    count: int
    lots: Lots
    begins: Sequence[Rows]


def divide(job: Job, rest: Leftover, mapper: Mapper) -> Division:
    """Divide those in whose circles somebody waits into lots, and land the evidence of all who have somebody in theirs."""
    count, begins = job.partitions.count, _begins(rest, job.partitions.count)
    everybody = begins[-1][0]
    waiting, lost = np.zeros(everybody, dtype=bool), np.zeros(everybody, dtype=bool)

    def by_key(table: pa.Table) -> Numbers:
        parts: Numbers = (table["key"].to_numpy().view(np.uint64) % np.uint64(count)).astype(np.int64)
        return parts

    firsts = np.array([mine[0] for mine in begins[:-1]])

    def by_partition(table: pa.Table) -> Numbers:
        parts: Numbers = np.searchsorted(firsts, table[_CUSTOMER].to_numpy(), side="right") - 1
        return parts

    landing = job.partitions.landing
    w, c = (landing(_EVIDENCE[side], _with(side, _CUSTOMER), by_partition) for side in Side)
    with landing(_KEYS, KEYS, by_key) as by_what, w as webstore, c as business_central:
        for mine, keys, evidence, (waits, is_lost) in mapper(
            evidence_in, job, rest.pairing.missing_business_central, begins
        ):
            by_what.add(keys)
            webstore.add(evidence[0])
            business_central.add(evidence[1])
            waiting[mine[0] : mine[0] + len(waits)], lost[mine[0] : mine[0] + len(is_lost)] = waits, is_lost
    edges = list(mapper(edges_in, job))
    circles = circles_of(everybody, edges)
    asked = int(np.count_nonzero(lots_of(circles, waiting, lost, 1) != NO_LOT))
    lots = lots_of(circles, waiting, lost, count if asked > ONE_LOT else 1)
    _compare(job, circles, np.where(_in_company(everybody, edges), lots, np.int16(NO_LOT)))
    return Division(int(lots.max(initial=0)) + 1, lots, begins)


def evidence_of_lot(job: Job, number: int) -> list[pa.Table]:
    """The customers of a lot who share evidence with anybody: who they are, that evidence, and the columns MAPPED and CIRCLE; the
    webstore's, and Business Central's."""
    return [job.partitions.read(_COMPARED[side], number) for side in Side]


def gather_rows(job: Job, division: Division, mapper: Mapper) -> None:
    """Land the customers of each lot together, raw."""
    partitions, begins = job.partitions, division.begins
    with partitions.landing(
        _LOTS, _LOTS_SCHEMA, lambda table: table["partition"].to_numpy().astype(np.int64)
    ) as places:
        for number in range(partitions.count):
            some = pa.array(division.lots[begins[number][0] : begins[number + 1][0]])
            places.add(pa.table([pa.repeat(pa.scalar(number, pa.int32()), len(some)), some], schema=_LOTS_SCHEMA))
    schemas = [nobody(job, side).schema for side in Side]
    with (
        partitions.landing(_OF_LOT[Side.WEBSTORE], schemas[0], _by_lot) as webstore,
        partitions.landing(_OF_LOT[Side.BUSINESS_CENTRAL], schemas[1], _by_lot) as business_central,
    ):
        for w, c in mapper(rows_in, job):
            webstore.add(w)
            business_central.add(c)


def rows_of_lot(job: Job, number: int) -> list[pa.Table]:
    """The customers of a lot, raw, with the columns MAPPED and LOT: the webstore's, and Business Central's."""
    return [job.partitions.read(_OF_LOT[side], number) for side in Side]


def nobody(job: Job, side: Side) -> pa.Table:
    """A lot without customers of a side."""
    schema: pa.Schema = columns_of(side).schema(job.terms.rules)
    return schema.append(pa.field(MAPPED, pa.int64())).append(pa.field(LOT, pa.int16())).empty_table()


def evidence_in(
    job: Job, number: int, orphans: pa.Table, begins: Sequence[Rows]
) -> tuple[Rows, pa.Table, list[pa.Table], tuple[Mask, ...]]:
    """The evidence of a partition's customers, hashed, and as it is; who of them waits and who is left of a pair, the webstore's
    first."""
    rules = job.terms.rules.only(COMPARED)
    job = replace(job, terms=replace(job.terms, rules=rules))
    webstore, business_central, mapping = extracts_in(job, number, _columns_compared(rules))
    pairing = pair(mapping, webstore.raw, business_central.raw)
    sides = waiting_in(pairing, webstore, business_central, job.terms)
    extracts, mine = (webstore, business_central), begins[number]
    evidence = [evidence_of(extract.canonical) for extract in extracts]
    keys = keys_of(extracts, evidence, sides, orphans, job.terms, begins=mine)
    landed = []
    for extract, known, begin in zip(extracts, evidence, mine, strict=True):
        size, schema = known.num_rows, _with(extract.side, _CUSTOMER)
        beside = {
            **{name: extract.raw[name] for name, _ in _IDS[extract.side]},
            MAPPED: mapped_of(extract.side, size, pairing),
            _CUSTOMER: pa.array(np.arange(begin, begin + size, dtype=np.int32)),
        }
        columns = [beside[name] if name in beside else known[name] for name in schema.names]
        landed.append(pa.table(columns, schema=schema))
    return (
        mine,
        keys,
        landed,
        tuple(np.concatenate([getattr(side, mask) for side in sides]) for mask in ("waiting", "lost")),
    )


def edges_in(job: Job, number: int) -> tuple[Any, Any]:
    """Who shares the evidence that was landed in a partition."""
    return edges_among(job.partitions.read(_KEYS, number))


def rows_in(job: Job, number: int) -> list[pa.Table]:
    """The customers of a partition, with the lots in which they are."""
    *tables, mapping = tables_in(job, number)
    webstore, business_central = (shaped(table)[0] for table in tables)
    pairing = pair(mapping, webstore, business_central)
    lots = job.partitions.read(_LOTS, number)[LOT].combine_chunks()
    size = webstore.num_rows
    return [
        raw.append_column(MAPPED, mapped_of(side, raw.num_rows, pairing)).append_column(LOT, some)
        for side, raw, some in zip(Side, (webstore, business_central), (lots[:size], lots[size:]), strict=True)
    ]


def _compare(job: Job, circles: Customers, lots: Lots) -> None:
    """Land the evidence of each lot together."""
    schemas = [_with(side, CIRCLE, LOT) for side in Side]
    w, c = (
        job.partitions.landing(_COMPARED[side], schema, _by_lot) for side, schema in zip(Side, schemas, strict=True)
    )
    with w as webstore, c as business_central:
        for number in range(job.partitions.count):
            for side, landing in zip(Side, (webstore, business_central), strict=True):
                table = job.partitions.read(_EVIDENCE[side], number)
                customers = table[_CUSTOMER].to_numpy()
                table = table.append_column(CIRCLE, pa.array(circles[customers]))
                landing.add(table.append_column(LOT, pa.array(lots[customers])))


def _in_company(everybody: int, edges: Sequence[tuple[Customers, Customers]]) -> Mask:
    """Who shares a circle with anybody."""
    found = np.zeros(everybody, dtype=bool)
    for one, other in edges:
        found[one] = found[other] = True
    return found


def _by_lot(table: pa.Table) -> Numbers:
    parts: Numbers = table[LOT].to_numpy().astype(np.int64)
    return parts


def _with(side: Side, *more: str) -> pa.Schema:
    schema = _COMPARED_SCHEMA[side]
    for name in more:
        schema = schema.append(pa.field(name, pa.int16() if name == LOT else pa.int32()))
    return schema


def _columns_compared(rules: FieldRules) -> Columns:
    """What evidence is made of, of the columns of both sides, and who it is of."""
    return {
        side: list(dict.fromkeys((*WHO[side], *_LOOKED_AT[side], *columns_of(side).columns_read(rules))))
        for side in Side
    }


def _begins(rest: Leftover, count: int) -> list[Rows]:
    rows = np.array([rest.rows[number] for number in range(count)], dtype=np.int64).ravel()
    begins = np.append(0, np.cumsum(rows))
    return [(int(begins[2 * number]), int(begins[2 * number + 1])) for number in range(count)] + [(int(begins[-1]), 0)]
