"""Who waits for a counterpart, in all partitions of a run: decided about lot by lot (lots.py)."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex
from threading import Lock

import pyarrow as pa

from connector.core.across_partitions import CIRCLE, LOT, MAPPED, Leftover, of_lot, without_leftovers
from connector.core.comparison import conclude, matching_of
from connector.core.customer import Side
from connector.core.evidence import FIELDS
from connector.core.extracts import Extract
from connector.core.linked_pairs import Part
from connector.core.matching import Matching
from connector.core.plan import Plan
from connector.extract.job import Job, Mapper
from connector.planning.knowledge import Gone, known_beside
from connector.planning.landed_plan import LandedPlan, land_plan, with_landed
from connector.planning.lots import divide, evidence_of_lot, gather_rows, nobody, rows_of_lot
from connector.run.run import Progress

__all__ = ["matched_in", "plan_of_leftovers"]

# deciding about a lot holds the interpreter nearly all the time: two of them in one process take as long, and twice the memory
_ONE_LOT_AT_A_TIME = Lock()


def plan_of_leftovers(job: Job, done: Part, rest: Leftover, gone: Gone, mapper: Mapper, progress: Progress) -> Plan:
    """Decide about everybody who is not in a pair of the mapping table, and put the plan together.

    Args:
        done: what was decided about the pairs.
        rest: what is left of all partitions.
    """
    none = [nobody(job, side) for side in Side]
    if not rest.waiting:
        return _concluded(job, done, rest, gone, Matching((), ()), *none)
    division = divide(job, rest, mapper)
    gather_rows(job, division, mapper)
    if division.count == 1:
        return _concluded(job, done, rest, gone, matched_in(job, 0, rest, gone), *rows_of_lot(job, 0))
    lots: list[LandedPlan] = []
    series = token_hex(4)
    for lot in mapper(conclude_in, job, rest, gone, series):
        lots.append(lot)
        progress("Comparing unmapped customers", len(lots), job.partitions.count)
    return with_landed(
        job.partitions.url, _concluded(job, done, without_leftovers(rest), gone, Matching((), ()), *none), lots
    )


def matched_in(job: Job, number: int, rest: Leftover, gone: Gone) -> Matching:
    """What the ladder finds in a lot."""
    webstore, business_central = (table.combine_chunks() for table in evidence_of_lot(job, number))
    evidence = webstore.select(["webstore_id", *FIELDS]), business_central.select(["bc_id", *FIELDS])
    ids = webstore["webstore_id"], business_central["bc_id"]
    circles = webstore[CIRCLE].combine_chunks(), business_central[CIRCLE].combine_chunks()
    known, pairing = known_beside(job, gone), of_lot(rest, webstore, business_central)
    return matching_of(pairing, lambda: evidence, *ids, known, job.terms, circles)


def conclude_in(job: Job, number: int, rest: Leftover, gone: Gone, series: str) -> LandedPlan:
    """Decide about a lot, and land what is to be done. What is left and is no customer of a lot goes with the first.

    Args:
        series: tells the lots of this plan from those of another one of the same partitions.
    """
    left = without_leftovers(rest) if number else rest
    with _ONE_LOT_AT_A_TIME:
        matching = matched_in(job, number, rest, gone)
        plan = _concluded(job, Part(), left, gone, matching, *rows_of_lot(job, number))
        return land_plan(job.partitions.url, f"{series}-{number:04d}", plan)


def _concluded(job: Job, done: Part, rest: Leftover, gone: Gone, matching: Matching, *raw: pa.Table) -> Plan:
    malformed = (rest.malformed_webstore, rest.malformed_business_central)
    webstore, business_central = (
        Extract(side, table.drop_columns([MAPPED, LOT]).combine_chunks(), apart, job.terms)
        for side, table, apart in zip(Side, raw, malformed, strict=True)
    )
    known = replace(known_beside(job, gone), usernames=rest.usernames)
    return conclude(done, of_lot(rest, *raw), webstore, business_central, known, job.terms, matching)
