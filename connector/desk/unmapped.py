"""Unmapped customers of both systems, and the linked ones who share evidence with them, gathered from the partitions of a run.

What is held is the evidence of these customers and one partition; never whole records of everybody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.evidence import RUNGS, evidence_of, loose, rung_keys
from connector.core.evidence_keys import shares
from connector.core.mapping_join import pair
from connector.extract.job import Job, extracts_in

__all__ = ["Unmapped", "unmapped_in"]

# what suggestions compare, by rules or by record linkage
_COMPARED = frozenset(
    {"webstore_id", "bc_id", "name", "email", "phone", "country", "postcode", "address_1", "city", "vat", "vat_number"}
)
_Keys = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Unmapped:
    """Customers in the order of their ids, canonical values of what is compared.

    Attributes:
        webstore, business_central: the unmapped ones first, then those who share evidence with one of the other side.
        free_webstore, free_business_central: row numbers of the unmapped ones.
        numbers: of the unmapped Business Central customers, by id.
    """

    webstore: pa.Table
    business_central: pa.Table
    free_webstore: list[int]
    free_business_central: list[int]
    numbers: Mapping[str, str]


def unmapped_in(job: Job) -> Unmapped:
    """Gather them: one look at each partition for the unmapped customers, one for those who share evidence with them."""
    free: tuple[list[pa.Table], list[pa.Table]] = ([], [])
    numbers: dict[str, str] = {}
    for number in range(job.partitions.count):
        webstore, business_central, mapping = extracts_in(job, number)
        pairing = pair(mapping, webstore.raw, business_central.raw)
        w = pa.array(sorted(pairing.new_webstore), pa.int64())
        c = pa.array(sorted([*pairing.new_business_central, *pairing.unlinked["c"].to_pylist()]), pa.int64())
        free[0].append(_compared(webstore.canonical_of(w)))
        free[1].append(_compared(business_central.canonical_of(c)))
        few = business_central.raw.select(["bc_id", "number"]).take(c)
        numbers.update(zip(few["bc_id"].to_pylist(), few["number"].to_pylist(), strict=True))
    unmapped = [_in_order(tables) for tables in free]
    keys = _keys(unmapped)
    others: tuple[list[pa.Table], list[pa.Table]] = ([], [])
    for number in range(job.partitions.count):
        for side, extract in enumerate(extracts_in(job, number)[:2]):
            few = _compared(extract.canonical)
            sharing = few.filter(pa.array(shares(loose(evidence_of(few)), keys)))
            there = pc.is_in(sharing.column(0), value_set=unmapped[side].column(0).combine_chunks())
            others[side].append(sharing.filter(pc.invert(there)))
    webstore_table, company_table = (
        pa.concat_tables([mine, _in_order(more)]).combine_chunks() for mine, more in zip(unmapped, others, strict=True)
    )
    free_rows = [list(range(mine.num_rows)) for mine in unmapped]
    return Unmapped(webstore_table, company_table, free_rows[0], free_rows[1], numbers)


def _compared(canonical: pa.Table) -> pa.Table:
    return canonical.select([name for name in canonical.column_names if name in _COMPARED])


def _in_order(tables: Collection[pa.Table]) -> pa.Table:
    """The rows of all of them by id, so that nothing depends on who was in which partition."""
    table = pa.concat_tables(tables)
    return table.sort_by(table.column_names[0])


def _keys(unmapped: Collection[pa.Table]) -> _Keys:
    keys: dict[str, frozenset[str]] = dict.fromkeys(RUNGS, frozenset())
    for table in unmapped:
        evidence = loose(evidence_of(table))
        for rung in RUNGS:
            keys[rung] |= frozenset(rung_keys(evidence, rung).to_pylist()) - {""}
    return keys
