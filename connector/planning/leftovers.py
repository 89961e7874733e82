"""Who waits for a counterpart, in all partitions of a run: divided into lots of those who have to do with each other.

Everybody's evidence is landed once more, divided by what it says, so that a partition of it shows who shares it. What is held of
all customers at a time are a few numbers each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from secrets import token_hex
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from connector.core.across_partitions import (
    LOT,
    MAPPED,
    WHO,
    Leftover,
    keys_of,
    of_lot,
    rows_in_lots,
    waiting_in,
    without_leftovers,
)
from connector.core.circles import KEYS, NO_LOT, Lots, Mask, circles_of, edges_among, lots_of
from connector.core.comparison import conclude
from connector.core.customer import FieldRules, Side
from connector.core.evidence import COMPARED
from connector.core.extracts import Extract, shaped
from connector.core.linked_pairs import Part
from connector.core.mapping_join import pair
from connector.core.partitioning import Numbers
from connector.core.plan import Plan
from connector.extract.extraction import columns_of
from connector.extract.job import Columns, Job, Mapper, extracts_in, tables_in
from connector.planning.knowledge import Gone, known_beside
from connector.planning.landed_plan import LandedPlan, land_plan, with_landed
from connector.run.run import Progress

__all__ = ["columns_compared", "land_lots", "plan_of_leftovers", "rows_of_lot"]

# names of what is landed: evidence by what it says, the lots of each partition's customers, and the customers of a lot
_EVIDENCE, _LOTS = "evidence", "lots"
_OF_LOT = {side: f"{side}-in-lots" for side in Side}
# what is looked at of raw rows for evidence, whatever the rules read
_LOOKED_AT = {Side.WEBSTORE: (), Side.BUSINESS_CENTRAL: ("email", "displayName")}
_LOTS_SCHEMA = pa.schema([("partition", pa.int32()), (LOT, pa.int16())])
# below so many customers in circles more lots cost more than they save
ONE_LOT = 50_000
# deciding about a lot holds the interpreter nearly all the time: two of them in one process take as long, and twice the memory
_ONE_LOT_AT_A_TIME = Lock()

Rows = tuple[int, int]


def plan_of_leftovers(job: Job, done: Part, rest: Leftover, gone: Gone, mapper: Mapper, progress: Progress) -> Plan:
    """Decide about everybody who is not in a pair of the mapping table, and put the plan together.

    Args:
        done: what was decided about the pairs.
        rest: what is left of all partitions.
    """
    nobody = [_nobody(job, side) for side in Side]
    if not rest.waiting:
        return _concluded(job, done, rest, gone, *nobody)
    if land_lots(job, rest, mapper) == 1:
        return _concluded(job, done, rest, gone, *rows_of_lot(job, 0))
    lots: list[LandedPlan] = []
    series = token_hex(4)
    for lot in mapper(conclude_in, job, rest, gone, series):
        lots.append(lot)
        progress("Comparing unmapped customers", len(lots), job.partitions.count)
    return with_landed(job.partitions.url, _concluded(job, done, without_leftovers(rest), gone, *nobody), lots)


def land_lots(job: Job, rest: Leftover, mapper: Mapper) -> int:
    """Land the customers in whose circles somebody waits, lot by lot; gives how many lots they are."""
    begins = _begins(rest, job.partitions.count)
    lots = _divide(job, rest, begins, mapper)
    _gather(job, lots, begins, mapper)
    return int(lots.max(initial=0)) + 1


def rows_of_lot(job: Job, number: int, columns: Columns | None = None) -> list[pa.Table]:
    """The customers of a lot, raw, with the columns MAPPED and LOT: the webstore's, and Business Central's.

    Args:
        columns: what is read of each side; None = all.
    """
    return [job.partitions.read(_OF_LOT[side], number, list(columns[side]) if columns else None) for side in Side]


def evidence_in(
    job: Job, number: int, orphans: pa.Table, begins: Sequence[Rows]
) -> tuple[Rows, pa.Table, tuple[Mask, ...]]:
    """The evidence of a partition's customers; and who of them waits and who is left of a pair, the webstore's first."""
    rules = job.terms.rules.only(COMPARED)
    job = replace(job, terms=replace(job.terms, rules=rules))
    webstore, business_central, mapping = extracts_in(job, number, columns_compared(rules))
    pairing = pair(mapping, webstore.raw, business_central.raw)
    keys = keys_of(pairing, webstore, business_central, orphans, job.terms, begins=begins[number])
    sides = waiting_in(pairing, webstore, business_central, job.terms)
    return (
        begins[number],
        keys,
        tuple(np.concatenate([getattr(side, mask) for side in sides]) for mask in ("waiting", "lost")),
    )


def columns_compared(rules: FieldRules) -> Columns:
    """What evidence is made of, of the columns of both sides, and who it is of."""
    return {
        side: list(dict.fromkeys((*WHO[side], *_LOOKED_AT[side], *columns_of(side).columns_read(rules))))
        for side in Side
    }


def edges_in(job: Job, number: int) -> tuple[Any, Any]:
    """Who shares the evidence that was landed in a partition."""
    return edges_among(job.partitions.read(_EVIDENCE, number))


def rows_in(job: Job, number: int) -> tuple[pa.Table, pa.Table]:
    """The customers of a partition, with the lots in which they are."""
    *tables, mapping = tables_in(job, number)
    webstore, business_central = (shaped(table)[0] for table in tables)
    pairing = pair(mapping, webstore, business_central)
    lots = job.partitions.read(_LOTS, number)[LOT].combine_chunks()
    size = webstore.num_rows
    return (
        rows_in_lots(Side.WEBSTORE, webstore, lots[:size], pairing),
        rows_in_lots(Side.BUSINESS_CENTRAL, business_central, lots[size:], pairing),
    )


def conclude_in(job: Job, number: int, rest: Leftover, gone: Gone, series: str) -> LandedPlan:
    """Decide about a lot, and land what is to be done. What is left and is no customer of a lot goes with the first.

    Args:
        series: tells the lots of this plan from those of another one of the same partitions.
    """
    left = without_leftovers(rest) if number else rest
    with _ONE_LOT_AT_A_TIME:
        plan = _concluded(job, Part(), left, gone, *rows_of_lot(job, number))
        return land_plan(job.partitions.url, f"{series}-{number:04d}", plan)


def _concluded(job: Job, done: Part, rest: Leftover, gone: Gone, *raw: pa.Table) -> Plan:
    malformed = (rest.malformed_webstore, rest.malformed_business_central)
    webstore, business_central = (
        Extract(side, table.drop_columns([MAPPED, LOT]).combine_chunks(), apart, job.terms)
        for side, table, apart in zip(Side, raw, malformed, strict=True)
    )
    known = replace(known_beside(job, gone), usernames=rest.usernames)
    return conclude(done, of_lot(rest, *raw), webstore, business_central, known, job.terms)


def _begins(rest: Leftover, count: int) -> list[Rows]:
    """The number of each partition's first customer, by side: those of a partition follow each other."""
    rows = np.array([rest.rows[number] for number in range(count)], dtype=np.int64).ravel()
    begins = np.append(0, np.cumsum(rows))
    return [(int(begins[2 * number]), int(begins[2 * number + 1])) for number in range(count)] + [(int(begins[-1]), 0)]


