"""From what was read to the plan, with what the store knows.

A single partition knows everybody, and is compared as it is. Several are decided about one by one, so that memory holds a part
of the customers at a time, on one machine or several; the plan is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa

from connector.core.across_partitions import (
    MAPPED,
    Leftover,
    Sought,
    gathered,
    leftover_of,
    renumbered_rows,
    sharing,
    sought_by,
    with_rows,
)
from connector.core.comparison import compare, conclude
from connector.core.customer import Side
from connector.core.extracts import Extract, Known
from connector.core.linked_pairs import Part, decide_pairs
from connector.core.mapping_join import pair
from connector.core.plan import Plan
from connector.core.planning import Decisions
from connector.core.terms import Terms
from connector.extract.extraction import BASES_SCHEMA, MAPPING_SCHEMA
from connector.extract.job import Job, Mapper, bases_in, extracts_in, reader
from connector.extract.missing import Missing
from connector.planning.objections import replaced_by_writes
from connector.run.run import Run
from connector.store import View

__all__ = ["compare_customers"]

# a copy of a database may lag longer than a server works on one request
_SETTLING = 20


@dataclass(frozen=True)
class Decided:
    """What became of a partition: decisions about its pairs, and what is left."""

    part: Part
    leftover: Leftover


def compare_customers(run: Run, job: Job, missing: Missing, mapper: Mapper, *, remembers: bool = True) -> Plan:
    """Join, match and merge; what to write is in the plan, and nothing is written in either system.

    Args:
        remembers: what several partitions have settled is remembered at once, so that it need not be kept; False = the store
            is only read.
    """
    job = replace(job, gone_back=missing.gone_back, kept_out=missing.kept_out)
    if job.alone:
        webstore, business_central, mapping = extracts_in(job, 0)
        known = _known_of_all(run, job, missing, _known(job, mapping, bases_in(job, 0)))
        return compare(webstore, business_central, known, job.terms)
    done, leftovers = Part(), []
    for ready, decided in enumerate(mapper(decide_in, job), start=1):
        if remembers:
            with run.store.work(run.code) as work:
                work.bases.saw(decided.part.settled)
                work.bases.sight(decided.part.sighted)
        done = _added(done, decided.part)
        leftovers.append(decided.leftover)
        run.progress("Comparing partitions", ready, job.partitions.count)
    left = gathered(leftovers)
    for first in (True, False):
        sought = sought_by(left, _extracts(left, job.terms), job.terms, first=first)
        if sought.nobody:
            break
        left = with_rows(left, list(mapper(sharing_in, job, sought)))
    webstore, business_central = _extracts(left, job.terms)
    nothing = _known(job, _frame_of_none(MAPPING_SCHEMA), _frame_of_none(BASES_SCHEMA))
    known = replace(_known_of_all(run, job, missing, nothing), usernames=left.usernames)
    plan = conclude(done, renumbered_rows(left), webstore, business_central, known, job.terms)
    return replace(plan, settled=None, sighted=None)


def decide_in(job: Job, number: int) -> Decided:
    """Decide about the pairs of a partition."""
    webstore, business_central, mapping = extracts_in(job, number)
    known = _known(job, mapping, bases_in(job, number))
    pairing = pair(mapping, webstore.raw, business_central.raw)
    part = decide_pairs(pairing, webstore, business_central, known, job.terms)
    return Decided(part, leftover_of(pairing, webstore, business_central, known, job.terms))


def sharing_in(job: Job, number: int, sought: Sought) -> tuple[pa.Table, pa.Table]:
    """The customers of a partition who are sought."""
    webstore, business_central, mapping = extracts_in(job, number)
    return sharing(pair(mapping, webstore.raw, business_central.raw), webstore, business_central, sought, job.terms)


def _known(job: Job, mapping: pd.DataFrame, bases: pd.DataFrame) -> Known:
    """What is known of a partition's customers."""
    named = mapping[mapping["username"] != ""]
    return Known(
        mapping=mapping,
        base_hashes=bases,
        read_bases=reader(job, lambda view, ids: view.bases.read(ids)),
        rejected=job.rejected,
        tombstones=job.tombstones,
        selected=job.selected,
        gone_back=job.gone_back,
        read_replaced=reader(job, replaced_by_writes),
        read_changes=reader(job, lambda view, ids: view.changes.read(ids)),
        read_made=reader(job, lambda view, ids, names: view.journal.made(ids, names)),
        kept_out=job.kept_out,
        # the user names that mapping rows give to accounts to be created
        usernames=dict(zip(named["bc_id"], named["username"], strict=True)),
    )


def _known_of_all(run: Run, job: Job, missing: Missing, known: Known) -> Known:
    """And what only all partitions together know: who is gone."""
    with run.store.view(run.code) as view:
        young = _young_pairs(run, view, missing)
    return replace(
        known,
        gone_webstore=missing.gone_webstore,
        gone_business_central=missing.gone_business_central,
        orphan_policy=str(run.setup.synchronization.policies.orphan),
        young=young,
    )


def _young_pairs(run: Run, view: View, missing: Missing) -> frozenset[str]:
    """Business Central ids of the gone pairs whose base moved a moment ago (some times [synchronization] settle_seconds): that is
    when this pipeline created or wrote one of the two."""
    if not missing.gone_webstore and not missing.gone_business_central:
        return frozenset()
    rows = view.mapping.rows_by_webstore_id(missing.gone_webstore).values()
    bases = view.bases.read({row.bc_id for row in rows} | missing.gone_business_central)
    since = datetime.now(UTC) - timedelta(seconds=_SETTLING * run.setup.synchronization.settle_seconds)
    return frozenset(bases.loc[bases["updated_at"] > since, "bc_id"])


def _added(done: Part, more: Part) -> Part:
    decisions = Decisions()
    for part in (done, more):
        decisions.extend(part.decisions)
    return Part(decisions, done.pairs + more.pairs, (*done.spent, *more.spent))


def _extracts(left: Leftover, terms: Terms) -> tuple[Extract, Extract]:
    return (
        Extract(Side.WEBSTORE, left.webstore.drop_columns(MAPPED), left.malformed_webstore, terms),
        Extract(
            Side.BUSINESS_CENTRAL, left.business_central.drop_columns(MAPPED), left.malformed_business_central, terms
        ),
    )


def _frame_of_none(schema: pa.Schema) -> pd.DataFrame:
    frame: pd.DataFrame = schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype)
    return frame