def _divide(job: Job, rest: Leftover, begins: Sequence[Rows], mapper: Mapper) -> Lots:
    """The lot of each customer."""
    count, everybody = job.partitions.count, begins[-1][0]
    waiting, lost = np.zeros(everybody, dtype=bool), np.zeros(everybody, dtype=bool)

    def by_key(table: pa.Table) -> Numbers:
        parts: Numbers = (table["key"].to_numpy().view(np.uint64) % np.uint64(count)).astype(np.int64)
        return parts

    with job.partitions.landing(_EVIDENCE, KEYS, by_key) as landing:
        for mine, keys, (waits, is_lost) in mapper(evidence_in, job, rest.pairing.missing_business_central, begins):
            landing.add(keys)
            waiting[mine[0] : mine[0] + len(waits)], lost[mine[0] : mine[0] + len(is_lost)] = waits, is_lost
    circles = circles_of(everybody, list(mapper(edges_in, job)))
    asked = int(np.count_nonzero(lots_of(circles, waiting, lost, 1) != NO_LOT))
    return lots_of(circles, waiting, lost, count if asked > ONE_LOT else 1)


def _gather(job: Job, lots: Lots, begins: Sequence[Rows], mapper: Mapper) -> None:
    """Land the customers of each lot together."""
    partitions = job.partitions
    with partitions.landing(
        _LOTS, _LOTS_SCHEMA, lambda table: table["partition"].to_numpy().astype(np.int64)
    ) as places:
        for number in range(partitions.count):
            some = pa.array(lots[begins[number][0] : begins[number + 1][0]])
            places.add(pa.table([pa.repeat(pa.scalar(number, pa.int32()), len(some)), some], schema=_LOTS_SCHEMA))
    schemas = [_nobody(job, side).schema for side in Side]

    def by_lot(table: pa.Table) -> Numbers:
        parts: Numbers = table[LOT].to_numpy().astype(np.int64)
        return parts

    with (
        partitions.landing(_OF_LOT[Side.WEBSTORE], schemas[0], by_lot) as webstore,
        partitions.landing(_OF_LOT[Side.BUSINESS_CENTRAL], schemas[1], by_lot) as business_central,
    ):
        for w, c in mapper(rows_in, job):
            webstore.add(w)
            business_central.add(c)


def _nobody(job: Job, side: Side) -> pa.Table:
    schema: pa.Schema = columns_of(side).schema(job.terms.rules)
    return schema.append(pa.field(MAPPED, pa.int64())).append(pa.field(LOT, pa.int16())).empty_table()
